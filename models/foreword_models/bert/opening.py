"""From folders of classifiers to classifiers with their encoders; those that share an encoder share it in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from foreword_models.bert.classifier import Classifier
from foreword_models.bert.encoder import Encoder, Precision


def open_classifiers(
    folders: Mapping[str, Path], find: Callable[[str], Path], precision: Precision = "auto"
) -> dict[str, tuple[Encoder, Classifier]]:
    """Load classifiers, each with the encoder whose vectors it reads.

    Parameters
    ----------
    folders
        By the name that each classifier is to have.
    find
        From the name of a model pack to its folder.
    precision
        Of the encoders.

    Raises
    ------
    ModelError
        A folder does not hold a classifier, or its encoder cannot be used.
    """
    encoders: dict[tuple[Path, Path | None], Encoder] = {}
    opened = {}
    for name, folder in folders.items():
        classifier = Classifier.load(folder)
        config = classifier.config
        is_path = config.encoder.startswith(("./", "../")) or Path(config.encoder).is_absolute()
        source = (folder / config.encoder).resolve() if is_path else find(config.encoder)
        adapter = None if config.adapter is None else (folder / config.adapter).resolve()
        key = (source, adapter)
        if key not in encoders:
            encoders[key] = Encoder.load(source, precision, adapter=adapter)
        opened[name] = (encoders[key], classifier)
    return opened

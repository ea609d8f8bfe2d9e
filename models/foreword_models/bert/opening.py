"""From folders of classifiers to classifiers with their encoders; those that share an encoder share it in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from foreword_models.bert.classifier import Classifier
from foreword_models.bert.encoder import Encoder, Precision
from foreword_models.bert.entities import EntityTagger, digest
from foreword_models.errors import CorruptModelError


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
        key = _source(folder, config.encoder, config.adapter, find)
        if key not in encoders:
            encoders[key] = Encoder.load(key[0], precision, adapter=key[1])
        opened[name] = (encoders[key], classifier)
    return opened


def open_tagger(
    folder: Path, find: Callable[[str], Path], loaded: Iterable[Encoder] = (), precision: Precision = "auto"
) -> tuple[Encoder, EntityTagger]:
    """Load what finds entities, with its encoder; parameters and errors as for `open_classifiers`.

    Parameters
    ----------
    loaded
        Encoders that are loaded already: one of them is taken if it is the right one.
    """
    tagger = EntityTagger.load(folder)
    config = tagger.config
    source, adapter = _source(folder, config.encoder, config.adapter, find)
    if adapter is not None and adapter.is_file() and digest(adapter) != config.adapter_sha256:
        raise CorruptModelError(
            f"{adapter} has changed since the tagger {config.name!r} was trained on it: train the tagger again."
        )
    for encoder in loaded:
        if encoder.source == (source, adapter):
            return encoder, tagger
    return Encoder.load(source, precision, adapter=adapter), tagger


def _source(folder: Path, encoder: str, adapter: str | None, find: Callable[[str], Path]) -> tuple[Path, Path | None]:
    """Return the folder of an encoder as a configuration in a folder names it, and the file of its adapter."""
    is_path = encoder.startswith(("./", "../")) or Path(encoder).is_absolute()
    source = (folder / encoder).resolve() if is_path else find(encoder)
    return source, None if adapter is None else (folder / adapter).resolve()

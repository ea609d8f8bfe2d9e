"""The models a command uses, with progress shown while they come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import VECTORS_PACK, Models
from foreword.settings import Settings, own_classifiers, own_tagger, parse, read_files
from foreword_models.errors import UnknownClassifierError

ENTITIES = "entities"
"""The name of the tagger that comes with the package."""


def command_models(
    *,
    decoder: str | None = None,
    encoder: str | None = None,
    vectors: str = VECTORS_PACK,
    classifiers: Mapping[str, Path] | None = None,
    tagger: Path | None = None,
) -> Models:
    """Return the models for a command: those named, else those of the user's settings."""
    progress = TerminalProgress()
    settings = user_settings(progress)
    return Models(
        decoder=decoder or settings.model.decoder,
        encoder=encoder or settings.model.encoder,
        precision=settings.model.precision,
        vectors=vectors,
        classifiers={**own_classifiers(settings), **(classifiers or {})},
        tagger=tagger or own_tagger(settings),
        progress=progress,
        say=progress.say,
    )


def classifier_models(name: str) -> tuple[Models, str]:
    """Return the models with a classifier that a user names, by its name or its folder, and its name."""
    path = Path(name).expanduser()
    if (path / "classifier.json").is_file():
        title = path.resolve().name
        return command_models(classifiers={title: path.resolve()}), title
    models = command_models()
    if name not in models.classifier_folders:
        what = "holds no classifier.json" if path.is_dir() else "is no classifier that is installed"
        raise UnknownClassifierError(
            f"{name!r} {what}; installed: {', '.join(sorted(models.classifier_folders))}. A folder made by "
            "foreword train classifier does too."
        )
    return models, name


def is_tagger(name: str) -> bool:
    """Whether a user names what finds entities: by its name, or by its folder."""
    return name == ENTITIES or (Path(name).expanduser() / "entities.json").is_file()


def tagger_models(name: str) -> Models:
    """Return the models with what finds entities, as a user names it."""
    if not is_tagger(name):
        raise UnknownClassifierError(
            f"{name!r} finds no entities: name {ENTITIES}, or a folder made by foreword train entities."
        )
    folder = Path(name).expanduser()
    return command_models(tagger=folder.resolve() if (folder / "entities.json").is_file() else None)


def user_settings(progress: TerminalProgress) -> Settings:
    """Read the user's settings file; what is wrong in it is said, and the rest applies."""
    tree, problems = read_files()
    for problem in problems:
        progress.say(f"Settings: {problem.message}")
    return parse(tree)[0]

"""The models a command uses, with progress shown while they come."""

from __future__ import annotations

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import VECTORS_PACK, Models
from foreword.settings import Settings, parse, read_files


def command_models(*, decoder: str | None = None, encoder: str | None = None, vectors: str = VECTORS_PACK) -> Models:
    """Return the models for a command: those named, else those of the user's settings."""
    progress = TerminalProgress()
    settings = user_settings(progress)
    return Models(
        decoder=decoder or settings.model.decoder,
        encoder=encoder or settings.model.encoder,
        precision=settings.model.precision,
        vectors=vectors,
        progress=progress,
        say=progress.say,
    )


def user_settings(progress: TerminalProgress) -> Settings:
    """Read the user's settings file; what is wrong in it is said, and the rest applies."""
    tree, problems = read_files()
    for problem in problems:
        progress.say(f"Settings: {problem.message}")
    return parse(tree)[0]

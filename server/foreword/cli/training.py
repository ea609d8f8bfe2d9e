"""What the commands that train have in common: names, recipes, and what has to be installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import typer

from foreword_models.errors import TrainingError

RECIPES: Final = ("shipped",)


def checked_name(name: str) -> str:
    """Return what is trained's name, or refuse one that could not stand in a setting or be a folder's."""
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise typer.BadParameter("a name is made of letters, digits, points, - and _", param_hint="--name")
    return name


def encoder_name(encoder: str, folder: Path) -> str:
    """Return what is trained is to call its encoder: a pack's name, or where the folder is."""
    from foreword_models.zoo import registry

    return encoder if encoder in registry.packs() else str(folder.resolve())


def one_of(names: tuple[str, ...]) -> Any:
    """Return what takes one of these names, and refuses any other."""

    def named(name: str) -> str:
        if name not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return name

    return named


def require_libraries() -> None:
    """Raise an error that says how to mend it if what training needs is not installed."""
    try:
        import accelerate  # noqa: F401
        import matplotlib  # noqa: F401
        import peft  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError as error:
        raise TrainingError(
            f"Training needs {error.name}, which is not installed: python -m pip install 'foreword[train]' brings it."
        ) from None

"""Options that name one of several things, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

Thing = TypeVar("Thing")


def chosen(named: Callable[[str], Thing], name: str, option: str) -> Thing:
    """Return what a name stands for; a `ValueError` of `named` becomes wrong usage of the option."""
    try:
        return named(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None

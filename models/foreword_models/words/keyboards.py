"""Where letters lie on keyboards, and which are neighbours: a finger that misses its key hits one of these."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

KeyboardName = Literal["qwerty", "qwertz", "azerty", "dvorak"]

KEYBOARD_NAMES: Final[tuple[KeyboardName, ...]] = get_args(KeyboardName)

# The rows of letters, from the top, as they stand on a keyboard whose keys lie half a key further right in each row.
_ROWS: Final[Mapping[KeyboardName, tuple[str, str, str]]] = MappingProxyType(
    {
        "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
        "qwertz": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
        "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
        "dvorak": ("   pyfgcrl", "aoeuidhtns", " qjkxbmwvz"),
    }
)
_NEAR = 1.2  # widths of a key: the neighbours in the row, and the two of each row next to it


@dataclass(frozen=True, eq=False)
class Keyboard:
    """A layout.

    Attributes
    ----------
    letters
        All that it has.
    neighbours
        The letters beside each.
    """

    letters: frozenset[str]
    neighbours: Mapping[str, frozenset[str]]


def named_keyboard(name: str) -> Keyboard | None:
    """Return the layout of a name, None for ``"none"``.

    Raises
    ------
    ValueError
        There is no layout of that name.
    """
    for known in KEYBOARD_NAMES:
        if known == name:
            return keyboard(known)
    if name == "none":
        return None
    raise ValueError(f"There is no keyboard {name!r}: choose {', '.join(KEYBOARD_NAMES)} or none.")


@functools.cache
def keyboard(name: KeyboardName) -> Keyboard:
    """Return the layout of a name."""
    places = {
        letter: (column + row / 2, row)
        for row, letters in enumerate(_ROWS[name])
        for column, letter in enumerate(letters)
        if letter != " "
    }
    neighbours = {
        letter: frozenset(
            other
            for other, (there, row) in places.items()
            if other != letter and (there - x) ** 2 + (row - y) ** 2 <= _NEAR**2
        )
        for letter, (x, y) in places.items()
    }
    return Keyboard(frozenset(places), neighbours)

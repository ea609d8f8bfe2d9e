"""What somebody may have meant to type: beginnings of words one slip of the finger, or of the mind, away.

The noisy channel of Kernighan, Church and Gale (1990): P(meant | typed) is proportional to P(meant) P(typed | meant).
The first factor is the decoder's; this is the second, for the four slips of Damerau (1964), one at most. A slip to a
key nearby, one vowel for another, and a letter doubled or no longer doubled are likelier than others.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from foreword_models.words.keyboards import Keyboard

SHORTEST = 3
"""Letters below which nothing is taken for a slip: too many words are one letter away."""

_LONGEST = 24
_SLIP = 0.5  # P(there is one | the decoder did not expect what was typed)
# Of these: the shares of the kinds, and what a likely letter is worth beside an unlikely one.
_SUBSTITUTED, _OMITTED, _INSERTED, _SWAPPED = 0.35, 0.3, 0.2, 0.15
_LIKELY = 8.0
_MISSED = 3.0  # the same for a letter that was left out: any may be
_FIRST = 0.2  # the first letter is rarely wrong
_VOWELS = frozenset("aeiouyäöüéè")
_SILENT = "'"  # left out as letters are: dont
_MANY = 6  # about as many letters are likely at a place


@dataclass(frozen=True)
class Meant:
    """A beginning of a word that may have been meant.

    Attributes
    ----------
    same
        How many of its letters stand before the slip.
    probability
        P(typed | meant), where what was typed was not to be expected.
    """

    text: str
    same: int
    probability: float


def may_hold_slip(typed: str) -> bool:
    """Whether what was typed of a word is to be doubted: letters, no digits, not all capitals, long enough."""
    return (
        SHORTEST <= len(typed) <= _LONGEST
        and all(letter.isalpha() or letter in "'\u2019" for letter in typed)
        and typed[1:].islower()
    )


def slips(typed: str, keyboard: Keyboard) -> Iterator[Meant]:
    """Yield what `typed` may stand for, each once for every slip that leads to it."""
    length, chances = len(typed), _letter_chances(keyboard)
    meant_letters = sorted(keyboard.letters)
    for i, letter in enumerate(typed):
        before, after = typed[:i], typed[i + 1 :]
        scale = _SLIP / length * (1.0 if i else _FIRST)
        for other in meant_letters:
            if other != letter.lower():
                chance = chances[other].get(letter.lower(), 0.0)
                yield Meant(before + _cased(other, letter) + after, i, scale * _SUBSTITUTED * chance)
        if after and after[0].lower() != letter.lower():
            swapped = _cased(after[0], letter) + _cased(letter, after[0]) + after[1:]
            yield Meant(before + swapped, i, scale * _SWAPPED)
        beside = {typed[i - 1].lower(), *keyboard.neighbours.get(typed[i - 1].lower(), ())} if i else frozenset()
        chance = (_LIKELY if letter.lower() in beside else 1.0) / (len(meant_letters) + _LIKELY * _MANY)
        without = after if i else _cased(after[:1], letter) + after[1:]
        yield Meant(before + without, i, scale * _INSERTED * chance)
        if i:  # before the first, and behind the last, letters are not missed
            for other in (*meant_letters, *_SILENT):
                likely = other in _VOWELS or other in _SILENT or other in (typed[i - 1].lower(), letter.lower())
                chance = (_MISSED if likely else 1.0) / (len(meant_letters) + _MISSED * _MANY)
                yield Meant(before + other + typed[i:], i, scale * _OMITTED * chance)


@functools.cache
def _letter_chances(keyboard: Keyboard) -> dict[str, dict[str, float]]:
    """P(typed letter | meant letter, it was not typed)."""
    chances = {}
    for meant in keyboard.letters:
        weights = {
            typed: _LIKELY if typed in keyboard.neighbours[meant] or {typed, meant} <= _VOWELS else 1.0
            for typed in keyboard.letters
            if typed != meant
        }
        total = sum(weights.values())
        chances[meant] = {typed: weight / total for typed, weight in weights.items()}
    return chances


def _cased(letter: str, like: str) -> str:
    return letter.upper() if like.isupper() else letter.lower()

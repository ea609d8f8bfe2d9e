"""What further models may know of a word or a sentence, and the form in which the server asks them.

`foreword.engine.models.Models` answers None where there is no such model; hover, code actions and the documentation
of words then do without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Neighbour:
    """A word near to another, and the cosine of the angle between their vectors, -1 to 1."""

    word: str
    similarity: float


class Neighbours(Protocol):
    """Vectors of words."""

    def nearest(self, word: str, count: int) -> list[Neighbour]:
        """Return at most `count` words, the nearest first; none for a word that is not known."""


@dataclass(frozen=True)
class Fix:
    """A mistake in a sentence and its mend.

    Attributes
    ----------
    start, end
        What is replaced, in code points from the beginning of the sentence, `end` not included.
    replacement
        What is put there.
    kind
        The rule, for instance ``its/it's``: the last part of the mark's code.
    message
        One sentence for the user.
    """

    start: int
    end: int
    replacement: str
    kind: str
    message: str


class Grammar(Protocol):
    """Finds mistakes in sentences."""

    def fixes(self, sentences: Sequence[str], *, checkpoint: Callable[[], None]) -> list[list[Fix]]:
        """Return the mistakes of each sentence, in its order."""

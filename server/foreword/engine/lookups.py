"""What further models may know of a word or a sentence, and the form in which the server asks them.

Hover, marks, code actions and the documentation of words do without where there is no such model. All of it is asked
on the inference thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Neighbour(Protocol):
    """A word near to another."""

    @property
    def word(self) -> str:
        """As it is spelled."""


class Neighbours(Protocol):
    """Vectors of words."""

    def near(self, words: Sequence[str], count: int) -> Sequence[Sequence[Neighbour]]:
        """Return at most `count` words for each, the nearest first; none for a word that is not known."""


class Edit(Protocol):
    """A slip in a sentence and its mend: `replacement` takes the place of the code points from `start` to `end`."""

    @property
    def start(self) -> int:
        """In code points from the beginning of the sentence."""

    @property
    def end(self) -> int:
        """Not included."""

    @property
    def replacement(self) -> str:
        """What is put there; nothing, where something is one too many."""

    @property
    def kind(self) -> str:
        """Of the slip: the last part of its mark's code."""


class Grammar(Protocol):
    """Finds slips in sentences."""

    def read(
        self, texts: Iterable[str], *, checkpoint: Callable[[], None] = lambda: None
    ) -> Mapping[str, Sequence[Edit]]:
        """Return the edits of each distinct text, in its order."""


@dataclass(frozen=True)
class Lookups:
    """Where to get such models; each function may load one, and returns None where there is none."""

    grammar: Callable[[], Grammar | None] = lambda: None
    neighbours: Callable[[], Neighbours | None] = lambda: None

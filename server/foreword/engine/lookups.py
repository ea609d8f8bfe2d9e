"""What further models may know of a word or a sentence, and the form in which the server asks them.

Hover, marks, code actions and the documentation of words do without where there is no such model. All of it is asked
on the inference thread. What may take long, a fetch or a load, is not done when something is asked, but apart from that
and before it, so that no key waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from foreword.engine.models import Models


class Neighbour(Protocol):
    """A word near to another."""

    @property
    def word(self) -> str:
        """As it is spelled."""


class Neighbours(Protocol):
    """Vectors of words."""

    def near(self, words: Sequence[str], count: int) -> Sequence[Sequence[Neighbour]]:
        """Return at most `count` words for each, the nearest first; none for a word that is not known."""


class Senses(Protocol):
    """Tells by its sentence what a word means."""

    def near(self, sentence: str, start: int, end: int, count: int) -> Sequence[Neighbour]:
        """Return at most `count` words near to what stands from `start` to `end`, the nearest first."""


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
    """Where to get such models.

    Attributes
    ----------
    grammar, neighbours, senses
        Return one, or None where there is none, or none yet.
    fetch_grammar
        Brings what `grammar` needs onto this machine, which may take minutes; for a thread of its own.
    load_meaning
        Loads what `neighbours` and `senses` return, if it is on this machine already; for the inference thread.
    """

    grammar: Callable[[], Grammar | None] = lambda: None
    neighbours: Callable[[], Neighbours | None] = lambda: None
    senses: Callable[[], Senses | None] = lambda: None
    fetch_grammar: Callable[[], None] = lambda: None
    load_meaning: Callable[[], None] = lambda: None


def lookups_of(models: Models) -> Lookups:
    """Return what some models have of it."""
    return Lookups(
        models.grammar,
        lambda: models.vectors_in_use,
        lambda: models.senses_in_use,
        models.fetch_grammar,
        models.load_meaning,
    )

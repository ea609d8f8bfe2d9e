"""What is certain about the words of an answer, found out when somebody asks: while a key waits, nobody does."""

from __future__ import annotations

from collections.abc import Callable


class Certainty:
    """Whether an answer is exact, and how far it may be wrong.

    Finding out takes about as long as the search of an answer that needs no forward. It is done once, and what it is
    found out from, which holds room in the decoder's cache, is let go then. Who has not asked before the text goes on
    does not hear any more: nothing is certain then.

    Parameters
    ----------
    find
        Returns `exact` and `bound`; called at most once, by the thread that owns the search.
    """

    def __init__(self, find: Callable[[], tuple[bool, float]]) -> None:
        self._find: Callable[[], tuple[bool, float]] | None = find
        self._found = (False, 1.0)

    @property
    def exact(self) -> bool:
        """No other word, and no other order, is possible."""
        return self._known()[0]

    @property
    def bound(self) -> float:
        """Most that any of the probabilities can be wrong by."""
        return self._known()[1]

    def expire(self) -> None:
        """Let go of what has not been asked for."""
        self._find = None

    def _known(self) -> tuple[bool, float]:
        if self._find is not None:
            self._found, self._find = self._find(), None
        return self._found

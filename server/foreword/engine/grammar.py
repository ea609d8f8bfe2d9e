"""Sentences to mends: a tagger of edits, and what it found remembered by the sentence's text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cachetools import LRUCache

from foreword_models.grammar.edits import THRESHOLD, Edit, edits
from foreword_models.grammar.tagger import TagsWords

CACHE_BYTES = 4 * 2**20
_ENTRY_BYTES = 1000  # what one sentence and its edits take, roughly; a text that is much longer is not remembered


class GrammarReader:
    """Finds slips in sentences; an unchanged sentence costs no forward a second time.

    Parameters
    ----------
    tagger
        Gives the words of a sentence their tags.
    threshold
        Least probability of an edit that is shown.
    """

    def __init__(self, tagger: TagsWords, threshold: float = THRESHOLD) -> None:
        self._tagger = tagger
        self._threshold = threshold
        self._known: LRUCache[str, tuple[Edit, ...]] = LRUCache(CACHE_BYTES // _ENTRY_BYTES)

    def read(
        self, texts: Iterable[str], *, checkpoint: Callable[[], None] = lambda: None
    ) -> dict[str, tuple[Edit, ...]]:
        """Edits of each distinct text, in the order of the text and on its offsets; none for a text without slips.

        Parameters
        ----------
        checkpoint
            Called between forwards; may raise to abandon. What was read until then is kept.
        """
        result: dict[str, tuple[Edit, ...]] = {}
        for text in dict.fromkeys(texts):
            found = self._known.get(text)
            if found is None:
                found = tuple(edits(text, self._tagger.tags(text), self._threshold))
                if len(text) < _ENTRY_BYTES:
                    self._known[text] = found
                checkpoint()
            result[text] = found
        return result

"""What a document's own words say about the next one: a cache language model (Kuhn and De Mori 1990).

A word that was written is likely to be written again, the likelier the more often and the shorter ago; a name above
all, which a small decoder cannot know. Nothing is kept but the words of the text at hand, until another is read.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort

from foreword_models.words.characters import word_spans
from foreword_models.words.opinion import Opinion

HALF_LIFE = 150.0
"""Words after which an occurrence counts half."""

_NEW = 1.0  # occurrences' worth of belief that the next word has not been written yet
_FORGOTTEN = 1 / 32  # of an occurrence
_FULL = 4.0  # half-lives after which weights are scaled down again


class RecentWords:
    """The words of one text, which is mostly the one before with something added at its end.

    Attributes
    ----------
    count : int
        How many words it has.
    """

    def __init__(self) -> None:
        self._text = ""
        self._begin()

    def read(self, text: str) -> list[str] | None:
        """Take note of a text that ends at a word boundary.

        Returns
        -------
        list of str or None
            The words that are new, where it goes on from the text before; None where it is another text.
        """
        goes_on = text.startswith(self._text)
        if not goes_on:
            self._begin()
        added = text[len(self._text) :]
        new = [added[start:end] for start, end in word_spans(added)]
        for word in new:
            self._add(word)
        self._text = text
        return new if goes_on else None

    def opinion(self, typed: str, count: int) -> Opinion:
        """Say how likely each of these words is to be the one that begins with `typed`.

        Parameters
        ----------
        count
            Most words to name.

        Returns
        -------
        Opinion
            Believed in the more, the more often and the shorter ago words were written that begin so.
        """
        low = bisect_left(self._sorted, typed)
        high = bisect_left(self._sorted, typed + "\U0010ffff", low) if typed else len(self._sorted)
        weights = {word: self._weights[word] for word in self._sorted[low:high]}
        total = sum(weights.values())
        weights.pop(typed, None)
        if not weights:
            return Opinion({}, 0.0)
        best = heapq.nlargest(count, weights.items(), key=lambda item: (item[1], item[0]))
        return Opinion({word: weight / total for word, weight in best}, total / (total + _NEW * self._unit))

    def _begin(self) -> None:
        self._text = ""
        self.count = 0
        self._unit = 1.0  # what an occurrence weighs: more and more, in place of a decay of the others
        self._weights: dict[str, float] = {}
        self._sorted: list[str] = []

    def _add(self, word: str) -> None:
        self.count += 1
        self._unit *= 2 ** (1 / HALF_LIFE)
        if word not in self._weights:
            self._weights[word] = 0.0
            insort(self._sorted, word)
        self._weights[word] += self._unit
        if self._unit > 2**_FULL:
            least = _FORGOTTEN * self._unit
            self._weights = {each: weight / self._unit for each, weight in self._weights.items() if weight >= least}
            self._sorted = sorted(self._weights)
            self._unit = 1.0

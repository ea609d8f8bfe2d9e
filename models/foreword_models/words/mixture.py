"""Several sources of words heard together, each as far as it has been right: a linear mixture.

P(word | text, typed) is the mean of what the sources hold it for, weighted by how much each has to go by and by what
it has been worth so far, with as many letters typed: a document's own words say little about the next word, and much
once three letters of it are there. The weights are learned as words are written, by online expectation maximization
(Cappé and Moulines 2009).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from foreword_models.words.opinion import Opinion

RATE = 0.01
"""How far a written word moves the weights towards the sources that named it."""

_LEAST = 0.01  # of a weight: a source that was wrong for long is still heard


class Mixture:
    """A mixture of named sources.

    Parameters
    ----------
    weights
        Of each source to begin with, by how many letters are typed; the last ones are for more letters, too. Those of
        a number of letters sum to 1.
    """

    def __init__(self, weights: Sequence[Mapping[str, float]]) -> None:
        self.weights = [dict(each) for each in weights]
        self._heard: dict[str, Mapping[str, Opinion]] = {}  # by what was typed of the word being written

    def mix(self, typed: str, opinions: Mapping[str, Opinion], count: int) -> list[tuple[str, float]]:
        """Return the `count` most probable words, with P(word | text, typed)."""
        if not all(typed.startswith(before) or before.startswith(typed) for before in self._heard):
            self._heard.clear()  # the word was begun otherwise, after all
        self._heard[typed] = opinions
        weights = self._believed(typed, opinions)
        shares: dict[str, float] = {}
        for name, opinion in opinions.items():
            for word, probability in opinion.words.items():
                shares[word] = shares.get(word, 0.0) + weights[name] * probability
        return heapq.nsmallest(count, shares.items(), key=lambda item: (-item[1], item[0]))

    def learn(self, word: str | None) -> None:
        """Move the weights towards the sources that expected `word`, now that it is written.

        What was said is forgotten; with None, nothing is learned from it.
        """
        for typed, opinions in self._heard.items():
            if word is None or not word.startswith(typed):
                continue
            weights = self._believed(typed, opinions)
            expected = {name: weights[name] * opinion.words.get(word, 0.0) for name, opinion in opinions.items()}
            total = sum(expected.values())
            if total <= 0 or sum(weight > 0 for weight in weights.values()) < 2:
                continue  # nobody had named it, or nobody else was heard
            own = self._of(typed)
            for name in opinions:
                own[name] = max(_LEAST, own[name] + RATE * (expected[name] / total - weights[name]))
            scale = sum(own.values())
            for name in own:
                own[name] /= scale
        self._heard.clear()

    def _of(self, typed: str) -> dict[str, float]:
        return self.weights[min(len(typed), len(self.weights) - 1)]

    def _believed(self, typed: str, opinions: Mapping[str, Opinion]) -> dict[str, float]:
        """Weights times beliefs, in sum 1."""
        own = self._of(typed)
        weights = {name: own[name] * opinion.belief for name, opinion in opinions.items()}
        total = sum(weights.values())
        return {name: weight / total if total else 0.0 for name, weight in weights.items()}

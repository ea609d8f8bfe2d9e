"""A word n-gram with interpolated Kneser-Ney smoothing: a peer for benchmarks, no part of the product.

Kneser and Ney (1995), interpolated with one discount an order, as Chen and Goodman (1998) describe it: the highest
order counts occurrences, every lower one the number of different words that stand before.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from foreword_models.evaluation.keystrokes import Counting, wanted_words

_BEGIN = "\n"  # stands before the first word of a line; no word holds it
_COMMON = 200  # words that are candidates everywhere


class NGram:
    """A source of words: those of its training text, in the order of P(word | words before).

    Parameters
    ----------
    texts
        To train on, prepared as those that will be typed.
    counting
        Says what a word is; with one of the flags about case, everything is small.
    order
        Words of a gram.
    """

    def __init__(self, texts: Iterable[str], counting: Counting, order: int = 4) -> None:
        self._counting = counting
        self._order = order
        self._lower = counting.case_simple or counting.predict_lower
        self._follow: list[dict[tuple[str, ...], Counter[str]]] = [defaultdict(Counter) for _ in range(order)]
        for text in texts:
            for line in text.split("\n"):
                self._count([_BEGIN] * (order - 1) + self._words(line))
        for length in range(order - 1, 0, -1):  # continuation counts of each order from the one above
            for history, words in self._follow[length].items():
                self._follow[length - 1][history[1:]].update(dict.fromkeys(words, 1))
        self._discount = [_discount(table.values()) for table in self._follow]
        self._sums = [{history: sum(words.values()) for history, words in table.items()} for table in self._follow]
        self._vocabulary = sorted(self._follow[0][()])
        self._common = [word for word, _ in self._follow[0][()].most_common(_COMMON)]

    def begin(self) -> None:
        """Nothing is kept between predictions."""

    def knows(self, word: str) -> bool:
        """Whether the training text had the word."""
        return (word.lower() if self._lower else word) in self._follow[0][()]

    def predict(self, context: str, count: int) -> Sequence[str]:
        """Complete the word that the context ends in by the most probable words."""
        line = context.rpartition("\n")[2]
        spans = wanted_words(line, self._counting)
        begun = bool(spans) and spans[-1][1] == len(line)
        words = self._words(line)
        typed = words.pop() if begun else ""
        history = tuple(([_BEGIN] * self._order + words)[len(words) + 1 :])
        candidates = set(self._beginning_with(typed))
        for length in range(1, self._order):
            followers = self._follow[length].get(history[len(history) - length :])
            candidates.update(word for word in followers or () if word.startswith(typed))
        candidates.discard(typed)
        best = heapq.nlargest(count, candidates, key=lambda word: (self.probability(word, history), word))
        return [word[len(typed) :] for word in best]

    def probability(self, word: str, history: tuple[str, ...]) -> float:
        """P(word | the words before, at most order - 1 of them)."""
        probability = 1 / max(1, len(self._vocabulary))
        for length in range(len(history) + 1):
            words = self._follow[length].get(history[len(history) - length :])
            if not words:
                break
            total = self._sums[length][history[len(history) - length :]]
            discount = self._discount[length]
            probability = max(words.get(word, 0) - discount, 0) / total + discount * len(words) / total * probability
        return probability

    def _words(self, line: str) -> list[str]:
        line = line.lower() if self._lower else line
        return [line[start:end] for start, end in wanted_words(line, self._counting)]

    def _count(self, words: list[str]) -> None:
        for index in range(self._order - 1, len(words)):
            self._follow[-1][tuple(words[index - self._order + 1 : index])][words[index]] += 1

    def _beginning_with(self, typed: str) -> list[str]:
        """The words that are likeliest by themselves: no other can be among the best without a history for it."""
        if not typed:
            return self._common
        low = bisect_left(self._vocabulary, typed)
        high = bisect_left(self._vocabulary, typed + chr(0x10FFFF))
        counts = self._follow[0][()]
        return heapq.nlargest(_COMMON, self._vocabulary[low:high], key=lambda word: counts[word])


def _discount(tables: Iterable[Counter[str]]) -> float:
    """n1 / (n1 + 2 n2), from how many grams were counted once and twice."""
    times = Counter(count for words in tables for count in words.values())
    return times[1] / (times[1] + 2 * times[2]) if times[1] else 0.5

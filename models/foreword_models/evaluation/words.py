"""How good predicted words are on texts: keystroke savings, recall, bits per character, forwards and milliseconds.

What is counted is said in `keystrokes`; here it is run over phrases and documents, timed, and summed up as one report
with bootstrap intervals over texts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from foreword_models.evaluation.bootstrap import RESAMPLES, interval
from foreword_models.evaluation.keystrokes import (
    ClosedVocabulary,
    Counting,
    TextCount,
    WordSource,
    cased,
    count,
    prepare,
)
from foreword_models.evaluation.texts import Sample
from foreword_models.zoo.progress import Progress, Silent

CONTEXT_BINS = (0, 10, 25, 50, 100)
"""Words of context from which each bin of the curve begins; the last has no end."""
BEGINNING = 50
"""Words of a text that are its beginning, where a register is meant to help."""


@runtime_checkable
class SpendsForwards(Protocol):
    """A source that counts the forwards of its model."""

    forwards: int


@runtime_checkable
class Rests(Protocol):
    """A source that does something between two keys, while nobody waits."""

    forwards_between: int

    def rest(self) -> None:
        """Be told that a list was looked at, and a key is about to be pressed."""


@runtime_checkable
class MeasuresBits(Protocol):
    """A source that gives every text a probability."""

    def bits(self, text: str) -> float:
        """Return -log2 P(text)."""


@runtime_checkable
class KnowsExactness(Protocol):
    """A source that can say of how many of its lists it is certain."""

    exact: int


@dataclass(frozen=True)
class Measured:
    """What was measured in one text.

    Attributes
    ----------
    bits
        None where the source gives texts no probability.
    milliseconds, at_boundary, offered
        Of each list in turn: how long it took, whether nothing was typed of the word, and the words in it.
    forwards, forwards_between, exact
        Sums over the lists; None where the source does not count them.
    """

    file: str
    count: TextCount
    bits: float | None
    milliseconds: tuple[float, ...]
    at_boundary: tuple[bool, ...]
    offered: tuple[int, ...]
    forwards: int | None
    forwards_between: int | None
    exact: int | None


class _Timed:
    """A source with a clock."""

    def __init__(self, source: WordSource) -> None:
        self._source = source
        self.milliseconds: list[float] = []
        self.at_boundary: list[bool] = []
        self.offered: list[int] = []

    def begin(self) -> None:
        self._source.begin()

    def predict(self, context: str, count: int) -> Sequence[str]:
        began = time.perf_counter()
        words = self._source.predict(context, count)
        self.milliseconds.append(1000 * (time.perf_counter() - began))
        if isinstance(self._source, Rests):
            self._source.rest()
        self.at_boundary.append(not context or context[-1].isspace())
        self.offered.append(min(count, len(words)))
        return words

    def knows(self, word: str) -> bool:
        return self._source.knows(word) if isinstance(self._source, ClosedVocabulary) else True


def measure(
    source: WordSource,
    samples: Iterable[Sample],
    slots: Sequence[int],
    counting: Counting,
    *,
    progress: Progress | None = None,
    description: str = "Typing",
) -> list[Measured]:
    """Type every text, in order; those that the flags leave nothing of are passed over.

    Parameters
    ----------
    slots
        Numbers of words shown.
    progress
        Told the characters that are typed.
    """
    texts = [(sample.file, text) for sample in samples if (text := prepare(sample.paragraphs, counting))]
    progress = progress or Silent()
    progress.start(description, sum(len(text) for _, text in texts))
    measured = []
    done = 0
    try:
        for file, text in texts:
            measured.append(_measure(source, file, text, slots, counting, _from(done, progress)))
            done += len(text)
            progress.update(done)
    finally:
        progress.finish()
    return measured


def _from(done: int, progress: Progress) -> Callable[[int], None]:
    return lambda position: progress.update(done + position)


def _measure(
    source: WordSource,
    file: str,
    text: str,
    slots: Sequence[int],
    counting: Counting,
    progress: Callable[[int], None],
) -> Measured:
    timed = _Timed(source)
    before = _sums(source)
    counted = count(text, timed, slots, counting, progress)
    forwards, between, exact = (
        None if old is None or new is None else new - old for old, new in zip(before, _sums(source), strict=True)
    )
    return Measured(
        file,
        counted,
        source.bits(cased(text) if counting.case_simple else text) if isinstance(source, MeasuresBits) else None,
        tuple(timed.milliseconds),
        tuple(timed.at_boundary),
        tuple(timed.offered),
        forwards,
        between,
        exact,
    )


def _sums(source: WordSource) -> tuple[int | None, int | None, int | None]:
    return (
        source.forwards if isinstance(source, SpendsForwards) else None,
        source.forwards_between if isinstance(source, Rests) else None,
        source.exact if isinstance(source, KnowsExactness) else None,
    )


def report(
    measured: Sequence[Measured], slots: Sequence[int], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Sum up what was measured.

    Returns
    -------
    dict
        Savings, recall, out-of-vocabulary share and the share of exact lists are in percent, each interval one of 95 %
        over texts drawn anew. Milliseconds, forwards and exactness are of the typist with the fewest slots, whose keys
        those of the others are among. ``by_context`` has the savings of words by how many words stand before them in
        their text, ``beginning`` those of the first 50 words of each. ``words_offered`` is the mean length of a list
        with the most slots. What the source cannot tell is None.
    """
    total = _summary(measured, slots, seed, resamples)
    lists = sum(one.count.lists for one in measured)
    return {
        **total,
        **_speed(measured),
        "forwards_per_keystroke": _rate([one.forwards for one in measured], lists, 1),
        "forwards_between_keystrokes": _rate([one.forwards_between for one in measured], lists, 1),
        "exact": _rate([one.exact for one in measured], lists, 100),
        "words_offered": _rate([sum(one.offered) for one in measured], lists, 1),
        "empty_lists": _rate([one.offered.count(0) for one in measured], lists, 100),
        "per_file": {
            file: _summary([one for one in measured if one.file == file], slots, seed, resamples)
            for file in dict.fromkeys(one.file for one in measured)
        },
        "by_context": _by_context(measured, slots, seed, resamples),
        "beginning": {"words": BEGINNING, **_part(measured, 0, BEGINNING, slots, seed, resamples)},
    }


def _summary(measured: Sequence[Measured], slots: Sequence[int], seed: int, resamples: int) -> dict[str, Any]:
    characters = [one.count.characters for one in measured]
    words = [len(one.count.words) for one in measured]
    known = [sum(word.known for word in one.count.words) for one in measured]
    bits = [one.bits for one in measured if one.bits is not None]
    kept, kept_interval = {}, {}
    recalled, recalled_interval = {}, {}
    for index, shown in enumerate(slots):
        saved = [one.count.characters - one.count.keystrokes[index] for one in measured]
        hits = [sum(word.rank is not None and word.rank < shown for word in one.count.words) for one in measured]
        kept[str(shown)] = percent(sum(saved), sum(characters))
        kept_interval[str(shown)] = _interval(saved, characters, seed, resamples)
        recalled[str(shown)] = percent(sum(hits), sum(words))
        recalled_interval[str(shown)] = _interval(hits, words, seed, resamples)
    return {
        "phrases": len(measured),
        "characters": sum(characters),
        "words": sum(words),
        "keystroke_savings": kept,
        "confidence": kept_interval,
        "recall_at_word_start": recalled,
        "recall_confidence": recalled_interval,
        "bits_per_character": round(sum(bits) / sum(characters), 4) if bits and sum(characters) else None,
        "out_of_vocabulary": percent(sum(words) - sum(known), sum(words)),
    }


def _speed(measured: Sequence[Measured]) -> dict[str, Any]:
    times = np.array([time for one in measured for time in one.milliseconds])
    boundary = np.array([at for one in measured for at in one.at_boundary], bool)
    return {
        "milliseconds": {
            **_percentiles(times),
            "in_word": _percentiles(times[~boundary]),
            "word_boundary": _percentiles(times[boundary]),
        }
    }


def _percentiles(times: Any) -> dict[str, float | None]:
    """Percentiles by nearest rank."""
    return {
        f"p{rank}": round(float(np.percentile(times, rank, method="inverted_cdf")), 2) if len(times) else None
        for rank in (50, 95, 99)
    }


def _by_context(measured: Sequence[Measured], slots: Sequence[int], seed: int, resamples: int) -> list[dict[str, Any]]:
    """The curve of savings against words of context; bins that no text reaches are left out."""
    edges = [*CONTEXT_BINS, None]
    curve = []
    for low, high in zip(CONTEXT_BINS, edges[1:], strict=True):
        row = _part(measured, low, high, slots, seed, resamples)
        if row["characters"]:
            curve.append({"context_words": f"{low}+" if high is None else f"{low}-{high - 1}", **row})
    return curve


def _part(
    measured: Sequence[Measured], low: int, high: int | None, slots: Sequence[int], seed: int, resamples: int
) -> dict[str, Any]:
    """Savings of the words of each text from one to another."""
    inside = [one.count.words[low:high] for one in measured]
    characters = [sum(word.characters for word in words) for words in inside]
    row: dict[str, Any] = {"characters": sum(characters), "keystroke_savings": {}, "confidence": {}}
    for index, shown in enumerate(slots):
        saved = [sum(word.characters - word.keystrokes[index] for word in words) for words in inside]
        row["keystroke_savings"][str(shown)] = percent(sum(saved), sum(characters))
        row["confidence"][str(shown)] = _interval(saved, characters, seed, resamples)
    return row


def _interval(above: Sequence[int], below: Sequence[int], seed: int, resamples: int) -> list[float]:
    return [round(100 * end, 2) for end in interval(above, below, seed=seed, resamples=resamples)]


def percent(part: int, whole: int) -> float:
    """Return a share in percent, rounded; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0


def _rate(values: Sequence[int | None], lists: int, scale: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(scale * sum(known) / lists, 3) if known and lists else None

"""Making a word n-gram of sentences: counts, discounts, and tables of what follows.

Modified Kneser-Ney (Chen and Goodman 1998): three words together are counted as often as they were written, the shorter
histories by how many different words stood before; of counts of one, two, and more, three different discounts are
taken, as the counts of counts say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from foreword_models.words.characters import word_spans
from foreword_models.words.ngram import SENTENCE_END, NGram, Rows

_MOST_WORDS = 2**16 - 2  # numbers of words have two bytes, and the beginning of a sentence takes one
_BEGIN = "\n"


def count(texts: Iterable[str]) -> NGram:
    """Count the words of texts that are each on its own.

    Raises
    ------
    ValueError
        There are no words, or more than 65,534 different ones.
    """
    written: defaultdict[str, Counter[str]] = defaultdict(Counter)
    triples: Counter[tuple[str, str, str]] = Counter()
    for text in texts:
        for sentence in _sentences(text.replace("\u2019", "'")):
            small = [word.lower() for word in sentence]
            for index, word in enumerate(sentence):
                written[small[index]][word] += index > 0  # the first one's capital says nothing
            triples.update(zip([_BEGIN, _BEGIN, *small], [_BEGIN, *small], small, strict=False))
    if not 0 < len(written) <= _MOST_WORDS:
        raise ValueError(f"{len(written)} different words are none or too many to count")
    order = sorted(written)
    number = {word: index for index, word in enumerate(order)} | {_BEGIN: len(order)}
    pairs: Counter[tuple[str, str]] = Counter()
    singles: Counter[str] = Counter()
    for (first, second, third), times in triples.items():
        pairs[second, third] += times if first == second == _BEGIN else 1  # nothing else can stand before a beginning
    for _, second in pairs:
        singles[second] += 1
    by_pair = {(number[second], number[third]): times for (second, third), times in pairs.items()}
    size = len(order) + 1
    by_triple = {
        (number[first] * size + number[second], number[third]): times
        for (first, second, third), times in triples.items()
        if (first, second) != (_BEGIN, _BEGIN)
    }
    lowest = _rows({(0, number[word]): times for word, times in singles.items()})
    single = np.full(len(order), float(lowest.left[0]) / len(order), np.float32)
    single[lowest.followers] += lowest.shares.astype(np.float32)
    words = [max(written[word].items(), key=lambda item: (item[1], item[0] == word, item[0]))[0] for word in order]
    words = [each if written[word][each] else word for word, each in zip(order, words, strict=True)]
    return NGram(words, single / single.sum(), _rows(by_pair), _rows(by_triple))


def _sentences(text: str) -> Iterator[list[str]]:
    for sentence in SENTENCE_END.split(text):
        words = [sentence[start:end] for start, end in word_spans(sentence)]
        if words:
            yield words


def _rows(counts: Mapping[tuple[int, int], int]) -> Rows:
    """Tables by history of its followers' counts, discounted."""
    discounts = _discounts(counts.values())
    items = sorted(counts.items())
    keys, starts = np.unique(np.array([key for (key, _), _ in items], np.uint32), return_index=True)
    times = np.array([times for _, times in items], np.float64)
    taken = discounts[np.minimum(times.astype(np.int64), 3)]
    total = np.add.reduceat(times, starts)
    return Rows(
        keys,
        np.append(starts, len(items)).astype(np.uint32),
        np.array([follower for (_, follower), _ in items], np.uint16),
        ((times - taken) / np.repeat(total, np.diff(np.append(starts, len(items))))).astype(np.float16),
        (np.add.reduceat(taken, starts) / total).astype(np.float16),
    )


def _discounts(counts: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What is taken from a count of one, two, and more; the first number stands for no count."""
    often = Counter(min(times, 4) for times in counts)
    one, two, three, four = (max(1, often[times]) for times in (1, 2, 3, 4))
    share = one / (one + 2 * two)
    wanted = [0.0, 1 - 2 * share * two / one, 2 - 3 * share * three / two, 3 - 4 * share * four / three]
    return np.clip(wanted, [0.0, 0.1, 0.1, 0.1], [0.0, 0.9, 1.9, 2.9])

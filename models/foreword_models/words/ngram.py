"""A word n-gram: what follows the last two words of a sentence, in sentences of one kind that were counted.

A decoder knows the language; what people of a kind say every day, in the very same words, it knows less well than a few
thousand of their sentences do. Interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998), done when it is made
(`ngram_training`): a history's table holds what is left of each count after the discount, and what the discounts of it
all amount to goes to the next shorter history. Words are told by their small letters; the vocabulary is sorted, so that
those that begin as typed are one range of it. A look-up is a few operations of numpy.
"""

from __future__ import annotations

import functools
import logging
import re
from bisect import bisect_left
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from foreword_models.errors import CorruptModelError
from foreword_models.words.characters import word_spans
from foreword_models.words.opinion import Opinion
from foreword_models.zoo.files import write_atomically

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).with_name("shipped") / "ngrams"
SENTENCE_END = re.compile("[.?!\u2026\n]")

_LOOK_BACK = 100  # code points before the cursor in which the last two words are looked for
_APOSTROPHES = str.maketrans("\u2019", "'")


@dataclass(frozen=True)
class Rows:
    """Tables of what follows, for all histories of a length.

    Attributes
    ----------
    keys : ndarray of uint32, shape (histories,)
        Sorted: a word's number, or the first word's times `NGram.words` + 1, plus the second's.
    starts : ndarray of uint32, shape (histories + 1,)
        Where each history's followers begin.
    followers : ndarray of uint16
        Numbers of words, sorted for each history.
    shares : ndarray of float16
        P(follower | history) but for what the shorter history adds.
    left : ndarray of float16, shape (histories,)
        What the shorter history's probabilities are multiplied by.
    """

    keys: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    followers: NDArray[np.uint16]
    shares: NDArray[np.float16]
    left: NDArray[np.float16]

    def add(self, key: int, first: int, shares: NDArray[np.float32]) -> None:
        """Turn P(word | a shorter history), of the words from number `first` on, into P(word | this one), in place."""
        row = int(np.searchsorted(self.keys, key))
        if row == len(self.keys) or self.keys[row] != key:
            return
        begin, end = int(self.starts[row]), int(self.starts[row + 1])
        low, high = begin + np.searchsorted(self.followers[begin:end], (first, first + len(shares)))
        shares *= self.left[row]
        shares[self.followers[low:high].astype(np.int64) - first] += self.shares[low:high]


class NGram:
    """P(word | the two words before), for words that begin as typed.

    Parameters
    ----------
    words
        As they are written inside a sentence, in the order of their small letters.
    single : ndarray of float32, shape (words,)
        P(word), whatever stands before.
    pairs, triples
        By the last word, and by the last two. Before a sentence's first word stands the number that no word has.
    """

    def __init__(self, words: list[str], single: NDArray[np.float32], pairs: Rows, triples: Rows) -> None:
        self.words, self.single, self.pairs, self.triples = words, single, pairs, triples
        self._small = [word.lower() for word in words]

    def opinion(self, text: str, typed: str, count: int) -> Opinion:
        """Say which words may be the one that begins with `typed`.

        Parameters
        ----------
        text
            What stands before it.
        count
            Most words to name.

        Returns
        -------
        Opinion
            Its belief is P(typed | the words before): the less such a beginning was expected, the less is known of it.
            Behind a word that is not in the vocabulary nothing is known.
        """
        small = typed.lower().translate(_APOSTROPHES)
        low = bisect_left(self._small, small)
        high = bisect_left(self._small, small + "\U0010ffff", low) if small else len(self._small)
        first, second = self._before(text)
        if low == high or second is None:
            return Opinion({}, 0.0)
        shares = self.single[low:high].copy()
        self.pairs.add(second, low, shares)
        if first is not None:
            self.triples.add(first * (len(self.words) + 1) + second, low, shares)
        belief = float(shares.sum())
        if self._small[low] == small:
            shares[0] = 0.0  # only longer words are looked for
        best = np.argpartition(-shares, min(count, len(shares) - 1))[:count]
        best = best[np.argsort(-shares[best], kind="stable")]
        capital = not typed and second == len(self.words)
        named = {
            self._written(low + int(index), typed, capital=capital): float(shares[index]) / belief
            for index in best
            if shares[index] > 0
        }
        return Opinion(named, min(1.0, belief)) if named else Opinion({}, 0.0)

    def _before(self, text: str) -> tuple[int | None, int | None]:
        """Numbers of the last two words, None where one is unknown; the beginning of a sentence has its own."""
        near = text[-_LOOK_BACK:].translate(_APOSTROPHES)
        tail = SENTENCE_END.split(near)[-1]
        begins = len(tail) < len(near) or len(near) == len(text)
        words: list[int | None] = [self._number(tail[start:end]) for start, end in word_spans(tail)][-2:]
        lacking: list[int | None] = [len(self.words) if begins else None] * (2 - len(words))
        first, second = lacking + words
        return first, second

    def _number(self, word: str) -> int | None:
        small = word.lower()
        index = bisect_left(self._small, small)
        return index if index < len(self._small) and self._small[index] == small else None

    def _written(self, index: int, typed: str, *, capital: bool) -> str:
        word = self.words[index]
        if capital:
            return word[0].upper() + word[1:]
        return typed + word[len(typed) :]

    def write(self, path: Path, about: str) -> None:
        """Write it as a whole, with what there is to say about it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, NDArray[Any]] = {"single": self.single}
        tensors["words"] = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        for name, rows in (("pairs", self.pairs), ("triples", self.triples)):
            tensors |= {f"{name}.{each.name}": getattr(rows, each.name) for each in fields(Rows)}
        write_atomically(path, save(tensors, metadata={"about": about}))

    @classmethod
    def read(cls, path: Path) -> NGram:
        """Read what `write` wrote.

        Raises
        ------
        CorruptModelError
            The file is damaged, or not one of these.
        """
        try:
            with safe_open(path, framework="np") as file:
                words = file.get_tensor("words").tobytes().decode().split("\n")
                pairs, triples = (
                    Rows(*(file.get_tensor(f"{name}.{each.name}") for each in fields(Rows)))
                    for name in ("pairs", "triples")
                )
                return cls(words, file.get_tensor("single"), pairs, triples)
        except (OSError, SafetensorError, ValueError) as error:
            raise CorruptModelError(f"{path} is not a word n-gram ({error}); install Foreword anew.") from error


@functools.cache
def shipped(name: str) -> NGram | None:
    """Return the n-gram of a register, if one was shipped; one that cannot be read is said in the log."""
    path = SHIPPED / f"{name}.safetensors"
    try:
        return NGram.read(path) if path.is_file() else None
    except CorruptModelError as error:  # without it, words are a little less well told
        logger.warning("a word n-gram is not used: %s", type(error).__name__)
        return None

"""What a text's words say by themselves: a linear model of hashed n-grams, added to a head's logits.

An encoder this small reads what a sentence means better than which words it has; with a bag of words it is the other
way round, and the two err in different places. A head that has both is "wide and deep" (Cheng et al. 2016). The n-grams
are hashed into a fixed number of buckets (Weinberger et al. 2009), so that there is no vocabulary to keep.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save as serialize
from torch import Tensor

from foreword_models.bert.weights import read_tensors
from foreword_models.errors import CorruptModelError

BUCKETS = 2**16
CHARACTERS = 8000
"""Of a text that are looked at: a long mail's beginning."""

CASE = 0.3
"""Length of the vector of a text's capitals beside that of its words, where capitals count."""

_WORDS = 2  # the longest n-gram of words
_PIECES = (3, 4)  # characters of a piece of a word
_TOKEN = re.compile(r"\w+|[^\w\s]")
_START, _END = "\x02", "\x03"  # stand before the first word and after the last
_CAPITALS = 4  # words in the longest n-gram of capitals
_SURROGATES = "surrogatepass"


Features = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Buckets, each once, and how much each counts."""


def features(text: str, buckets: int = BUCKETS) -> Features:
    """Return the buckets that a text's n-grams fall into, and how much each counts: a vector of length one.

    N-grams are one and two words or marks of punctuation, in small letters, and the pieces of each different word of
    three and four characters, its ends marked. Each counts one and the logarithm of how often it is there.
    """
    tokens = [_START, *_TOKEN.findall(text[:CHARACTERS].lower())]
    counts = Counter(_hash(gram) % buckets for gram in _grams(tokens))
    for word in set(tokens[1:]):
        counts.update([number % buckets for number in _pieces(word)])
    values = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
    return np.fromiter(counts, np.int64, len(counts)), values / np.sqrt((values**2).sum())


def case_features(text: str, buckets: int = BUCKETS) -> Features:
    """Return the buckets of a text's n-grams of capitals, and how much each counts: a vector of length `CASE`.

    Of each word there is left whether it begins with a capital, a small letter or a digit; punctuation stays.
    """
    kinds = [_START, *map(_kind, _TOKEN.findall(text[:CHARACTERS])), _END]
    grams = _grams(kinds, _CAPITALS)
    found = np.fromiter(sorted({_hash("\x03" + gram) % buckets for gram in grams}), np.int64)
    return found, np.full(len(found), CASE / np.sqrt(len(found)), np.float32)


class Lexical:
    """A linear model of a text's n-grams.

    Attributes
    ----------
    weight
        (buckets, labels), float16 as kept, float32 as used.
    cased
        Whether capitals count too.
    """

    def __init__(self, weight: Tensor, *, cased: bool = False) -> None:
        self.weight = weight.float()
        self.cased = cased

    @classmethod
    def load(cls, path: Path, labels: int) -> Lexical:
        """Load a model of so many labels.

        Raises
        ------
        CorruptModelError
            The file is missing, damaged or of something else.
        """
        weight, cased = read_tensors(path, lambda get: (get("weight"), get("cased")))
        if weight is None or weight.ndim != 2 or not len(weight) or weight.shape[1] != labels:
            raise CorruptModelError(
                f"{path} does not hold a weight (buckets, {labels}) as its {labels} labels ask for: train or fetch "
                "the classifier again."
            )
        return cls(weight.to(torch.float32, copy=True), cased=cased is not None)

    def save(self, path: Path) -> None:
        """Write the file; the same model gives the same bytes."""
        tensors = {"weight": self.weight.half().contiguous()}
        path.write_bytes(serialize(tensors | ({"cased": torch.ones(1)} if self.cased else {})))

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (n, labels)."""
        rows = torch.zeros(len(texts), self.weight.shape[1])
        for row, text in zip(rows, texts, strict=True):
            for of in (features, case_features) if self.cased else (features,):
                found, values = of(text, len(self.weight))
                row += torch.from_numpy(values) @ self.weight[torch.from_numpy(found)]
        return rows


def _kind(token: str) -> str:
    first = token[0]
    return "0" if first.isdigit() else "X" if first.isupper() else "x" if first.isalpha() else first


def _grams(tokens: Sequence[str], longest: int = _WORDS) -> Iterator[str]:
    for length in range(1, longest + 1):
        for start in range(len(tokens) - length + 1):
            yield "\x00".join(tokens[start : start + length])


@lru_cache(maxsize=20_000)
def _pieces(word: str) -> tuple[int, ...]:
    marked = f"\x01<{word[:32]}>"
    return tuple(
        _hash("\x01" + marked[start : start + length])
        for length in _PIECES
        for start in range(1, len(marked) - length + 1)
    )


def _hash(gram: str) -> int:
    # Python's own hash differs from process to process.
    return zlib.crc32(gram.encode("utf-8", _SURROGATES))

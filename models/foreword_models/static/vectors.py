"""Word vectors, and the words whose vectors lie nearest: cosine similarity over a memory-mapped matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from foreword_models.bert.weights import read_tensors
from foreword_models.errors import CorruptModelError, UnknownWordError
from foreword_models.static.packing import VECTORS, WORDS

CANDIDATES = 100_000
"""Words among which neighbours are looked for: the first ones, which in these files are the most frequent.

Rarer words are mostly misspellings and names, and their vectors are poorly known.
"""


@dataclass(frozen=True)
class Neighbour:
    """A word near another one; `similarity` is the cosine of the angle between what stands for them, -1 to 1."""

    word: str
    similarity: float


class WordVectors:
    """One vector for each word of a vocabulary, left in its file.

    Parameters
    ----------
    units
        The vectors at length one, float32, (words, width).
    norms
        The lengths that they had, float32, (words,).
    text
        The words' UTF-8 one after another, uint8.
    offsets
        Where each word begins in `text`, and where the last one ends: int64, (words + 1,).
    order
        The rows in the order of their words' bytes: int32, (words,).
    """

    def __init__(self, units: Tensor, norms: Tensor, text: Tensor, offsets: Tensor, order: Tensor) -> None:
        self._units = units
        self._norms = norms
        self._text = text.numpy()
        self._offsets = offsets.numpy()
        self._order = order.numpy()

    @classmethod
    def load(cls, folder: Path) -> WordVectors:
        """Map packed vectors into memory: a matter of milliseconds, whatever their number.

        Raises
        ------
        CorruptModelError
            A file is missing or damaged, or the two do not fit together.
        """
        folder = Path(folder)
        (vectors,) = read_tensors(folder / VECTORS, lambda get: [get("vectors")])
        names = ("norms", "text", "offsets", "order")
        norms, text, offsets, order = read_tensors(folder / WORDS, lambda get: [get(name) for name in names])
        if vectors is None or norms is None or text is None or offsets is None or order is None:
            raise CorruptModelError(f"{folder} lacks a part of the word vectors: fetch or convert them again.")
        count = len(norms)
        fits = vectors.ndim == 2 and len(vectors) == count == len(order) == len(offsets) - 1 and count
        if not fits or int(offsets[-1]) != len(text) or vectors.dtype != torch.float32:
            raise CorruptModelError(f"{folder} holds parts of different word vectors: fetch or convert them again.")
        return cls(vectors, norms, text, offsets, order)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._order)

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self._units.shape[1])

    def word(self, row: int) -> str:
        """Return the word of a row."""
        return self._bytes(row).decode("utf-8", "replace")

    def row(self, word: str) -> int | None:
        """Return the row of a word as it is spelled; else in lower case, with a capital, or in capitals; else None.

        A typographic apostrophe is read as a plain one where the vocabulary does not have it.
        """
        plain = word.replace("\u2019", "'")
        for spelling in dict.fromkeys([word, plain, plain.lower(), plain.capitalize(), plain.upper()]):
            if (found := self._find(spelling.encode("utf-8", "replace"))) is not None:
                return found
        return None

    def units(self, rows: Sequence[int]) -> Tensor:
        """Return the vectors of some rows at length one, float32 (rows, width); one of zeros stays so."""
        return self._units[torch.tensor(rows, dtype=torch.long)]

    def vectors(self, rows: Sequence[int]) -> Tensor:
        """Return the vectors of some rows as the file had them, float32 (rows, width)."""
        return self.units(rows) * self._norms[torch.tensor(rows, dtype=torch.long)][:, None]

    def near(self, words: Sequence[str], count: int = 10, *, among: int = CANDIDATES) -> list[list[Neighbour]]:
        """Return the words nearest to each of some words, the nearest first.

        A word's own other spellings (``Stick`` for ``stick``) do not count.

        Parameters
        ----------
        words
            In any case; see `row`.
        count
            Neighbours of each.
        among
            Looked for among so many words from the beginning of the vocabulary.

        Raises
        ------
        UnknownWordError
            A word has no vector.
        """
        rows = []
        for word in words:
            if (row := self.row(word)) is None:
                raise UnknownWordError(f"There is no vector for {word!r}: try another form of the word.")
            rows.append(row)
        if not rows:
            return []
        # One that is the word itself, in up to four spellings, may take a place.
        found = self.nearest(self.units(rows), count + 4, among=among)
        results = []
        for word, row, neighbours in zip(words, rows, found, strict=True):
            own = {word.lower(), self.word(row).lower()}
            results.append([each for each in neighbours if each.word.lower() not in own][:count])
        return results

    def nearest(self, queries: Tensor, count: int, *, among: int = CANDIDATES) -> list[list[Neighbour]]:
        """Return the words whose vectors lie nearest to each query, the nearest first.

        Parameters
        ----------
        queries
            float32, (queries, width), of any length but zero.
        """
        among = min(among, len(self))
        with torch.inference_mode():
            similar = torch.nn.functional.normalize(queries, dim=-1) @ self._units[:among].T  # (queries, among)
            values, rows = similar.topk(min(count, among))
        return [
            [Neighbour(self.word(row), value) for row, value in zip(column, scores, strict=True)]
            for column, scores in zip(rows.tolist(), values.tolist(), strict=True)
        ]

    def __iter__(self) -> Iterator[str]:
        """Yield the words in the order of the file."""
        return (self.word(row) for row in range(len(self)))

    def _bytes(self, row: int) -> bytes:
        return self._text[self._offsets[row] : self._offsets[row + 1]].tobytes()

    def _find(self, spelling: bytes) -> int | None:
        """Search the rows in the order of their words: twenty looks into the mapped file for a million words."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(self._order[middle]) < spelling:
                low = middle + 1
            else:
                high = middle
        if low == len(self) or self._bytes(self._order[low]) != spelling:
            return None
        return int(self._order[low])

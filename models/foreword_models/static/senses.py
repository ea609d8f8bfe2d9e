"""Which sense of a word a sentence means, told by words that are near it there.

A contextual encoder has another vector for a word in every sentence. It is compared with the vectors that the same
encoder gives to frequent words standing alone, all taken from a layer in the middle, where words have not yet become
their sentence. What the word itself brings along is subtracted in part: of "She went to the bank for a loan" remains
what the sentence says of the bank. Only words that static vectors put somewhere near the word are looked at.

What it can and cannot do is measured by ``benchmarks/senses.py``: it tells two senses of a word apart, and it has no
good words for a sense that is rare in what the encoder has read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from safetensors.torch import save
from torch import Tensor

from foreword_models.bert.encoder import Encoder
from foreword_models.bert.weights import read_tensors
from foreword_models.errors import CorruptModelError, UnknownWordError
from foreword_models.static.vectors import Neighbour, WordVectors

FORMAT = 1
WORDS = 10_000
"""Words that have a vector of their own: the most frequent ones of the static vectors."""

_ALONE = 0.5  # share of a word's vector alone that is taken out of its vector in a sentence
_NEAR = 3_000  # words that are near enough by the static vectors
_AROUND = 200  # code points of a sentence that are read on either side of a word
_AT_ONCE = 512
_USABLE = re.compile(r"[^\W\d_]{3,}")


class Senses:
    """Finds the words that are near in meaning to a word of a sentence.

    Parameters
    ----------
    vectors
        Static vectors, which also say what the frequent words are.
    encoder
        Reads the sentence.
    alone
        The frequent words' vectors from `alone_vectors`, float32 (words, hidden).
    """

    def __init__(self, vectors: WordVectors, encoder: Encoder, alone: Tensor) -> None:
        rows, self._words = frequent(vectors)
        if alone.shape != (len(rows), encoder.hidden_size):
            raise CorruptModelError(
                f"The table of words has the shape {tuple(alone.shape)}, not {(len(rows), encoder.hidden_size)}: "
                "remove it, and it is made again."
            )
        self._vectors = vectors
        self._encoder = encoder
        self._units = vectors.units(rows)
        self._mean = alone.mean(0)
        self._alone = F.normalize(alone - self._mean, dim=-1)

    def near(self, sentence: str, start: int, end: int, count: int = 10) -> list[Neighbour]:
        """Return words near to what a word means in its sentence, the nearest first.

        One forward. Forms of the word itself, and words of the sentence, do not count.

        Parameters
        ----------
        sentence
            Any text around the word.
        start, end
            Range of the word in it, in code points.

        Returns
        -------
        list of Neighbour
            `similarity` is the cosine between a word alone and what the sentence makes of this one.

        Raises
        ------
        UnknownWordError
            There is no word in that range.
        """
        word = sentence[start:end].strip()
        if not any(map(str.isalpha, word)):
            raise UnknownWordError("There is no word at that place: give the range of one.")
        first = max(0, start - _AROUND)
        around = sentence[first : end + _AROUND]
        inside, alone = self._encoder.token_vectors([around, word], layers=_middle(self._encoder))
        there, itself = inside.of(start - first, end - first), alone.of(0, len(word))
        if there is None or itself is None:
            raise UnknownWordError("That word is too long to be read: give the range of one word.")
        with torch.inference_mode():
            centred = F.normalize(torch.stack([there, itself]) - self._mean, dim=-1)  # (2, hidden)
            similar = self._alone @ F.normalize(centred[0] - _ALONE * centred[1], dim=-1)  # (words,)
            if (row := self._vectors.row(word)) is not None and len(self._words) > _NEAR:
                static = self._units @ self._vectors.units([row])[0]
                similar[static < static.topk(_NEAR).values[-1]] = -1
            ranked = similar.argsort(descending=True).tolist()
        written = set(re.findall(r"\w+", around.lower()))
        stem = word.lower()[: max(3, len(word) - 1)]
        fitting = (
            Neighbour(self._words[index], float(similar[index]))
            for index in ranked
            if self._words[index] not in written and not self._words[index].startswith(stem)
        )
        return list(islice(fitting, count))


def frequent(vectors: WordVectors) -> tuple[list[int], list[str]]:
    """Return the rows of the most frequent words, and the words in lower case, each once."""
    found: dict[str, int] = {}
    for row, word in enumerate(vectors):
        if len(found) == WORDS:
            break
        if _USABLE.fullmatch(word):
            found.setdefault(word.lower(), row)
    return list(found.values()), list(found)


def alone_vectors(
    encoder: Encoder,
    words: Sequence[str],
    *,
    report: Callable[[float], None] = lambda _: None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Tensor:
    """Return the vector of each word on its own, float32 (words, hidden): some seconds for ten thousand.

    Parameters
    ----------
    report
        Told the fraction that is done.
    checkpoint
        Called between forwards; what it raises abandons the work.
    """
    found: list[Tensor] = []
    layer = _middle(encoder)
    for start in range(0, len(words), _AT_ONCE):
        some = words[start : start + _AT_ONCE]
        for word, read in zip(some, encoder.token_vectors(some, layers=layer, checkpoint=checkpoint), strict=True):
            vector = read.of(0, len(word))
            found.append(torch.zeros(encoder.hidden_size) if vector is None else vector)
        checkpoint()
        report(len(found) / len(words))
    return torch.stack(found) if found else torch.empty(0, encoder.hidden_size)


def save_alone(alone: Tensor, path: Path) -> None:
    """Write the table of `alone_vectors`, in half precision, in one rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    working = path.with_name(f"{path.name}.part")
    working.write_bytes(save({"alone": alone.half().contiguous()}))
    working.replace(path)


def load_alone(path: Path) -> Tensor:
    """Read the table that `save_alone` wrote.

    Raises
    ------
    CorruptModelError
        It is missing or damaged.
    """
    (alone,) = read_tensors(path, lambda get: [get("alone")])
    if alone is None or alone.ndim != 2:
        raise CorruptModelError(f"{path} holds no table of words: remove it, and it is made again.")
    return alone.float()


def _middle(encoder: Encoder) -> int:
    """Two thirds of the way through the encoder: chosen on the development sentences of benchmarks/senses.py."""
    return max(1, round(encoder.config.num_hidden_layers * 2 / 3))

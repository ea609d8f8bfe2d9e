"""A handful of word vectors for all tests here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from foreword_models.static import packing
from foreword_models.static.vectors import WordVectors

WORDS = ["the", "cat", "dog", "Paris", "stick", "Stick", "it's", "naïve", "zero"]


def matrix(words: int = len(WORDS), width: int = 4) -> NDArray[np.float32]:
    found = np.random.default_rng(0).normal(size=(words, width)).astype(np.float32)
    found[-1] = 0
    return found


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """Vectors as GloVe writes them."""
    path = tmp_path / "vectors.txt"
    rows = zip(WORDS, matrix(), strict=True)
    path.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in rows), encoding="utf-8")
    return path


@pytest.fixture
def binary_file(tmp_path: Path) -> Path:
    """The same as word2vec writes them."""
    path = tmp_path / "vectors.bin"
    rows = b"".join(
        word.encode() + b" " + row.astype("<f4").tobytes() + b"\n" for word, row in zip(WORDS, matrix(), strict=True)
    )
    path.write_bytes(f"{len(WORDS)} 4\n".encode() + rows)
    return path


@pytest.fixture
def vectors(text_file: Path, tmp_path: Path) -> WordVectors:
    out = tmp_path / "packed"
    out.mkdir()
    packing.pack(text_file, out, lambda _: None)
    return WordVectors.load(out)

"""Word vectors packed once into files that are mapped into memory, and searched where they lie.

``vectors.safetensors`` holds the matrix, its rows at length one so that a product gives the cosines;
``words.safetensors`` the rows' lengths, and what is needed to find a word's row without reading all words: their bytes
one after another, where each begins, and the rows in the order of their words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from foreword_models.errors import CorruptModelError
from foreword_models.static.formats import Piece, VectorFile

FORMAT = 1
VECTORS, WORDS = "vectors.safetensors", "words.safetensors"
FILES = (VECTORS, WORDS)


def pack(path: Path, out: Path, report: Callable[[float], None]) -> None:
    """Pack a file in a format of GloVe or word2vec.

    Parameters
    ----------
    path
        The file; see `foreword_models.static.formats`.
    out
        An existing folder for ``vectors.safetensors`` and ``words.safetensors``.
    report
        Told the fraction that is done.

    Raises
    ------
    ModelError
        The file is damaged, or of another format.
    """
    file = VectorFile.open(path)
    write(path, file.count, file.width, file.pieces(), out, report)


def pack_arrays(vectors_npy: Path, words_parquet: Path, out: Path, report: Callable[[float], None]) -> None:
    """Pack a matrix in numpy's format and a table with one column, its words, in the format Parquet.

    They come from a wheel and have the hashes that the registry pins, so that they are sound.

    Raises
    ------
    CorruptModelError
        The two do not fit together.
    """
    from arro3.io import read_parquet

    vectors = np.load(vectors_npy, mmap_mode="r", allow_pickle=False)
    words = [str(word) for word in read_parquet(words_parquet).read_all().column(0).to_pylist()]
    if vectors.ndim != 2 or len(vectors) != len(words):
        raise CorruptModelError(
            f"The word vectors have the shape {vectors.shape} for {len(words)} words: fetch them again."
        )
    step = 20_000
    pieces = (
        (words[start : start + step], np.asarray(vectors[start : start + step], np.float32))
        for start in range(0, len(words), step)
    )
    write(vectors_npy, len(words), vectors.shape[1], pieces, out, report)


def write(
    source: Path, count: int, width: int, pieces: Iterable[Piece], out: Path, report: Callable[[float], None]
) -> None:
    """Write the packed files of `count` words; `source` is named in messages.

    Raises
    ------
    CorruptModelError
        A word comes twice.
    """
    rows: dict[bytes, int] = {}
    norms = np.empty(count, np.float32)
    with (out / VECTORS).open("wb") as file:
        _write_header(file, count, width)
        for words, vectors in pieces:
            first = len(rows)
            for word in words:
                if (before := rows.get(key := word.encode())) is not None:
                    raise CorruptModelError(
                        f"{source} has the word of row {before + 1} a second time in row {len(rows) + 1}: "
                        "take one of them out, and lower the number of words in the first line if it has one."
                    )
                rows[key] = len(rows)
            lengths = np.linalg.norm(vectors, axis=1)
            norms[first : len(rows)] = lengths
            # A vector of zeros has no direction, and stays one.
            file.write((vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype("<f4").tobytes())
            report(0.9 * len(rows) / count)
    spelled = list(rows)
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum([len(word) for word in spelled], out=offsets[1:])
    tensors: dict[str, NDArray[np.generic]] = {
        "text": np.frombuffer(b"".join(spelled), np.uint8),
        "offsets": offsets,
        "order": np.array(sorted(range(count), key=spelled.__getitem__), np.int32),
        "norms": norms,
    }
    # Written by us: safetensors' own save_file makes files that only their owner can read.
    (out / WORDS).write_bytes(save(tensors))
    report(1.0)


def _write_header(file: BinaryIO, count: int, width: int) -> None:
    """Begin a safetensors file with one matrix, whose rows are then written as they come: there may be gigabytes."""
    entry = {"dtype": "F32", "shape": [count, width], "data_offsets": [0, 4 * count * width]}
    header = json.dumps({"vectors": entry}).encode()
    header += b" " * (-len(header) % 8)  # the numbers begin at a multiple of eight
    file.write(len(header).to_bytes(8, "little") + header)

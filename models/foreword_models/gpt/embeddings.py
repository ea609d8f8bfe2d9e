"""The embeddings of tokens: rows of a matrix of which a text needs few.

They may stay in their file. A mapped file would become resident sixteen pages at a time, and after some thousand words
nearly all of it, which is a tenth of what a small model takes; a read of one row takes a microsecond or two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foreword_models.errors import CorruptModelError


class Embedding(Protocol):
    """Anything that has the rows of tokens.

    Attributes
    ----------
    device
        Where rows are returned.
    """

    device: torch.device

    def rows(self, ids: NDArray[np.int64]) -> Tensor:
        """Return the embeddings of n tokens: (n, width), of any floating-point type."""


class TensorEmbedding:
    """Embeddings in memory.

    Parameters
    ----------
    weight
        Shape (vocabulary, width).
    """

    def __init__(self, weight: Tensor) -> None:
        self.device = weight.device
        self._weight = weight

    def rows(self, ids: NDArray[np.int64]) -> Tensor:
        """Return the embeddings of n tokens: (n, width)."""
        return self._weight[torch.from_numpy(ids).to(self.device)]


class FileEmbedding:
    """Embeddings that stay in a safetensors file, which is kept open.

    Parameters
    ----------
    path
        The file.
    name
        A bfloat16 matrix (vocabulary, width) in it.

    Raises
    ------
    CorruptModelError
        The file is damaged, or has no such matrix.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.device = torch.device("cpu")
        self._path = path
        try:
            self._file = path.open("rb", buffering=0)
            # The format: eight bytes of length, a JSON header with offsets into what follows, then that.
            length = int.from_bytes(self._file.read(8), "little")
            entry = json.loads(self._file.read(min(length, path.stat().st_size)))[name]
            first, last = entry["data_offsets"]
            vocabulary, width = entry["shape"]
            self._start, self._bytes, self._count = 8 + length + first, 2 * width, vocabulary
            sound = entry["dtype"] == "BF16" and last - first == vocabulary * self._bytes
            if not sound or path.stat().st_size < self._start + last - first:
                raise ValueError(f"{name} is no matrix of bfloat16")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise CorruptModelError(f"{path} cannot be read ({error}); remove the model and fetch it again.") from error

    def rows(self, ids: NDArray[np.int64]) -> Tensor:
        """Return the embeddings of n tokens: (n, width)."""
        found = np.empty((len(ids), self._bytes), np.uint8)
        try:
            for row, token in zip(found, ids.tolist(), strict=True):
                self._file.seek(self._start + token * self._bytes)
                if self._file.readinto(row) != self._bytes:
                    raise OSError("it has become shorter")
        except OSError as error:
            raise CorruptModelError(
                f"{self._path} cannot be read any more ({error}); remove the model and fetch it again."
            ) from error
        return torch.from_numpy(found).view(torch.bfloat16)

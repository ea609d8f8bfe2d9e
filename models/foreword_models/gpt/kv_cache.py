"""One preallocated arena of key/value slots, shared by every sequence, with a reference count a slot.

A sequence is an array of slot numbers, one a token. Sequences that share a beginning share its slots, so a branch or a
crop copies no keys or values; a slot is free again when the last sequence through it is gone.
"""

from __future__ import annotations

import math
import mmap

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foreword_models.errors import CacheFullError
from foreword_models.gpt.config import DecoderConfig

Slots = NDArray[np.int64]


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return zeros: a masked slot still takes part in 0 * value, and the garbage of empty memory may be NaN.

    On the CPU these are pages that the system provides, zeroed, when they are first written to; torch would write them
    all. The pages are kept small, as every sequence begins in many places of the arena: one for each layer and head.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    memory = mmap.mmap(-1, math.prod(shape) * dtype.itemsize)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(memory, dtype=dtype).view(shape)


class KVCache:
    """Keys and values of all live tokens.

    Parameters
    ----------
    limit_bytes
        Bound on the arena's size. The memory is reserved at once and becomes resident as slots are first used.

    Attributes
    ----------
    arena : Tensor
        Shape (layers, 2, kv_heads, slots, head_dim): keys at index 0, values at 1.
    """

    def __init__(self, config: DecoderConfig, *, dtype: torch.dtype, device: torch.device, limit_bytes: int) -> None:
        bytes_per_slot = config.layers * 2 * config.kv_heads * config.head_dim * dtype.itemsize
        self.bytes_per_slot = bytes_per_slot
        slots = limit_bytes // bytes_per_slot
        if slots < 1:
            raise CacheFullError(
                f"A K/V cache of {limit_bytes} bytes cannot hold one token of {bytes_per_slot} bytes; raise its limit."
            )
        shape = (config.layers, 2, config.kv_heads, slots, config.head_dim)
        self.arena: Tensor = _zeros(shape, dtype, device)
        self._references = np.zeros(slots, dtype=np.int32)

    @property
    def slots(self) -> int:
        """Number of slots in the arena."""
        return len(self._references)

    @property
    def slots_in_use(self) -> int:
        """Number of slots held by at least one sequence."""
        return int(np.count_nonzero(self._references))

    def allocate(self, count: int) -> Slots:
        """Return `count` free slots, not yet retained; lowest first, so that sequences tend to be contiguous."""
        free = np.flatnonzero(self._references == 0)
        if len(free) < count:
            raise CacheFullError(
                f"The K/V cache has {len(free)} of {self.slots} slots free and {count} are needed; "
                "raise its limit or drop sequences."
            )
        return free[:count]

    def retain(self, slots: Slots) -> None:
        """Count one more sequence through each of these (distinct) slots."""
        self._references[slots] += 1

    def release(self, slots: Slots) -> None:
        """Count one sequence less through each of these (distinct) slots."""
        self._references[slots] -= 1

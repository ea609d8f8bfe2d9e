"""One preallocated arena of key/value slots, shared by every sequence: which slots are free, and moving their contents.

A slot holds the keys and values of one token in all layers. Which token of which sequence that is, is known to the
radix tree (`radix`), not to the arena.
"""

from __future__ import annotations

import math
import mmap
import sys

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
    size = math.prod(shape) * dtype.itemsize
    if sys.platform == "win32":
        return torch.frombuffer(mmap.mmap(-1, size), dtype=dtype).view(shape)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # by default it would be shared
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(memory, dtype=dtype).view(shape)


class KVCache:
    """Keys and values of all cached tokens.

    Parameters
    ----------
    limit_bytes
        Bound on the arena's size. The memory is reserved at once and becomes resident as slots are first used.

    Attributes
    ----------
    arena : Tensor
        Shape (layers, 2 kv_heads, slots, head_dim): the heads of the keys, then those of the values.
    bytes_per_slot : int
        What one token takes.
    """

    def __init__(self, config: DecoderConfig, *, dtype: torch.dtype, device: torch.device, limit_bytes: int) -> None:
        self.bytes_per_slot = config.layers * 2 * config.kv_heads * config.head_dim * dtype.itemsize
        slots = limit_bytes // self.bytes_per_slot
        if slots < 1:
            raise CacheFullError(
                f"A K/V cache of {limit_bytes} bytes cannot hold one token of {self.bytes_per_slot} bytes; "
                "raise its limit."
            )
        self.arena: Tensor = _zeros((config.layers, 2 * config.kv_heads, slots, config.head_dim), dtype, device)
        self._free = np.ones(slots, dtype=bool)

    @property
    def slots(self) -> int:
        """Number of slots in the arena."""
        return len(self._free)

    @property
    def slots_in_use(self) -> int:
        """Number of slots that are not free."""
        return int(len(self._free) - np.count_nonzero(self._free))

    def allocate(self, count: int, near: int = 0) -> Slots:
        """Take `count` free slots: the first ones from `near` on, then those before it; in ascending order.

        Holes are so filled up, and a sequence tends to lie together.

        Raises
        ------
        CacheFullError
            Fewer are free; none is taken.
        """
        free = np.flatnonzero(self._free)
        if len(free) < count:
            raise CacheFullError(
                f"The K/V cache has {len(free)} of {self.slots} slots free and {count} are needed; "
                "raise its limit or drop sequences."
            )
        split = int(np.searchsorted(free, near)) if near < self.slots else 0
        taken = free[split : split + count]
        if len(taken) < count:
            taken = np.concatenate([free[split - (count - len(taken)) : split], taken])
        self._free[taken] = False
        return taken

    def allocate_run(self, count: int) -> Slots | None:
        """Take `count` neighbouring slots, the lowest there are; None if there are none."""
        edges = np.flatnonzero(np.diff(self._free.astype(np.int8), prepend=0, append=0))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        fitting = np.flatnonzero(lengths >= count)
        if not len(fitting):
            return None
        start = int(starts[fitting[0]])
        self._free[start : start + count] = False
        return np.arange(start, start + count)

    def release(self, slots: Slots) -> None:
        """Give slots back."""
        self._free[slots] = True

    def copy(self, source: Slots, target: Slots) -> None:
        """Copy the keys and values of some slots into as many others."""
        device = self.arena.device
        moved = self.arena.index_select(2, torch.from_numpy(source).to(device))
        self.arena.index_copy_(2, torch.from_numpy(target).to(device), moved)

"""Memory that the steps of a decoder use over and over, and the views of it that one step needs.

Taken once and grown to the longest step: an allocation, and each view, cost about as much as a small operation does.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from foreword_models.gpt.config import DecoderConfig

_PAD = 16  # floats beside each row of the residual stream: one is used, the others keep rows aligned to cache lines


class Heads(NamedTuple):
    """What the first product of an attention layer gave, head by head: views, all of the same float32 memory.

    Attributes
    ----------
    queries, keys
        Shape (n, heads, head_dim) and (n, kv_heads, head_dim).
    pairs
        Queries and keys as complex numbers: (n, heads + kv_heads, head_dim / 2).
    keys_values
        Shape (2 kv_heads, n, head_dim).
    """

    queries: Tensor
    keys: Tensor
    pairs: Tensor
    keys_values: Tensor

    @classmethod
    def of(cls, config: DecoderConfig, fused: Tensor) -> Heads:
        """View the rows (n, (heads + 2 kv_heads) head_dim) that hold queries, keys and values."""
        rows = fused.view(len(fused), -1, config.head_dim)
        turned = rows[:, : config.heads + config.kv_heads]
        return cls(
            queries=turned[:, : config.heads],
            keys=turned[:, config.heads :],
            pairs=torch.view_as_complex(turned.view(*turned.shape[:2], -1, 2)),
            keys_values=rows[:, config.heads :].transpose(0, 1),
        )


class Rows:
    """The memory of a step of n tokens.

    Attributes
    ----------
    residual : Tensor
        Shape (n, width + some), float32: the residual stream; beside each row one coordinate for a norm's epsilon, and
        zeros.
    x : Tensor
        The view of it that holds values: (n, width).
    scaled : Tensor
        Shape (n, width), of the type that products take: the residual stream times a norm's weight.
    sizes : Tensor
        Shape (n, 1), float32: what rows are divided by.
    fused : Tensor
        Shape (n, (heads + 2 kv_heads) head_dim), float32.
    queries : Tensor
        Shape (n, heads, head_dim), of the arena's type.
    grouped_queries : Tensor
        The same as (1, kv_heads, n groups, head_dim). The heads that share keys stand kv_heads apart, so that they are
        rows of one product without a copy.
    inner : Tensor
        Shape (n, 2 hidden), float32.
    activated : Tensor
        Shape (n, hidden), of the type that products take.
    """

    def __init__(self, config: DecoderConfig, buffers: dict[str, Tensor], n: int) -> None:
        part = {name: buffer[:n] for name, buffer in buffers.items()}
        self.residual = part["residual"]
        self.x = self.residual[:, : config.width]
        self.scaled, self.sizes = part["scaled"], part["sizes"]
        self.fused, self.inner, self.activated = part["fused"], part["inner"], part["activated"]
        self.queries = part["queries"].view(n, config.heads, config.head_dim)
        self.grouped_queries = self.queries.view(1, -1, config.kv_heads, config.head_dim).transpose(1, 2)
        self._config = config
        self._heads = Heads.of(config, self.fused)

    def heads(self, fused: Tensor) -> Heads:
        """View `fused`, which is the memory of that name here, or a tensor of its shape."""
        return self._heads if fused is self.fused else Heads.of(self._config, fused)


class Workspace:
    """The memory of one path through the layers.

    Parameters
    ----------
    activations
        The type that the path's products take.
    cached
        The type of the arena.
    """

    def __init__(
        self, config: DecoderConfig, activations: torch.dtype, cached: torch.dtype, device: torch.device
    ) -> None:
        self._config = config
        self._device = device
        self._columns = {
            "residual": (config.width + _PAD, torch.float32),
            "scaled": (config.width, activations),
            "sizes": (1, torch.float32),
            "fused": ((config.heads + 2 * config.kv_heads) * config.head_dim, torch.float32),
            "queries": (config.heads * config.head_dim, cached),
            "inner": (2 * config.hidden, torch.float32),
            "activated": (config.hidden, activations),
        }
        self._buffers: dict[str, Tensor] = {}
        self._room = 0

    def rows(self, n: int) -> Rows:
        """Return the memory of a step of n tokens, which holds what the step before left there."""
        if n > self._room:
            self._buffers = {
                name: torch.zeros(n, columns, dtype=dtype, device=self._device)
                for name, (columns, dtype) in self._columns.items()
            }
            self._room = n
        return Rows(self._config, self._buffers, n)

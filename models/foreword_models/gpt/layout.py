"""The order of rows and columns in the fused attention matrices, and how the usual orders become it.

Query heads: those that share a key head stand `kv_heads` apart (all first members of a group, then all second ones), so
that the network needs no copy to bring a group together. Dimensions of a head: the two that one rotary angle turns
stand side by side, (2i, 2i + 1), so that they are a complex number in memory.
"""

from __future__ import annotations

import torch
from torch import Tensor

from foreword_models.errors import CorruptModelError
from foreword_models.gpt.config import DecoderConfig


def fused_qkv(config: DecoderConfig, q: Tensor, k: Tensor, v: Tensor, *, pairs: bool) -> Tensor:
    """Return the rows of q (heads head_dim, width), k and v (kv_heads head_dim, width) in the order of the layout.

    Parameters
    ----------
    pairs
        Rotary pairs stand side by side already (as llama.cpp stores Llama models); else i goes with i + head_dim / 2.
    """
    _check(config, q=(q, config.heads), k=(k, config.kv_heads), v=(v, config.kv_heads))
    if not pairs:
        q, k = side_by_side(q, config.heads), side_by_side(k, config.kv_heads)
    groups = config.heads // config.kv_heads
    q = q.view(config.kv_heads, groups, config.head_dim, -1).transpose(0, 1).reshape(q.shape)
    return torch.cat([q, k, v])


def grouped_out(config: DecoderConfig, out: Tensor) -> Tensor:
    """Return the attention's output matrix (width, heads head_dim) with its columns in the order of the query heads."""
    _check(config, out=(out.t(), config.heads))
    groups = config.heads // config.kv_heads
    return out.view(-1, config.kv_heads, groups, config.head_dim).transpose(1, 2).reshape(out.shape)


def side_by_side(rows: Tensor, heads: int) -> Tensor:
    """Bring rotary pairs (i, i + head_dim / 2) of each head together: rows (heads head_dim, ...), or a norm."""
    return rows.view(heads, 2, len(rows) // heads // 2, -1).transpose(1, 2).reshape(rows.shape)


def _check(config: DecoderConfig, **matrices: tuple[Tensor, int]) -> None:
    """Raise `CorruptModelError` for a matrix that has not the rows of so many heads: it could not be reordered."""
    for name, (matrix, heads) in matrices.items():
        if matrix.dim() != 2 or len(matrix) != heads * config.head_dim:
            raise CorruptModelError(
                f"The model's attention matrix {name!r} of shape {tuple(matrix.shape)} does not hold {heads} heads of "
                f"{config.head_dim}; fetch or export it again."
            )

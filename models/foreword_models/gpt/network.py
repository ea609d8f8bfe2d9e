"""The forward pass: a step of tokens through all layers, few operations, nothing computed that load time could.

The residual stream, norms and rotations are float32; products have the type of their weights, keys and values the type
of the arena. In small steps on a CPU most operations cost a few microseconds whatever their size, and there are thirty
layers: the layout is chosen so that no tensor is copied only to be laid out anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.blocks import Block, Path, Stack
from foreword_models.gpt.kv_cache import KVCache, Slots
from foreword_models.gpt.weights import Affine

_PAD = 16  # floats beside each row of the residual stream: one is used, the others keep rows aligned to cache lines


@dataclass(frozen=True)
class Step:
    """n tokens to be decoded together, each after its own ancestors.

    Attributes
    ----------
    tokens, positions, slots
        Shape (n,): ids, positions in their sequences, slots that take their keys and values.
    keys
        The s slots looked at: a range of the arena, or their numbers.
    mask
        Shape (n, s), true where a token may look; None if every token may look everywhere.
    local_mask
        The same for layers that slide; None where `mask` says it.
    rows
        Which of the n tokens logits are wanted for.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    slots: Slots
    keys: slice | Slots
    mask: NDArray[np.bool_] | None
    local_mask: NDArray[np.bool_] | None
    rows: NDArray[np.int64]


class Network:
    """The layers of a model over an arena of keys and values."""

    def __init__(self, stack: Stack, cache: KVCache) -> None:
        self.config = config = stack.config
        self.device = stack.embed.device
        self._arena = cache.arena
        self._embed = stack.embed
        self._positions = stack.positions
        self._rms = config.family != "gpt2"
        self._groups = config.heads // config.kv_heads
        self._scale = config.attention_scale or config.head_dim**-0.5
        self._paths = [self._prepared(path) for path in stack.paths]
        if self._rms:
            self._rotation = _rotation(config.rope_theta, config.head_dim, config.context).to(self.device)
            self._local_rotation = self._rotation
            if config.sliding_window:
                local = _rotation(config.rope_theta_local, config.head_dim, config.context)
                self._local_rotation = local.to(self.device)

    @torch.inference_mode()
    def forward(self, step: Step) -> Tensor:
        """Run a step, fill its slots, and return the logits of the wanted rows: (len(rows), vocabulary), float32."""
        config, n = self.config, len(step.tokens)
        heads, kv_heads, dtype = config.heads, config.kv_heads, self._arena.dtype
        path = next(path for path in self._paths if n <= path.most_rows)
        positions = self._on_device(step.positions)
        residual, x = self._embedded(step, positions)
        turns = None
        if self._rms:
            # Per layer kind: cosines and sines of each token's position as complex numbers, (n, 1, head_dim / 2).
            turns = (self._rotation[positions].unsqueeze(1), self._local_rotation[positions].unsqueeze(1))
        bias = self._bias(step.mask)
        local_bias = bias if step.local_mask is None else self._bias(step.local_mask)
        written, gathered = self._targets(step)
        looked_at = self._looked_at(step)

        for index, block in enumerate(path.blocks):
            slides = config.slides(index)
            fused = block.qkv(self._normed(residual, x, block.norm1)).float().view(n, -1, config.head_dim)
            if turns is not None:
                self._turn(fused[:, : heads + kv_heads], turns[slides], block)
            keys_values = fused[:, heads:].transpose(0, 1)  # (2 kv_heads, n, head_dim)
            if written is not None:
                written[index].copy_(keys_values)
            else:
                self._arena[index].index_copy_(1, gathered[0], keys_values.to(dtype))
            if looked_at is not None:
                keys, values = looked_at[0][index], looked_at[1][index]
            else:
                keys, values = self._arena[index, :, gathered[1]].unsqueeze(0).chunk(2, 1)
            # The heads that share keys stand kv_heads apart, so that they are rows of one product without a copy, and
            # the kernel's output, laid out by row, is already the heads of each token side by side.
            queries = fused[:, :heads].to(dtype).reshape(1, n * self._groups, kv_heads, config.head_dim)
            mixed = F.scaled_dot_product_attention(
                queries.transpose(1, 2),
                keys,
                values,
                attn_mask=local_bias if slides else bias,
                scale=self._scale,
            )
            x += self._post(block.out(mixed.transpose(1, 2).reshape(n, -1)), block.post1)
            inner = self._activated(block.up(self._normed(residual, x, block.norm2)))
            x += self._post(block.down(inner), block.post2)

        rows = self._on_device(step.rows)
        last = residual[rows]
        return path.head(self._normed(last, last[:, : config.width], path.norm)).float()

    def _on_device(self, array: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _prepared(self, path: Path) -> Path:
        """Scale the RMS norms' weights as `_normed` wants them."""
        if not self._rms:
            return path

        def scaled(norm: Affine) -> Affine:
            return Affine(norm.weight.float() * self.config.width**0.5)

        blocks = tuple(block._replace(norm1=scaled(block.norm1), norm2=scaled(block.norm2)) for block in path.blocks)
        return Path(path.name, path.most_rows, blocks, scaled(path.norm), path.head, path.weight_bytes)

    def _embedded(self, step: Step, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The residual stream (n, width + _PAD) and the view of it that holds values (n, width)."""
        config = self.config
        residual = torch.zeros(len(step.tokens), config.width + _PAD, device=self.device)
        x = residual[:, : config.width]
        x.copy_(self._embed[self._on_device(step.tokens)])
        if config.embed_scale != 1.0:
            x *= config.embed_scale
        if self._positions is not None:
            x += self._positions[positions]
        if self._rms:
            residual[:, config.width] = (config.norm_epsilon * config.width) ** 0.5
        return residual, x

    def _normed(self, residual: Tensor, x: Tensor, norm: Affine) -> Tensor:
        """Norm of the residual stream: (n, width), float32.

        The root mean square (Zhang and Sennrich 2019) takes three quick operations where `F.rms_norm` takes six: its
        epsilon stands as one more coordinate beside each row, and the square root of the width is in the weight.
        """
        if self._rms:
            return (x * norm.weight).div_(torch.linalg.vector_norm(residual, dim=1, keepdim=True))
        return F.layer_norm(x, (self.config.width,), norm.weight, norm.bias, self.config.norm_epsilon)

    def _post(self, output: Tensor, norm: Affine | None) -> Tensor:
        if norm is None:
            return output
        return F.rms_norm(output.float(), (self.config.width,), norm.weight, self.config.norm_epsilon)

    def _turn(self, heads: Tensor, turn: Tensor, block: Block) -> None:
        """Turn queries and keys (n, heads + kv_heads, head_dim) by their positions, in place (Su et al. 2021).

        Dimensions 2i and 2i + 1 are the two parts of a complex number.
        """
        if block.q_norm is not None and block.k_norm is not None:
            split, size, epsilon = self.config.heads, (self.config.head_dim,), self.config.norm_epsilon
            heads[:, :split] = F.rms_norm(heads[:, :split], size, block.q_norm.weight, epsilon)
            heads[:, split:] = F.rms_norm(heads[:, split:], size, block.k_norm.weight, epsilon)
        pairs = torch.view_as_complex(heads.view(*heads.shape[:2], -1, 2))
        pairs *= turn

    def _activated(self, inner: Tensor) -> Tensor:
        family = self.config.family
        if family == "gpt2":
            return F.gelu(inner, approximate="tanh")
        gate, up = inner.chunk(2, 1)
        return (F.silu(gate) if family == "llama" else F.gelu(gate, approximate="tanh")).mul_(up)

    def _bias(self, mask: NDArray[np.bool_] | None) -> Tensor | None:
        """What is added to the scores, a row for each token and query head of a group: the kernel wants no booleans."""
        if mask is None:
            return None
        bias = torch.zeros(mask.shape, dtype=self._arena.dtype)
        bias.masked_fill_(torch.from_numpy(~mask), -torch.inf)
        return bias.repeat_interleave(self._groups, 0).to(self.device)

    def _looked_at(self, step: Step) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]] | None:
        """Views of the keys and of the values of each layer, (1, kv_heads, s, head_dim), if their slots are a range."""
        if not isinstance(step.keys, slice):
            return None
        keys, values = self._arena[:, :, step.keys].unsqueeze(1).chunk(2, 2)
        return keys.unbind(0), values.unbind(0)

    def _targets(self, step: Step) -> tuple[tuple[Tensor, ...] | None, tuple[Tensor, Tensor]]:
        """Where keys and values go: views of the arena, if the slots are neighbours, else the slots' numbers."""
        first, last = int(step.slots[0]), int(step.slots[-1])
        written = None
        if np.array_equal(step.slots, np.arange(first, last + 1)):
            written = self._arena[:, :, first : last + 1].unbind(0)
        keys = np.empty(0, np.int64) if isinstance(step.keys, slice) else step.keys
        return written, (self._on_device(step.slots), self._on_device(keys))


def _rotation(theta: float, head_dim: int, context: int) -> Tensor:
    """The rotary embedding's turns of each position and pair of dimensions: (context, head_dim / 2), complex."""
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angles = torch.outer(torch.arange(context, dtype=torch.float32), frequencies)
    return torch.polar(torch.ones_like(angles), angles)

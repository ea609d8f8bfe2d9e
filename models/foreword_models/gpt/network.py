"""The forward pass: a step of tokens through all layers, few operations, nothing computed that load time could.

The residual stream, norms and rotations are float32; products have the type of their weights, keys and values the type
of the arena. In small steps on a CPU most operations cost a few microseconds whatever their size, and there are thirty
layers: the layout is chosen so that no tensor is copied only to be laid out anew, and what can be written into memory
taken once, with its views made once a step, is (`workspace`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.blocks import Path, Stack
from foreword_models.gpt.kv_cache import KVCache
from foreword_models.gpt.linear import Linear
from foreword_models.gpt.step import Step
from foreword_models.gpt.weights import Affine, Block
from foreword_models.gpt.workspace import Heads, Rows, Workspace


class Inputs(NamedTuple):
    """A step on the device, ready to be run.

    Attributes
    ----------
    embedded
        The tokens' embeddings, (n, width).
    positions, slots, keys, rows
        As in `Step`; `keys` is empty where `looked_at` is given.
    bias, local_bias
        What is added to the scores, (n groups, s), of the arena's type; None if nothing is.
    written
        For each layer, where the arena takes the new keys and values, (2 kv_heads, n, head_dim); None where the slots
        are no range.
    looked_at
        For each layer, its keys, and for each layer, its values, (1, kv_heads, s, head_dim); None likewise.
    """

    embedded: Tensor
    positions: Tensor
    slots: Tensor
    keys: Tensor
    rows: Tensor
    bias: Tensor | None
    local_bias: Tensor | None
    written: tuple[Tensor, ...] | None
    looked_at: tuple[tuple[Tensor, ...], tuple[Tensor, ...]] | None


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
        self._workspaces = [Workspace(config, path.activations, cache.arena.dtype, self.device) for path in self._paths]
        if self._rms:
            self._rotation = rotation(config.rope_theta, config.head_dim, config.context).to(self.device)
            self._local_rotation = self._rotation
            if config.sliding_window:
                local = rotation(config.rope_theta_local, config.head_dim, config.context)
                self._local_rotation = local.to(self.device)

    @torch.inference_mode()
    def forward(self, step: Step) -> Tensor:
        """Run a step, fill its slots, and return the logits of the wanted rows: (len(rows), vocabulary), float32."""
        n = len(step.tokens)
        index = self._path_index(n)
        return self._run(self._inputs(step), self._paths[index], self._workspaces[index].rows(n))

    def _path_index(self, n: int) -> int:
        """Number of the path that steps of n tokens take."""
        return next(index for index, path in enumerate(self._paths) if n <= path.most_rows)

    def _inputs(self, step: Step) -> Inputs:
        keys = np.empty(0, np.int64) if isinstance(step.keys, slice) else step.keys
        bias = self._bias(step.mask)
        return Inputs(
            embedded=self._embed.rows(step.tokens),
            positions=self._on_device(step.positions),
            slots=self._on_device(step.slots),
            keys=self._on_device(keys),
            rows=self._on_device(step.rows),
            bias=bias,
            local_bias=bias if step.local_mask is None else self._bias(step.local_mask),
            written=self._written(step),
            looked_at=self._looked_at(step),
        )

    def _run(self, inputs: Inputs, path: Path, room: Rows) -> Tensor:
        """Work on the device only, in which no shape depends on a value."""
        config, n = self.config, len(inputs.slots)
        written, looked_at = inputs.written, inputs.looked_at
        self._embedded(inputs, room)
        turns = None
        if self._rms:
            # Per layer kind: cosines and sines of each token's position as complex numbers, (n, 1, head_dim / 2).
            rotations = (self._rotation, self._local_rotation)
            turns = [rotation[inputs.positions].unsqueeze(1) for rotation in rotations]
        for index, block in enumerate(path.blocks):
            slides = config.slides(index)
            heads = room.heads(self._after_norm(block.norm1, block.qkv, room, room.fused))
            if turns is not None:
                self._turn(heads, turns[slides], block)
            if written is not None:
                written[index].copy_(heads.keys_values)
            else:
                self._arena[index].index_copy_(1, inputs.slots, heads.keys_values.to(self._arena.dtype))
            if looked_at is not None:
                keys, values = looked_at[0][index], looked_at[1][index]
            else:
                keys, values = self._arena[index, :, inputs.keys].unsqueeze(0).chunk(2, 1)
            room.queries.copy_(heads.queries)
            mixed = F.scaled_dot_product_attention(
                room.grouped_queries,
                keys,
                values,
                attn_mask=inputs.local_bias if slides else inputs.bias,
                scale=self._scale,
            )
            # The kernel's output, laid out by row, is already the heads of each token side by side.
            room.x += self._post(block.out(mixed.transpose(1, 2).reshape(n, -1)), block.post1)
            inner = self._activated(self._after_norm(block.norm2, block.up, room, room.inner), room)
            room.x += self._post(block.down(inner), block.post2)
        last = room.residual[inputs.rows]
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
        return replace(path, blocks=blocks, norm=scaled(path.norm))

    def _embedded(self, inputs: Inputs, room: Rows) -> None:
        """Begin the residual stream."""
        config = self.config
        room.x.copy_(inputs.embedded)
        if config.embed_scale != 1.0:
            room.x *= config.embed_scale
        if self._positions is not None:
            room.x += self._positions[inputs.positions]
        if self._rms:
            room.residual[:, config.width] = (config.norm_epsilon * config.width) ** 0.5

    def _after_norm(self, norm: Affine, product: Linear, room: Rows, out: Tensor) -> Tensor:
        """Return a product of the residual stream's norm, float32: in `out`, or where the product has put it.

        What a row is divided by may as well divide the product's row. Where the product takes bfloat16, one operation
        then multiplies and rounds its input, and another divides its output and brings it back to float32.
        """
        if not self._rms or room.scaled.dtype == torch.float32:
            return product(self._normed(room.residual, room.x, norm)).float()
        torch.mul(room.x, norm.weight, out=room.scaled)
        torch.linalg.vector_norm(room.residual, dim=1, keepdim=True, out=room.sizes)
        return torch.div(product(room.scaled), room.sizes, out=out)

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

    def _turn(self, heads: Heads, turn: Tensor, block: Block[Linear]) -> None:
        """Turn queries and keys by their positions, in place (Su et al. 2021).

        Dimensions 2i and 2i + 1 of a head are the two parts of a complex number.
        """
        if block.q_norm is not None and block.k_norm is not None:
            size, epsilon = (self.config.head_dim,), self.config.norm_epsilon
            for part, norm in ((heads.queries, block.q_norm), (heads.keys, block.k_norm)):
                part.copy_(F.rms_norm(part, size, norm.weight, epsilon))
        heads.pairs.mul_(turn)

    def _activated(self, inner: Tensor, room: Rows) -> Tensor:
        family = self.config.family
        if family == "gpt2":
            return F.gelu(inner, approximate="tanh")
        gate, up = inner.chunk(2, 1)
        gate = F.silu(gate, inplace=True) if family == "llama" else F.gelu(gate, approximate="tanh")
        return torch.mul(gate, up, out=room.activated)

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

    def _written(self, step: Step) -> tuple[Tensor, ...] | None:
        """Views of the arena that take the new keys and values of each layer, if their slots are neighbours."""
        first, last = int(step.slots[0]), int(step.slots[-1])
        if not np.array_equal(step.slots, np.arange(first, last + 1)):
            return None
        return self._arena[:, :, first : last + 1].unbind(0)


def rotation(theta: float, head_dim: int, context: int) -> Tensor:
    """Return the rotary embedding's turns of each position and pair of dimensions: (context, head_dim / 2), complex."""
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angles = torch.outer(torch.arange(context, dtype=torch.float32), frequencies)
    return torch.polar(torch.ones_like(angles), angles)

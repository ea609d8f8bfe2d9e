"""The forward pass for training what heads a text: whole batches, differentiable in the prefix's keys and values.

`network` is written for the next few tokens of cached sequences and keeps no gradients. Here are the same weights in
the same layout (`layout`), and nothing is cached; a test holds the logits of the two together. The weights stay as
they are.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.network import rotation
from foreword_models.gpt.weights import Affine, Layer, Weights


def hidden_states(weights: Weights, prefix: Tensor, ids: Tensor) -> Tensor:
    """Return the residual stream's last norm for sequences that follow a prefix.

    Parameters
    ----------
    weights
        Their type is that of the products; norms, rotations and the residual stream are float32.
    prefix
        Shape (layers, 2 kv_heads, n, head_dim), as for `Decoder.prefix`.
    ids
        Shape (batch, length): token ids at the positions from n on. Shorter sequences are filled up behind their end
        with any ids, whose rows mean nothing.

    Returns
    -------
    Tensor
        Shape (batch, length, width), float32.
    """
    config, (batch, length) = weights.config, ids.shape
    count = prefix.shape[2]
    positions = torch.arange(count, count + length, device=ids.device)
    x = F.embedding(ids, weights.embed).float() * config.embed_scale
    if weights.positions is not None:
        x = x + weights.positions[positions].float()
    groups = config.heads // config.kv_heads
    masks = {window: _mask(positions, window, groups, weights.embed.dtype) for window in {0, config.sliding_window}}
    turns = {
        theta: rotation(theta, config.head_dim, count + length)[count:].to(ids.device)[:, None]
        for theta in (config.rope_theta, config.rope_theta_local)
    }
    for index, layer in enumerate(weights.layers):
        slides = config.slides(index)
        turn = turns[config.rope_theta_local if slides else config.rope_theta]
        before = prefix[index].to(weights.embed.dtype).expand(batch, -1, -1, -1)
        qkv = _product(_norm(weights, x, layer.norm1), layer.qkv).view(batch, length, -1, config.head_dim)
        queries, keys, values = torch.split(qkv, [config.heads, config.kv_heads, config.kv_heads], 2)
        if config.family != "gpt2":
            queries, keys = _turned(weights, queries, keys, layer, turn)
        # Query heads that share a key head become rows, (batch, kv_heads, groups length, head_dim): no key is repeated.
        rows = queries.view(batch, length, groups, config.kv_heads, -1).permute(0, 3, 2, 1, 4).flatten(2, 3)
        mixed = F.scaled_dot_product_attention(
            rows.to(before.dtype),
            torch.cat([before[:, : config.kv_heads], keys.transpose(1, 2).to(before.dtype)], 2),
            torch.cat([before[:, config.kv_heads :], values.transpose(1, 2).to(before.dtype)], 2),
            attn_mask=masks[config.sliding_window if slides else 0],
            scale=config.attention_scale or config.head_dim**-0.5,
        )
        mixed = mixed.view(batch, config.kv_heads, groups, length, -1).permute(0, 3, 2, 1, 4).reshape(batch, length, -1)
        x = x + _post(weights, _product(mixed, layer.out), layer.post1)
        inner = _activated(weights, _product(_norm(weights, x, layer.norm2), layer.up))
        x = x + _post(weights, _product(inner, layer.down), layer.post2)
    return _norm(weights, x, weights.norm)


def head(weights: Weights, states: Tensor) -> Tensor:
    """Return the logits (n, vocabulary), float32, of some rows (n, width) of `hidden_states`."""
    return F.linear(states.to(weights.head.dtype), weights.head).float()


def _product(x: Tensor, matrix: Affine) -> Tensor:
    return F.linear(x.to(matrix.weight.dtype), matrix.weight, matrix.bias).float()


def _norm(weights: Weights, x: Tensor, norm: Affine) -> Tensor:
    size, epsilon = (weights.config.width,), weights.config.norm_epsilon
    if weights.config.family == "gpt2":
        return F.layer_norm(x, size, norm.weight, norm.bias, epsilon)
    return F.rms_norm(x, size, norm.weight, epsilon)


def _post(weights: Weights, x: Tensor, norm: Affine | None) -> Tensor:
    return x if norm is None else _norm(weights, x, norm)


def _activated(weights: Weights, inner: Tensor) -> Tensor:
    if weights.config.family == "gpt2":
        return F.gelu(inner, approximate="tanh")
    gate, up = inner.chunk(2, -1)
    return (F.silu(gate) if weights.config.family == "llama" else F.gelu(gate, approximate="tanh")) * up


def _turned(weights: Weights, queries: Tensor, keys: Tensor, layer: Layer, turn: Tensor) -> tuple[Tensor, Tensor]:
    """Queries and keys (batch, length, heads, head_dim) turned by their positions: pairs are complex numbers."""
    if layer.q_norm is not None and layer.k_norm is not None:
        size, epsilon = (weights.config.head_dim,), weights.config.norm_epsilon
        queries = F.rms_norm(queries, size, layer.q_norm.weight, epsilon)
        keys = F.rms_norm(keys, size, layer.k_norm.weight, epsilon)

    def turned(part: Tensor) -> Tensor:
        return torch.view_as_real(torch.view_as_complex(part.view(*part.shape[:-1], -1, 2)) * turn).flatten(-2)

    return turned(queries), turned(keys)


def _mask(positions: Tensor, window: int, groups: int, dtype: torch.dtype) -> Tensor:
    """What is added to the scores, (groups length, n + length): nothing for the prefix, earlier tokens and itself.

    With a `window`, nothing only for the last so many of these.
    """
    keys = torch.arange(int(positions[-1]) + 1, device=positions.device)
    back = positions[:, None] - keys
    hidden = (back < 0) | (back >= window) if window else back < 0
    return torch.zeros(hidden.shape, dtype=dtype, device=keys.device).masked_fill_(hidden, -torch.inf).repeat(groups, 1)

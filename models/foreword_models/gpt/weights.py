"""The decoder's weights: one fused layout that every family and file format is rewritten into.

Tensor names of the layout (``i`` counts layers; biases only in the GPT-2 family)::

    embed.weight           (vocabulary, width)
    positions.weight       (context, width)            GPT-2 only
    layers.i.norm1.weight  (width,)          .bias
    layers.i.qkv.weight    ((heads + 2 kv_heads) head_dim, width)   .bias
    layers.i.out.weight    (width, heads head_dim)     .bias
    layers.i.norm2.weight  (width,)          .bias
    layers.i.up.weight     (hidden, width), or (2 hidden, width): gate rows, then up rows   .bias
    layers.i.down.weight   (width, hidden)   .bias
    layers.i.q_norm.weight (head_dim,)       Gemma 3 only: norm of each query head, in the order of its rows in qkv
    layers.i.k_norm.weight (head_dim,)       Gemma 3 only: norm of each key head, likewise
    layers.i.post1.weight  (width,)          Gemma 3 only: norm of the attention's output, before it is added
    layers.i.post2.weight  (width,)          Gemma 3 only: norm of the feed-forward's output, before it is added
    norm.weight            (width,)          .bias
    head.weight            (vocabulary, width)         only when not tied

The weight of a norm is the factor itself, also for Gemma, whose checkpoints hold it less 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeAlias, TypeVar

import torch
from torch import Tensor

from foreword_models.errors import CorruptModelError
from foreword_models.gpt.config import DecoderConfig

MATRICES = ("qkv", "out", "up", "down")

_CPU = torch.device("cpu")

Matrix = TypeVar("Matrix")


@dataclass(frozen=True)
class Affine:
    """A matrix (or a norm's scale) with its bias, if any."""

    weight: Tensor
    bias: Tensor | None = None


class Block(NamedTuple, Generic[Matrix]):
    """One transformer block, of weights or of products ready to be run. The last four are None but in Gemma 3."""

    norm1: Affine
    qkv: Matrix
    out: Matrix
    norm2: Affine
    up: Matrix
    down: Matrix
    q_norm: Affine | None = None
    k_norm: Affine | None = None
    post1: Affine | None = None
    post2: Affine | None = None


Layer: TypeAlias = Block[Affine]


@dataclass(frozen=True)
class Weights:
    """All weights of a decoder."""

    config: DecoderConfig
    embed: Tensor
    positions: Tensor | None
    layers: tuple[Layer, ...]
    norm: Affine
    head: Tensor


def expected_shapes(config: DecoderConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes that a complete set of weights has."""
    width, biased, gated = config.width, config.family == "gpt2", config.family != "gpt2"
    yield "embed.weight", (config.vocabulary, width)
    if config.family == "gpt2":
        yield "positions.weight", (config.context, width)
    matrices = {
        "qkv": ((config.heads + 2 * config.kv_heads) * config.head_dim, width),
        "out": (width, config.heads * config.head_dim),
        "up": ((2 if gated else 1) * config.hidden, width),
        "down": (width, config.hidden),
    }
    for i in range(config.layers):
        for norm in ("norm1", "norm2"):
            yield f"layers.{i}.{norm}.weight", (width,)
            if biased:
                yield f"layers.{i}.{norm}.bias", (width,)
        for name, shape in matrices.items():
            yield f"layers.{i}.{name}.weight", shape
            if biased:
                yield f"layers.{i}.{name}.bias", shape[:1]
        if config.family == "gemma3":
            for norm in ("q_norm", "k_norm"):
                yield f"layers.{i}.{norm}.weight", (config.head_dim,)
            for norm in ("post1", "post2"):
                yield f"layers.{i}.{norm}.weight", (width,)
    yield "norm.weight", (width,)
    if biased:
        yield "norm.bias", (width,)
    if not config.tied:
        yield "head.weight", (config.vocabulary, width)


def check_shapes(config: DecoderConfig, tensors: Mapping[str, Tensor]) -> None:
    """Raise `CorruptModelError` naming the first tensor that is missing or misshapen."""
    for name, shape in expected_shapes(config):
        if name not in tensors:
            raise CorruptModelError(f"The model has no tensor for {name!r}; fetch or export it again.")
        if tuple(tensors[name].shape) != shape:
            raise CorruptModelError(
                f"The model's tensor {name!r} has shape {tuple(tensors[name].shape)} instead of {shape}; "
                "fetch or export it again."
            )


def assemble(
    config: DecoderConfig, tensors: Mapping[str, Tensor], dtype: torch.dtype, device: torch.device = _CPU
) -> Weights:
    """Build `Weights` from tensors in the fused layout.

    Parameters
    ----------
    dtype
        Type of the matrices. Norms stay in float32: they are small, and their inputs are too.
    """
    check_shapes(config, tensors)

    def matrix(name: str) -> Affine:
        bias = tensors.get(f"{name}.bias")
        return Affine(tensors[f"{name}.weight"].to(device, dtype), None if bias is None else bias.to(device, dtype))

    def norm(name: str) -> Affine:
        bias = tensors.get(f"{name}.bias")
        weight = tensors[f"{name}.weight"].to(device, torch.float32, copy=True)
        return Affine(weight, None if bias is None else bias.to(device, torch.float32))

    def gemma_norm(name: str) -> Affine | None:
        return norm(name) if config.family == "gemma3" else None

    layers = tuple(
        Layer(
            norm1=norm(f"layers.{i}.norm1"),
            qkv=matrix(f"layers.{i}.qkv"),
            out=matrix(f"layers.{i}.out"),
            norm2=norm(f"layers.{i}.norm2"),
            up=matrix(f"layers.{i}.up"),
            down=matrix(f"layers.{i}.down"),
            q_norm=gemma_norm(f"layers.{i}.q_norm"),
            k_norm=gemma_norm(f"layers.{i}.k_norm"),
            post1=gemma_norm(f"layers.{i}.post1"),
            post2=gemma_norm(f"layers.{i}.post2"),
        )
        for i in range(config.layers)
    )
    embed = tensors["embed.weight"].to(device, dtype)
    return Weights(
        config=config,
        embed=embed,
        positions=tensors["positions.weight"].to(device, dtype) if config.family == "gpt2" else None,
        layers=layers,
        norm=norm("norm"),
        head=embed if config.tied else tensors["head.weight"].to(device, dtype),
    )

"""Transformer blocks ready to be run: norms and matrix products, at one precision, for steps of up to so many tokens.

A decoder has one `Path` through its layers or several. They share the embeddings, the residual stream and the cached
keys and values, so that a sequence may be decoded on either: one token at a time with 4-bit weights, which are quickest
to read, and a batch with 8-bit weights, which are quickest to multiply.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.embeddings import Embedding, TensorEmbedding
from foreword_models.gpt.linear import Linear, fbgemm, float_linear, int4_linear, int8_linear
from foreword_models.gpt.weights import MATRICES, Affine, Block, Layer, Weights

UNLIMITED = sys.maxsize


@dataclass(frozen=True)
class Path:
    """All layers at one precision.

    Attributes
    ----------
    most_rows
        The longest step, in tokens, that this path is meant for.
    activations
        The type that the blocks' products are best given.
    weight_bytes
        What a step reads of them.
    """

    name: str
    most_rows: int
    activations: torch.dtype
    blocks: tuple[Block[Linear], ...]
    norm: Affine
    head: Linear
    weight_bytes: int


@dataclass(frozen=True)
class Stack:
    """What a decoder is made of: embeddings, and one path or several, the one for the shortest steps first."""

    config: DecoderConfig
    embed: Embedding
    positions: Tensor | None
    paths: tuple[Path, ...]
    cache_dtype: torch.dtype


def float_stack(weights: Weights, linear: Callable[[Tensor, Tensor | None], Linear] = float_linear) -> Stack:
    """Return the one path of unquantized weights; keys and values have the weights' type."""

    def ready(layer: Layer) -> Block[Linear]:
        products = {name: linear(getattr(layer, name).weight, getattr(layer, name).bias) for name in MATRICES}
        return Block(**layer._asdict() | products)

    blocks = tuple(map(ready, weights.layers))
    matrices = [getattr(layer, name).weight for layer in weights.layers for name in MATRICES] + [weights.head]
    path = Path(
        name=str(weights.head.dtype).removeprefix("torch."),
        most_rows=UNLIMITED,
        activations=weights.head.dtype,
        blocks=blocks,
        norm=weights.norm,
        head=linear(weights.head, None),
        weight_bytes=sum(matrix.nbytes for matrix in matrices),
    )
    # Copied, like what is laid out anew: a view would keep the whole mapped file in memory.
    embed = weights.embed.clone()
    positions = None if weights.positions is None else weights.positions.clone()
    return Stack(weights.config, TensorEmbedding(embed), positions, (path,), embed.dtype)


@fbgemm()
def quantized_stack(
    config: DecoderConfig,
    embed: Embedding,
    tensors: Mapping[str, Tensor],
    fours: Mapping[str, tuple[Tensor, Tensor]],
    *,
    int4_rows: int,
    int8: bool,
) -> Stack:
    """Return the paths of quantized weights, as `quantization` names their tensors.

    Parameters
    ----------
    fours
        Of each matrix that `matrix_names` names, what `linear.lay_out_int4` returned; none where `int4_rows` is 0.
    int4_rows
        Steps of up to this many tokens use the 4-bit weights; none does where this is 0.
    int8
        Longer steps use the 8-bit weights; without them the 4-bit weights are used for all.
    """
    names = matrix_names(config)
    # Packing for 8 bits is single-threaded work outside the interpreter's lock: a second thread halves the wait. The
    # head, by far the largest matrix, comes first.
    with ThreadPoolExecutor(2) as pool:
        wanted = ["head", *names] if int8 else ["head"]
        packed = pool.map(lambda name: _int8(tensors, name, by_row=name.endswith("down")), wanted)
        eights = dict(zip(wanted, packed, strict=True))
    head = eights["head"]
    norm = _affine(tensors, "norm", "int8_")
    head_bytes = tensors["head.int8"].nbytes
    assert norm is not None
    paths = []
    if int4_rows:
        short = {name: int4_linear(*fours[name]) for name in names}
        size = sum(tensors[f"{name}.int4{part}"].nbytes for name in names for part in ("", "_scale", "_minimum"))
        rows = int4_rows if int8 else UNLIMITED
        blocks = _blocks(config, tensors, short, "")
        paths.append(Path("int4", rows, torch.bfloat16, blocks, norm, head, size + head_bytes))
    if int8:
        size = sum(tensors[f"{name}.int8"].nbytes for name in names)
        blocks = _blocks(config, tensors, eights, "int8_")
        paths.append(Path("int8", UNLIMITED, torch.float32, blocks, norm, head, size + head_bytes))
    return Stack(config, embed, tensors.get("positions.weight"), tuple(paths), torch.bfloat16)


def matrix_names(config: DecoderConfig) -> list[str]:
    """Return the names of the layers' matrices."""
    return [f"layers.{i}.{name}" for i in range(config.layers) for name in MATRICES]


def _blocks(
    config: DecoderConfig, tensors: Mapping[str, Tensor], made: Mapping[str, Linear], variant: str
) -> tuple[Block[Linear], ...]:
    def block(prefix: str) -> Block[Linear]:
        norms = {name: _affine(tensors, prefix + name, variant) for name in ("norm1", "norm2")}
        extra = {name: _affine(tensors, prefix + name, "") for name in ("q_norm", "k_norm", "post1", "post2")}
        products = {name: made[prefix + name] for name in MATRICES}
        return Block(**norms, **extra, **products)  # type: ignore[arg-type]

    return tuple(block(f"layers.{i}.") for i in range(config.layers))


def _affine(tensors: Mapping[str, Tensor], name: str, variant: str) -> Affine | None:
    """A norm, in the variant that belongs to a precision where there is one."""
    weight = tensors.get(f"{name}.{variant}weight", tensors.get(f"{name}.weight"))
    if weight is None:
        return None
    bias = tensors.get(f"{name}.{variant}bias", tensors.get(f"{name}.bias"))
    # Copied: a view would keep the whole mapped file in memory.
    return Affine(weight.clone(), None if bias is None else bias.clone())


def _int8(tensors: Mapping[str, Tensor], name: str, *, by_row: bool) -> Linear:
    bias = tensors.get(f"{name}.bias")
    bias = None if bias is None else bias.clone()
    return int8_linear(tensors[f"{name}.int8"], tensors[f"{name}.int8_scale"], bias, by_row=by_row)

"""From a model's weights to 8-bit and 4-bit ones.

8 bits: one scale for each output row, products with activations in 8 bits too. Activations have a few channels much
larger than the rest, which would take the whole range; their size is moved into the weights beforehand, as in
SmoothQuant (Xiao et al. 2023): what a norm, or the feed-forward's linear half, multiplies a channel by is divided by a
factor, and the next product's column multiplied by it. The function computed is the same.

4 bits: groups of 32 weights with a scale and a minimum, activations in bfloat16. Only for models that are 4-bit already
(GGUF's Q4_0 and Q4_1 are of this form): their own values are found again exactly, and nothing is lost.

Tensor names, beside those of `weights` for embeddings and norms (``X`` is ``layers.i.qkv`` and so on)::

    X.int8           (out, in)       int8          X.int8_scale       (out,)            float32
    X.int4           (out, in / 2)   uint8         X.int4_scale, X.int4_minimum  (out, in / 32)  float16
    X.weight         (out, in)       bfloat16      only where there is no X.int4
    N.int8_weight    (width,)        float32       N.int8_bias: norm N, as the 8-bit product after it wants it
    head.int8, head.int8_scale, and head.weight where the model is not tied
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.blocks import float_stack
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.kv_cache import KVCache
from foreword_models.gpt.linear import GROUP, Linear
from foreword_models.gpt.network import Network
from foreword_models.gpt.tree_attention import tree_step
from foreword_models.gpt.weights import MATRICES, Affine, Layer, Weights

SMOOTHING = 0.6  # share of an activation channel's size that moves into the weights
_EXACT = 2e-3  # relative error under which 4-bit values count as found again; half of float16's and bfloat16's steps


def quantize(
    weights: Weights, samples: Sequence[Sequence[int]], progress: Callable[[float], None] = lambda _: None
) -> dict[str, Tensor]:
    """Return the tensors of the quantized model.

    Parameters
    ----------
    weights
        Of any floating-point type, on the CPU.
    samples
        Token sequences of ordinary text, without a start token, from which the activations' sizes are learned.
    progress
        Called with the share done, 0 to 1.
    """
    config = weights.config
    peaks = _peaks(weights, samples)
    progress(0.3)
    tensors = {"embed.weight": weights.embed.bfloat16()}
    if weights.positions is not None:
        tensors["positions.weight"] = weights.positions.bfloat16()
    for i, layer in enumerate(weights.layers):
        prefix = f"layers.{i}."
        for name in ("norm1", "norm2", "q_norm", "k_norm", "post1", "post2"):
            _put_norm(tensors, prefix + name, getattr(layer, name), "")
        smooth = _smoothed(config, layer, {name: peaks[prefix + name] for name in MATRICES})
        for name in ("norm1", "norm2"):
            _put_norm(tensors, prefix + name, getattr(smooth, name), "int8_")
        for name in MATRICES:
            _put_matrix(tensors, prefix + name, getattr(layer, name), getattr(smooth, name))
        progress(0.3 + 0.6 * (i + 1) / config.layers)
    _put_norm(tensors, "norm", weights.norm, "")
    factor = _factor(peaks["head"], weights.head)
    _put_norm(tensors, "norm", _divided(weights.norm, factor), "int8_")
    if not config.tied:
        tensors["head.weight"] = weights.head.bfloat16()
    tensors["head.int8"], tensors["head.int8_scale"] = int8_codes(weights.head.float() * factor)
    progress(1.0)
    return tensors


def dequantize(config: DecoderConfig, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of the float layout (`weights`), from the 4-bit values or those beside the 8-bit ones."""
    floats = {name: tensor for name, tensor in tensors.items() if name.endswith((".weight", ".bias"))}
    for i in range(config.layers):
        for name in (f"layers.{i}.{matrix}" for matrix in MATRICES):
            if f"{name}.int4" in tensors:
                parts = (tensors[f"{name}.int4{part}"] for part in ("", "_scale", "_minimum"))
                floats[f"{name}.weight"] = int4_values(*parts)
    return floats


def int8_codes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return codes (out, in), int8, and scales (out,): symmetric, the largest weight of a row at 127."""
    scales = weight.abs().amax(1).clamp_min_(1e-12) / 127
    return (weight / scales[:, None]).round_().to(torch.int8), scales


def int4_codes(weight: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return codes (out, in / 2), scales and minima (out, in / GROUP) that give a 4-bit matrix's values back.

    None for a matrix whose groups do not have sixteen evenly spaced values: it has never been 4-bit.
    """
    if weight.shape[1] % GROUP:
        return None
    groups = weight.float().reshape(-1, GROUP)
    minima, high = groups.amin(1).half(), groups.amax(1)
    scales = ((high - minima.float()) / 15).half()
    codes, wrong = _in_steps(groups, scales, minima)
    for steps in range(14, 0, -1):  # a group need not use both ends of its range
        if not len(wrong):
            break
        scales[wrong] = ((high[wrong] - minima[wrong].float()) / steps).half()
        codes[wrong], still = _in_steps(groups[wrong], scales[wrong], minima[wrong])
        wrong = wrong[still]
    if len(wrong):
        return None
    flat, shape = codes.view(weight.shape), (len(weight), -1)
    return flat[:, ::2] | (flat[:, 1::2] << 4), scales.view(shape), minima.view(shape)


def _in_steps(groups: Tensor, scales: Tensor, minima: Tensor) -> tuple[Tensor, Tensor]:
    """Codes (n, GROUP), uint8, of groups of weights, and which groups these do not give back."""
    step, low = scales.float()[:, None], minima.float()[:, None]
    codes = ((groups - low) / step.clamp_min(1e-30)).round_().clamp_(0, 15)
    error = (codes * step + low - groups).abs_().amax(1)
    wrong = error > _EXACT * groups.abs().amax(1)
    return codes.to(torch.uint8), wrong.nonzero().squeeze(1)


def int4_values(codes: Tensor, scales: Tensor, minima: Tensor) -> Tensor:
    """Return the weights (out, in), float32, that `int4_codes` stands for."""
    spread = torch.stack([codes & 15, codes >> 4], dim=-1).view(*scales.shape, GROUP)
    return (spread * scales.float()[..., None] + minima.float()[..., None]).flatten(1)


def _peaks(weights: Weights, samples: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    """Largest magnitude of each input channel of each product in a sample, averaged over the samples.

    The largest of all samples would be set by a few odd tokens: on development text that lost twice as much.
    """
    names = [f"layers.{i}.{name}" for i in range(weights.config.layers) for name in MATRICES] + ["head"]
    peaks: list[Tensor] = []

    def recording(weight: Tensor, bias: Tensor | None) -> Linear:
        index = len(peaks)
        peaks.append(torch.full((weight.shape[1],), 1e-5))  # not 0: a channel may be silent in every sample

        def linear(x: Tensor) -> Tensor:
            if len(x) > 1:  # the start token stands alone, as it does in use
                peaks[index] += x.float().abs().amax(0) / len(samples)
            return F.linear(x.to(weight.dtype), weight, bias)

        return linear

    config = weights.config
    longest = max(map(len, samples)) + 1
    kv_bytes = config.layers * 2 * config.kv_heads * config.head_dim * weights.embed.itemsize * longest
    cache = KVCache(config, dtype=weights.embed.dtype, device=weights.embed.device, limit_bytes=kv_bytes)
    network = Network(float_stack(weights, recording), cache)
    for sample in samples:
        for start, ids in ((0, [config.start_token]), (1, sample)):
            own = np.arange(start, start + len(ids))
            tokens = np.array(ids, np.int64)
            network.forward(
                tree_step([np.arange(start)], [own], [tokens], cache.slots, config.sliding_window, every=True)
            )
    return dict(zip(names, peaks, strict=True))


def _factor(peaks: Tensor, weight: Tensor) -> Tensor:
    """What each input channel of a product is divided by, and its weights multiplied by (SmoothQuant, equation 4)."""
    sizes = weight.float().abs().amax(0).clamp_min_(1e-5)
    factor = peaks**SMOOTHING / sizes ** (1 - SMOOTHING)
    return (factor / factor.log().mean().exp()).clamp_(1e-3, 1e3)


def _divided(norm: Affine, factor: Tensor) -> Affine:
    return Affine(norm.weight / factor, None if norm.bias is None else norm.bias / factor)


def _smoothed(config: DecoderConfig, layer: Layer, peaks: Mapping[str, Tensor]) -> Layer:
    """The layer in float32 with its large channels evened out; what it computes is unchanged."""
    qkv, up = layer.qkv.weight.float(), layer.up.weight.float()
    down = layer.down.weight.float()
    before_qkv, before_up = _factor(peaks["qkv"], qkv), _factor(peaks["up"], up)
    up = up * before_up
    if config.family != "gpt2":  # there the activation stands between the two products
        before_down = _factor(peaks["down"], down)
        up[config.hidden :] /= before_down[:, None]
        down = down * before_down
    return layer._replace(
        norm1=_divided(layer.norm1, before_qkv),
        norm2=_divided(layer.norm2, before_up),
        qkv=Affine(qkv * before_qkv),
        out=Affine(layer.out.weight.float()),
        up=Affine(up),
        down=Affine(down),
    )


def _put_norm(tensors: dict[str, Tensor], name: str, norm: Affine | None, variant: str) -> None:
    if norm is not None:
        tensors[f"{name}.{variant}weight"] = norm.weight
        if norm.bias is not None:
            tensors[f"{name}.{variant}bias"] = norm.bias


def _put_matrix(tensors: dict[str, Tensor], name: str, matrix: Affine, smooth: Affine) -> None:
    tensors[f"{name}.int8"], tensors[f"{name}.int8_scale"] = int8_codes(smooth.weight)
    if matrix.bias is not None:
        tensors[f"{name}.bias"] = matrix.bias.float()
    four = int4_codes(matrix.weight) if matrix.bias is None else None
    if four is None:
        tensors[f"{name}.weight"] = matrix.weight.bfloat16()
    else:
        tensors[f"{name}.int4"], tensors[f"{name}.int4_scale"], tensors[f"{name}.int4_minimum"] = four


def all_int4(tensors: Iterable[str], layers: int) -> bool:
    """Whether every matrix of the layers has 4-bit values."""
    names = set(tensors)
    return all(f"layers.{i}.{name}.int4" in names for i in range(layers) for name in MATRICES)

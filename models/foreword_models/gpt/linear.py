"""The matrix products of a decoder: weights laid out for the machine once, products of a few rows at a time.

Every kernel here is a function x (n, in) -> x W^T + b (n, out). It takes any floating-point type and answers in the one
it computes in; the caller converts where it must. Timings of each and why these were kept: docs/performance.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

Linear = Callable[[Tensor], Tensor]

GROUP = 32  # weights that share a scale and a zero point in int4


def float_linear(weight: Tensor, bias: Tensor | None) -> Linear:
    """Return the product in the weights' own type.

    For bfloat16 on a CPU oneDNN lays the weights out in blocks; `F.linear` would do so again at each call, which takes
    about as long as the product itself when n is small. The operator is the one that torch.compile uses.
    """
    dtype = weight.dtype
    if dtype is not torch.bfloat16 or weight.device.type != "cpu" or not _onednn_takes_bfloat16():
        return lambda x: F.linear(x.to(dtype), weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    product = torch.ops.mkldnn._linear_pointwise

    def linear(x: Tensor) -> Tensor:
        result: Tensor = product(x.to(dtype), packed, bias, "none", [], "")
        return result

    return linear


def int8_is_available() -> bool:
    """Whether this build of torch has fbgemm, which is so on x86, and still has quantized tensors."""
    return "fbgemm" in torch.backends.quantized.supported_engines and hasattr(
        torch, "_make_per_channel_quantized_tensor"
    )


def int8_linear(codes: Tensor, scales: Tensor, bias: Tensor | None, *, by_row: bool = False) -> Linear:
    """Return the int8 x int8 product of fbgemm: activations are quantized on the way, with one scale for all rows.

    To be called in a block of `fbgemm`.

    Parameters
    ----------
    codes
        Shape (out, in), int8, symmetric.
    scales
        Shape (out,): the weight is ``codes * scales[:, None]``.
    bias
        Shape (out,), float32.
    by_row
        Divide each row by its largest magnitude first: for inputs that differ in size from token to token, such as
        those of the feed-forward's second product, where a few tokens are a hundred times larger than the rest.
    """
    zero_points = torch.zeros(len(codes), dtype=torch.int64)
    quantized = torch._make_per_channel_quantized_tensor(codes, scales.double(), zero_points, 0)
    packed = torch.ops.quantized.linear_prepack(quantized, bias)
    product = torch.ops.quantized.linear_dynamic
    # Without the VNNI instructions fbgemm adds pairs of products in 16 bits, which full 8-bit activations overflow.
    seven_bits = not torch.cpu._is_vnni_supported()

    def linear(x: Tensor) -> Tensor:
        result: Tensor = product(x.float(), packed, seven_bits)
        return result

    def linear_by_row(x: Tensor) -> Tensor:
        if len(x) == 1:
            return linear(x)
        x = x.float()
        size = x.abs().amax(1, keepdim=True).clamp_min_(1e-30)
        return linear(x / size).mul_(size)

    return linear_by_row if by_row else linear


def int4_is_available() -> bool:
    """Whether this build of torch has the group-wise 4-bit product for this CPU."""
    return hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu") and torch.backends.cpu.get_cpu_capability() in (
        "AVX2",
        "AVX512",
    )


def lay_out_int4(codes: Tensor, scales: Tensor, minima: Tensor) -> tuple[Tensor, Tensor]:
    """Return 4-bit weights as `int4_linear` takes them on this processor, with this version of torch.

    Parameters
    ----------
    codes
        Shape (out, in / 2), uint8: two weights a byte, the first in the low half.
    scales, minima
        Shape (out, in / GROUP): the weight is ``scale * code + minimum``.

    Returns
    -------
    packed : Tensor
        Shape (out, in / 2), uint8.
    offsets : Tensor
        Shape (in / GROUP, out, 2), bfloat16.
    """
    spread = torch.empty(codes.shape[0], 2 * codes.shape[1], dtype=torch.int32)
    spread[:, ::2], spread[:, 1::2] = codes & 15, codes >> 4
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(spread, 1)
    # The kernel computes scale * (code - 8) + zero.
    offsets = torch.stack([scales.float(), minima.float() + 8 * scales.float()], dim=-1)
    return packed, offsets.transpose(0, 1).contiguous().bfloat16()


def int4_linear(packed: Tensor, offsets: Tensor) -> Linear:
    """Return the product of bfloat16 activations with what `lay_out_int4` returned: the fastest for one or two rows."""
    product = torch.ops.aten._weight_int4pack_mm_for_cpu

    def linear(x: Tensor) -> Tensor:
        result: Tensor = product(x.bfloat16(), packed, GROUP, offsets)
        return result

    return linear


def _onednn_takes_bfloat16() -> bool:
    return bool(
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


@contextmanager
def fbgemm() -> Iterator[None]:
    """Let fbgemm lay out 8-bit weights in this block, on any thread; a weight remembers who packed it.

    torch warns that its quantized tensors will go one day; until then nothing else is as quick, and where they are gone
    `int8_is_available` says so.
    """
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
            yield
    finally:
        torch.backends.quantized.engine = before

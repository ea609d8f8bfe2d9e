"""The matrix products of a decoder, with the weights laid out for the machine once instead of at every call."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.weights import Affine

Linear = Callable[[Tensor], Tensor]


def make_linear(affine: Affine) -> Linear:
    """Return the function x (n, in) -> x W^T + b (n, out).

    For bfloat16 on a CPU oneDNN lays the weights out in blocks; `F.linear` would do so again at each call, which takes
    about as long as the product itself when n is small. The operator is the one that torch.compile uses.
    """
    weight, bias = affine.weight, affine.bias
    if weight.dtype is not torch.bfloat16 or weight.device.type != "cpu" or not _can_pack():
        return lambda x: F.linear(x, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    product = torch.ops.mkldnn._linear_pointwise

    def linear(x: Tensor) -> Tensor:
        result: Tensor = product(x, packed, bias, "none", [], "")
        return result

    return linear


def _can_pack() -> bool:
    return bool(
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )

"""Quantized weights say nearly what the model says, and 4-bit models exactly what their file does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch.nn.functional import cosine_similarity

from foreword_models.errors import UnsupportedModelError
from foreword_models.gpt import packing
from foreword_models.gpt.config import Precision
from foreword_models.gpt.linear import (
    GROUP,
    fbgemm,
    int4_is_available,
    int4_linear,
    int8_is_available,
    int8_linear,
    lay_out_int4,
)
from foreword_models.gpt.model import open_model
from foreword_models.gpt.quantization import int4_codes, int4_values, int8_codes

from .tiny import FAMILIES, SIMILARITY, WIDE, save_model

needs_int8 = pytest.mark.skipif(not int8_is_available(), reason="this processor has no 8-bit products")
needs_int4 = pytest.mark.skipif(not int4_is_available(), reason="this processor has no 4-bit products")
CPU = torch.device("cpu")


def four_bit_matrix(seed: int, rows: int = 64, columns: int = 2 * GROUP) -> torch.Tensor:
    """A matrix as a GGUF file's Q4_1 holds it: codes, and float16 scales and minima for groups of 32."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 16, (rows, columns), generator=generator)
    scales = (torch.rand(rows, columns // GROUP, generator=generator) * 0.1 + 1e-3).half()
    minima = (-8 * scales * torch.rand(rows, columns // GROUP, generator=generator)).half()
    return codes * scales.float().repeat_interleave(GROUP, 1) + minima.float().repeat_interleave(GROUP, 1)


@settings(deadline=None)
@given(seed=st.integers(0, 2**20))
def test_a_four_bit_matrix_is_found_again(seed: int) -> None:
    weight = four_bit_matrix(seed)
    parts = int4_codes(weight)
    assert parts is not None
    torch.testing.assert_close(int4_values(*parts), weight, rtol=0, atol=2e-3 * float(weight.abs().max()))


def test_a_group_that_uses_few_of_its_values_is_found_again() -> None:
    weight = torch.zeros(1, GROUP)
    weight[0, 3], weight[0, 4] = 0.5, 1.5
    parts = int4_codes(weight)
    assert parts is not None
    torch.testing.assert_close(int4_values(*parts), weight, rtol=1e-3, atol=0)
    constant = int4_codes(torch.full((1, GROUP), 0.25))
    assert constant is not None
    torch.testing.assert_close(int4_values(*constant), torch.full((1, GROUP), 0.25))


def test_other_matrices_are_not_taken_for_four_bit() -> None:
    assert int4_codes(torch.randn(8, GROUP)) is None
    assert int4_codes(torch.zeros(8, GROUP + 1)) is None


@settings(deadline=None)
@given(seed=st.integers(0, 2**20))
def test_int8_errs_by_half_a_step(seed: int) -> None:
    weight = torch.randn(16, 40, generator=torch.Generator().manual_seed(seed))
    codes, scales = int8_codes(weight)
    assert ((codes * scales[:, None] - weight).abs() <= scales[:, None] * 0.5001).all()


@needs_int8
@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("rows", [1, 2, 16])
def test_the_int8_product(rows: int, by_row: bool) -> None:
    torch.manual_seed(0)
    weight, x, bias = torch.randn(96, 64), torch.randn(rows, 64), torch.randn(96)
    with fbgemm():
        plain = int8_linear(*int8_codes(weight), bias)
        tested = int8_linear(*int8_codes(weight), None, by_row=by_row)
    got = plain(x)
    torch.testing.assert_close(got, x @ weight.T + bias, atol=0.3, rtol=0.02)
    x[0] *= 1000  # one token much larger than the others takes their range, unless each row has its own
    got = tested(x)
    similar = cosine_similarity(got, x @ weight.T, dim=1).min()
    assert (similar > 0.999) == (by_row or rows == 1)


@needs_int4
@pytest.mark.parametrize("rows", [1, 3])
def test_the_int4_product(rows: int) -> None:
    weight, x = four_bit_matrix(5), torch.randn(rows, 2 * GROUP)
    parts = int4_codes(weight)
    assert parts is not None
    got = int4_linear(*lay_out_int4(*parts))(x).float()
    assert cosine_similarity(got, x @ weight.T, dim=1).min() > 0.9999


@pytest.fixture(scope="module", params=FAMILIES)
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model's own directory and its packed form."""
    folder, out = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("packed")
    save_model(folder, request.param)
    shares: list[float] = []
    packing.pack(folder, out, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return folder, out


@pytest.mark.parametrize("precision", ["float32", "bfloat16", pytest.param("int8", marks=needs_int8)])
def test_a_packed_model_says_what_the_model_says(packed: tuple[Path, Path], precision: Precision) -> None:
    folder, out = packed
    want, got = open_model(folder, precision="float32").decoder, open_model(out, precision=precision).decoder
    assert got.precision == precision
    ids = [0, *range(40, 70)]
    similar = [
        cosine_similarity(
            got.logits(got.extend(got.root, ids[:end])), want.logits(want.extend(want.root, ids[:end])), 0
        )
        for end in (2, 3, 9, 31)  # not 1: transformers' Gemma makes the padding token's embedding zero
    ]
    assert min(similar) > SIMILARITY["bfloat16" if precision == "float32" else precision]


@needs_int8
def test_the_default_precision_is_one_that_can_be_run(packed: tuple[Path, Path]) -> None:
    out = packed[1]
    assert packing.precisions(out, CPU) == ["int8", "bfloat16", "float32"]
    assert open_model(out).decoder.precision == "int8"
    with pytest.raises(UnsupportedModelError, match="4-bit"):
        open_model(out, precision="int4")


def test_what_is_not_packed_is_not_quantized(packed: tuple[Path, Path]) -> None:
    with pytest.raises(UnsupportedModelError, match="not packed"):
        open_model(packed[0], precision="int8")


@needs_int8
@needs_int4
def test_a_four_bit_model_has_every_precision(tmp_path: Path) -> None:
    save_model(tmp_path / "model", WIDE)
    tensors = load_file(tmp_path / "model/model.safetensors")
    for index, (name, tensor) in enumerate(sorted(tensors.items())):
        if name.endswith("proj.weight"):
            tensors[name] = four_bit_matrix(index, *tensor.shape)
    save_file(tensors, tmp_path / "model/model.safetensors", {"format": "pt"})
    (tmp_path / "packed").mkdir()
    packing.pack(tmp_path / "model", tmp_path / "packed")

    assert packing.precisions(tmp_path / "packed", CPU)[0] == "int4+int8"
    want = open_model(tmp_path / "model", precision="float32").decoder
    ids = [0, *range(40, 70)]
    for precision in ("int4+int8", "int4", "int8", "bfloat16", "float32"):
        got = open_model(tmp_path / "packed", precision=precision).decoder
        node = got.root
        for start in range(0, 31, 3):  # steps of one and of more tokens, on both paths
            node = got.extend(node, ids[start : start + 3]) if start % 2 else got.extend(node, ids[start : start + 1])
            node = got.extend(node, ids[len(node) : start + 3])
        similar = cosine_similarity(got.logits(node), want.logits(want.extend(want.root, ids)), 0)
        assert similar > SIMILARITY.get(precision, 0.9999), precision

"""4-bit weights are laid out once, and mapped from then on, unless the file is not what it should be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from foreword_models.gpt import laid_out
from foreword_models.gpt.laid_out import PATTERN, int4_weights
from foreword_models.gpt.linear import int4_is_available, lay_out_int4
from foreword_models.gpt.quantization import int4_codes
from tests.unit.gpt.test_quantization import four_bit_matrix

pytestmark = pytest.mark.skipif(not int4_is_available(), reason="no 4-bit products on this machine")

NAMES = ["layers.0.qkv", "layers.0.out"]


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for number, name in enumerate(NAMES):
        parts = int4_codes(four_bit_matrix(number))
        assert parts is not None
        found |= {f"{name}.int4{part}": each for part, each in zip(("", "_scale", "_minimum"), parts, strict=True)}
    return found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []

    def counted(*parts: Tensor) -> tuple[Tensor, Tensor]:
        made.append(1)
        return lay_out_int4(*parts)

    monkeypatch.setattr(laid_out, "lay_out_int4", counted)
    return made


def same(got: dict[str, laid_out.Int4], tensors: dict[str, Tensor]) -> bool:
    for name in NAMES:
        want = lay_out_int4(*(tensors[f"{name}.int4{part}"] for part in ("", "_scale", "_minimum")))
        if not all(map(torch.equal, got[name], want)):
            return False
    return True


def test_they_are_laid_out_once(tmp_path: Path, tensors: dict[str, Tensor], calls: list[int]) -> None:
    assert same(int4_weights(tensors, NAMES, tmp_path, "a"), tensors)
    assert len(calls) == len(NAMES)
    again = int4_weights({}, NAMES, tmp_path, "a")  # what they were made of is not even looked at
    assert same(again, tensors)
    assert len(calls) == len(NAMES)
    assert again[NAMES[0]][0].data_ptr() % 64 == 0
    assert [path.match(PATTERN) for path in tmp_path.iterdir()] == [True]


def test_a_file_of_other_weights_is_not_used(tmp_path: Path, tensors: dict[str, Tensor], calls: list[int]) -> None:
    int4_weights(tensors, NAMES, tmp_path, "a")
    assert same(int4_weights(tensors, NAMES, tmp_path, "b"), tensors)
    assert len(calls) == 2 * len(NAMES)


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, tensors: dict[str, Tensor], damage: str) -> None:
    int4_weights(tensors, NAMES, tmp_path, "a")
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"no tensors"}[damage])
    assert same(int4_weights(tensors, NAMES, tmp_path, "a"), tensors)
    assert same(int4_weights({}, NAMES, tmp_path, "a"), tensors)


def test_a_file_for_another_processor_goes(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    other = tmp_path / PATTERN.replace("*", "other")
    other.write_bytes(b"")
    int4_weights(tensors, NAMES, tmp_path, "a")
    assert not other.exists()


def test_where_nothing_can_be_written_they_are_laid_out_in_memory(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    assert same(int4_weights(tensors, NAMES, tmp_path / "missing", "a"), tensors)
    assert not list(tmp_path.iterdir())

"""Adapters: what a fine-tuning changed comes back from a small file, and only on the encoder it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

from foreword_models.bert.adapter import Adapter, compact
from foreword_models.bert.encoder import Encoder
from foreword_models.errors import CorruptModelError
from tests.unit.bert import tiny


def changed(folder: Path, rank: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """A checkpoint's tensors before and after a change of a rank in one matrix and one bias."""
    before = load_file(folder / "model.safetensors")
    after = dict(before)
    name = "encoder.layer.1.intermediate.dense"
    out, width = before[f"{name}.weight"].shape
    after[f"{name}.weight"] = before[f"{name}.weight"] + torch.randn(out, rank) @ torch.randn(rank, width) / 9
    after[f"{name}.bias"] = before[f"{name}.bias"] + 0.5
    return before, after


def test_a_change_of_low_rank_comes_back(tiny_bert: tuple[Path, BertModel], tmp_path: Path) -> None:
    before, after = changed(tiny_bert[0], 3)
    compact(before, after, 3).save(tmp_path / "adapter.safetensors")
    adapter = Adapter.load(tmp_path / "adapter.safetensors")
    for name, tensor in before.items():
        torch.testing.assert_close(adapter.apply(name, tensor), after[name], atol=2e-3, rtol=0)


def test_an_adapted_encoder_is_the_fine_tuned_one(tiny_bert: tuple[Path, BertModel], tmp_path: Path) -> None:
    tiny.save(tmp_path)
    before, after = changed(tiny_bert[0], 2)
    save_file(after, tmp_path / "model.safetensors")
    compact(before, after, 2).save(tmp_path / "adapter.safetensors")
    expected = Encoder.load(tmp_path).encode(["the rain", "it rains."])
    found = Encoder.load(tiny_bert[0], adapter=tmp_path / "adapter.safetensors").encode(["the rain", "it rains."])
    torch.testing.assert_close(found, expected, atol=1e-2, rtol=0)
    assert (Encoder.load(tiny_bert[0]).encode(["the rain", "it rains."]) - expected).abs().max() > 0.05


def test_nothing_changed_is_nothing_kept(tiny_bert: tuple[Path, BertModel]) -> None:
    before = load_file(tiny_bert[0] / "model.safetensors")
    assert not compact(before, before, 4).names


@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_a_damaged_adapter_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "adapter.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorruptModelError, match="adapter"):
        Adapter.load(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"encoder.layer.0.output.dense.weight.lora_A": torch.zeros(2, 9)},
        {"encoder.layer.0.output.dense.weight": torch.zeros(2, 9)},
    ],
)
def test_another_file_is_no_adapter(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(tensors, tmp_path / "adapter.safetensors")
    with pytest.raises(CorruptModelError, match="does not hold an adapter"):
        Adapter.load(tmp_path / "adapter.safetensors")


def test_an_adapter_of_another_encoder_is_refused(tiny_bert: tuple[Path, BertModel], tmp_path: Path) -> None:
    name = "encoder.layer.0.output.dense"
    for tensors in (
        {f"{name}.weight.lora_A": torch.zeros(2, 9), f"{name}.weight.lora_B": torch.zeros(9, 2)},
        {f"{name}.bias.delta": torch.zeros(9)},
    ):
        save_file(tensors, tmp_path / "adapter.safetensors")
        with pytest.raises(CorruptModelError, match="another encoder"):
            Encoder.load(tiny_bert[0], adapter=tmp_path / "adapter.safetensors")

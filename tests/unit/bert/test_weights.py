"""Folders that do not hold a BERT that can be used."""

from __future__ import annotations

import gc
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import BertModel

from foreword_models.bert.encoder import Encoder
from foreword_models.errors import CorruptModelError, UnsupportedModelError


@pytest.fixture
def folder(tiny_bert: tuple[Path, BertModel], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bert[0], tmp_path / "model"))


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)


@pytest.mark.parametrize("model_type", ["roberta", "gpt2", None, 7])
def test_another_family_is_named(folder: Path, model_type: object) -> None:
    change_config(folder, model_type=model_type)
    with pytest.raises(UnsupportedModelError, match=rf"{model_type}.*'bert'"):
        Encoder.load(folder)


@pytest.mark.parametrize(
    "change", [{"hidden_act": "relu"}, {"position_embedding_type": "relative_key"}, {"is_decoder": True}]
)
def test_another_kind_of_bert_is_named(folder: Path, change: dict[str, object]) -> None:
    change_config(folder, **change)
    with pytest.raises(UnsupportedModelError, match=next(iter(change))):
        Encoder.load(folder)


def test_a_pickle_is_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"not even a pickle")
    with pytest.raises(UnsupportedModelError, match=r"pickles are never opened.*safetensors.*save_pretrained"):
        Encoder.load(folder)


def test_split_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(UnsupportedModelError, match="several files"):
        Encoder.load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000])
def test_missing_and_damaged_files(folder: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(CorruptModelError, match=name):
        Encoder.load(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CorruptModelError, match="missing"):
        Encoder.load(tmp_path / "nowhere")


def test_a_truncated_weight_file(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptModelError, match="safetensors"):
        Encoder.load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", None),
        ("hidden_size", "32"),
        ("num_hidden_layers", 0),
        ("num_attention_heads", 5),
        ("vocab_size", True),
        ("layer_norm_eps", "small"),
    ],
)
def test_a_config_without_usable_sizes(folder: Path, key: str, value: object) -> None:
    change_config(folder, **{key: value})
    with pytest.raises(CorruptModelError, match=r"config\.json"):
        Encoder.load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden_size", 64), ("num_hidden_layers", 4), ("intermediate_size", 47), ("max_position_embeddings", 95)],
)
def test_a_config_at_odds_with_the_weights(folder: Path, key: str, value: int) -> None:
    change_config(folder, **{key: value})
    with pytest.raises(CorruptModelError, match=r"model\.safetensors"):
        Encoder.load(folder)


def test_a_missing_tensor(folder: Path) -> None:
    name = "encoder.layer.1.output.dense.bias"
    change_tensors(folder, lambda tensors: tensors.pop(name))
    with pytest.raises(CorruptModelError, match=name):
        Encoder.load(folder)


def test_a_tensor_of_integers(folder: Path) -> None:
    name = "embeddings.LayerNorm.weight"
    change_tensors(folder, lambda tensors: tensors.update({name: tensors[name].to(torch.int32)}))
    with pytest.raises(CorruptModelError, match=name):
        Encoder.load(folder)


def test_norms_under_their_old_names(folder: Path) -> None:
    expected = Encoder.load(folder).encode(["the rain"])

    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in [name for name in tensors if "LayerNorm" in name]:
            old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            tensors[f"bert.{old}"] = tensors.pop(name)

    change_tensors(folder, rename)
    assert torch.equal(Encoder.load(folder).encode(["the rain"]), expected)


def test_a_tokenizer_of_another_model(folder: Path) -> None:
    Tokenizer(WordLevel({f"w{index}": index for index in range(65)}, unk_token="w0")).save(
        str(folder / "tokenizer.json")
    )
    with pytest.raises(CorruptModelError, match="more tokens"):
        Encoder.load(folder)


def test_a_tokenizer_without_special_tokens(folder: Path) -> None:
    Tokenizer(WordLevel({"a": 0}, unk_token="a")).save(str(folder / "tokenizer.json"))
    with pytest.raises(CorruptModelError, match="CLS"):
        Encoder.load(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_of_the_file_only_the_table_of_words_stays_in_memory(folder: Path) -> None:
    encoder = Encoder.load(folder, "bfloat16")
    gc.collect()
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8").count(str(folder / "model.safetensors"))
    assert mapped == 1
    assert encoder.encode(["The rain."]).shape == (1, 32)

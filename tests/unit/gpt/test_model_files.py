"""Models on disk: transformers directories, GGUF files, packed folders; and what is said of unusable ones."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError, ModelError, UnsupportedModelError
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.model import LanguageModel, open_model
from foreword_models.gpt.packing import CONFIG, EMBEDDINGS, TOKENIZER, WEIGHTS, pack

from .tiny import CONTEXT, make_reference, make_tokenizer, save_model

IDS = [0, 5, 40, 300, 7, 7, 12]


def write_gguf(path: Path, family: str, *, architecture: str | None = None, pre: str = "gpt-2") -> torch.nn.Module:
    """Write a tiny random model as llama.cpp's converter does (float32), and return the reference model."""
    reference = make_reference(family)
    state = {name.removeprefix("transformer.").removeprefix("model."): t for name, t in reference.state_dict().items()}
    writer = gguf.GGUFWriter(path, architecture or ("gpt2" if family == "gpt2" else "llama"))
    tokenizer = make_tokenizer()
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3] + [1] * (len(vocabulary) - 1))
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_context_length(CONTEXT)

    def add(name: str, tensor: torch.Tensor) -> None:
        writer.add_tensor(name, tensor.contiguous().numpy())

    if family == "gpt2":
        writer.add_block_count(2)
        writer.add_embedding_length(32)
        writer.add_feed_forward_length(128)
        writer.add_head_count(4)
        writer.add_layer_norm_eps(1e-5)
        add("token_embd.weight", state["wte.weight"])
        add("position_embd.weight", state["wpe.weight"])
        names = {
            "attn_norm": "ln_1",
            "attn_qkv": "attn.c_attn",
            "attn_output": "attn.c_proj",
            "ffn_norm": "ln_2",
            "ffn_up": "mlp.c_fc",
            "ffn_down": "mlp.c_proj",
        }
        for i in range(2):
            for ours, theirs in names.items():
                weight = state[f"h.{i}.{theirs}.weight"]
                add(f"blk.{i}.{ours}.weight", weight if weight.dim() == 1 else weight.t())
                add(f"blk.{i}.{ours}.bias", state[f"h.{i}.{theirs}.bias"])
        add("output_norm.weight", state["ln_f.weight"])
        add("output_norm.bias", state["ln_f.bias"])
    else:
        writer.add_block_count(2)
        writer.add_embedding_length(24)
        writer.add_feed_forward_length(40)
        writer.add_head_count(6)
        writer.add_head_count_kv(2)
        writer.add_layer_norm_rms_eps(1e-6)
        writer.add_rope_freq_base(500.0)
        add("token_embd.weight", state["embed_tokens.weight"])
        for i in range(2):
            block = f"layers.{i}."
            add(f"blk.{i}.attn_norm.weight", state[block + "input_layernorm.weight"])
            for ours, theirs, heads in (("attn_q", "q_proj", 6), ("attn_k", "k_proj", 2)):
                weight = state[f"{block}self_attn.{theirs}.weight"]
                rows, width = weight.shape
                interleaved = weight.view(heads, 2, rows // heads // 2, width).transpose(1, 2).reshape(rows, width)
                add(f"blk.{i}.{ours}.weight", interleaved)
            add(f"blk.{i}.attn_v.weight", state[block + "self_attn.v_proj.weight"])
            add(f"blk.{i}.attn_output.weight", state[block + "self_attn.o_proj.weight"])
            add(f"blk.{i}.ffn_norm.weight", state[block + "post_attention_layernorm.weight"])
            for part in ("gate", "up", "down"):
                add(f"blk.{i}.ffn_{part}.weight", state[f"{block}mlp.{part}_proj.weight"])
        add("output_norm.weight", state["norm.weight"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return reference


def logits(model: LanguageModel) -> torch.Tensor:
    return model.decoder.logits(model.decoder.extend(model.decoder.root, IDS))


def expected(reference: Any) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = reference(torch.tensor([IDS])).logits[0, -1]
        return result


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_gguf_file_says_what_transformers_says(family: str, tmp_path: Path) -> None:
    reference = write_gguf(tmp_path / "tiny.gguf", family)
    model = open_model(tmp_path / "tiny.gguf", precision="float32")
    torch.testing.assert_close(logits(model), expected(reference), atol=2e-4, rtol=2e-4)
    text = "We should schedule naïve 3.14 cafés, don't we?"
    assert model.tokenizer.encode(text) == make_tokenizer().encode(text).ids


def test_a_packed_file_says_the_same_up_to_bfloat16(tmp_path: Path) -> None:
    reference = write_gguf(tmp_path / "tiny.gguf", "llama")
    (tmp_path / "packed").mkdir()
    shares: list[float] = []
    pack(tmp_path / "tiny.gguf", tmp_path / "packed", shares.append)
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {CONFIG, EMBEDDINGS, WEIGHTS, TOKENIZER}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    model = open_model(tmp_path / "packed")
    assert torch.nn.functional.cosine_similarity(logits(model), expected(reference), dim=0) > 0.99
    assert model.decoder.config.start_token == 0


def test_a_directory_of_several_files_and_of_the_base_model(tmp_path: Path) -> None:
    reference: Any = save_model(tmp_path / "sharded", "llama-untied")
    reference.save_pretrained(tmp_path / "sharded", max_shard_size="20KB")
    assert len(list((tmp_path / "sharded").glob("model-*.safetensors"))) > 1
    (tmp_path / "sharded" / "model.safetensors").unlink()
    model = open_model(tmp_path / "sharded", precision="float32")
    torch.testing.assert_close(logits(model), expected(reference), atol=2e-4, rtol=2e-4)

    reference = save_model(tmp_path / "base", "gpt2")
    reference.transformer.save_pretrained(tmp_path / "base")
    model = open_model(tmp_path / "base", precision="float32")
    torch.testing.assert_close(logits(model), expected(reference), atol=2e-4, rtol=2e-4)


def test_a_directory_with_an_old_tokenizer(tmp_path: Path) -> None:
    save_model(tmp_path, "gpt2")
    make_tokenizer().model.save(str(tmp_path))  # vocab.json and merges.txt
    (tmp_path / "tokenizer.json").unlink()
    assert (
        open_model(tmp_path).tokenizer.encode("We should schedule") == make_tokenizer().encode("We should schedule").ids
    )


def test_special_tokens_in_the_text_are_text(tmp_path: Path) -> None:
    save_model(tmp_path, "llama")
    tokenizer = open_model(tmp_path).tokenizer
    ids = tokenizer.encode("<|endoftext|>")
    assert 0 not in ids
    assert b"".join(tokenizer.token_bytes[i] for i in ids) == b"<|endoftext|>"
    assert tokenizer.token_bytes[0] == b""


@given(text=st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_tokens_spell_the_text(tokenizer_model: LanguageModel, text: str) -> None:
    tokenizer = tokenizer_model.tokenizer
    assert b"".join(tokenizer.token_bytes[i] for i in tokenizer.encode(text)) == text.encode()


def test_lone_surrogates_become_replacement_characters(tokenizer_model: LanguageModel) -> None:
    tokenizer = tokenizer_model.tokenizer
    assert tokenizer.encode("a\ud800b") == tokenizer.encode("a\ufffdb")
    assert tokenizer.encode("\ud83d\ude00") == tokenizer.encode("\U0001f600")


@pytest.fixture(scope="module")
def tokenizer_model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_model(folder, "llama")
    return open_model(folder)


def edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut(name: str) -> Callable[[Path], None]:
    def shorten(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-500])

    return shorten


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (lambda folder: edit_config(folder, model_type="bloom"), UnsupportedModelError, "'bloom'"),
        (lambda folder: edit_config(folder, auto_map={"AutoModel": "x.Y"}), UnsupportedModelError, "code of its own"),
        (lambda folder: edit_config(folder, rope_parameters={"rope_type": "yarn"}), UnsupportedModelError, "yarn"),
        (lambda folder: edit_config(folder, attention_bias=True), UnsupportedModelError, "biases"),
        (lambda folder: edit_config(folder, hidden_size="many"), CorruptModelError, "config.json"),
        (lambda folder: edit_config(folder, intermediate_size=41), CorruptModelError, "shape"),
        (lambda folder: edit_config(folder, num_hidden_layers=3), CorruptModelError, "no tensor"),
        (only_pickle, UnsupportedModelError, "pickle"),
        (cut("model.safetensors"), CorruptModelError, "model.safetensors"),
        (cut("config.json"), CorruptModelError, "config.json"),
        (cut("tokenizer.json"), CorruptModelError, "tokenizer"),
        (lambda folder: (folder / "model.safetensors").unlink(), CorruptModelError, "model.safetensors"),
        (lambda folder: shutil.rmtree(folder), UnsupportedModelError, "no model"),
    ],
)
def test_a_directory_that_cannot_be_used(
    damage: Callable[[Path], None], error: type[ModelError], says: str, tmp_path: Path
) -> None:
    save_model(tmp_path / "model", "llama")
    damage(tmp_path / "model")
    with pytest.raises(error, match=says) as raised:
        open_model(tmp_path / "model")
    assert "\n" not in str(raised.value)


def test_gguf_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write_gguf(path, "llama", architecture="mamba")
    with pytest.raises(UnsupportedModelError, match="'mamba'"):
        GGUFFile(path)
    write_gguf(path, "llama", pre="tekken")
    with pytest.raises(UnsupportedModelError, match="'tekken'"):
        open_model(path)
    path.write_bytes(b"PK\3\4 not a model")
    with pytest.raises(CorruptModelError, match="not a sound GGUF"):
        open_model(path)
    path.write_bytes(b"")
    with pytest.raises(CorruptModelError, match="not a sound GGUF"):
        open_model(path)


@given(share=st.floats(0, 0.999))
@settings(max_examples=25, deadline=None)
def test_a_gguf_file_cut_short_is_named(
    whole_gguf: bytes, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / "cut.gguf"
    path.write_bytes(whole_gguf[: int(share * len(whole_gguf))])
    with pytest.raises(ModelError) as raised:
        open_model(path)
    assert "\n" not in str(raised.value)


@given(where=st.floats(0, 0.3), value=st.integers(0, 255))
@settings(max_examples=40, deadline=None)
def test_a_damaged_gguf_header_never_escapes_the_hierarchy(
    whole_gguf: bytes, tmp_path_factory: pytest.TempPathFactory, where: float, value: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "damaged.gguf"
    damaged = bytearray(whole_gguf)
    damaged[int(where * len(damaged))] = value
    path.write_bytes(damaged)
    with contextlib.suppress(ModelError):
        open_model(path)


@pytest.fixture(scope="module")
def whole_gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "tiny.gguf"
    write_gguf(path, "llama")
    assert struct.unpack("<I", path.read_bytes()[4:8])[0] == 3
    assert np.isfinite(logits(open_model(path)).numpy()).all()
    return path.read_bytes()

"""Gemma 3 on disk: what the readers make of a transformers directory and of a GGUF file, and which they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.gpt.transformers_folder import TransformersFolder
from foreword_models.gpt.weights import assemble, check_shapes

from .tiny import CONTEXT, VOCABULARY, make_reference, save_model

LAYERS, HEADS, HEAD_DIM, WIDTH = 7, 4, 8, 24
PIECES = [
    "\u2581",
    "s",
    "o",
    "n",
    "t",
    "h",
    "e",
    "so",
    "on",
    "\u2581s",
    "\u2581so",
    "\u2581t",
    "he",
    "\u2581the",
    "soon",
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, torch.Tensor]]:
    """A directory with a tiny Gemma 3, and its tensors as transformers names them."""
    folder = tmp_path_factory.mktemp("gemma3")
    reference = save_model(folder, "gemma3")
    return folder, {name.removeprefix("model."): tensor for name, tensor in reference.state_dict().items()}


def write_gguf(path: Path, *, space_prefix: bool = False, extra: Mapping[str, float] | None = None) -> None:
    """Write the tiny Gemma 3 as llama.cpp's converter does (float32), with a SentencePiece vocabulary."""
    state = {name.removeprefix("model."): tensor for name, tensor in make_reference("gemma3").state_dict().items()}
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_context_length(CONTEXT)
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(40)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(8)
    for name, value in (extra or {}).items():
        writer.add_float32(f"gemma3.{name}", value)
    control, plain = ["<pad>", "<eos>", "<bos>", "<unk>"], ["\n", "\n\n", "  ", "   "]
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    unused = [f"<unused{number}>" for number in range(VOCABULARY - 4 - 4 - 256 - len(PIECES))]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*control, *plain, *spelled, *PIECES, *unused])
    writer.add_token_types([3] * 4 + [4] * 4 + [6] * 256 + [1] * len(PIECES) + [3] * len(unused))
    scores = [-float(rank) for rank in range(len(PIECES))]
    writer.add_token_scores([-1000.0] * 8 + [0.0] * 256 + scores + [-1000.0] * len(unused))
    writer.add_bos_token_id(2)
    writer.add_add_space_prefix(space_prefix)

    def add(name: str, source: str) -> None:
        tensor = state[f"{source}.weight"]
        writer.add_tensor(f"{name}.weight", (tensor + 1 if tensor.dim() == 1 else tensor).contiguous().numpy())

    names = {
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm",
        "attn_output": "self_attn.o_proj",
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
        "post_ffw_norm": "post_feedforward_layernorm",
    }
    add("token_embd", "embed_tokens")
    for i in range(LAYERS):
        for ours, theirs in names.items():
            add(f"blk.{i}.{ours}", f"layers.{i}.{theirs}")
    add("output_norm", "norm")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "gemma3.gguf"
    write_gguf(path)
    return path


def test_the_shape_of_a_directory(saved: tuple[Path, dict[str, torch.Tensor]]) -> None:
    config = TransformersFolder(saved[0]).config()
    assert (config.family, config.layers, config.heads, config.kv_heads) == ("gemma3", LAYERS, HEADS, 1)
    assert (config.head_dim, config.width, config.vocabulary, config.tied) == (HEAD_DIM, WIDTH, VOCABULARY, True)
    assert (config.rope_theta, config.rope_theta_local, config.sliding_window) == (1e6, 1e4, 8)
    assert [config.slides(i) for i in range(LAYERS)] == [True] * 5 + [False, True]
    assert config.attention_scale == pytest.approx(8**-0.5)
    assert config.embed_scale == pytest.approx(24**0.5)
    assert config.start_token == 0


def test_the_layout_of_a_directory(saved: tuple[Path, dict[str, torch.Tensor]]) -> None:
    folder, state = saved
    source = TransformersFolder(folder)
    tensors = dict(source.tensors())
    check_shapes(source.config(), tensors)
    # Rotary pairs (i, i + head_dim / 2) of a head come to lie side by side, and their norms' factors with them.
    order = [i + half for i in range(HEAD_DIM // 2) for half in (0, HEAD_DIM // 2)]
    for i in range(LAYERS):
        theirs, ours = f"layers.{i}.self_attn.", f"layers.{i}."
        q = state[theirs + "q_proj.weight"].view(HEADS, HEAD_DIM, WIDTH)[:, order].flatten(0, 1)
        k, v = state[theirs + "k_proj.weight"][order], state[theirs + "v_proj.weight"]
        assert torch.equal(tensors[ours + "qkv.weight"], torch.cat([q, k, v]))
        assert torch.equal(tensors[ours + "out.weight"], state[theirs + "o_proj.weight"])
        for norm in ("q_norm", "k_norm"):
            assert torch.equal(tensors[f"{ours}{norm}.weight"], state[f"{theirs}{norm}.weight"][order] + 1)
    norms = {
        "norm1": "input_layernorm",
        "post1": "post_attention_layernorm",
        "norm2": "pre_feedforward_layernorm",
        "post2": "post_feedforward_layernorm",
    }
    for ours, theirs in norms.items():
        assert torch.equal(tensors[f"layers.3.{ours}.weight"], state[f"layers.3.{theirs}.weight"] + 1)
    assert torch.equal(tensors["norm.weight"], state["norm.weight"] + 1)


def test_norms_of_a_half_precision_directory_keep_what_they_have(tmp_path: Path) -> None:
    reference: Any = save_model(tmp_path, "gemma3").to(torch.bfloat16)
    reference.save_pretrained(tmp_path)
    tensors = dict(TransformersFolder(tmp_path).tensors())
    assert tensors["layers.0.qkv.weight"].dtype == torch.bfloat16
    stored = reference.state_dict()["model.layers.0.post_feedforward_layernorm.weight"]
    assert torch.equal(tensors["layers.0.post2.weight"], 1 + stored.float())


def test_a_gguf_file_says_the_same_as_the_directory(file: Path, saved: tuple[Path, dict[str, torch.Tensor]]) -> None:
    folder, source = TransformersFolder(saved[0]), GGUFFile(file)
    config = source.config()
    assert config.start_token == 2
    assert replace(config, start_token=0, norm_epsilon=1e-6) == folder.config()
    expected, found = dict(folder.tensors()), dict(source.tensors())
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, msg=name)


def test_weights_hold_the_norms_as_float32(file: Path) -> None:
    source = GGUFFile(file)
    tensors = dict(source.tensors())
    layer = assemble(source.config(), tensors, torch.bfloat16).layers[-1]
    for norm, size in ((layer.q_norm, 8), (layer.k_norm, 8), (layer.post1, 24), (layer.post2, 24)):
        assert norm is not None
        assert (norm.weight.shape, norm.weight.dtype, norm.bias) == ((size,), torch.float32, None)
    del tensors["layers.6.post2.weight"]
    with pytest.raises(CorruptModelError, match=r"layers\.6\.post2\.weight"):
        assemble(source.config(), tensors, torch.bfloat16)


def test_the_other_families_have_no_such_norms(tmp_path: Path) -> None:
    save_model(tmp_path, "llama")
    source = TransformersFolder(tmp_path)
    layer = assemble(source.config(), dict(source.tensors()), torch.float32).layers[0]
    assert (layer.q_norm, layer.k_norm, layer.post1, layer.post2) == (None, None, None, None)


def edited(folder: Path, saved: Path, **changes: Any) -> TransformersFolder:
    """Open a copy of a directory with other values in its configuration; None takes a key away."""
    config = json.loads((saved / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).write_bytes((saved / name).read_bytes())
    return TransformersFolder(folder)


def test_a_directory_of_transformers_4(saved: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path) -> None:
    old = {"rope_theta": 5e5, "rope_local_base_freq": 2e4, "rope_scaling": None, "sliding_window_pattern": 6}
    config = edited(tmp_path, saved[0], rope_parameters=None, layer_types=None, **old).config()
    expected = TransformersFolder(saved[0]).config()
    assert config == replace(expected, rope_theta=5e5, rope_theta_local=2e4)


FULL, SLIDING = "full_attention", "sliding_attention"


@pytest.mark.parametrize(
    ("kinds", "every"),
    [([SLIDING, FULL, SLIDING, FULL, SLIDING, FULL, SLIDING], 2), ([FULL] * 7, 1), ([SLIDING] * 7, 8)],
)
def test_layers_at_other_distances(
    saved: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path, kinds: list[str], every: int
) -> None:
    config = edited(tmp_path, saved[0], layer_types=kinds).config()
    assert config.global_every == every
    assert [config.slides(i) for i in range(LAYERS)] == [kind == SLIDING for kind in kinds]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rope_parameters": {FULL: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6}}}, "rotary scaling"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}, "rotary scaling"),
        ({"rope_scaling": {"rope_type": "linear", "factor": 8.0}}, "rotary scaling"),
        ({"rope_scaling": {"type": "linear", "factor": 8.0}}, "rotary scaling"),
        ({"use_bidirectional_attention": True}, "both directions"),
        ({"attn_logit_softcapping": 50.0}, "capped scores"),
        ({"final_logit_softcapping": 30.0}, "capped scores"),
        ({"attention_bias": True}, "biases"),
        ({"hidden_activation": "silu"}, "another activation"),
        ({"layer_types": [SLIDING, FULL, SLIDING, SLIDING, SLIDING, FULL, SLIDING]}, "irregular"),
        ({"layer_types": [SLIDING, FULL]}, "irregular"),
        ({"sliding_window": 0}, "irregular"),
    ],
)
def test_variants_are_refused(
    saved: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=f"variant of Gemma 3 .*{says}") as raised:
        edited(tmp_path, saved[0], **changes).config()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["num_key_value_heads", "hidden_size"])
def test_an_incomplete_configuration(saved: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path, key: str) -> None:
    with pytest.raises(CorruptModelError, match=r"config\.json is incomplete"):
        edited(tmp_path, saved[0], **{key: None}).config()


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"final_logit_softcapping": 30.0}, "caps its scores"),
        ({"attention.sliding_window_pattern": 4.0}, "other distances than 6"),
    ],
)
def test_variants_of_gguf_files_are_refused(tmp_path: Path, extra: dict[str, float], says: str) -> None:
    write_gguf(tmp_path / "variant.gguf", extra=extra)
    with pytest.raises(UnsupportedModelError, match=says):
        GGUFFile(tmp_path / "variant.gguf").config()


@pytest.fixture(scope="module")
def tokenizer(file: Path) -> Tokenizer:
    return Tokenizer(GGUFFile(file).tokenizer(), VOCABULARY)


@pytest.fixture(scope="module")
def encode(file: Path, tokenizer: Tokenizer) -> Callable[[str], list[str]]:
    """Text to the pieces it is cut into."""
    names = GGUFFile(file)._tokens()
    return lambda text: [names[index] for index in tokenizer.encode(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("soon", ["soon"]),  # and no space before it
        (" so", ["\u2581so"]),
        ("soon the", ["soon", "\u2581the"]),
        ("so\n\nthe", ["so", "\n\n", "t", "he"]),
        ("so  the", ["so", "  ", "t", "he"]),
        ("so    the", ["so", "   ", "\u2581the"]),  # the longest run that has a token, then what is left
        ("<bos>", ["<0x3C>", "<0x62>", "o", "s", "<0x3E>"]),
        ("\u00e9", ["<0xC3>", "<0xA9>"]),
    ],
)
def test_text_is_cut_as_gemma_does(encode: Callable[[str], list[str]], text: str, pieces: list[str]) -> None:
    assert encode(text) == pieces


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\u2581")) | st.text(" \nsonthe"))
@settings(deadline=None)
def test_tokens_spell_the_text(tokenizer: Tokenizer, text: str) -> None:
    assert b"".join(tokenizer.token_bytes[i] for i in tokenizer.encode(text)) == text.encode()


def test_other_files_of_this_kind_do_put_a_space_before_the_text(tmp_path: Path) -> None:
    write_gguf(tmp_path / "prefix.gguf", space_prefix=True)
    source = GGUFFile(tmp_path / "prefix.gguf")
    tokenizer = source.tokenizer()
    ids = tokenizer.encode("so", add_special_tokens=False).ids
    assert [source._tokens()[index] for index in ids] == ["\u2581so"]
    assert tokenizer.decode(ids) == "so"

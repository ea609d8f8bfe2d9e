"""From the ``config.json`` of a transformers directory to a decoder's sizes, family by family.

A variant that the decoder does not compute is refused by name, never run as if it were the plain model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.config import DecoderConfig, Family

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType({"gpt2": "gpt2", "llama": "llama", "gemma3_text": "gemma3"})
"""The values of ``model_type`` that can be used."""


def decoder_config(raw: dict[str, Any], document_token: int | None, path: Path) -> DecoderConfig:
    """Return the sizes that a configuration states.

    Parameters
    ----------
    raw
        What the file holds; its ``model_type`` is one of `FAMILIES`.
    document_token
        The token that stands between documents, where the tokenizer has one.
    path
        The directory, for messages.

    Raises
    ------
    CorruptModelError
        A size is missing, or is none.
    UnsupportedModelError
        It is a variant of its family.
    """
    try:
        readers = {"gpt2": _gpt2, "llama": _llama, "gemma3": _gemma3}
        return readers[FAMILIES[raw["model_type"]]](raw, document_token, path)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptModelError(f"{path}/config.json is incomplete ({error!r}); export the model again.") from error


def _gpt2(raw: dict[str, Any], start: int | None, path: Path) -> DecoderConfig:
    activation = raw.get("activation_function", "gelu_new")
    if activation not in ("gelu_new", "gelu_pytorch_tanh") or raw.get("scale_attn_by_inverse_layer_idx"):
        raise UnsupportedModelError(f"{path} is a variant of GPT-2 ({activation}) that is not supported.")
    width, heads = int(raw["n_embd"]), int(raw["n_head"])
    return DecoderConfig(
        family="gpt2",
        layers=int(raw["n_layer"]),
        width=width,
        heads=heads,
        kv_heads=heads,
        head_dim=width // heads,
        hidden=int(raw.get("n_inner") or 4 * width),
        vocabulary=int(raw["vocab_size"]),
        context=int(raw["n_positions"]),
        norm_epsilon=float(raw.get("layer_norm_epsilon", 1e-5)),
        rope_theta=10000.0,
        tied=bool(raw.get("tie_word_embeddings", True)),
        start_token=_start_token(raw, start),
    )


def _llama(raw: dict[str, Any], start: int | None, path: Path) -> DecoderConfig:
    rope = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default" or raw.get("attention_bias") or raw.get("mlp_bias") or raw.get("hidden_act", "silu") != "silu":
        raise UnsupportedModelError(
            f"{path} is a variant of Llama (rotary scaling {kind!r}, biases or another activation) "
            "that is not supported; choose a plain one."
        )
    width, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
    return DecoderConfig(
        family="llama",
        layers=int(raw["num_hidden_layers"]),
        width=width,
        heads=heads,
        kv_heads=int(raw.get("num_key_value_heads") or heads),
        head_dim=int(raw.get("head_dim") or width // heads),
        hidden=int(raw["intermediate_size"]),
        vocabulary=int(raw["vocab_size"]),
        context=int(raw["max_position_embeddings"]),
        norm_epsilon=float(raw["rms_norm_eps"]),
        rope_theta=float(rope.get("rope_theta") or raw.get("rope_theta") or 10000.0),
        tied=bool(raw.get("tie_word_embeddings", False)),
        start_token=_start_token(raw, start),
    )


def _gemma3(raw: dict[str, Any], start: int | None, path: Path) -> DecoderConfig:
    layers, window = int(raw["num_hidden_layers"]), int(raw.get("sliding_window", 4096) or 0)
    ropes = dict(raw.get("rope_parameters") or {})
    everywhere, local = ropes.pop("full_attention", None) or {}, ropes.pop("sliding_attention", None) or {}
    # Directories of transformers 4 have one rope_scaling, for the layers that see everything.
    scalings = (everywhere, local, raw.get("rope_scaling") or {})
    kinds = {rope.get("rope_type", rope.get("type", "default")) for rope in scalings}
    variants = {
        "rotary scaling": bool(ropes) or kinds != {"default"},
        "biases": raw.get("attention_bias"),
        "attention in both directions": raw.get("use_bidirectional_attention"),
        "capped scores": raw.get("attn_logit_softcapping") or raw.get("final_logit_softcapping"),
        "another activation": raw.get("hidden_activation", "gelu_pytorch_tanh") != "gelu_pytorch_tanh",
    }
    every = _global_every(raw, layers)
    variants["layers that see everything at irregular distances"] = every is None or (every > 1 and window < 1)
    if found := [name for name, is_so in variants.items() if is_so]:
        raise UnsupportedModelError(
            f"{path} is a variant of Gemma 3 ({', '.join(found)}) that is not supported; choose a plain one."
        )
    width, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
    return DecoderConfig(
        family="gemma3",
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=int(raw["num_key_value_heads"]),
        head_dim=int(raw.get("head_dim") or 256),
        hidden=int(raw["intermediate_size"]),
        vocabulary=int(raw["vocab_size"]),
        context=int(raw["max_position_embeddings"]),
        norm_epsilon=float(raw.get("rms_norm_eps", 1e-6)),
        rope_theta=float(everywhere.get("rope_theta") or raw.get("rope_theta") or 1e6),
        tied=bool(raw.get("tie_word_embeddings", True)),
        start_token=_start_token({"bos_token_id": 2} | raw, start),
        rope_theta_local=float(local.get("rope_theta") or raw.get("rope_local_base_freq") or 1e4),
        sliding_window=window,
        global_every=every or 1,
        attention_scale=float(raw.get("query_pre_attn_scalar", 256)) ** -0.5,
        embed_scale=width**0.5,
    )


def _start_token(raw: dict[str, Any], document_token: int | None) -> int:
    # As in a GGUF file: the token between documents, where there is one, rather than a chat model's begin of turn.
    return document_token if document_token is not None else int(raw.get("bos_token_id") or 0)


def _global_every(raw: dict[str, Any], layers: int) -> int | None:
    """Return the distance between layers that see everything, counted as `DecoderConfig` does; None if it varies."""
    kinds = raw.get("layer_types")
    if kinds is None:
        return int(raw.get("sliding_window_pattern") or raw.get("_sliding_window_pattern") or 6)
    pattern = list(kinds).index("full_attention") + 1 if "full_attention" in kinds else layers + 1
    expected = ["sliding_attention" if (i + 1) % pattern else "full_attention" for i in range(layers)]
    return pattern if list(kinds) == expected else None

"""Reading a BERT checkpoint folder: its configuration, its weights and its tokenizer, checked before use.

The layout is transformers' own: ``config.json``, ``model.safetensors``, ``tokenizer.json``. Weights are read with
safetensors only, memory-mapped; what can be used as it lies in the file (the embedding table, mostly) is not copied.
No pickle is opened and no code from the folder is run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import Tensor

from foreword_models.bert.adapter import Adapter
from foreword_models.errors import CorruptModelError, UnsupportedModelError

SUPPORTED_MODEL_TYPES = ("bert", "distilbert")
MAX_TOKENS = 512

T = TypeVar("T")

_EXPECTED = "config.json, model.safetensors and tokenizer.json"
_RESAVE = "AutoModel.from_pretrained(folder).save_pretrained(new_folder)"


_DISTILBERT_SIZES = {
    "hidden_size": "dim",
    "intermediate_size": "hidden_dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
}

_BERT_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "output_norm": "output.LayerNorm",
}
_DISTILBERT_PARTS = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention_output": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "intermediate": "ffn.lin1",
    "output": "ffn.lin2",
    "output_norm": "output_layer_norm",
}


@dataclass(frozen=True)
class BertConfig:
    """The sizes of a BERT encoder, named as in transformers' ``config.json``.

    ``model_type`` is "bert" or "distilbert"; the latter (Sanh et al. 2019) has no segments, ``type_vocab_size`` 0.
    """

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float


@dataclass(frozen=True)
class Affine:
    """A weight and a bias: of a linear map, (out, in) and (out,), or of a layer norm, (hidden,) and (hidden,)."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class BertLayer:
    """One transformer layer; queries, keys and values are one linear map of shape (3 * hidden, hidden)."""

    query_key_value: Affine
    attention_output: Affine
    attention_norm: Affine
    intermediate: Affine
    output: Affine
    output_norm: Affine


@dataclass(frozen=True)
class BertWeights:
    """All weights of the encoder.

    ``positions`` (max_positions, hidden) is the sum of the position embeddings and the embedding of the first
    segment, since a sentence is always read on its own.
    """

    words: Tensor
    positions: Tensor
    embedding_norm: Affine
    layers: tuple[BertLayer, ...]


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``.

    Raises
    ------
    CorruptModelError
        If the file is missing, unreadable or does not hold a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorruptModelError(f"{path} cannot be read ({error.strerror}): fetch the model again.") from error
    except (ValueError, RecursionError) as error:
        raise CorruptModelError(f"{path} is not valid JSON: fetch the model again.") from error
    if not isinstance(value, dict):
        raise CorruptModelError(f"{path} does not hold a JSON object: fetch the model again.")
    return value


def read_tensors(path: Path, prepare: Callable[[Callable[[str], Tensor | None]], T]) -> T:
    """Open the safetensors file ``path``, call ``prepare(get)`` and return its result.

    ``get(name)`` is the memory-mapped tensor of that name, or None when the file has none.

    Raises
    ------
    CorruptModelError
        If the file is missing, truncated or not in the safetensors format.
    """
    if not path.is_file():
        raise CorruptModelError(f"{path} is missing: fetch the model again.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            names = frozenset(file.keys())
            return prepare(lambda name: file.get_tensor(name) if name in names else None)
    except (SafetensorError, OSError) as error:
        raise CorruptModelError(f"{path} is not a sound safetensors file ({error}): fetch the model again.") from error


def read_config(folder: Path) -> BertConfig:
    """Read ``config.json`` and check that it describes an encoder that is supported.

    Raises
    ------
    UnsupportedModelError
        If it is another family, or a variant of BERT with another activation, position encoding or masking.
    CorruptModelError
        If the file is missing, unreadable or lacks a size.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise CorruptModelError(f"{path} is missing: name a folder with {_EXPECTED}.")
    config = read_json(path)
    model_type = config.get("model_type")
    if model_type not in SUPPORTED_MODEL_TYPES:
        raise UnsupportedModelError(
            f"{folder} holds a model of type {model_type!r}: "
            f"the types supported as encoders are {', '.join(map(repr, SUPPORTED_MODEL_TYPES))}."
        )
    distilled = model_type == "distilbert"
    wanted: tuple[tuple[str, object], ...] = (
        ("activation" if distilled else "hidden_act", "gelu"),
        ("position_embedding_type", "absolute"),
        ("is_decoder", False),
    )
    for key, value in wanted:
        if config.get(key, value) != value:
            raise UnsupportedModelError(
                f"{folder} holds a BERT with {key} {config[key]!r}: use one with {key} {value!r}, the usual kind."
            )

    def size(key: str) -> int:
        key = _DISTILBERT_SIZES.get(key, key) if distilled else key
        value = config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise CorruptModelError(f"{path} gives no usable {key} ({value!r}): fetch the model again.")
        return value

    eps = config.get("layer_norm_eps", 1e-12)
    if not isinstance(eps, int | float) or not 0 <= eps < 1:
        raise CorruptModelError(f"{path} gives no usable layer_norm_eps ({eps!r}): fetch the model again.")
    result = BertConfig(
        model_type=model_type,
        vocab_size=size("vocab_size"),
        hidden_size=size("hidden_size"),
        intermediate_size=size("intermediate_size"),
        num_hidden_layers=size("num_hidden_layers"),
        num_attention_heads=size("num_attention_heads"),
        max_position_embeddings=size("max_position_embeddings"),
        type_vocab_size=0 if distilled else size("type_vocab_size"),
        layer_norm_eps=float(eps),
    )
    if result.hidden_size % result.num_attention_heads:
        raise CorruptModelError(
            f"{path} divides a hidden_size of {result.hidden_size} among {result.num_attention_heads} heads, "
            "which does not come out even: fetch the model again."
        )
    return result


def read_weights(folder: Path, config: BertConfig, dtype: torch.dtype, adapter: Adapter | None = None) -> BertWeights:
    """Read ``model.safetensors`` into ``dtype``, adapted, checking the presence and the shape of every tensor.

    Raises
    ------
    UnsupportedModelError
        If the folder has its weights only as a pickle, or split over several files.
    CorruptModelError
        If a file or a tensor is missing, damaged or of another shape than ``config`` says.
    """
    path = folder / "model.safetensors"
    if not path.is_file():
        if (folder / "pytorch_model.bin").is_file():
            raise UnsupportedModelError(
                f"{folder} has its weights only as pytorch_model.bin, a pickle, and pickles are never opened: "
                f"re-save it as safetensors with transformers, {_RESAVE}."
            )
        if (folder / "model.safetensors.index.json").is_file():
            raise UnsupportedModelError(
                f"{folder} has its weights split over several files: re-save it as one with transformers, {_RESAVE}."
            )
        raise CorruptModelError(f"{path} is missing: name a folder with {_EXPECTED}.")

    hidden = config.hidden_size

    def reader(get: Callable[[str], Tensor | None]) -> Callable[..., Tensor]:
        def tensor(name: str, *shape: int) -> Tensor:
            # A checkpoint saved with a task head has the prefix; the oldest ones call a norm's parameters gamma, beta.
            old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            prefix = config.model_type
            for candidate in (name, f"{prefix}.{name}", old, f"{prefix}.{old}"):
                if (found := get(candidate)) is not None:
                    break
            else:
                raise CorruptModelError(f"{path} lacks the tensor {name}: fetch the model again.")
            if tuple(found.shape) != shape or not found.is_floating_point():
                raise CorruptModelError(
                    f"{path} has {name} as {found.dtype} of shape {tuple(found.shape)} where config.json asks for "
                    f"floats of shape {shape}: fetch the model again."
                )
            return (adapter.apply(name, found) if adapter else found).to(dtype)

        return tensor

    def prepare(get: Callable[[str], Tensor | None]) -> BertWeights:
        tensor = reader(get)

        def affine(name: str, *shape: int) -> Affine:
            weight, bias = tensor(f"{name}.weight", *shape), tensor(f"{name}.bias", shape[0])
            return Affine(weight if len(shape) > 1 else weight.clone(), bias.clone())

        def layer(index: int) -> BertLayer:
            distilled = config.model_type == "distilbert"
            names = _DISTILBERT_PARTS if distilled else _BERT_PARTS
            at = f"{'transformer' if distilled else 'encoder'}.layer.{index}"
            parts = [affine(f"{at}.{names[part]}", hidden, hidden) for part in ("query", "key", "value")]
            return BertLayer(
                query_key_value=Affine(torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts])),
                attention_output=affine(f"{at}.{names['attention_output']}", hidden, hidden),
                attention_norm=affine(f"{at}.{names['attention_norm']}", hidden),
                intermediate=affine(f"{at}.{names['intermediate']}", config.intermediate_size, hidden),
                output=affine(f"{at}.{names['output']}", hidden, config.intermediate_size),
                output_norm=affine(f"{at}.{names['output_norm']}", hidden),
            )

        positions = tensor("embeddings.position_embeddings.weight", config.max_position_embeddings, hidden)
        if config.type_vocab_size:
            positions = positions + tensor("embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden)[0]
        return BertWeights(
            words=words,
            positions=positions.clone(),
            embedding_norm=affine("embeddings.LayerNorm", hidden),
            layers=tuple(layer(index) for index in range(config.num_hidden_layers)),
        )

    # The table of words stays mapped, a row at a time. It has a mapping of its own and nothing small is left in the
    # other one, which goes once the layers are laid out, and their pages with it: as much again as they take then.
    words = read_tensors(path, lambda get: reader(get)("embeddings.word_embeddings.weight", config.vocab_size, hidden))
    return read_tensors(path, prepare)


def read_tokenizer(folder: Path, config: BertConfig) -> Tokenizer:
    """Read ``tokenizer.json``, set to truncate at the model's length and not to pad.

    Raises
    ------
    CorruptModelError
        If the file is missing or damaged, knows tokens that the model has no vector for, or adds no special tokens.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise CorruptModelError(f"{path} is missing: name a folder with {_EXPECTED}.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
        # Published files carry the padding and truncation of whoever saved them (128 for MiniLM); ours are per batch.
        tokenizer.no_padding()
        tokenizer.enable_truncation(min(MAX_TOKENS, config.max_position_embeddings))
    except Exception as error:  # tokenizers raises the bare class
        raise CorruptModelError(f"{path} is not a tokenizer ({error}): fetch the model again.") from error
    if max(tokenizer.get_vocab().values(), default=0) >= config.vocab_size:
        raise CorruptModelError(
            f"{path} knows more tokens than the {config.vocab_size} of config.json: fetch the model again."
        )
    if not tokenizer.encode("").ids:
        raise CorruptModelError(f"{path} adds no [CLS] and [SEP] to a text: save it again with transformers.")
    return tokenizer

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

from foreword_models.errors import CorruptModelError, UnsupportedModelError

SUPPORTED_MODEL_TYPES = ("bert",)
MAX_TOKENS = 512

T = TypeVar("T")

_EXPECTED = "config.json, model.safetensors and tokenizer.json"
_RESAVE = "AutoModel.from_pretrained(folder).save_pretrained(new_folder)"


@dataclass(frozen=True)
class BertConfig:
    """The sizes of a BERT encoder, named as in transformers' ``config.json``."""

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
    for key, value in (("hidden_act", "gelu"), ("position_embedding_type", "absolute"), ("is_decoder", False)):
        if config.get(key, value) != value:
            raise UnsupportedModelError(
                f"{folder} holds a BERT with {key} {config[key]!r}: use one with {key} {value!r}, the usual kind."
            )

    def size(key: str) -> int:
        value = config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise CorruptModelError(f"{path} gives no usable {key} ({value!r}): fetch the model again.")
        return value

    eps = config.get("layer_norm_eps", 1e-12)
    if not isinstance(eps, int | float) or not 0 <= eps < 1:
        raise CorruptModelError(f"{path} gives no usable layer_norm_eps ({eps!r}): fetch the model again.")
    result = BertConfig(
        vocab_size=size("vocab_size"),
        hidden_size=size("hidden_size"),
        intermediate_size=size("intermediate_size"),
        num_hidden_layers=size("num_hidden_layers"),
        num_attention_heads=size("num_attention_heads"),
        max_position_embeddings=size("max_position_embeddings"),
        type_vocab_size=size("type_vocab_size"),
        layer_norm_eps=float(eps),
    )
    if result.hidden_size % result.num_attention_heads:
        raise CorruptModelError(
            f"{path} divides a hidden_size of {result.hidden_size} among {result.num_attention_heads} heads, "
            "which does not come out even: fetch the model again."
        )
    return result


def read_weights(folder: Path, config: BertConfig, dtype: torch.dtype) -> BertWeights:
    """Read ``model.safetensors`` into ``dtype``, checking the presence and the shape of every tensor.

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

    def prepare(get: Callable[[str], Tensor | None]) -> BertWeights:
        hidden = config.hidden_size

        def tensor(name: str, *shape: int) -> Tensor:
            # A checkpoint saved with a task head has the prefix; the oldest ones call a norm's parameters gamma, beta.
            old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            for candidate in (name, f"bert.{name}", old, f"bert.{old}"):
                if (found := get(candidate)) is not None:
                    break
            else:
                raise CorruptModelError(f"{path} lacks the tensor {name}: fetch the model again.")
            if tuple(found.shape) != shape or not found.is_floating_point():
                raise CorruptModelError(
                    f"{path} has {name} as {found.dtype} of shape {tuple(found.shape)} where config.json asks for "
                    f"floats of shape {shape}: fetch the model again."
                )
            return found.to(dtype)

        def affine(name: str, *shape: int) -> Affine:
            return Affine(tensor(f"{name}.weight", *shape), tensor(f"{name}.bias", shape[0]))

        def layer(index: int) -> BertLayer:
            at = f"encoder.layer.{index}"
            parts = [affine(f"{at}.attention.self.{part}", hidden, hidden) for part in ("query", "key", "value")]
            return BertLayer(
                query_key_value=Affine(torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts])),
                attention_output=affine(f"{at}.attention.output.dense", hidden, hidden),
                attention_norm=affine(f"{at}.attention.output.LayerNorm", hidden),
                intermediate=affine(f"{at}.intermediate.dense", config.intermediate_size, hidden),
                output=affine(f"{at}.output.dense", hidden, config.intermediate_size),
                output_norm=affine(f"{at}.output.LayerNorm", hidden),
            )

        positions = tensor("embeddings.position_embeddings.weight", config.max_position_embeddings, hidden)
        segments = tensor("embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden)
        return BertWeights(
            words=tensor("embeddings.word_embeddings.weight", config.vocab_size, hidden),
            positions=positions + segments[0],
            embedding_norm=affine("embeddings.LayerNorm", hidden),
            layers=tuple(layer(index) for index in range(config.num_hidden_layers)),
        )

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

"""A language model ready for use: a decoder with its tokenizer, opened from any place that holds one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from foreword_models.errors import UnsupportedModelError
from foreword_models.gpt import packing
from foreword_models.gpt.decoder import DEFAULT_CACHE_BYTES, Decoder
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.gpt.transformers_folder import TransformersFolder
from foreword_models.gpt.weights import assemble


@dataclass(frozen=True)
class LanguageModel:
    """A decoder, its tokenizer, and the name to show for both."""

    name: str
    decoder: Decoder
    tokenizer: Tokenizer


def open_model(
    path: Path,
    *,
    name: str | None = None,
    dtype: torch.dtype = torch.bfloat16,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
) -> LanguageModel:
    """Open a packed folder, a transformers directory or a GGUF file.

    Parameters
    ----------
    dtype
        Type of matrices, keys and values: bfloat16, or float32 for reference.
    cache_bytes
        Bound on the K/V cache.

    Raises
    ------
    ModelError
        Nothing there, damaged, or of a kind that is not supported.
    """
    if path.is_file():
        source = GGUFFile(path)
        config = source.config()
        weights = assemble(config, dict(source.tensors()), dtype)
        tokenizer = Tokenizer(source.tokenizer(), config.vocabulary)
    elif (path / packing.WEIGHTS).is_file():
        weights = packing.read_packed(path, dtype)
        tokenizer = Tokenizer.read(path / packing.TOKENIZER, weights.config.vocabulary)
    elif path.is_dir():
        folder = TransformersFolder(path)
        config = folder.config()
        tokenizer = Tokenizer(folder.tokenizer(), config.vocabulary)
        weights = assemble(config, dict(folder.tensors()), dtype)
    else:
        raise UnsupportedModelError(
            f"There is no model at {path}; give a pack's name (foreword models list), a transformers directory "
            "or a GGUF file."
        )
    return LanguageModel(name or path.stem, Decoder(weights, cache_bytes=cache_bytes), tokenizer)

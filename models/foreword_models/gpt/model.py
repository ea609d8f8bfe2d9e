"""A language model ready for use: a decoder with its tokenizer, opened from any place that holds one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from foreword_models.errors import UnsupportedModelError
from foreword_models.gpt import packing
from foreword_models.gpt.blocks import float_stack
from foreword_models.gpt.config import DecoderConfig, Precision
from foreword_models.gpt.decoder import DEFAULT_CACHE_BYTES, Decoder
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.machine import give_back_memory
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.gpt.transformers_folder import TransformersFolder
from foreword_models.gpt.weights import assemble


@dataclass(frozen=True)
class LanguageModel:
    """A decoder, its tokenizer, and the name to show for both.

    Attributes
    ----------
    digest
        Tells the weights from others (`packing.digest`); empty where the model was not opened from a packed folder.
    """

    name: str
    decoder: Decoder
    tokenizer: Tokenizer
    digest: str = ""


def open_model(
    path: Path,
    *,
    name: str | None = None,
    precision: Precision | None = None,
    device: str | torch.device = "cpu",
    cache_bytes: int = DEFAULT_CACHE_BYTES,
) -> LanguageModel:
    """Open a packed folder, a transformers directory or a GGUF file.

    Parameters
    ----------
    precision
        Of the weights. By default the best that a packed folder can be run in on the device: 4 bits for single tokens
        and 8 bits for batches on a CPU with the instructions for it, else bfloat16. Directories and GGUF files, which
        are read as they are, are run in bfloat16 or float32 only.
    device
        Where to run: ``"cpu"``, ``"cuda"`` or ``"mps"``.
    cache_bytes
        Bound on the K/V cache.

    Raises
    ------
    ModelError
        Nothing there, damaged, or of a kind, or at a precision, that is not supported.
    """
    device, digest = torch.device(device), ""
    if (path / packing.WEIGHTS).is_file():
        with ThreadPoolExecutor(1) as beside:  # laying out the weights leaves a core, and mostly Python's lock, free
            reading = beside.submit(_read_tokenizer, path)
            stack = packing.read_packed(path, precision or packing.precisions(path, device)[0], device)
            digest = packing.digest(path)
            tokenizer = reading.result()
    elif path.exists():
        if precision not in (None, "float32", "bfloat16"):
            raise UnsupportedModelError(
                f"{path} is not packed, and so cannot be run in {precision}; choose bfloat16 or float32."
            )
        source = GGUFFile(path) if path.is_file() else TransformersFolder(path)
        config = source.config()
        tokenizer = Tokenizer(source.tokenizer(), config.vocabulary)
        dtype = torch.float32 if precision == "float32" else torch.bfloat16
        stack = float_stack(assemble(config, dict(source.tensors()), dtype, device))
    else:
        raise UnsupportedModelError(
            f"There is no model at {path}; give a pack's name (foreword models list), a transformers directory "
            "or a GGUF file."
        )
    give_back_memory()
    return LanguageModel(name or path.stem, Decoder(stack, cache_bytes=cache_bytes), tokenizer, digest)


def _read_tokenizer(folder: Path) -> Tokenizer:
    """Read a packed folder's tokenizer, with the bytes of its tokens, which whoever offers words asks for first."""
    tokenizer = Tokenizer.read(folder / packing.TOKENIZER, DecoderConfig.read(folder / packing.CONFIG).vocabulary)
    _ = tokenizer.token_bytes
    return tokenizer

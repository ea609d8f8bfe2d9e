"""The decoder's own format on disk: a folder that loads by memory-mapping, made once from a GGUF file.

``config.json`` (`DecoderConfig`), ``weights.safetensors`` (fused layout; matrices bfloat16, norms float32) and
``tokenizer.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from foreword_models.errors import CorruptModelError
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.weights import Weights, assemble, check_shapes

FORMAT = 1  # raised when the files' meaning changes: packs of an older format are made again

CONFIG, WEIGHTS, TOKENIZER = "config.json", "weights.safetensors", "tokenizer.json"


def pack_gguf(path: Path, out: Path, progress: Callable[[float], None] = lambda _: None) -> None:
    """Convert a GGUF file.

    Parameters
    ----------
    path
        The GGUF file.
    out
        An existing folder that takes the three files.
    progress
        Called with the share done, 0 to 1.
    """
    source = GGUFFile(path)
    config = source.config()
    tensors = {
        name: tensor.to(torch.float32 if tensor.dim() == 1 else torch.bfloat16).contiguous()
        for name, tensor in source.tensors(lambda share: progress(share * 0.9))
    }
    check_shapes(config, tensors)
    save_file(tensors, out / WEIGHTS)
    config.write(out / CONFIG)
    source.tokenizer().save(str(out / TOKENIZER))
    progress(1.0)


def read_packed(folder: Path, dtype: torch.dtype) -> Weights:
    """Map a packed folder's weights into memory (pages are shared between processes) and check that they are whole."""
    config = DecoderConfig.read(folder / CONFIG)
    try:
        tensors = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(
            f"{folder / WEIGHTS} cannot be read ({error}); remove the model and fetch it again."
        ) from error
    return assemble(config, tensors, dtype)

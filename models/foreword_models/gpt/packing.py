"""The decoder's own format on disk: a folder that loads by memory-mapping, made once from a model in another format.

``config.json`` (`DecoderConfig`), ``tokenizer.json``, and the tensors that `quantization` names in two files:
``embeddings.safetensors``, of which the rows of tokens in use are read when they are needed, and
``weights.safetensors``, which is read once, laid out for the processor, and unmapped again. Its 4-bit weights are kept
as they were laid out, in a file of their own (`laid_out`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt import laid_out, linear, quantization
from foreword_models.gpt.blocks import Stack, float_stack, matrix_names, quantized_stack
from foreword_models.gpt.calibration import TEXTS
from foreword_models.gpt.config import PRECISIONS, DecoderConfig, Precision
from foreword_models.gpt.embeddings import FileEmbedding
from foreword_models.gpt.gguf_file import GGUFFile
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.gpt.transformers_folder import TransformersFolder
from foreword_models.gpt.weights import MATRICES, Weights, assemble

FORMAT = 2  # raised when the files' meaning changes: packs of an older format are made again

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
EMBEDDINGS, WEIGHTS = "embeddings.safetensors", "weights.safetensors"

INT4_ROWS = 2  # longest step that 4-bit weights are quicker for than 8-bit ones, in "int4+int8"

_EMBEDDINGS = ("embed.weight", "positions.weight")
_SAMPLE = 256  # most tokens of a calibration text


def pack(path: Path, out: Path, progress: Callable[[float], None] = lambda _: None) -> None:
    """Convert a GGUF file or a transformers directory.

    Parameters
    ----------
    path
        The file or directory.
    out
        An existing folder that takes the four files.
    progress
        Called with the share done, 0 to 1.
    """
    source = GGUFFile(path) if path.is_file() else TransformersFolder(path)
    config = source.config()
    reading = source.tensors(lambda share: progress(share * 0.3)) if isinstance(source, GGUFFile) else source.tensors()
    weights = assemble(config, dict(reading), torch.float32)
    backend = source.tokenizer()
    encode = Tokenizer(backend, config.vocabulary).encode
    longest = min(_SAMPLE, config.context - 1)
    samples = [encode(text)[:longest] for text in TEXTS]
    packed = quantization.quantize(weights, samples, lambda share: progress(0.3 + share * 0.6))
    embeddings = {name: packed.pop(name) for name in _EMBEDDINGS if name in packed}
    save_file({name: tensor.contiguous() for name, tensor in embeddings.items()}, out / EMBEDDINGS)
    save_file({name: tensor.contiguous() for name, tensor in packed.items()}, out / WEIGHTS)
    config.write(out / CONFIG)
    backend.save(str(out / TOKENIZER))
    progress(1.0)


def read_packed(folder: Path, precision: Precision, device: torch.device) -> Stack:
    """Map a packed folder's weights into memory and make them ready at a precision.

    Raises
    ------
    CorruptModelError
        The files are damaged or incomplete.
    UnsupportedModelError
        The model, or this machine, cannot do that precision.
    """
    if precision in ("float32", "bfloat16"):
        return float_stack(read_weights(folder, getattr(torch, precision), device))
    config = DecoderConfig.read(folder / CONFIG)
    tensors = _load(folder / WEIGHTS)
    try:
        check_precision(precision, device, has_int4=quantization.all_int4(tensors, config.layers))
        rows = 0 if precision == "int8" else INT4_ROWS
        embed = FileEmbedding(folder / EMBEDDINGS, "embed.weight")
        if config.family == "gpt2":
            tensors |= {"positions.weight": _load(folder / EMBEDDINGS)["positions.weight"].clone()}
        fours = laid_out.int4_weights(tensors, matrix_names(config), folder, digest(folder)) if rows else {}
        stack = quantized_stack(config, embed, tensors, fours, int4_rows=rows, int8=precision != "int4")
    except KeyError as error:
        raise CorruptModelError(f"{folder} has no tensor {error}; remove the model and fetch it again.") from error
    return stack


def read_weights(folder: Path, dtype: torch.dtype, device: torch.device) -> Weights:
    """Read a packed folder's weights as floating-point numbers.

    Raises
    ------
    CorruptModelError
        The files are damaged or incomplete.
    """
    config = DecoderConfig.read(folder / CONFIG)
    try:
        floats = quantization.dequantize(config, _load(folder / WEIGHTS) | _load(folder / EMBEDDINGS))
    except KeyError as error:
        raise CorruptModelError(f"{folder} has no tensor {error}; remove the model and fetch it again.") from error
    return assemble(config, floats, dtype, device)


def digest(folder: Path) -> str:
    """Return a hash that tells a packed model from others: of its configuration and the weights of three layers.

    It is the same for all precisions, and on all machines: 8-bit codes, which depend on a calibration, are not in it.

    Raises
    ------
    CorruptModelError
        The files are damaged or incomplete.
    """
    config = DecoderConfig.read(folder / CONFIG)
    result = hashlib.sha256(repr(config).encode())
    path = folder / WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for layer in sorted({0, config.layers // 2, config.layers - 1}):
                for matrix in (f"layers.{layer}.{name}" for name in MATRICES):
                    for name in sorted({f"{matrix}.int4", f"{matrix}.int4_scale", f"{matrix}.weight"} & names):
                        result.update(file.get_tensor(name).contiguous().view(torch.uint8).numpy())
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(f"{path} cannot be read ({error}); remove the model and fetch it again.") from error
    return result.hexdigest()


def _load(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(f"{path} cannot be read ({error}); remove the model and fetch it again.") from error


def precisions(folder: Path, device: torch.device) -> list[Precision]:
    """Return the precisions that a packed folder can be run in here, the quickest kinds first.

    Raises
    ------
    CorruptModelError
        The files are damaged or incomplete.
    """
    path, layers = folder / WEIGHTS, DecoderConfig.read(folder / CONFIG).layers
    try:
        with safe_open(path, framework="pt") as file:
            has_int4 = quantization.all_int4(file.keys(), layers)
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(f"{path} cannot be read ({error}); remove the model and fetch it again.") from error
    possible: list[Precision] = []
    for precision in PRECISIONS:
        try:
            check_precision(precision, device, has_int4=has_int4)
        except UnsupportedModelError:
            continue
        possible.append(precision)
    return possible


def check_precision(precision: Precision, device: torch.device, *, has_int4: bool) -> None:
    """Raise `UnsupportedModelError` if a packed model cannot be run so on this machine."""
    if precision in ("float32", "bfloat16"):
        return
    if device.type != "cpu":
        raise UnsupportedModelError(f"The precision {precision} is for the CPU; choose bfloat16 on {device.type}.")
    if not linear.int8_is_available():
        raise UnsupportedModelError("8-bit products need an x86 processor; choose bfloat16 or float32.")
    if "int4" in precision and not (has_int4 and linear.int4_is_available()):
        raise UnsupportedModelError(
            "4-bit products need a model that is 4-bit itself and a processor with AVX2; choose int8."
        )

"""4-bit weights as this processor multiplies them, in a file beside the packed model: laid out once, mapped ever after.

All processes that map the file share its memory, and none has to lay anything out. It is made by the first that may
write there, for one kind of instructions and one version of torch, whose operator decides the layout; where it cannot
be made, the weights are laid out in memory. fbgemm's 8-bit weights cannot be kept like that: torch has no way to look
inside them.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from foreword_models.gpt.linear import lay_out_int4
from foreword_models.zoo.files import sync_file

logger = logging.getLogger(__name__)

Int4 = tuple[Tensor, Tensor]
"""What `linear.lay_out_int4` returned."""

PATTERN = "laid-out-*.safetensors"
_PARTS = ("", "_scale", "_minimum")  # of a matrix among a packed model's tensors
_LINE = 64  # bytes of a processor's cache line: a weight that begins on one is read in fewer


def int4_weights(tensors: Mapping[str, Tensor], names: Sequence[str], folder: Path, digest: str) -> dict[str, Int4]:
    """Return 4-bit matrices for `linear.int4_linear`, by name: mapped from a file, which is made if it is not there.

    Parameters
    ----------
    tensors
        As `quantization` names them.
    names
        Of the matrices.
    folder
        Of the packed model.
    digest
        Of its weights: a file that was made of others is not used.
    """
    path = folder / _name()
    found = _read(path, names, digest)
    if found is None:
        found = {name: lay_out_int4(*(tensors[f"{name}.int4{part}"] for part in _PARTS)) for name in names}
        if _write(path, found, digest):
            found = _read(path, names, digest) or found
    return found


def _name() -> str:
    return PATTERN.replace("*", f"{torch.backends.cpu.get_cpu_capability().lower()}-torch-{torch.__version__}")


def _read(path: Path, names: Sequence[str], digest: str) -> dict[str, Int4] | None:
    """Map a file; None if it is not there, or not the right one."""
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("digest") != digest:
                return None
            return {name: (file.get_tensor(f"{name}.codes"), file.get_tensor(f"{name}.offsets")) for name in names}
    except (OSError, SafetensorError):
        return None


def _write(path: Path, weights: Mapping[str, Int4], digest: str) -> bool:
    """Write a file in place of those for other processors and versions; False where that cannot be."""
    tensors: dict[str, Tensor] = {}
    for name, (codes, offsets) in weights.items():
        tensors |= {f"{name}.codes": codes, f"{name}.offsets": offsets}
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        save_file(tensors, unfinished, {"digest": digest, "padding": ""})
        with unfinished.open("rb") as file:
            header = 8 + struct.unpack("<Q", file.read(8))[0]
        save_file(tensors, unfinished, {"digest": digest, "padding": " " * (-header % _LINE)})
        sync_file(unfinished)
        unfinished.replace(path)
        for other in path.parent.glob(f"{PATTERN}*"):  # also what a process that was killed has left
            if other != path:
                other.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        logger.info("weights that are laid out are not kept: %s", type(error).__name__)
        unfinished.unlink(missing_ok=True)
        return False
    return True

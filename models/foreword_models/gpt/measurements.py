"""What was measured (`tuning`), kept in the user's cache folder: one choice for a model on a machine.

The file holds several, each under what it is true for: the model, the processor, the number of cores, the version of
torch. A damaged file is as good as none, and is written anew.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import cattrs
import torch

from foreword_models.gpt import packing
from foreword_models.gpt.machine import processor_name, usable_cores
from foreword_models.gpt.tuning import Choice
from foreword_models.zoo import files, manifest

logger = logging.getLogger(__name__)

NAME: Final = "measured.json"
VERSION: Final = 1  # raised when the decoder's speeds change, or what is measured: all is then measured anew
_KEPT = 20  # measurements in the file; the oldest go


def remembered(folder: Path, root: Path, device: str = "cpu") -> Choice | None:
    """Return what was measured for a model on this machine before, if anything.

    Parameters
    ----------
    folder
        The packed model.
    root
        The user's cache folder (`foreword_models.zoo.store.Store.root`).
    """
    kept = _read(root / NAME).get(_key(folder, device))
    try:
        choice = cattrs.structure(kept, Choice)
        sound = choice.precision in packing.precisions(folder, torch.device(device)) and choice.threads >= 1
        return choice if sound and choice.measured and choice.device == device else None
    except Exception:  # a damaged entry fails in as many ways as there are values
        return None


def remember(folder: Path, root: Path, choice: Choice) -> bool:
    """Keep a choice for `remembered`; False if the cache folder cannot be written."""
    path = root / NAME
    key = _key(folder, choice.device)
    kept = {other: value for other, value in _read(path).items() if other != key}
    kept = dict([*kept.items(), (key, asdict(choice))][-_KEPT:])
    try:
        root.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": VERSION, "measurements": kept}, indent=1)
        files.write_atomically(path, text.encode())
    except OSError as error:
        logger.info("what was measured is not remembered: %s", error.strerror)
        return False
    return True


def _key(folder: Path, device: str) -> str:
    """What a measurement holds for: this model on this machine."""
    record, weights = folder / manifest.NAME, folder / packing.WEIGHTS
    written = manifest.parse(record.read_bytes()) if record.is_file() else None
    if written is not None:
        model = f"{written.pack} {written.wheel_sha256} {written.format}"
    else:
        model = f"{folder.resolve()} {weights.stat().st_mtime_ns if weights.is_file() else 0}"
    processor = processor_name() if device == "cpu" else torch.cuda.get_device_name() if device == "cuda" else device
    return " | ".join([model, device, processor, f"{usable_cores()} cores", f"torch {version('torch')}"])


def _read(path: Path) -> dict[str, Any]:
    """Read the measurements in a file; a damaged one, or one of another version, has none."""
    try:
        content = json.loads(path.read_bytes())
        kept = content["measurements"] if content["version"] == VERSION else {}
        return kept if isinstance(kept, dict) else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}

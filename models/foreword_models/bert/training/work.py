"""What every training on a file of the user's own does around it: the folder that it goes on from, and its time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from foreword_models.errors import TrainingError

WORK = "training"
"""The folder, in the one that is written, of what a training goes on from after it was stopped."""


def claim(out: Path, path: Path, encoder: Path, options: object, made: str) -> None:
    """Make the folder ours, or see that it is: of this very training, or of a finished one, to be replaced.

    Parameters
    ----------
    path
        The file that is learned from.
    options
        A dataclass; of the files among its values the content counts.
    made
        The file by which a finished one is known.
    """
    asked = hashlib.sha256(path.read_bytes() + str((encoder.resolve(), options)).encode())
    for file in (value for value in vars(options).values() if isinstance(value, Path) and value.is_file()):
        asked.update(file.read_bytes())
    digest = asked.hexdigest()
    mark = out / WORK / "started.json"
    if mark.is_file():
        if json.loads(mark.read_text(encoding="utf-8")).get("sha256") != digest:
            raise TrainingError(
                f"{out} holds a training that was stopped and that began with other data or options: ask for the same "
                f"again to go on, or delete {out / WORK}."
            )
        return
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / made).is_file())):
        raise TrainingError(f"{out} is there and holds something else: name another folder with --out.")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"sha256": digest}), encoding="utf-8")


def say_time(say: Callable[[str], None], seconds: float, what: str) -> None:
    """Say how long a training will take."""
    minutes = seconds / 60
    about = f"about {max(1, round(seconds))} seconds" if minutes < 1.5 else f"about {round(minutes)} minutes"
    say(f"This will take {about} at the speed just measured ({what}).")

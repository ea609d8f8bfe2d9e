"""From what a user names a model by, a pack or a path, to the folder that it is loaded from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from foreword_models.errors import UnsupportedModelError
from foreword_models.zoo import files, registry
from foreword_models.zoo.progress import Progress, Silent, stage, unsaid
from foreword_models.zoo.pull import require
from foreword_models.zoo.registry import Kind
from foreword_models.zoo.store import Store


def locate(
    name: str, kind: Kind, store: Store, *, progress: Progress | None = None, say: Callable[[str], None] = unsaid
) -> Path:
    """Return the folder of a model, which is fetched or converted first where that is needed.

    Parameters
    ----------
    name : str
        A pack's name; or the path of a transformers directory, or (decoders) of a GGUF file.
    kind : {"decoder", "encoder"}
        What the model is to be used as.

    Raises
    ------
    UnknownPackError
        Neither a pack nor a path.
    UnsupportedModelError
        A pack of the other kind.
    PackError, ModelError
        The pack cannot be pulled, or the file cannot be converted.
    """
    path = Path(name).expanduser()
    if name not in registry.packs() and path.exists():
        return path if path.is_dir() else _converted(path, store, progress or Silent())
    pack = registry.pack(name)
    if pack.kind != kind:
        fitting = ", ".join(other.name for other in registry.packs().values() if other.kind == kind)
        raise UnsupportedModelError(
            f"Model pack {name} is of kind {pack.kind}: choose one of kind {kind}, as {fitting}."
        )
    return require(pack, store, progress=progress, say=say)


def _converted(path: Path, store: Store, progress: Progress) -> Path:
    """Return the packed form of a GGUF file, made once for each state of the file."""
    from foreword_models.gpt.packing import FORMAT, pack

    status = path.stat()
    identity = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0{FORMAT}"
    folder = store.root / "converted" / hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if folder.is_dir():
        return folder
    with files.storage_errors(store.root):
        folder.parent.mkdir(parents=True, exist_ok=True)
        working = folder.with_name(f"{folder.name}.{os.getpid()}")
        working.mkdir()
        try:
            with stage(progress, f"Converting {path.name}", status.st_size) as update:
                pack(path, working, lambda share: update(int(share * status.st_size)))
            if not folder.is_dir():  # another process may have been faster
                files.rename_folder(working, folder)
        finally:
            files.remove_tree(working)
    return folder

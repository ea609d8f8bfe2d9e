"""From what a user names a model by, a pack or a path, to the folder that it is loaded from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.zoo import files, registry
from foreword_models.zoo.convert import CONVERTERS
from foreword_models.zoo.progress import Progress, Silent, stage, unsaid
from foreword_models.zoo.pull import require
from foreword_models.zoo.registry import Kind, Pack
from foreword_models.zoo.store import Store

_MODEL_FILES = frozenset({".safetensors", ".json", ".txt", ".model"})  # of a transformers directory, by suffix


def locate(
    name: str, kind: Kind, store: Store, *, progress: Progress | None = None, say: Callable[[str], None] = unsaid
) -> Path:
    """Return the folder of a model, which is fetched or converted first where that is needed.

    Parameters
    ----------
    name : str
        A pack's name; or the path of a transformers directory, or (decoders) of a GGUF file, or (vectors) of a file in
        a format of word2vec or GloVe, or of a folder that holds the files of such a pack.
    kind : {"decoder", "encoder", "grammar", "vectors"}
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
    path = _path(name)
    if path is not None:
        return path if _is_ready(path, kind) else _converted(path, kind, store, progress or Silent())
    return require(_pack(name, kind), store, progress=progress, say=say)


def ready(name: str, kind: Kind, store: Store) -> Path | None:
    """Return what `locate` would if that takes no fetching and no converting, else None; the errors are the same."""
    path = _path(name)
    if path is None:
        return store.installed(_pack(name, kind))
    if _is_ready(path, kind):
        return path
    folder = _folder(path, kind, store)
    return folder if folder.is_dir() else None


def _path(name: str) -> Path | None:
    """The path that a name is, if it is no pack's."""
    path = Path(name).expanduser()
    return path if name not in registry.packs() and path.exists() else None


def _pack(name: str, kind: Kind) -> Pack:
    pack = registry.pack(name)
    if pack.kind != kind:
        fitting = ", ".join(other.name for other in registry.packs().values() if other.kind == kind)
        raise UnsupportedModelError(
            f"Model pack {name} is of kind {pack.kind}: choose one of kind {kind}, as {fitting}."
        )
    return pack


def _is_ready(path: Path, kind: Kind) -> bool:
    """Whether a model is loaded from where it is: its directory, which (decoders, vectors) is packed already."""
    if kind in ("encoder", "grammar"):
        return True
    return path.is_dir() and all((path / name).is_file() for name in CONVERTERS[kind].files)


def _folder(path: Path, kind: Kind, store: Store) -> Path:
    """Where the packed form of a file or a transformers directory lies: one for each state of its files."""
    try:
        parts = [path] if path.is_file() else sorted(part for part in path.iterdir() if part.suffix in _MODEL_FILES)
        states = [f"{part.name}\0{it.st_size}\0{it.st_mtime_ns}" for part in parts for it in [part.stat()]]
    except OSError as error:
        raise CorruptModelError(f"{path} cannot be read ({error.strerror}); mend that or choose another.") from error
    identity = "\0".join([str(path.resolve()), *states, f"{kind} {CONVERTERS[kind].format}"])
    return store.root / "converted" / hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _converted(path: Path, kind: Kind, store: Store, progress: Progress) -> Path:
    """Return the packed form of a file or a transformers directory, which is made if it is not there."""
    folder = _folder(path, kind, store)
    if folder.is_dir():
        return folder
    size = path.stat().st_size if path.is_file() else files.folder_size(path)
    with files.storage_errors(store.root):
        folder.parent.mkdir(parents=True, exist_ok=True)
        working = folder.with_name(f"{folder.name}.{os.getpid()}")
        working.mkdir()
        try:
            with stage(progress, f"Converting {path.name}", size) as update:
                _convert(path, kind, working, lambda share: update(int(share * size)))
            if not folder.is_dir():  # another process may have been faster
                files.rename_folder(working, folder)
        finally:
            files.remove_tree(working)
    return folder


def _convert(path: Path, kind: Kind, out: Path, report: Callable[[float], None]) -> None:
    if kind == "vectors":
        from foreword_models.static import packing

        packing.pack(path, out, report)
    else:
        from foreword_models.gpt.packing import pack

        pack(path, out, report)

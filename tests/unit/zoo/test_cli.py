"""``foreword models``, through typer's own runner."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from foreword.cli.models import app
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import DownloadError, PackError, TermsError, UnknownPackError
from foreword_models.zoo import registry
from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import make_pack, make_split_pack


@pytest.fixture(autouse=True)
def only_made_up(pack: Pack, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "packs", lambda: {pack.name: pack})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments: object) -> Any:
    """Run with --json, and read what comes."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_list_shows_what_could_be_here_and_what_is(pack: Pack, store: Store, wheel: Path) -> None:
    before = answer("list")
    assert before["cache"] == str(store.root)
    (row,) = before["packs"]
    assert (row["name"], row["installed"], row["path"], row["bytes"]) == ("made-up", False, None, 0)
    assert row["download_bytes"] == pack.wheels[0].size
    run("pull", "made-up", "--from", wheel)
    (row,) = answer("list")["packs"]
    assert (row["installed"], row["path"], row["bytes"]) == (True, str(store.folder(pack)), store.size(pack))
    assert "made-up       encoder, default  here, 1" in run("list").stdout


def test_pull_knows_a_pinned_wheel_by_its_name(pack: Pack, store: Store, wheel: Path) -> None:
    (row,) = answer("pull", "--from", wheel)["packs"]
    assert row == {"name": "made-up", "path": str(store.folder(pack)), "bytes": store.size(pack)}
    again = run("pull", "--from", wheel)
    assert again.exit_code == 0
    assert "is here already" in again.stderr


def test_pull_shows_progress_as_plain_lines_on_stderr(wheel: Path) -> None:
    result = run("pull", "--from", wheel)
    assert "Unpacking made-up ...\nUnpacking made-up: done in" in result.stderr
    assert result.stdout.count("\n") == 1


def test_wrong_usage_is_exit_code_2(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"")
    assert run("pull", "--from", tmp_path / "other.whl").exit_code == 2
    assert run("remove").exit_code == 2
    assert run("no-such-command").exit_code == 2


def test_an_unknown_name_is_refused_before_anything_is_done(pack: Pack, store: Store, wheel: Path) -> None:
    run("pull", "--from", wheel)
    for command in ("pull", "verify", "remove"):
        result = run(command, "made-up", "made-down")
        assert isinstance(result.exception, UnknownPackError)
        assert "did you mean made-up?" in str(result.exception)
    assert isinstance(run("path", "made-down").exception, UnknownPackError)
    assert store.installed(pack)


def test_path_prints_the_folder_and_nothing_else(pack: Pack, store: Store, wheel: Path) -> None:
    assert "foreword models pull made-up" in str(run("path", "made-up").exception)
    run("pull", "--from", wheel)
    assert run("path", "made-up").stdout == f"{store.folder(pack)}\n"
    assert answer("path", "made-up") == {"name": "made-up", "path": str(store.folder(pack))}


def test_verify_reports_and_repairs(pack: Pack, store: Store, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = run("verify", "made-up", "--json")
    assert isinstance(absent.exception, PackError)
    assert json.loads(absent.stdout)["packs"][0]["state"] == "absent"
    assert answer("verify") == {"packs": []}
    run("pull", "--from", wheel)
    assert answer("verify")["packs"][0]["state"] == "whole"
    (store.folder(pack) / "config.json").unlink()
    damaged = run("verify", "--no-repair")
    assert isinstance(damaged.exception, PackError)
    assert damaged.stdout == "made-up: damaged\n  config.json is missing\n"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    (row,) = answer("verify")["packs"]
    assert (row["state"], row["damages"]) == ("repaired", [{"file": "config.json", "problem": "is missing"}])
    assert store.verify(pack) == ()


def test_remove_says_what_it_freed(pack: Pack, store: Store, wheel: Path) -> None:
    run("pull", "--from", wheel)
    size = store.size(pack)
    assert answer("remove", "made-up") == {"packs": [{"name": "made-up", "bytes_freed": size}]}
    assert run("remove", "made-up").stdout == "made-up: was not here\n"


def test_terms_are_shown_and_not_accepted_by_silence(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, wheel = make_pack(tmp_path, terms="Do no harm.")
    monkeypatch.setattr(registry, "packs", lambda: {pack.name: pack})
    refused = run("pull", "--from", wheel)
    assert isinstance(refused.exception, TermsError)
    assert "Do no harm." in refused.stderr
    assert run("pull", "--from", wheel, "--accept-terms").exit_code == 0


@pytest.mark.parametrize("says", ["y", "n"])
def test_terms_are_asked_for_where_somebody_can_answer(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    pack, wheel = make_pack(tmp_path, terms="Do no harm.")
    monkeypatch.setattr(registry, "packs", lambda: {pack.name: pack})
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("foreword.cli.models.sys", SimpleNamespace(stdin=terminal, stderr=terminal))
    result = CliRunner().invoke(app, ["pull", "--from", str(wheel)], input=says)
    assert "Do no harm.\nAccept these terms of model pack made-up? [y/N]:" in result.stderr
    assert store.accepted(pack) == (says == "y")
    assert isinstance(result.exception, TermsError) == (says == "n")


def test_a_pack_of_several_wheels_is_known_by_their_names(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, wheels = make_split_pack(tmp_path)
    monkeypatch.setattr(registry, "packs", lambda: {pack.name: pack})
    (row,) = answer("list")["packs"]
    assert row["distributions"] == ["made-up-part1", "made-up-part2", "made-up-part3"]
    assert row["download_bytes"] == sum(wheel.stat().st_size for wheel in wheels)
    assert isinstance(run("pull", "--from", wheels[0]).exception, DownloadError)
    assert run("pull", "--from", wheels[0], "--from", tmp_path / "other.whl").exit_code == 2
    result = run("pull", *(argument for wheel in wheels for argument in ("--from", wheel)))
    assert result.exit_code == 0, result.output
    assert store.installed(pack)


@pytest.mark.parametrize("command", ["list", "pull", "verify", "path", "remove"])
def test_help_has_an_example(command: str) -> None:
    assert "foreword models" in run(command, "--help").output


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, foreword.cli.models; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], env=None, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_a_terminal_gets_a_bar() -> None:
    screen = io.StringIO()
    progress = TerminalProgress(console=Console(file=screen, force_terminal=True, width=100))
    progress.start("Downloading made-up", 2_000_000)
    progress.update(2_000_000)
    progress.finish()
    progress.finish()
    assert "Downloading made-up" in screen.getvalue()
    assert "2.0/2.0 MB" in screen.getvalue()


def test_elsewhere_a_stage_that_failed_is_not_called_done() -> None:
    lines = io.StringIO()
    progress = TerminalProgress("steps", console=Console(file=lines, width=100))
    progress.start("Training", 10)
    progress.update(4)
    progress.finish()
    progress.start("Waiting", 0)
    progress.finish()
    assert lines.getvalue() == "Training ...\nWaiting ...\n"

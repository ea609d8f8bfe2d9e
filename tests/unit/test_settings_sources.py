"""What is in force in a folder, and which file says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foreword.cli.settings import app
from foreword.settings_sources import Value, in_force


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    user, project = tmp_path / "mine.toml", tmp_path / "project"
    project.mkdir()
    monkeypatch.setenv("FOREWORD_CONFIG", str(user))
    user.write_text("[completion]\nmaxItems = 3\nkeyboard = 'azerty'\n")
    (project / ".foreword.toml").write_text(
        "[completion]\nmaxItems = 4\n[diagnostics.classifiers.spam]\nenabled = true\n"
    )
    return user, project


def test_the_last_file_that_says_so_is_named(folders: tuple[Path, Path]) -> None:
    user, project = folders
    found, problems = in_force(project)
    assert not problems
    assert found["completion.maxItems"] == Value(4, project / ".foreword.toml")
    assert found["completion.keyboard"] == Value("azerty", user)
    assert found["completion.enabled"] == Value(True, None)
    assert found["diagnostics.classifiers.spam.enabled"] == Value(True, project / ".foreword.toml")


def test_it_is_printed(folders: tuple[Path, Path]) -> None:
    user, project = folders
    result = CliRunner().invoke(app, ["show", str(project), "--json"])
    assert result.exit_code == 0
    settings = json.loads(result.stdout)["settings"]
    assert settings["completion.keyboard"] == {"value": "azerty", "from": str(user)}
    assert "completion.enabled" not in settings
    everything = CliRunner().invoke(app, ["show", str(project), "--json", "--all"])
    assert json.loads(everything.stdout)["settings"]["completion.enabled"] == {"value": True, "from": None}


def test_what_is_wrong_is_told_and_the_rest_shown(folders: tuple[Path, Path]) -> None:
    _, project = folders
    (project / ".foreword.toml").write_text("[completion]\nmaxItem = 4\n")
    result = CliRunner().invoke(app, ["show", str(project)])
    assert result.exit_code == 1
    assert "did you mean completion.maxItems?" in result.stderr
    assert "azerty" in result.stdout


def test_nothing_set_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "empty.toml"))
    (tmp_path / "empty.toml").touch()
    assert CliRunner().invoke(app, ["show", str(tmp_path)]).stdout == "Everything is at its default.\n"

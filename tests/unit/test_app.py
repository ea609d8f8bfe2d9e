"""What becomes of errors on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from foreword.cli import app
from foreword_models.errors import ForewordError


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException) -> int:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr("foreword.cli.complete.command_models", fail)
    monkeypatch.setattr("platformdirs.user_log_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr(sys, "argv", ["foreword", "complete", "some private text"])
    return app.run()


def test_an_error_for_the_user_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, ForewordError("The disk is full; make room.")) == 1
    assert capsys.readouterr().err == "foreword: The disk is full; make room.\n"


def test_an_unexpected_error_is_reported_without_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, ValueError("some private text")) == 1
    printed = capsys.readouterr().err
    report = (tmp_path / "last-error.txt").read_text()
    assert printed.count("\n") == 1
    assert "ValueError" in printed
    assert "ValueError" in report
    assert "private" not in printed + report


def test_an_interrupted_command_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""

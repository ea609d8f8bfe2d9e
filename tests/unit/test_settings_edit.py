"""One setting changed in a file that a person has written: everything else stays, and nothing is written by halves."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.settings_edit import SettingsFileError, _changed, project_file, set_value, user_file

KEYS = ("diagnostics", "classifiers", "sentiment", "labels")
WRITTEN = """# what I like
[completion]   # few
maxItems = 3

[diagnostics.classifiers.sentiment]
severity = "hint" # quiet
labels = ["negative",
          "positive"]
"""


def test_comments_and_order_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN, encoding="utf-8")
    set_value(file, KEYS, ["positive"])
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:6] == WRITTEN.splitlines()[:6]
    assert lines[6:] == ['labels = ["positive"]']


@pytest.mark.parametrize("content", [None, "", "\ufeff", "enabled = true\n", "[diagnostics]\nenabled = true\n"])
def test_a_table_or_a_file_that_is_missing_is_made(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "new" / "config.toml"
    if content is not None:
        file.parent.mkdir()
        file.write_text(content, encoding="utf-8")
    set_value(file, KEYS, [])
    text = file.read_text(encoding="utf-8")
    assert "[diagnostics.classifiers.sentiment]\nlabels = []" in text
    assert tomllib.loads(text)["diagnostics"]["classifiers"]["sentiment"]["labels"] == []
    assert list(file.parent.iterdir()) == [file]


names = st.text("abc-_. 'é\"", min_size=1, max_size=4)


@given(st.lists(names, min_size=1, max_size=4), st.lists(names, max_size=3), st.sampled_from(["", WRITTEN, "a = 1\n"]))
def test_what_is_set_is_read_and_the_rest_is_as_before(keys: list[str], value: list[str], content: str) -> None:
    try:
        changed = tomllib.loads(_changed(content, keys, value))
    except Exception as error:
        assert "no table" in str(error)  # noqa: PT017
        return
    before = tomllib.loads(content)
    found: Any = changed
    for key in keys:
        found = found[key]
    assert found == value
    assert all(changed[key] == before[key] for key in before if key != keys[0])


@pytest.mark.parametrize("content", [b"a = ", b"\xff", b"diagnostics = 1", b"[diagnostics]\nclassifiers = 3"])
def test_a_file_that_cannot_be_changed_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsFileError, match=r"config\.toml"):
        set_value(file, KEYS, [])
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(os.name == "nt", reason="makes a symbolic link")
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_text(WRITTEN, encoding="utf-8")
    (tmp_path / "dotfiles").chmod(0o600)
    (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles")
    set_value(tmp_path / "config.toml", KEYS, [])
    assert (tmp_path / "config.toml").is_symlink()
    assert "labels = []" in (tmp_path / "dotfiles").read_text(encoding="utf-8")
    assert (tmp_path / "dotfiles").stat().st_mode & 0o777 == 0o600


def test_where_a_project_keeps_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, shared = tmp_path / ".foreword.toml", tmp_path / "pyproject.toml"
    assert project_file(tmp_path) == (own, ())
    for content in ("", "[tool.other]\n", "tool = 1\n", "= wrong"):
        shared.write_text(content, encoding="utf-8")
        assert project_file(tmp_path) == (own, ())
    shared.write_text("[tool.foreword]\nenabled = true\n", encoding="utf-8")
    assert project_file(tmp_path) == (shared, ("tool", "foreword"))
    own.touch()
    assert project_file(tmp_path) == (own, ())
    monkeypatch.setenv("FOREWORD_CONFIG", str(shared))
    assert user_file() == shared

"""Foreword in a real Vim on a terminal, through ALE: a list of words when it is asked for, and marks.

One session is driven by ``vim_session.vim``, with ``clients/vim/ale.vim``, the real server and the real models; the
tests read what the session noted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword_models.zoo.store import Store

pytestmark = [
    pytest.mark.editor,
    pytest.mark.model,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals here"),
]

CONFIGURATION = Path(__file__).resolve().parents[2] / "clients" / "vim" / "ale.vim"
SESSION = Path(__file__).with_name("vim_session.vim")
SERVER = [sys.executable, "-m", "foreword", "serve"]

Notes = dict[str, Any]


@pytest.fixture(scope="module")
def vim(editor: Callable[..., str]) -> str:
    """Return the path of Vim."""
    return editor("vim", version="VIM - Vi IMproved 9")


@pytest.fixture(scope="module")
def ale() -> Path:
    """Return the folder of ALE: that of Debian's package, or what FOREWORD_ALE names."""
    folder = Path(os.environ.get("FOREWORD_ALE", "/usr/share/vim-ale"))
    if not (folder / "plugin" / "ale.vim").exists():
        if os.environ.get("FOREWORD_REQUIRE_EDITORS"):
            pytest.fail(f"ALE is not in {folder}")
        pytest.skip(f"ALE is not in {folder}; FOREWORD_ALE may name another folder")
    return folder


@pytest.fixture(scope="module")
def notes(vim: str, ale: Path, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Notes:
    """Drive the session and return what it noted."""
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    folder = tmp_path_factory.mktemp("vim")
    (folder / "vimrc").write_text(
        "set nocompatible encoding=utf-8 completeopt=menuone,noselect noswapfile viminfo=\n"
        "filetype plugin on\n"
        f"set runtimepath^={ale}\n"
        f"let g:foreword_command = {json.dumps(SERVER)}\n"
        "let g:foreword_settings = {'completion': {'maxItems': 4}}\n"
        f"source {CONFIGURATION}\n",
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("FOREWORD_CONFIG", "VIMINIT")}
    environment |= {
        "HOME": str(folder),
        "TERM": "xterm",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "FOREWORD_CACHE": str(Store.default().root),
        "FOREWORD_TEST_NOTES": str(folder / "notes.json"),
    }
    screen = on_a_terminal(
        [vim, "-N", "-u", str(folder / "vimrc"), "-S", str(SESSION), "letter.md"], folder, environment
    )
    if not (folder / "notes.json").exists():
        pytest.fail(f"Vim ended early: {screen[-2000:]!r}", pytrace=False)
    notes: Notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\n{notes['messages']}", pytrace=False)
    return notes


def on_a_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> bytes:
    """Run a command on a terminal of its own until it ends; returns what it wrote there."""
    import pty

    ours, theirs = pty.openpty()
    written: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(ours, 65536):
                written.append(data)
        except OSError:  # the other end was closed
            return

    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        process.wait(timeout=200)
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=10)
        os.close(ours)
    return b"".join(written)


def test_words_appear_after_a_space(notes: Notes) -> None:
    assert {"minute", "few"} <= set(notes["after_space"])
    assert len(notes["after_space"]) == 4  # the setting is in force


def test_words_go_on_from_the_letters_typed(notes: Notes) -> None:
    assert notes["inside_word"][0] == "schedule"
    assert notes["line"] == "We should schedule"


def test_a_mark_lies_on_its_sentence(notes: Notes) -> None:
    [mark] = notes["marks"]
    assert "negative" in mark["text"]
    assert mark["lnum"] == len(notes["lines"])
    line = notes["lines"][-1]
    assert line[mark["col"] - 1 :].startswith("The soup was awful")

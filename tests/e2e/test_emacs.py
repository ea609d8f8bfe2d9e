"""Foreword in a real Emacs, through Eglot and through lsp-mode: the word bar, completion at point, marks, pauses.

One session is driven with each by ``emacs_session.el``, with ``clients/emacs/foreword.el``, the real server and the
real models; the tests read what the session noted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword_models.zoo.store import Store

pytestmark = [pytest.mark.editor, pytest.mark.model]

PLUGIN = Path(__file__).resolve().parents[2] / "clients" / "emacs"
SESSION = Path(__file__).with_name("emacs_session.el")
SERVER = [sys.executable, "-m", "foreword", "serve"]

Notes = dict[str, Any]


@pytest.fixture(scope="module")
def emacs(editor: Callable[..., str]) -> str:
    """Return the path of Emacs."""
    return editor("emacs", version="GNU Emacs")


@pytest.fixture(scope="module", params=["eglot", "lsp-mode"])
def notes(
    request: pytest.FixtureRequest, emacs: str, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Notes:
    """Drive the session with one of the clients and return what it noted."""
    client = str(request.param)
    lookup = ["-q", "--batch", "--eval", f"(progn (package-initialize) (require 'markdown-mode) (require '{client}))"]
    if subprocess.run([emacs, *lookup], capture_output=True, timeout=60, check=False).returncode:
        if os.environ.get("FOREWORD_REQUIRE_EDITORS"):
            pytest.fail(f"Emacs has no {client} or no markdown-mode")
        pytest.skip(f"Emacs has no {client} or no markdown-mode")
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    folder = tmp_path_factory.mktemp("emacs")
    (folder / ".git").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "FOREWORD_CONFIG"}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "FOREWORD_CACHE": str(Store.default().root),
        "FOREWORD_TEST_CLIENT": client,
        "FOREWORD_TEST_NOTES": str(folder / "notes.json"),
        "FOREWORD_TEST_PLUGIN": str(PLUGIN),
        "FOREWORD_TEST_SERVER": "\n".join(SERVER),
    }
    done = subprocess.run(
        [emacs, "--batch", "-q", "-l", str(SESSION), str(folder / "letter.md")],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=150,
        check=False,
    )
    if not (folder / "notes.json").exists():
        pytest.fail(f"Emacs ended early: {done.stderr}", pytrace=False)
    notes: Notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\n{done.stderr}", pytrace=False)
    return {**notes, "client": client}


def test_the_file_compiles_without_a_warning(emacs: str, tmp_path: Path) -> None:
    copy = shutil.copy(PLUGIN / "foreword.el", tmp_path)
    strictly = ["--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", str(copy)]
    done = subprocess.run(
        [emacs, "--batch", "-Q", *strictly], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


class TestSession:
    def test_the_bar_has_the_next_words(self, notes: Notes) -> None:
        words = notes["bar_after_space"]
        assert len(words) == 3
        assert words[0] in {"minute", "moment", "few"}
        assert notes["header"] == "   ".join(f"{number} {word}" for number, word in enumerate(words, 1))

    def test_the_bar_goes_on_from_the_letters_typed(self, notes: Notes) -> None:
        assert notes["bar_inside_word"][0] == "schedule"

    def test_a_key_takes_a_word_with_its_space_and_tells_the_server(self, notes: Notes) -> None:
        assert notes["taken"] == "We should schedule "
        assert notes["accepted"] == 1
        assert notes["mark_behind"] == "We should schedule."
        if notes["client"] == "eglot":
            assert notes["taken_behind_emoji"] == "Zoé 😀 is here, so we should schedule "

    def test_completion_at_point(self, notes: Notes) -> None:
        assert "schedule" in notes["list"]
        assert all(word.startswith("sche") for word in notes["list"])
        assert notes["completed"].startswith("We should sche")

    def test_a_mark_lies_on_its_sentence(self, notes: Notes) -> None:
        if notes["client"] == "lsp-mode":
            pytest.skip("lsp-mode shows marks through Flycheck or Flymake, which it is not set up with here")
        text, message = notes["mark"]
        assert text == "The soup was awful and I hated every minute of the evening."
        assert "negative" in message

    def test_a_pause_stops_the_bar(self, notes: Notes) -> None:
        assert notes["bar_in_pause"] == ""
        assert notes["bar_after_pause"][0] == "schedule"

    def test_the_bar_ends_with_the_client(self, notes: Notes) -> None:
        if notes["client"] == "eglot":
            assert not notes["mode_after_shutdown"]

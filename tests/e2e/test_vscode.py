"""Foreword in a real VS Code: code-server with the packaged extension, driven in a browser key by key.

The sessions are driven by the scripts of ``clients/vscode/test``, with the real server and the real models; the tests
read what was noted. Pictures are kept in the folder that FOREWORD_SCREENSHOTS names.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword_models.zoo.store import Store
from tests.e2e import code_server
from tests.e2e.code_server import EXTENSION, CodeServer, Tools

pytestmark = pytest.mark.editor

SERVER = [sys.executable, "-m", "foreword", "serve"]

Notes = dict[str, Any]


@pytest.fixture(scope="module")
def tools(editor: Callable[..., str]) -> Tools:
    """Find code-server, a browser and Node; the Node packages of the extension have to be installed as well."""
    tools = Tools(node=editor("node"), chromium=editor("chromium"), code_server=editor("code-server"))
    if not (EXTENSION / "node_modules" / "playwright-core").is_dir():
        reason = "the Node packages of clients/vscode are not installed (npm ci)"
        pytest.fail(reason) if os.environ.get("FOREWORD_REQUIRE_EDITORS") else pytest.skip(reason)
    return tools


@pytest.fixture(scope="module")
def vsix(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package that users install."""
    return code_server.package(tools, tmp_path_factory.mktemp("vsix"))


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pictures."""
    named = os.environ.get("FOREWORD_SCREENSHOTS")
    return Path(named) / "vscode" if named else tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="module")
def notes(
    tools: Tools, vsix: Path, shots: Path, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Notes:
    """Drive the session and return what was noted."""
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    environment = {"FOREWORD_CACHE": str(Store.default().root), "FOREWORD_CONFIG": ""}
    settings = {"foreword.server.command": SERVER}
    server = CodeServer(tools, tmp_path_factory.mktemp("vscode"), settings, environment)
    server.install(vsix)
    (server.workspace / "letter.md").write_text("", encoding="utf-8")
    with server.serving("--disable-workspace-trust") as serving:
        notes: Notes = serving.drive("session.mjs", "letter.md", shots)
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\nnotifications: {notes['notifications']}", pytrace=False)
    return notes


@pytest.mark.model
class TestSession:
    def test_words_are_on_the_bar_after_a_space(self, notes: Notes) -> None:
        assert "minute" in notes["wordsAfterSpace"]
        assert len(notes["wordsAfterSpace"]) == 3

    def test_words_on_the_bar_go_on_from_the_letters_typed(self, notes: Notes) -> None:
        assert all(word.startswith("mi") for word in notes["wordsInside"])

    def test_a_key_takes_the_first_word_with_its_space(self, notes: Notes) -> None:
        assert notes["taken"] == f"I will be there in a {notes['first']} "

    def test_a_mark_goes_before_that_space(self, notes: Notes) -> None:
        assert notes["marked"] == f"I will be there in a {notes['first']}."

    def test_nobody_was_told_of_a_problem(self, notes: Notes) -> None:
        assert notes["notifications"] == []


def test_the_settings_are_those_that_the_server_describes() -> None:
    schema = pytest.importorskip("foreword.settings_schema", reason="the server does not describe its settings yet")
    description = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    [group] = [each for each in description["contributes"]["configuration"] if each["id"] == "server"]
    assert group["properties"] == schema.vscode_properties()

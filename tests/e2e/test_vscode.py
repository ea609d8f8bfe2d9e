"""Foreword in a real VS Code: code-server with the packaged extension, driven in a browser key by key.

The sessions are driven by the scripts of ``clients/vscode/test``, with the real server and the real models; the tests
read what was noted. Pictures are kept in the folder that FOREWORD_SCREENSHOTS names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreword import __version__, settings_schema
from foreword_models.zoo.store import Store
from tests.e2e import code_server
from tests.e2e.code_server import EXTENSION, CodeServer, Serving, Tools

pytestmark = pytest.mark.editor

GRAMMAR = importlib.util.find_spec("onnxruntime") is not None
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
def serving(
    tools: Tools, vsix: Path, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """Run a code-server with the extension, whose windows each start a server of their own."""
    for name in ("smollm2-135m", "minilm-l6", *(["grammar-tagger"] if GRAMMAR else [])):
        pack(name)
    folder = tmp_path_factory.mktemp("vscode")
    schema = folder / "schema.json"
    schema.write_text(json.dumps(settings_schema.vscode_properties()), encoding="utf-8")
    environment = {
        "FOREWORD_CACHE": str(Store.default().root),
        "FOREWORD_CONFIG": "",
        "FOREWORD_TEST_SCHEMA": str(schema),
        "FOREWORD_TEST_VERSION": __version__,
    }
    settings = {
        "foreword.server.command": SERVER,
        "foreword.diagnostics.classifiers": {"grammar": {"enabled": GRAMMAR}},
    }
    server = CodeServer(tools, folder, settings, environment)
    server.install(vsix)
    (server.workspace / "letter.md").write_text("", encoding="utf-8")
    with server.serving("--disable-workspace-trust") as serving:
        yield serving


@pytest.fixture(scope="module")
def notes(serving: Serving, shots: Path) -> Notes:
    """Drive the session and return what was noted."""
    notes: Notes = serving.drive("session.mjs", "letter.md", shots, timeout=540, grammar=GRAMMAR)
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\nnotifications: {notes['notifications']}", pytrace=False)
    return notes


@pytest.fixture(scope="module")
def inside(serving: Serving, shots: Path) -> Notes:
    """Run the tests of ``clients/vscode/test/host`` in a window's extension host, and return Mocha's report."""
    [extension] = serving.server.extensions.glob("foreword.foreword-*")
    (serving.server.workspace / "inside.md").write_text("", encoding="utf-8")
    report: Notes = serving.drive("host.mjs", "inside.md", shots, timeout=540, extension=str(extension), seconds=500)
    if "problem" in report:
        pytest.fail(str(report), pytrace=False)
    return report


@pytest.fixture(scope="module")
def setup(
    tools: Tools, vsix: Path, shots: Path, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Notes:
    """Drive what happens where there is no server yet, and return what was noted.

    The extension installs its own wheel; what that depends on is not fetched but taken from this environment.
    """
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    folder = tmp_path_factory.mktemp("vscode-setup")
    places = [each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "foreword").exists()]
    environment = {
        "FOREWORD_CACHE": str(Store.default().root),
        "FOREWORD_CONFIG": "",
        "PATH": os.pathsep.join(places),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
    settings = {"security.workspace.trust.startupPrompt": "never", "foreword.server.python": sys.executable}
    server = CodeServer(tools, folder, settings, environment)
    server.install(vsix)
    (server.workspace / "letter.md").write_text("", encoding="utf-8")
    old = folder / "python3.9"
    old.write_text(f"#!/bin/sh\necho {old}\necho 3 9\n", encoding="utf-8")
    old.chmod(0o755)
    other = [sys.executable, str(Path(__file__).with_name("other_server.py"))]
    options: dict[str, Any] = {
        "settings": server.settings,
        "settingsFiles": [str(file) for file in server.settings_files],
        "otherVersion": [*other, "9.9.9"],
        "endsAtOnce": [*other, __version__, "--ends"],
        "oldPython": str(old),
    }
    with server.serving() as serving:
        notes: Notes = serving.drive("setup.mjs", "letter.md", shots, **options)
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\nnotifications: {notes['notifications']}", pytrace=False)
    return notes


@pytest.mark.model
@pytest.mark.timeout(600)
class TestSession:
    def test_words_are_on_the_bar_after_a_space(self, notes: Notes) -> None:
        assert "minute" in notes["wordsAfterSpace"]
        assert len(notes["wordsAfterSpace"]) == 3

    def test_pointing_at_a_word_shows_how_likely_it_is(self, notes: Notes) -> None:
        assert notes["wordsAfterSpace"][0] in notes["hover"]
        assert "%" in notes["hover"]
        assert "Alt+1" in notes["hover"]

    def test_words_on_the_bar_go_on_from_the_letters_typed(self, notes: Notes) -> None:
        assert all(word.startswith("mi") for word in notes["wordsInside"])

    def test_a_key_takes_the_first_word_with_its_space(self, notes: Notes) -> None:
        assert notes["taken"] == f"I will be there in a {notes['first']} "

    def test_a_mark_goes_before_that_space(self, notes: Notes) -> None:
        assert notes["marked"] == f"I will be there in a {notes['first']}."

    def test_ghost_text_survives_the_typing_of_its_own_letters(self, notes: Notes) -> None:
        assert notes["ghostTyped"].startswith(notes["ghost"].strip()[2:])

    def test_one_word_of_the_ghost_text_can_be_taken(self, notes: Notes) -> None:
        before, after = notes["ghostLine"]["before"], notes["ghostLine"]["after"]
        assert after.rstrip() == before[:-2] + notes["ghost"].split()[0]

    def test_the_list_comes_only_when_asked_for(self, notes: Notes) -> None:
        assert notes["popups"] == []
        assert "schedule" in notes["list"]  # and Tab took it, or the session had ended there

    def test_a_mark_has_its_quick_fixes(self, notes: Notes) -> None:
        assert "Ignore this sentence" in notes["fixes"]  # and it took the mark away, or the session had ended there
        assert any("in this project" in fix for fix in notes["fixes"])

    @pytest.mark.skipif(not GRAMMAR, reason="onnxruntime is not installed (extra grammar)")
    def test_the_quick_fix_of_a_slip_mends_it(self, notes: Notes) -> None:
        assert notes["mended"] == "He is much taller than me."

    def test_a_pause_stops_all_of_it(self, notes: Notes) -> None:
        paused = notes["paused"]
        assert paused["status"] == "Foreword: paused"
        assert (paused["words"], paused["ghost"], paused["marks"]) == ([], "", 0)
        assert notes["resumed"]

    def test_it_can_be_off_for_a_language(self, notes: Notes) -> None:
        assert notes["onAgain"]  # it was off before, or the session had ended there

    def test_a_server_that_is_killed_is_started_again_and_goes_on(self, notes: Notes) -> None:
        assert "much" in notes["afterKill"]
        assert len(notes["servers"]) == 1

    def test_nobody_was_told_of_a_problem(self, notes: Notes) -> None:
        assert notes["notifications"] == []

    @pytest.mark.usefixtures("notes")
    def test_no_log_has_anything_of_the_text(self, serving: Serving) -> None:
        folder = serving.server.folder
        files = [folder / "code-server.log", *(folder / "data" / "logs").rglob("*.log")]
        logs = "".join(file.read_text(encoding="utf-8") for file in files)
        assert " ".join(SERVER) in logs
        assert re.search("waiter|taller|lovely", logs) is None


@pytest.mark.model
@pytest.mark.timeout(600)
def test_the_tests_inside_the_extension_host_pass(inside: Notes) -> None:
    failures = [f"{each['fullTitle']}: {each['err'].get('message')}" for each in inside["failures"]]
    assert failures == []
    assert inside["stats"]["passes"] >= 19


@pytest.mark.model
class TestSetup:
    def test_nothing_is_started_in_a_folder_that_is_not_trusted(self, setup: Notes) -> None:
        assert "not trusted" in setup["notTrusted"]
        assert setup["startedBeforeTrust"] == []

    def test_the_server_is_offered_and_the_question_says_what_is_fetched(self, setup: Notes) -> None:
        assert "the remote machine" in setup["noServer"]  # seen from the browser, code-server is one
        assert "MB" in setup["question"]
        assert sys.executable in setup["question"]

    def test_words_come_from_the_server_that_was_installed(self, setup: Notes) -> None:
        assert "minute" in setup["words"]

    def test_a_server_of_another_version_is_told_of(self, setup: Notes) -> None:
        assert __version__ in setup["otherVersion"]

    def test_a_command_that_is_not_there_is_named(self, setup: Notes) -> None:
        assert "foreword-is-not-here" in setup["notStarted"]

    def test_a_server_that_ends_again_and_again_is_given_up(self, setup: Notes) -> None:
        assert setup["gaveUp"].startswith("The Foreword server ended again and again")

    def test_a_python_that_is_too_old_is_named(self, setup: Notes) -> None:
        assert "3.9" in setup["oldPython"]
        assert "3.11" in setup["oldPython"]


def test_the_settings_are_those_that_the_server_describes() -> None:
    description = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    [group] = [each for each in description["contributes"]["configuration"] if each["id"] == "server"]
    assert group["properties"] == settings_schema.vscode_properties()

"""The page of ``foreword playground`` in a real browser: words, ghost text, marks and figures, key by key.

The session is driven by ``clients/web/test/session.mjs``, with the real server and the real models; the tests read
what was noted. Pictures are kept in the folder that FOREWORD_SCREENSHOTS names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreword_models.zoo.store import Store

pytestmark = pytest.mark.editor

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "web"
COMMAND = [sys.executable, "-m", "foreword", "playground", "--no-browser"]

Notes = dict[str, Any]


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pictures."""
    named = os.environ.get("FOREWORD_SCREENSHOTS")
    folder = Path(named) / "playground" if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def driver(editor: Callable[..., str]) -> tuple[str, str]:
    """Find Node and a browser; the Node packages of the page have to be installed as well."""
    found = editor("node"), editor("chromium")
    if not (CLIENT / "node_modules" / "playwright-core").is_dir():
        reason = "the Node packages of clients/web are not installed (npm ci)"
        pytest.fail(reason) if os.environ.get("FOREWORD_REQUIRE_EDITORS") else pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def server(driver: tuple[str, str], pack: Callable[[str], Path]) -> Iterator[subprocess.Popen[str]]:
    """A playground whose address is still to be opened."""
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    environment = {**os.environ, "FOREWORD_CACHE": str(Store.default().root), "FOREWORD_CONFIG": ""}
    process = subprocess.Popen(
        COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    yield process
    process.kill()
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def notes(driver: tuple[str, str], server: subprocess.Popen[str], shots: Path) -> Notes:
    """Drive the session and return what it noted."""
    node, chromium = driver
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found is not None
    given = {"url": found[0], "chromium": chromium, "shots": str(shots), "server": server.pid}
    done = subprocess.run(
        [node, str(CLIENT / "test" / "session.mjs"), json.dumps(given)],
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"the session ended early: {done.stderr}", pytrace=False)
    notes: Notes = json.loads(done.stdout)
    if "problem" in notes:
        pytest.fail(f"{notes['problem']}\nconsole: {notes['complaints']}", pytrace=False)
    return notes


@pytest.mark.model
class TestSession:
    def test_the_token_is_not_left_in_the_address(self, notes: Notes) -> None:
        assert notes["address"] == "/"

    def test_the_address_opens_the_page_for_one_browser(self, notes: Notes) -> None:
        assert notes["stranger"] == 403

    def test_the_writer_can_begin_at_once(self, notes: Notes) -> None:
        assert notes["focused"] == "Your text"
        assert len(notes["empty"]) == 3

    def test_words_are_on_the_bar(self, notes: Notes) -> None:
        assert "minute" in notes["wordsAfterSpace"]
        assert all(word.startswith("mi") for word in notes["wordsInside"])

    def test_a_button_says_what_it_takes(self, notes: Notes) -> None:
        assert re.fullmatch(r"\s*Alt 1\s+mi\w+\s+\d+ %\s*", notes["button"])

    def test_it_keeps_nobody_out(self, notes: Notes) -> None:
        assert notes["barriers"] == []

    def test_a_key_takes_a_word_with_its_space_which_a_mark_goes_before(self, notes: Notes) -> None:
        word = notes["wordsInside"][0]
        assert notes["taken"] == f"I will be there in a {word} "
        assert notes["marked"] == f"I will be there in a {word}."

    def test_a_click_takes_a_word_and_leaves_the_cursor(self, notes: Notes) -> None:
        assert notes["clicked"].endswith("We should schedule ")
        assert notes["focusedAfterClick"] == "Your text"

    def test_ghost_text_survives_its_own_letters(self, notes: Notes) -> None:
        assert notes["ghostAfterLetter"] == notes["ghost"][1:]

    def test_ghost_text_is_taken_by_the_word_and_as_a_whole(self, notes: Notes) -> None:
        word = notes["ghost"].split()[0]
        assert notes["textAfterWord"].endswith(f" hearing {word}")
        assert notes["ghost"].removeprefix(word) in notes["ghostAfterWord"]
        assert notes["textAfterPhrase"] == notes["textAfterWord"] + notes["ghostAfterWord"]

    def test_what_is_offered_is_told_in_words(self, notes: Notes) -> None:
        assert notes["told"].endswith(f"Phrase: {notes['ghostAfterWord'].strip()}")

    def test_the_keyboard_leaves_the_text_and_comes_back(self, notes: Notes) -> None:
        assert notes["focusedAfterTab"] not in ("", "Your text")
        assert notes["focusedAfterShiftTab"] == "Your text"

    def test_a_mark_says_what_it_is(self, notes: Notes) -> None:
        assert "".join(notes["marks"]).startswith("The soup was awful")
        assert "Reads as negative" in notes["hover"]

    def test_keys_and_characters_are_counted(self, notes: Notes) -> None:
        figures, word = notes["figuresAfterWord"], notes["wordsInside"][0]
        characters = len(f"I will be there in a {word} ")
        assert figures["counts"] == f"24 keys for {characters} characters"
        assert figures["savings"] == f"{100 * (characters - 24) / characters:.1f} %"

    def test_a_writer_who_looks_at_the_words_saves_keys(self, notes: Notes) -> None:
        assert notes["cleared"] == ""
        assert re.fullmatch(r"Thank you .* workshop\. The soup .* rude\. I am looking forward to ", notes["written"])
        assert float(notes["figuresAfterWriting"]["savings"].split()[0]) > 20

    def test_every_figure_has_a_number(self, notes: Notes) -> None:
        assert all(re.search(r"\d", figure) for figure in notes["figures"].values())

    def test_two_tabs_do_not_mix(self, notes: Notes) -> None:
        assert notes["grown"] == "\n\nXyzzyplugh said: xyzzyplugh. The "
        assert notes["other"]["text"] == "xyz"
        assert "xyzzyplugh" not in notes["other"]["words"]
        assert notes["other"]["marks"] == []

    def test_a_narrow_window_shows_all_of_it(self, notes: Notes) -> None:
        assert notes["overflow"] <= 0

    def test_nothing_is_asked_of_anybody_else(self, notes: Notes) -> None:
        assert notes["elsewhere"] == []

    def test_the_browser_had_nothing_to_complain_of(self, notes: Notes) -> None:
        assert notes["complaints"] == []

    def test_an_interrupt_ends_it_and_the_page_says_so(self, notes: Notes, server: subprocess.Popen[str]) -> None:
        assert "start foreword playground again" in notes["ended"]
        assert notes["wordsAfterEnd"] == []
        errors = server.communicate(timeout=30)[1]
        assert server.returncode == 0
        assert "Traceback" not in errors

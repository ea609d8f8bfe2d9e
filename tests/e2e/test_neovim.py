"""Foreword in real Neovims: the word bar, ghost text, lists, marks and what to do about them, pauses and restarts.

One session is driven in each editor by ``neovim_session.lua``, with the plugin of ``clients/neovim``, the real server
and the real models; the tests read what the session noted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from foreword.settings import PROSE_LANGUAGES
from foreword_models.zoo.store import Store

pytestmark = pytest.mark.editor

PLUGIN = Path(__file__).resolve().parents[2] / "clients" / "neovim"
SESSION = Path(__file__).with_name("neovim_session.lua")
SERVER = [sys.executable, "-m", "foreword", "serve"]
ENCODINGS = {"0.7": "utf-16", "0.11": "utf-8"}
"""By the version of Neovim, the position encoding that it and the server are to agree on."""

NATIVE = """
local notes = {}
vim.lsp.inline_completion = {
  enable = function(on, filter) notes.enabled = { on, filter } end,
  get = function(options)
    if options then
      options.on_accept({ insert_text = "France is Paris" })
    end
    return true
  end,
}
package.loaded["foreword.ghost"] = nil
local ghost = require("foreword.ghost")
ghost.attach({ id = 7 })
notes.phrase = ghost.take(true)
vim.api.nvim_buf_set_lines(0, 0, -1, true, { "The capital of Fra" })
vim.o.virtualedit = "onemore" -- the cursor may be behind the line, as in insert mode
vim.api.nvim_win_set_cursor(0, { 1, 18 })
ghost.take(false)
notes.line = vim.api.nvim_get_current_line()
vim.fn.writefile({ vim.fn.json_encode(notes) }, vim.env.FOREWORD_TEST_NOTES)
vim.cmd("qall!")
"""
"""Plays ``vim.lsp.inline_completion`` of Neovim 0.12."""

Notes = dict[str, Any]


@pytest.fixture(scope="module", params=["0.7", "0.11"])
def version(request: pytest.FixtureRequest) -> str:
    """Name the version of Neovim that is driven."""
    return str(request.param)


@pytest.fixture(scope="module")
def neovim(version: str, editor: Callable[..., str]) -> str:
    """Return the path of the Neovim of that version, and of no other."""
    return editor("nvim" if version == "0.7" else "nvim-0.11", version=f"NVIM v{version}.")


def run(neovim: str, folder: Path, options: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Open a letter in Neovim, without a screen or the user's files, with an ``init.lua`` as in the documentation."""
    (folder / "init.lua").write_text(
        f"vim.opt.runtimepath:prepend([=[{PLUGIN}]=])\n"
        'vim.opt.completeopt = { "menuone", "noselect" }\n'
        f'require("foreword").setup(vim.json.decode([=[{json.dumps(options)}]=]))\n',
        encoding="utf-8",
    )
    # Neovim tells its children where its runtime files are; another version must not use them.
    ours = ("NVIM", "VIM", "MYVIMRC", "FOREWORD_CONFIG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["FOREWORD_CACHE"] = str(Store.default().root)
    environment["FOREWORD_TEST_NOTES"] = str(folder / "notes.json")
    for kind in ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME"):
        place = folder / "xdg" / kind.lower()
        place.mkdir(parents=True, mode=0o700)
        environment[f"XDG_{kind}_HOME" if kind != "RUNTIME" else "XDG_RUNTIME_DIR"] = str(place)
    return subprocess.run(
        [neovim, "--clean", "--headless", "-n", "-u", str(folder / "init.lua"), *arguments, str(folder / "letter.md")],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def notes(neovim: str, pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Notes:
    """Drive the session and return what it noted."""
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    folder = tmp_path_factory.mktemp("neovim")
    options = {"cmd": SERVER, "settings": {"completion": {"maxItems": 7}}}
    done = run(neovim, folder, options, "-S", str(SESSION))
    log = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("lsp.log"))
    if not (folder / "notes.json").exists():
        pytest.fail(f"Neovim ended early: {done.stderr}\nlog: {log}", pytrace=False)
    notes: Notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    if "problem" in notes or "Traceback" in log:
        pytest.fail(
            f"{notes.get('problem')}\nseen: {notes.get('seen')}\nmessages: {notes['messages']}\nlog: {log}",
            pytrace=False,
        )
    return notes


@pytest.mark.model
class TestSession:
    def test_the_right_editor_and_encoding(self, notes: Notes, version: str) -> None:
        assert f"{notes['version']['major']}.{notes['version']['minor']}" == version
        assert notes["encoding"] == ENCODINGS[version]

    def test_the_bar_has_the_next_words_and_no_list_opens(self, notes: Notes) -> None:
        assert len(notes["bar_after_space"]) == 3
        assert notes["bar_after_space"][0] in {"minute", "moment", "few"}
        assert notes["mode_with_bar"] == "i"

    def test_the_bar_goes_on_from_the_letters_typed(self, notes: Notes) -> None:
        assert notes["bar_inside_word"][0] == "schedule"

    def test_keys_take_words_with_their_space_and_tell_the_server(self, notes: Notes) -> None:
        first, second = notes["bar_inside_word"][0], notes["bar_second_word"][1]
        assert notes["lines"][2] == f"We should {first} a {second}."  # the mark took the last space's place
        assert notes["bar_accepted"] == 2

    def test_ghost_text_stays_while_its_letters_are_typed(self, notes: Notes) -> None:
        ghost = notes["ghost"]
        assert ghost.startswith("many is")
        assert notes["ghost_while_typed"] == [ghost[typed:] for typed in (1, 1, 2, 2, 3, 3)]
        assert notes["ghost_after_deletion"] == ghost[2:]
        assert notes["ghost_requests"] == 0

    def test_ghost_text_is_taken_by_the_word_and_whole(self, notes: Notes) -> None:
        assert notes["ghost_word"] == "The capital of France is Paris, and the capital of Germany"
        assert notes["ghost_behind_word"] == notes["ghost"].removeprefix("many")
        assert notes["ghost_accepted"] == 1

    def test_words_appear_after_a_space(self, notes: Notes) -> None:
        words = notes["lists"]["after_space"]
        assert {"minute", "moment", "few"} <= set(words)
        assert all(word.isalpha() for word in words)

    def test_settings_of_the_plugin_are_in_force(self, notes: Notes) -> None:
        assert len(notes["lists"]["after_space"]) == 7  # the default is 5

    @pytest.mark.parametrize("place", ["inside_word", "behind_emoji"])
    def test_words_go_on_from_the_letters_typed(self, notes: Notes, place: str) -> None:
        words = notes["lists"][place]
        assert "schedule" in words
        assert all(word.startswith("sche") for word in words)

    def test_a_taken_word_takes_the_place_of_the_letters_typed(self, notes: Notes) -> None:
        assert notes["lines"][6] == "We should schedule"
        assert notes["lines"][8] == "Zoé 😀 is here, so we should schedule "  # from the bar
        assert notes["lines"][10] == "On Sundays the shops here don't"
        if "slip" in notes["lists"]:
            assert notes["lines"][12] == "I would like to go to the library"

    def test_a_mark_lies_on_its_sentence(self, notes: Notes) -> None:
        [mark] = notes["marks"]
        assert mark["source"] == "foreword"
        assert "negative" in mark["message"]
        assert mark["lnum"] == mark["end_lnum"] == len(notes["lines"]) - 1
        line = notes["lines"][-1].encode()  # Neovim counts bytes
        assert line[mark["col"] : mark["end_col"]].decode().startswith("The soup was awful")
        assert mark["end_col"] == len(line)

    def test_a_pause_stops_all_of_it(self, notes: Notes) -> None:
        assert notes["paused"] == {"bar": [], "ghost": ""}  # and the marks went, or the session would have ended
        assert notes["bar_on_entering"][0] == notes["resumed"][0] == "schedule"
        assert notes["bar_in_normal_mode"] == []

    def test_a_mark_goes_by_its_code_action(self, notes: Notes) -> None:
        assert any("gnore" in title for title in notes["code_actions"])

    def test_a_killed_server_is_restarted(self, notes: Notes) -> None:
        assert notes["restarted"]
        assert notes["bar_after_restart"][0] == "schedule"

    def test_the_report_on_its_health_is_clean(self, notes: Notes) -> None:
        report = "\n".join(notes["health"])
        assert "ready, positions in" in report
        assert "ERROR" not in report
        assert "WARN" not in report

    def test_closing_takes_the_mark_away(self, notes: Notes) -> None:
        assert notes["marks_after_closing"] == 0

    def test_a_second_file_shares_the_server(self, notes: Notes) -> None:
        assert notes["same_client"]

    def test_the_server_ends_with_the_editor(self, notes: Notes) -> None:
        _killed, server = notes["servers"]
        deadline = time.monotonic() + 30
        while psutil.pid_exists(server) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not psutil.pid_exists(server)

    def test_the_editor_had_nothing_to_complain_of(self, notes: Notes) -> None:
        assert notes["messages"].strip() == ""

    def test_every_filetype_is_prose_to_the_server(self, notes: Notes) -> None:
        assert set(notes["filetypes"]) <= PROSE_LANGUAGES


def test_a_missing_command_is_said_in_one_sentence(neovim: str, tmp_path: Path) -> None:
    leave = '+lua vim.schedule(function() vim.cmd("qall!") end)'
    done = run(neovim, tmp_path, {"cmd": ["foreword-not-here", "serve"]}, leave)
    assert done.returncode == 0
    assert done.stderr.strip() == (
        "Foreword: the command 'foreword-not-here' was not found; install it, or give its path in setup{ cmd = ... }."
    )


def test_a_wrong_option_is_named_with_what_is_allowed(neovim: str, tmp_path: Path) -> None:
    options = {"cmd": SERVER, "filetypes": [], "bar": "left", "keys": {"words": 3}, "ghsot": True}
    leave = '+lua vim.schedule(function() vim.cmd("qall!") end)'
    done = run(neovim, tmp_path, options, leave)
    assert {line.strip() for line in done.stderr.splitlines() if line.strip()} == {
        'Foreword: the option \'bar\' must be "below", "above" or false.',
        "Foreword: the option 'keys.words' must be a list of keys, or false.",
        "Foreword: there is no option 'ghsot'; see :help foreword-options.",
    }


def test_the_help_file_has_its_tags(neovim: str, tmp_path: Path) -> None:
    help_folder = tmp_path / "plugin" / "doc"
    shutil.copytree(PLUGIN / "doc", help_folder, ignore=shutil.ignore_patterns("tags"))
    done = run(neovim, tmp_path, {"cmd": SERVER, "filetypes": []}, f"+helptags {help_folder}", "+qall!")
    assert done.stderr.strip() == ""
    tags = (help_folder / "tags").read_text(encoding="utf-8")
    assert {"foreword-options", ":Foreword", "foreword.status()"} <= {
        line.partition("\t")[0] for line in tags.splitlines()
    }


def test_ghost_text_is_left_to_a_neovim_that_has_its_own(neovim: str, tmp_path: Path) -> None:
    """No Neovim that has it is driven here: what it is asked for is checked, with its functions played."""
    script = tmp_path / "native.lua"
    script.write_text(NATIVE, encoding="utf-8")
    done = run(neovim, tmp_path, {"cmd": SERVER, "filetypes": []}, "-S", str(script))
    assert done.stderr.strip() == ""
    assert json.loads((tmp_path / "notes.json").read_text(encoding="utf-8")) == {
        "enabled": [True, {"client_id": 7}],
        "phrase": True,
        "line": "The capital of France",
    }

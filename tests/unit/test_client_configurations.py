"""The configurations of editors under ``clients/``: well formed, for prose only, and those that the pages show.

Only the form is checked here; which editors were run with theirs is said in ``docs/editors.md``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from foreword.settings import PROSE_LANGUAGES, check

ROOT = Path(__file__).resolve().parents[2]
CLIENTS, DOCS = ROOT / "clients", ROOT / "docs"

SHOWN = {
    "helix.md": ["helix/languages.toml"],
    "jupyterlab.md": ["jupyterlab/foreword.json"],
    "kakoune.md": ["kakoune/foreword.kak", "kakoune/kak-lsp.toml"],
    "kate.md": ["kate/settings.json"],
    "sublime.md": ["sublime/LSP.sublime-settings"],
    "vim.md": ["vim/coc-settings.json"],
    "zed.md": ["zed/settings.json"],
}
"""By page, the files that it shows in full."""


def read(name: str) -> Any:
    text = (CLIENTS / name).read_text(encoding="utf-8")
    return tomllib.loads(text) if name.endswith(".toml") else json.loads(text)


def commands(tree: Any) -> Iterator[list[str]]:
    """Yield every command with its arguments, however the editor writes them."""
    if isinstance(tree, Mapping):
        command = tree.get("command", tree.get("argv"))
        if command is not None:
            yield [command, *tree["args"]] if isinstance(command, str) else list(command)
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from commands(part)


def settings(tree: Any) -> Iterator[Any]:
    """Yield every tree of Foreword's settings."""
    if isinstance(tree, Mapping):
        if isinstance(tree.get("completion"), Mapping):
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from settings(part)


def kakoune() -> Any:
    """Return the part of the kakrc that is TOML."""
    text = (CLIENTS / "kakoune/foreword.kak").read_text(encoding="utf-8")
    block = re.search(r"lsp_servers %\{(.*?)\n    \}", text, re.DOTALL)
    assert block
    return tomllib.loads(block[1])


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, names in SHOWN.items() for name in names])
def test_a_page_shows_the_file_as_it_is(page: str, name: str) -> None:
    assert (CLIENTS / name).read_text(encoding="utf-8") in (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["helix/languages.toml", "kakoune/kak-lsp.toml", "kate/settings.json", "sublime/LSP.sublime-settings",
             "vim/coc-settings.json"],
)  # fmt: skip
def test_the_server_is_started_with_valid_settings(name: str) -> None:
    tree = read(name)
    assert list(commands(tree)) == [["foreword", "serve"]]
    assert [check(found, name)[1] for found in settings(tree)] == [[]]


def test_jupyterlab_starts_the_server_and_passes_on_no_settings() -> None:
    tree = read("jupyterlab/foreword.json")
    assert list(commands(tree)) == [["foreword", "serve"]]
    assert list(settings(tree)) == []


def test_kakoune_starts_the_server_with_valid_settings() -> None:
    [server] = kakoune().values()
    assert [server["command"], *server["args"]] == ["foreword", "serve"]
    assert [check(found, "kakrc")[1] for found in settings(server)] == [[]]


def test_languages_are_prose_to_the_server() -> None:
    named: set[str] = set(read("vim/coc-settings.json")["languageserver"]["foreword"]["filetypes"])
    named |= set(read("kakoune/kak-lsp.toml")["language_server"]["foreword"]["filetypes"])
    named |= set(read("zed/extension.toml")["language_servers"]["foreword"]["language_ids"].values())
    named |= {language["name"] for language in read("helix/languages.toml")["language"]}
    for script in ("vim/ale.vim", "vim/vim-lsp.vim"):
        text = (CLIENTS / script).read_text(encoding="utf-8")
        block = re.search(r"s:(?:languages|filetypes) = [\[{](.*?)\n\\[\]}]", text, re.DOTALL)
        assert block
        named |= set(re.findall(r"'([^']+)'", block[1]))
    lisp = (CLIENTS / "emacs/foreword.el").read_text(encoding="utf-8")
    named |= set(re.findall(r'-mode \. "(\w+)"\)', lisp, re.IGNORECASE))
    assert named <= PROSE_LANGUAGES


def test_zed_knows_each_language_by_an_id() -> None:
    server = read("zed/extension.toml")["language_servers"]["foreword"]
    assert set(server["languages"]) == set(server["language_ids"])
    assert read("zed/settings.json")["lsp"].keys() == {"foreword"}

"""Prose or not, and settings of files and folders, through the real process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lsp.client import Client
from tests.lsp.conftest import Start

NOTHING = {"isIncomplete": True, "items": []}


def test_no_words_inside_a_fence(server: Client) -> None:
    uri = server.open("We should sche\n```\nWe should sche\n```\n")
    assert server.items(uri, 0, 14)
    assert server.complete(uri, 2, 14) == NOTHING
    assert server.complete(uri, 1, 3) == NOTHING


def test_words_in_a_docstring_when_it_is_switched_on(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options | {"languages": {"python": {"enabled": True}}})
    uri = client.open('def f():\n    """We should sche"""\n    return we\n', "python")
    assert client.items(uri, 1, 21)
    assert client.complete(uri, 2, 13) == NOTHING
    assert client.shut_down() == 0


def test_a_settings_file_that_is_changed_takes_effect(start: Start, options: dict[str, Any], tmp_path: Path) -> None:
    client = start()
    client.initialize(options, rootUri=tmp_path.as_uri())
    uri = client.open("We should sche")
    assert client.items(uri, 0, 14)
    file = tmp_path / ".foreword.toml"
    file.write_text("[completion]\nenabled = false\n", encoding="utf-8")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 1}]})
    assert client.complete(uri, 0, 14) == {"isIncomplete": False, "items": []}
    file.unlink()
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 3}]})
    assert client.items(uri, 0, 14)
    assert client.shut_down() == 0


def test_the_client_is_asked_to_watch_the_files(start: Start) -> None:
    client = start()
    watching = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    client.initialize({"enabled": False}, watching)
    (params,) = client.wait(lambda: client.params("client/registerCapability"))
    watchers = params["registrations"][0]["registerOptions"]["watchers"]
    assert [watcher["globPattern"] for watcher in watchers] == ["**/.foreword.toml", "**/pyproject.toml"]
    assert client.shut_down() == 0


def test_each_folder_has_its_settings(start: Start, options: dict[str, Any], tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    (folders[1] / ".foreword.toml").write_text("[completion]\nenabled = false\n", encoding="utf-8")
    client = start()
    named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
    client.initialize(options, workspaceFolders=named)
    uris = [(folder / "a.md").as_uri() for folder in folders]
    for uri in uris:
        item = {"uri": uri, "languageId": "markdown", "version": 1, "text": "We should sche"}
        client.notify("textDocument/didOpen", {"textDocument": item})
    assert client.items(uris[0], 0, 14)
    assert client.complete(uris[1], 0, 14) == {"isIncomplete": False, "items": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [named[1]]}})
    assert client.items(uris[1], 0, 14)
    assert client.shut_down() == 0

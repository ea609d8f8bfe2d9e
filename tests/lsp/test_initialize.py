"""``initialize``: the answer, how soon it comes, and what may come before and after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword import __version__
from foreword.lsp.capabilities import COMMANDS
from tests.lsp.client import Refused, at
from tests.lsp.conftest import Start, first_on_path


def test_the_whole_answer(start: Start) -> None:
    client = start()
    assert client.initialize({"completion": {"triggerCharacters": [" "]}}) == {
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": True, "change": 2},
            "completionProvider": {"triggerCharacters": [" "], "resolveProvider": True},
            "inlineCompletionProvider": {},
            "codeActionProvider": {"codeActionKinds": ["quickfix"]},
            "hoverProvider": True,
            "executeCommandProvider": {"commands": list(COMMANDS)},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        },
        "serverInfo": {"name": "foreword", "version": __version__},
    }
    assert client.shut_down() == 0
    assert client.stderr() == ""
    assert [message["id"] for message in client.received] == [1, 2]


@pytest.mark.parametrize("library", ["pygls", "torch"])
def test_it_is_answered_before_anything_slow_is_imported(start: Start, tmp_path: Path, library: str) -> None:
    (tmp_path / f"{library}.py").write_text("import time\ntime.sleep(600)\n", encoding="utf-8")
    client = start(PYTHONPATH=first_on_path(tmp_path))
    assert client.initialize()["serverInfo"]["name"] == "foreword"


def test_what_comes_too_early_or_too_late_is_refused(start: Start) -> None:
    client = start()

    def refused(method: str, params: object) -> int:
        with pytest.raises(Refused) as caught:
            client.call(method, params)
        return caught.value.code

    assert refused("textDocument/completion", at("untitled:1", 0, 0)) == -32002
    assert refused("shutdown", None) == -32002
    client.notify("textDocument/didOpen", {"textDocument": None})
    assert refused("initialize", [1]) == -32602
    client.initialize()
    assert refused("initialize", {"capabilities": {}, "initializationOptions": {"enabled": "no"}}) == -32600
    client.call("shutdown", None)
    assert refused("textDocument/completion", at("untitled:1", 0, 0)) == -32600
    assert refused("shutdown", None) == -32600
    client.notify("exit", None)
    assert client.process.wait(30) == 0
    assert client.params("window/showMessage") == []


def test_messages_that_come_with_it_in_one_write_are_handled(start: Start) -> None:
    client = start()
    client.send({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {"capabilities": {"window": 7}}})
    client.send({"jsonrpc": "2.0", "id": "b", "method": "shutdown", "params": None})
    client.send({"jsonrpc": "2.0", "method": "exit"})
    assert client.process.wait(30) == 0
    assert [message["id"] for message in client.received] == ["a", "b"]

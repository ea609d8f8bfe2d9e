"""The user's text goes to nobody but the client: not to standard error, whatever goes wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lsp.client import Client, Refused, at, replaced
from tests.lsp.conftest import Start, first_on_path

SECRET = "Xyzzy-plugh-42"


def provoke(client: Client) -> None:
    """Say the secret in every wrong way that comes to mind."""
    uri = client.open(f"My word is {SECRET}. And")
    client.change(uri, replaced((0, 0), (0, 0), f"{SECRET}. "))
    for params in ({"text": SECRET}, {"textDocument": {"uri": uri}, "position": SECRET}):
        with pytest.raises(Refused):
            client.call("textDocument/completion", params)
    for method in (
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "$/cancelRequest",
        SECRET,
    ):
        client.notify(method, {"textDocument": SECRET, "contentChanges": SECRET, "id": [SECRET]})
    with pytest.raises(Refused):
        client.call(f"textDocument/{SECRET}", {"text": SECRET})
    with pytest.raises(Refused):
        client.call("workspace/executeCommand", {"command": SECRET, "arguments": [SECRET]})
    client.send_body(b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": "' + SECRET.encode())
    client.send_body(SECRET.encode())
    client.send({"jsonrpc": "2.0", "id": SECRET, "result": SECRET})
    client.send({"jsonrpc": "2.0", "id": SECRET, "error": {"code": 1, "message": SECRET}})
    client.send({"jsonrpc": "2.0", "id": {"a": SECRET}, "method": SECRET, "params": SECRET})
    client.send({"text": SECRET})
    client.notify("workspace/didChangeConfiguration", {"settings": {"model": {"decoder": SECRET}, SECRET: SECRET}})
    client.complete(uri, 0, 40)
    client.call("textDocument/inlineCompletion", at(uri, 0, 40) | {"context": {"triggerKind": 2}})
    client.close(uri)


def test_it_does_not_reach_standard_error(start: Start) -> None:
    client = start()
    client.initialize({"model": {"decoder": SECRET}, "diagnostics": {"enabled": False}, SECRET: SECRET})
    provoke(client)
    assert client.shut_down() == 0
    assert SECRET not in client.stderr()
    assert "Traceback" not in client.stderr()


def test_it_does_not_in_an_unexpected_error_either(start: Start, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(f"raise RuntimeError({SECRET!r})\n", encoding="utf-8")
    client = start(PYTHONPATH=first_on_path(tmp_path))
    client.initialize({"model": {"decoder": str(tmp_path)}})
    uri = client.open(f"My word is {SECRET}. And")
    assert client.complete(uri, 0, 14) == {"isIncomplete": True, "items": []}
    messages = client.wait(lambda: client.params("window/showMessage"))
    assert "unexpected RuntimeError" in messages[0]["message"]
    provoke(client)
    assert client.shut_down() == 0
    assert SECRET not in client.stderr()
    assert "unexpected RuntimeError" in client.stderr()
    assert "Traceback" not in client.stderr()

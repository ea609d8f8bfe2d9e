"""``foreword/status``: what a status bar shows while models load, sentences are read, and something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lsp.client import Client
from tests.lsp.conftest import Start

WANTED = {"experimental": {"forewordStatus": True}}


def states(client: Client) -> list[str]:
    return [params["state"] for params in client.params("foreword/status")]


def test_loading_then_ready(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options | {"diagnostics": {"enabled": False}}, WANTED)
    assert client.items(client.open("We should sche"), 0, 14)
    client.wait(lambda: states(client)[-1:] == ["ready"])
    assert set(states(client)) == {"loading", "ready"}  # it is converted, then loaded
    assert Path(options["model"]["decoder"]).name in client.params("foreword/status")[-2]["message"]
    assert client.shut_down() == 0


def test_an_error_until_something_goes_well(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options | {"model": {"decoder": "no-such-pack"}, "diagnostics": {"enabled": False}}, WANTED)
    uri = client.open("We should sche")
    client.wait(lambda: states(client)[-1:] == ["error"])
    assert "no-such-pack" in client.params("foreword/status")[-1]["message"]
    client.notify("workspace/didChangeConfiguration", {"settings": options | {"diagnostics": {"enabled": False}}})
    assert client.items(uri, 0, 14)
    client.wait(lambda: states(client)[-1] == "ready")
    assert client.shut_down() == 0


def test_nobody_else_hears_of_it(server: Client) -> None:
    assert server.items(server.open("We should sche"), 0, 14)
    assert server.params("foreword/status") == []

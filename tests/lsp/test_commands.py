"""``workspace/executeCommand``: pause, resume, status and re-read."""

from __future__ import annotations

from typing import Any

from tests.lsp.client import Client
from tests.lsp.conftest import Start


def command(client: Client, name: str) -> Any:
    return client.call("workspace/executeCommand", {"command": f"foreword.{name}"})


def published(client: Client, uri: str) -> list[Any]:
    return [params for params in client.params("textDocument/publishDiagnostics") if params["uri"] == uri]


def test_paused_it_offers_and_marks_nothing_until_it_is_resumed(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options, {"experimental": {"forewordStatus": True}})
    uri = client.open("It rains. We should sche")
    assert client.items(uri, 0, 24)
    client.wait(lambda: published(client, uri) and published(client, uri)[-1]["diagnostics"])
    command(client, "pause")
    assert client.complete(uri, 0, 24) == {"isIncomplete": False, "items": []}
    client.wait(lambda: published(client, uri)[-1]["diagnostics"] == [])
    report = command(client, "status")
    work = report.pop("work")
    assert work["forwards"] > 0
    assert work["decoded"] > 0
    assert report == {
        "state": "paused",
        "message": "Foreword is paused.",
        "documents": 1,
        "accepted": 0,
        "decoder": options["model"]["decoder"],
        "encoder": "minilm-l6",
    }
    command(client, "resume")
    assert client.items(uri, 0, 24)
    client.wait(lambda: published(client, uri)[-1]["diagnostics"])
    client.wait(lambda: client.params("foreword/status")[-1]["state"] == "ready")
    command(client, "accepted")
    assert command(client, "status")["accepted"] == 1
    assert client.shut_down() == 0


def test_everything_is_read_again_when_asked(server: Client) -> None:
    uri = server.open("It rains.")
    server.wait(lambda: published(server, uri))
    before = published(server, uri)[-1]
    command(server, "reread")
    server.wait(lambda: len(published(server, uri)) == 2)
    assert published(server, uri)[-1] == before

"""A model that cannot be loaded is told to the user, once, in one sentence; the server goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lsp.client import Client, at
from tests.lsp.conftest import Start


def shown(client: Client) -> list[Any]:
    return client.params("window/showMessage")


def test_each_failure_is_told_once_and_a_good_model_then_works(
    start: Start, tmp_path: Path, options: dict[str, Any]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "corrupt.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 20)
    (tmp_path / "none.gguf").write_bytes(b"")
    client = start()
    client.initialize({"model": {"decoder": "no-such-pack"}, "diagnostics": {"enabled": False}})
    uri = client.open("We should sche")
    failing = [
        "no-such-pack",
        "minilm-l6",
        str(tmp_path / "empty"),
        str(tmp_path / "corrupt.gguf"),
        str(tmp_path / "none.gguf"),
        "/no/such/path",
    ]
    for number, decoder in enumerate(failing, 1):
        client.notify("workspace/didChangeConfiguration", {"settings": {"model": {"decoder": decoder}}})
        for _ in range(3):
            assert client.complete(uri, 0, 14) == {"isIncomplete": True, "items": []}
            inline = at(uri, 0, 14) | {"context": {"triggerKind": 2}}
            assert client.call("textDocument/inlineCompletion", inline) == {"items": []}
        assert len(shown(client)) == number
        told = shown(client)[-1]
        assert told["type"] == 1
        assert Path(decoder).name in told["message"]
        assert "\n" not in told["message"]
        assert told["message"][-1] in ".?"
        for word in ("Traceback", "Error", "Exception", "unexpected"):
            assert word not in told["message"]
    client.notify("workspace/didChangeConfiguration", {"settings": options})
    assert client.items(uri, 0, 14)
    assert client.shut_down() == 0
    assert len(shown(client)) == len(failing)
    assert "Traceback" not in client.stderr()


def test_an_encoder_that_no_classifier_reads(server: Client) -> None:
    before = len(shown(server))
    try:
        server.notify("workspace/didChangeConfiguration", {"settings": {"model": {"encoder": "no-such-encoder"}}})
        server.open("It rains. ")
        server.wait(lambda: len(shown(server)) > before)
        assert "no-such-encoder" in shown(server)[before]["message"]
        assert server.items(server.open("We should sche"), 0, 14)
    finally:
        server.notify("workspace/didChangeConfiguration", {"settings": None})
    assert len(shown(server)) == before + 1

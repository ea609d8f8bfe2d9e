"""Settings: where they come from, what they change, and what the user is told about them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import psutil
from lsprotocol import types
from pytest_lsp import LanguageClient, make_test_lsp_client

from tests.lsp.client import Client, at
from tests.lsp.conftest import Start


def shown(client: Client) -> list[str]:
    return [params["message"] for params in client.params("window/showMessage")]


def test_switched_off_it_does_no_model_work_at_all(start: Start, options: dict[str, Any]) -> None:
    client = start()
    client.initialize(options | {"enabled": False})
    uri = client.open("It rains. We should sche")
    assert client.complete(uri, 0, 24) == {"isIncomplete": False, "items": []}
    inline = at(uri, 0, 24) | {"context": {"triggerKind": 2}}
    assert client.call("textDocument/inlineCompletion", inline) == {"items": []}
    assert all(params["diagnostics"] == [] for params in client.params("textDocument/publishDiagnostics"))
    process = psutil.Process(client.process.pid)
    if sys.platform != "darwin":
        mapped = [Path(region.path).name for region in process.memory_maps()]
        assert any("python" in name for name in mapped)
        assert not any("torch" in name or "tokenizers" in name for name in mapped)
    assert client.shut_down() == 0


def test_a_document_of_code_loads_nothing_either(loading: Client) -> None:
    before = len(loading.received)
    uri = loading.open("It rains. We should sche", "python")
    assert loading.complete(uri, 0, 24) == {"isIncomplete": False, "items": []}
    assert all(m.get("params", {}).get("diagnostics", []) == [] for m in loading.received[before:])


def test_what_is_wrong_is_shown_with_its_path_and_the_rest_applies(start: Start, tmp_path: Path) -> None:
    (tmp_path / ".foreword.toml").write_text("[completion]\nmaxItem = 3\nmaxItems = 2\n", encoding="utf-8")
    wrong = {"completion": {"maxItems": 99, "triggerCharacters": [";"]}, "colour": "green"}
    client = start()
    result = client.initialize(wrong, rootUri=tmp_path.as_uri())
    assert result["capabilities"]["completionProvider"]["triggerCharacters"] == [";"]
    messages = client.wait(lambda: shown(client) if len(shown(client)) == 3 else None)
    assert str(tmp_path / ".foreword.toml") in messages[0]
    assert "completion.maxItem " in messages[0]
    assert "did you mean completion.maxItems?" in messages[0]
    assert "completion.maxItems in initializationOptions must be a whole number from 1 to 10, not 99" in messages[1]
    assert "colour in initializationOptions is not a setting" in messages[2]
    client.notify("workspace/didChangeConfiguration", {"settings": {"foreword": {"enabled": "yes"}}})
    client.wait(lambda: len(shown(client)) == 4)
    assert "enabled in editor must be true or false" in shown(client)[3]
    client.notify("workspace/didChangeConfiguration", {"settings": {"foreword": {"enabled": "yes"}}})
    assert client.shut_down() == 0
    assert len(shown(client)) == 4  # nothing is told twice


def test_the_editors_settings_come_before_all_others_and_change_while_it_runs(server: Client) -> None:
    uri, mail = server.open("We should sche"), server.open("We should sche", "mail")

    def set_to(settings: Any) -> None:
        server.notify("workspace/didChangeConfiguration", {"settings": settings})

    assert server.items(uri, 0, 14)
    try:
        set_to({"completion": {"enabled": False}, "languages": {"mail": {"completion": {"enabled": True}}}})
        assert server.complete(uri, 0, 14) == {"isIncomplete": False, "items": []}
        assert server.items(mail, 0, 14)
        set_to({"foreword": {"completion": {"minimumProbability": 1}}})
        assert server.complete(uri, 0, 14) == {"isIncomplete": True, "items": []}
        set_to({"completion": {"maxItems": 1}})
        assert len(server.items(uri, 0, 10)) == 1
    finally:
        set_to(None)
    assert server.items(uri, 0, 14)


async def test_a_client_that_can_be_asked_is_asked(environment: dict[str, str], options: dict[str, Any]) -> None:
    client: LanguageClient = make_test_lsp_client()
    await client.start_io(sys.executable, "-m", "foreword", "serve", env={**os.environ, **environment})
    client.set_configuration({"completion": {"enabled": False}, "colour": 1}, section="foreword")
    capabilities = types.ClientCapabilities(workspace=types.WorkspaceClientCapabilities(configuration=True))
    await client.initialize_session(types.InitializeParams(capabilities=capabilities, initialization_options=options))
    await client.wait_for_notification("window/showMessage")
    assert "colour in editor" in client.messages[0].message
    item = types.TextDocumentItem(uri="untitled:1", language_id="rust", version=1, text="")
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    client.set_configuration({"shape": 1}, section="foreword")
    # Settings that come with the notification are stale where the client can be asked.
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings={"size": 1}))
    await client.wait_for_notification("window/showMessage")
    assert ["in editor" in message.message for message in client.messages] == [True, True]
    assert "shape in editor" in client.messages[1].message
    await client.shutdown_session()
    await client.stop()

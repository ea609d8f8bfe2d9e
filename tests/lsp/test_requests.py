"""Every request is answered, and once: cancelled, superseded, malformed, unknown."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.lsp.client import Client, Refused, at, range_of, replaced
from tests.lsp.conftest import Start

CANCELLED, INVALID_PARAMS, UNKNOWN = -32800, -32602, -32601


@pytest.mark.parametrize("method", ["textDocument/completion", "textDocument/inlineCompletion"])
def test_a_cancelled_request_is_answered_once_and_at_once(loading: Client, method: str) -> None:
    params = at(loading.open("We should sche"), 0, 14) | {"context": {"triggerKind": 1}}
    identity = loading.request(method, params)
    loading.cancel(identity)
    with pytest.raises(Refused) as refused:
        loading.result(identity, 5)
    assert refused.value.code == CANCELLED
    loading.cancel(identity)
    loading.complete(loading.open("", "rust"), 0, 0)
    assert len(loading.answers(identity)) == 1


def test_a_newer_request_supersedes_an_older_one_in_the_same_document(loading: Client) -> None:
    first, second = loading.open("We should sche"), loading.open("We should sche")
    older, other, newer = (loading.request("textDocument/completion", at(uri, 0, 14)) for uri in (first, second, first))
    assert loading.result(older, 5) == {"isIncomplete": True, "items": []}
    assert loading.answers(newer) == []
    assert loading.answers(other) == []


def test_messages_at_full_speed_are_all_answered_once(server: Client) -> None:
    rng = random.Random(0)
    uri = server.open("")
    text, version, asked, cancelled = "", 1, [], []
    server.open("A sentence. Another one.")  # something to read meanwhile
    for _ in range(200):
        what = rng.choice(["change", "change", "complete", "inline", "other", "cancel"])
        if what == "change":
            version += 1
            server.change(uri, replaced((0, len(text)), (0, len(text)), letter := rng.choice("the  ")), version=version)
            text += letter
        elif what == "complete":
            asked.append(server.request("textDocument/completion", at(uri, 0, len(text))))
        elif what == "inline":
            params = at(uri, 0, len(text)) | {"context": {"triggerKind": 1}}
            asked.append(server.request("textDocument/inlineCompletion", params))
        elif what == "other":
            method = rng.choice(["textDocument/hover", "textDocument/codeAction"])
            place = {"range": range_of((0, 0), (0, len(text))), "context": {"diagnostics": []}}
            asked.append(server.request(method, at(uri, 0, len(text)) | place))
        elif asked:
            cancelled.append(rng.choice(asked))
            server.cancel(cancelled[-1])
    server.wait(lambda: all(server.answers(identity) for identity in asked))
    prefix = text.rpartition(" ")[2]
    assert server.items(uri, 0, len(text))[0]["textEdit"]["range"] == range_of(
        (0, len(text) - len(prefix)), (0, len(text))
    )
    for identity in asked:
        (answer,) = server.answers(identity)
        if "error" in answer:
            assert answer["error"]["code"] == CANCELLED
            assert identity in cancelled
    server.close(uri)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/completion", None),
        ("textDocument/completion", {}),
        ("textDocument/completion", []),
        ("textDocument/completion", {"textDocument": {"uri": "a"}, "position": {"line": "top", "character": 0}}),
        ("textDocument/completion", {"textDocument": {"uri": "a"}, "position": {"line": -1, "character": 0}}),
        ("textDocument/completion", {"textDocument": {"uri": "a"}, "position": {"line": 0, "character": 2**31}}),
        ("textDocument/completion", {"textDocument": "a", "position": {"line": 0, "character": 0}}),
        ("textDocument/inlineCompletion", at("a", 0, 0)),  # without a context
        ("workspace/executeCommand", {"command": 3}),
    ],
)
def test_parameters_of_the_wrong_form_are_refused(server: Client, method: str, params: Any) -> None:
    shown = len(server.params("window/showMessage"))
    with pytest.raises(Refused) as refused:
        server.call(method, params)
    assert refused.value.code == INVALID_PARAMS
    assert len(server.params("window/showMessage")) == shown


@pytest.mark.parametrize("method", ["textDocument/definition", "textDocument/no-such-thing", "$/notUnderstood"])
def test_an_unknown_method_is_refused(server: Client, method: str) -> None:
    with pytest.raises(Refused) as refused:
        server.call(method, {"textDocument": {"uri": "a"}, "position": {"line": 0, "character": 0}})
    assert refused.value.code == UNKNOWN


def test_an_unknown_command_is_refused_without_a_traceback(server: Client) -> None:
    with pytest.raises(Refused) as refused:
        server.call("workspace/executeCommand", {"command": "format-disk"})
    assert refused.value.code == INVALID_PARAMS
    assert all("Traceback" not in str(message) for message in server.received)


def test_an_id_may_be_a_string(server: Client) -> None:
    params = at("untitled:nowhere", 0, 0)
    server.send({"jsonrpc": "2.0", "id": "seven", "method": "textDocument/completion", "params": params})
    assert server.result("seven") == {"isIncomplete": False, "items": []}


def test_nonsense_is_survived(start: Start) -> None:
    client = start()
    client.initialize()
    for body in (b"{", b"\xff\xfe", b"[]", b"3", b"null", b"{}", b'{"id": 7}', b'{"jsonrpc": "2.0"}', b"[" * 5000):
        client.send_body(body)
    client.send({"jsonrpc": "1.0", "id": 8, "method": "shutdown"})
    client.send({"jsonrpc": "2.0", "id": "unasked", "result": 3})
    client.send({"jsonrpc": "2.0", "id": "unasked", "error": {"code": 1, "message": ""}})
    client.notify("no/such/notification", {})
    client.notify("textDocument/didOpen", {"textDocument": 3})
    client.notify("textDocument/didClose", {"textDocument": {"uri": "untitled:nowhere"}})
    client.notify("$/cancelRequest", {"id": 1000})
    client.notify("$/cancelRequest", None)
    client.notify("$/setTrace", {"value": "verbose"})
    client.notify("window/workDoneProgress/cancel", {"token": "no such token"})
    client.change("untitled:nowhere", {"text": "x"})
    client.send_bytes(b"Content-Length: 0\r\n\r\n")
    nested = {"jsonrpc": "2.0", "id": 99, "method": "textDocument/completion", "params": {}}
    client.notify("workspace/didChangeConfiguration", {"settings": nested})
    assert client.complete(client.open("let x =", "rust"), 0, 3) == {"isIncomplete": False, "items": []}
    assert client.shut_down() == 0
    answered = [message["id"] for message in client.received if "method" not in message]
    assert len(answered) == 3
    assert 99 not in answered
    assert "Traceback" not in client.stderr()

"""What pygls' protocol would lose or not bear, in a server without a process."""

from __future__ import annotations

from typing import Any

import pytest

from foreword.lsp.server import ForewordServer
from tests.unit.lsp.protocol import Conversation


@pytest.fixture
def conversation(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Conversation:
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "config.toml"))
    return Conversation(ForewordServer())


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"capabilities": None},
        {"capabilities": {"textDocument": {"synchronization": 7, "completion": {"completionItemKind": 9}}}},
        {"capabilities": {"general": {"positionEncodings": ["ebcdic", "utf-8"]}}, "trace": "loud"},
        {"capabilities": {"general": 5}, "processId": "many", "workspaceFolders": [3, {"uri": 4}]},
        {"capabilities": {}, "processId": None, "rootUri": "http://[", "rootPath": "\0"},
        {"capabilities": {}, "processId": None, "rootUri": "file:///a%00b", "initializationOptions": [1]},
    ],
)
def test_words_it_does_not_know_in_initialize_do_not_keep_the_server_from_working(
    conversation: Conversation, params: Any
) -> None:
    encoding = conversation.request("initialize", params)["result"]["capabilities"]["positionEncoding"]
    assert encoding == conversation.server.encoding == ("utf-8" if params.get("trace") else "utf-16")
    position = {"textDocument": {"uri": "a"}, "position": {"line": 0, "character": 0}}
    answer = conversation.request("textDocument/completion", position, 2)
    assert answer["result"] == {"isIncomplete": False, "items": []}


@pytest.mark.parametrize("params", [None, [], [1], "text", 3])
def test_parameters_of_initialize_that_are_no_object_are_refused(conversation: Conversation, params: Any) -> None:
    assert conversation.request("initialize", params)["error"]["code"] == -32602
    conversation.initialize()


def test_what_the_client_can_do_is_known_even_if_it_says_something_unknown_as_well(conversation: Conversation) -> None:
    conversation.initialize({"workspace": {"configuration": True}, "textDocument": 7, "window": True})
    assert [request["params"] for request in conversation.sent("workspace/configuration")] == [
        {"items": [{"section": "foreword"}]}
    ]


def test_initialize_that_was_greeted_is_not_answered_again(conversation: Conversation) -> None:
    conversation.server.protocol.greeted = 7  # type: ignore[attr-defined]
    message = {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {"capabilities": {}}}
    assert conversation.say(message) == []
    (answer,) = conversation.say(message)  # and only that one
    assert answer["error"]["code"] == -32600


@pytest.mark.parametrize(("shut_down", "code"), [(True, 0), (False, 1)])
def test_the_exit_code(conversation: Conversation, shut_down: bool, code: int) -> None:
    conversation.initialize()
    if shut_down:
        assert conversation.request("shutdown", None)["result"] is None
    conversation.say({"jsonrpc": "2.0", "method": "exit"})
    assert conversation.server.exit_code == code


def test_shutdown_lets_go_of_a_question_that_the_client_has_not_answered(conversation: Conversation) -> None:
    conversation.initialize({"workspace": {"configuration": True}})
    (request,) = conversation.sent("workspace/configuration")
    assert "result" in conversation.request("shutdown", None)
    assert conversation.say({"jsonrpc": "2.0", "id": request["id"], "result": [{}]}) == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        3,
        {},
        {"id": 1},
        {"jsonrpc": "1.0", "id": 1, "method": "shutdown"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "id": 5, "result": 7},
        {"jsonrpc": "2.0", "id": 5, "error": "no"},
        {"jsonrpc": "2.0", "method": 7},
        {"jsonrpc": "2.0", "method": ["a"], "params": {}},
        {"jsonrpc": "2.0", "method": "no/such", "params": {"jsonrpc": "2.0", "id": 1, "method": "shutdown"}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": {}}},
    ],
)
def test_what_is_no_message_or_none_of_ours_has_no_answer(conversation: Conversation, message: Any) -> None:
    conversation.initialize()
    assert conversation.say(message) == []


@pytest.mark.parametrize("method", [7, ["a"], {}, ""])
def test_a_request_without_a_proper_method_is_refused(conversation: Conversation, method: Any) -> None:
    conversation.initialize()
    assert conversation.request(method, {}, "x")["error"]["code"] == (-32601 if method == "" else -32600)


@pytest.mark.parametrize("answer", [[{"enabled": False}], [None], [], None, "no", [["a"]], {"enabled": False}])
def test_whatever_the_client_answers_when_it_is_asked_for_settings(conversation: Conversation, answer: Any) -> None:
    conversation.initialize({"workspace": {"configuration": True}})
    (request,) = conversation.sent("workspace/configuration")
    conversation.say({"jsonrpc": "2.0", "id": request["id"], "result": answer})
    assert conversation.server.settings.enabled is (answer != [{"enabled": False}])

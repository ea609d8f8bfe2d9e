"""The first message, read with the standard library alone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from foreword.lsp.capabilities import initialize_result
from foreword.lsp.greeting import greet


def message(body: Any, *headers: bytes) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"".join([b"Content-Length: %d\r\n" % len(data), *headers, b"\r\n", data])


def initialize(identity: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "method": "initialize", "params": {"capabilities": {}, **params}}


def spoken(data: bytes) -> tuple[bytes | None, int | str | None, bytes, bytes]:
    """Greet; returns the body that was read, the id answered, what is left, and what was written."""
    stdin, stdout = io.BytesIO(data), io.BytesIO()
    body, answered = greet(stdin, stdout)
    return body, answered, stdin.read(), stdout.getvalue()


@pytest.mark.parametrize("identity", [0, 1, "a", "0"])
def test_initialize_is_answered_with_its_id(identity: int | str) -> None:
    body, answered, rest, written = spoken(message(initialize(identity)) + b"more")
    assert body == json.dumps(initialize(identity)).encode()
    assert answered == identity
    assert type(answered) is type(identity)
    assert rest == b"more"
    answer = {"jsonrpc": "2.0", "id": identity, "result": initialize_result({"capabilities": {}})}
    assert written == message(answer)


@pytest.mark.parametrize(
    "header", [b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n", b"X: Content-Length: 9\r\n"]
)
def test_other_headers_are_passed_over(header: bytes) -> None:
    body = json.dumps(initialize()).encode()
    assert spoken(message(initialize(), header))[:3] == (body, 1, b"")
    assert spoken(header + message(initialize()))[:3] == (body, 1, b"")
    assert spoken(message(initialize()).replace(b"Content-Length", b"content-length"))[:3] == (body, 1, b"")


@pytest.mark.parametrize(
    "body",
    [
        {"jsonrpc": "2.0", "id": 1, "method": "shutdown", "params": None},
        {"jsonrpc": "2.0", "method": "exit"},
        {"jsonrpc": "2.0", "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": None, "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": [1], "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize"},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": None},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": [1]},
        [initialize()],
        "initialize",
        None,
        b"{",
        b"\xff\xff",
        b"[" * 100_000,
    ],
)
def test_anything_else_is_left_to_pygls(body: Any) -> None:
    read, answered, rest, written = spoken(message(body) + b"more")
    assert read == message(body).partition(b"\r\n\r\n")[2]
    assert answered is None
    assert rest == b"more"
    assert written == b""


@pytest.mark.parametrize("cut", [0, 1, 10, 18, 21, 22, 23, 60])
def test_an_input_that_ends_too_early(cut: int) -> None:
    assert spoken(message(initialize())[:cut]) == (None, None, b"", b"")


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"1e3", b"9" * 30])
def test_a_length_that_is_none(value: bytes) -> None:
    assert spoken(b"Content-Length: " + value + b"\r\n\r\n") == (None, None, b"", b"")


def test_a_message_of_no_length_is_no_end() -> None:
    assert spoken(b"Content-Length: 0\r\n\r\nmore") == (b"", None, b"more", b"")

"""The first message, read with the standard library alone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from foreword.lsp.capabilities import initialize_result
from foreword.lsp.greeting import Rejoined, greet


def message(body: Any, *headers: bytes) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"".join([b"Content-Length: %d\r\n" % len(data), *headers, b"\r\n", data])


def initialize(identity: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "method": "initialize", "params": {"capabilities": {}, **params}}


def spoken(data: bytes) -> tuple[bytes, int | str | None, bytes, bytes]:
    """Greet; returns what was read, the id answered, what is left, and what was written."""
    stdin, stdout = io.BytesIO(data), io.BytesIO()
    read, answered = greet(stdin, stdout)
    return read, answered, stdin.read(), stdout.getvalue()


@pytest.mark.parametrize("identity", [0, 1, "a", "0"])
def test_initialize_is_answered_with_its_id(identity: int | str) -> None:
    read, answered, rest, written = spoken(message(initialize(identity)) + b"more")
    assert read == message(initialize(identity))
    assert answered == identity
    assert type(answered) is type(identity)
    assert rest == b"more"
    answer = {"jsonrpc": "2.0", "id": identity, "result": initialize_result({"capabilities": {}})}
    assert written == message(answer)


@pytest.mark.parametrize(
    "header", [b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n", b"X: Content-Length: 9\r\n"]
)
def test_other_headers_are_passed_over(header: bytes) -> None:
    sent = message(initialize(), header)
    assert spoken(sent)[:3] == (sent, 1, b"")
    before = header + message(initialize())
    assert spoken(before)[:3] == (before, 1, b"")


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
def test_anything_else_is_left_to_pygls_byte_for_byte(body: Any) -> None:
    read, answered, rest, written = spoken(message(body) + b"more")
    assert read == message(body)
    assert answered is None
    assert rest == b"more"
    assert written == b""


@pytest.mark.parametrize("cut", [0, 1, 10, 18, 21, 22, 23, 60])
def test_an_input_that_ends_too_early(cut: int) -> None:
    data = message(initialize())[:cut]
    assert spoken(data) == (data, None, b"", b"")


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"0", b"1e3"])
def test_a_length_that_is_none(value: bytes) -> None:
    data = b"Content-Length: " + value + b"\r\n\r\n"
    assert spoken(data) == (data, None, b"", b"")


def test_what_was_read_comes_before_the_rest() -> None:
    joined = Rejoined(b"one\ntwo", io.BytesIO(b"three\nfour"))
    assert joined.readline() == b"one\n"
    assert joined.read(2) == b"tw"
    assert joined.read(6) == b"othree"
    assert joined.readline() == b"\n"
    assert joined.readline() == b"four"
    assert joined.readline() == b""
    assert joined.read(3) == b""

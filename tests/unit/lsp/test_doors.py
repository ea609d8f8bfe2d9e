"""Addresses of doors: how they are written, and which of them only this machine can come to."""

from __future__ import annotations

import asyncio

import pytest

from foreword.lsp.doors import Address, DoorError, Doors
from foreword.lsp.transport import NotAMessageError, read_stream_body


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:2087", "127.0.0.1", 2087, True),
        (":0", "127.0.0.1", 0, True),
        ("localhost:1", "localhost", 1, True),
        ("[::1]:80", "::1", 80, True),
        ("127.9.9.9:80", "127.9.9.9", 80, True),
        ("0.0.0.0:80", "0.0.0.0", 80, False),
        ("[::]:80", "::", 80, False),
        ("localhost.example.org:80", "localhost.example.org", 80, False),
    ],
)
def test_an_address(text: str, host: str, port: int, loopback: bool) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, address.is_loopback) == (host, port, loopback)
    for doors in (Doors(tcp=address), Doors(web=address)):
        if loopback:
            doors.check()
        else:
            with pytest.raises(DoorError, match="--token"):
                doors.check()
    Doors(tcp=address, web=address, token="x").check()


@pytest.mark.parametrize("text", ["", "here", "here:", "here:x", "here:65536", "here:-1", "here:\u0663"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(DoorError, match="HOST:PORT"):
        Address.parse(text)


def read(data: bytes, most: int = 100) -> bytes | None:
    async def once() -> bytes | None:
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await read_stream_body(stream, most)

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (b"content-length:2\r\nContent-Type: x; charset=utf-8\r\n\r\n{}more", b"{}"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"Content-Length: 9\r\n\r\n{}", None),
        (b"Content-Length: 9", None),
        (b"", None),
    ],
)
def test_a_message_of_a_connection(data: bytes, body: bytes | None) -> None:
    assert read(data) == body


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: 2\r\nHost: x\r\n\r\n{}",
        b"Content-Length: 101\r\n\r\n" + b"x" * 101,
        b"Content-Length: x\r\n\r\n{}",
        b"\r\n{}",
        b"x" * 100_000,
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(NotAMessageError):
        read(data)

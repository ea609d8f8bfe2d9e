"""Answering ``initialize`` before anything slow is imported.

pygls and lsprotocol take about half a second to import, during which an editor would wait for the first answer. So the
first message is read here with the standard library alone; if it is ``initialize`` it is answered at once, and pygls,
when it is ready, is given the same message again and told not to answer.
"""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO

from foreword.lsp.capabilities import initialize_result

MessageId = int | str


def greet(stdin: BinaryIO, stdout: BinaryIO) -> tuple[bytes, MessageId | None]:
    """Read the first message and answer it if it is ``initialize``.

    Returns
    -------
    read : bytes
        All that was read; to be put before the rest of the input.
    answered : int, str or None
        The id of the request that was answered, if one was.
    """
    read, body = _read_message(stdin)
    try:
        message = json.loads(body)
        identity = message["id"]
        if message["method"] != "initialize" or not isinstance(identity, int | str):
            return read, None
        result = initialize_result(message["params"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return read, None  # whatever it is, pygls answers it
    _write_message(stdout, {"jsonrpc": "2.0", "id": identity, "result": result})
    return read, identity


class Rejoined(io.RawIOBase):
    """What was read already, followed by the rest of the input; as much of a reader as pygls asks for."""

    def __init__(self, read: bytes, rest: BinaryIO) -> None:
        self._read = io.BytesIO(read)
        self._rest = rest

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read to the end of the line, however long it is."""
        del size
        return self._read.readline() or self._rest.readline()

    def read(self, size: int = -1, /) -> bytes:
        """Read `size` bytes, fewer only at the end of the input."""
        head = self._read.read(size)
        return head if len(head) == size else head + (self._rest.read(size - len(head)) or b"")


def _read_message(stdin: BinaryIO) -> tuple[bytes, bytes]:
    """Read one message; returns all its bytes, and its body."""
    header, length = b"", 0
    while line := stdin.readline():
        header += line
        if line.lower().startswith(b"content-length:"):
            digits = line.split(b":", 1)[1].strip()
            length = int(digits) if digits.isdigit() else 0
        elif length and not line.strip():
            break
    body = stdin.read(length)
    return header + body, body


def _write_message(stdout: BinaryIO, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    stdout.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stdout.flush()

"""Messages on two byte streams: the base protocol of LSP, with the standard library alone.

pygls reads each line of each message in a hop to another thread and back, which takes a good part of the time that a
key may take. Here one thread reads whole messages, and the event loop is woken once for each.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from typing import IO, Any, BinaryIO

logger = logging.getLogger(__name__)


def read_body(stream: IO[bytes]) -> bytes | None:
    """Read one message; returns its body, None at the end of the stream."""
    length = None
    while line := stream.readline():
        if line.strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        elif length is not None:
            try:
                body = stream.read(length)
            except (MemoryError, OverflowError):
                logger.warning("a message of %d bytes was announced, which is more than there is room for", length)
                return None
            return body if len(body) == length else None
    return None


class NotAMessageError(Exception):
    """What came is no message of LSP, or too long for one."""


async def read_stream_body(stream: asyncio.StreamReader, most: int) -> bytes | None:
    """Read one message of a connection that anybody on this machine can make; None at the end of the stream.

    Parameters
    ----------
    most
        Bytes that a message may have.

    Raises
    ------
    NotAMessageError
        Another header than LSP's stands before the body: it may be the request of a browser, made by any page.
    """
    length = None
    try:
        while line := (await stream.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
            elif name.lower() != b"content-type":
                raise NotAMessageError
        if length is None:
            if stream.at_eof():
                return None
            raise NotAMessageError
        if length > most:
            raise NotAMessageError
        return await stream.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    except ValueError as error:  # an endless line
        raise NotAMessageError from error


def framed(message: dict[str, Any]) -> bytes:
    """Return the bytes of one message."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def listen(
    stream: BinaryIO, loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None], ended: Callable[[], None]
) -> None:
    """Read messages in a thread of their own, which ends with the stream or with the process.

    Parameters
    ----------
    loop
        What runs `take`, for each message's body in order, and then `ended`.
    """

    def read() -> None:
        try:
            while (body := read_body(stream)) is not None:
                loop.call_soon_threadsafe(take, body)
            loop.call_soon_threadsafe(ended)
        except (OSError, ValueError):  # a stream that is closed
            loop.call_soon_threadsafe(ended)
        except RuntimeError:
            logger.debug("the event loop has closed")

    threading.Thread(target=read, name="foreword-input", daemon=True).start()

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

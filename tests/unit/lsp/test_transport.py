"""Messages on byte streams: read whole, in order, to the end of the stream."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.lsp.transport import framed, listen, read_body


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=4))
def test_what_is_written_is_read_again(messages: list[dict[str, str]]) -> None:
    stream = io.BytesIO()
    bodies = []
    for message in messages:
        start = stream.tell()
        stream.write(framed(message))
        bodies.append(stream.getvalue()[start:].partition(b"\r\n\r\n")[2])
    stream.seek(0)
    assert [read_body(stream) for _ in messages] == bodies
    assert read_body(stream) is None


async def test_a_thread_reads_message_after_message() -> None:
    source, sink = os.pipe()
    taken: list[bytes] = []
    ended = asyncio.Event()
    with open(source, "rb") as stream, open(sink, "wb") as client:  # noqa: PTH123  (descriptors)
        listen(stream, asyncio.get_running_loop(), taken.append, ended.set)
        for number in range(20):
            client.write(framed({"number": number}))
        client.close()
        await asyncio.wait_for(ended.wait(), 10)
    assert taken == [b'{"number": %d}' % number for number in range(20)]


async def test_a_closed_stream_is_an_end(tmp_path: Path) -> None:
    (tmp_path / "input").touch()
    stream = (tmp_path / "input").open("rb")
    stream.close()
    ended = asyncio.Event()
    listen(stream, asyncio.get_running_loop(), lambda _: pytest.fail("a message"), ended.set)
    await asyncio.wait_for(ended.wait(), 10)

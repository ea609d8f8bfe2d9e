"""The replay at a server that is prompt, late, silent or broken: what is sent, and what counts as what."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreword import typing_replay
from foreword.typing_client import Answer, ServerClient
from foreword.typing_replay import ServerTypist, first_words, settled
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.typing_script import Key, gaps, script

SERVER = Path(__file__).with_name("typing_server.py")
TEXT = "One two 😀 three four.\nFive six, seven eight nine ten.\n"

Make = Callable[[str], ServerClient]


@pytest.fixture
def server() -> Iterator[Make]:
    clients = []

    def make(manner: str) -> ServerClient:
        client = ServerClient([sys.executable, str(SERVER), manner])
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def keys() -> list[Key]:
    found = script(TEXT, every=5, left_out=2)
    assert any(key.kind == "edit_mid_document" for key in found)
    return found


def shown(client: ServerClient) -> str:
    """What the server takes the document for."""
    identity, request = client.request("textDocument/completion", {"textDocument": {"uri": "untitled:foreword.md"}})
    client.send(request)
    text: str = client.result(identity).result["items"][0]["label"]
    return text


def test_a_session(server: Make) -> None:
    with server("prompt") as client:
        assert client.process_id > 0
        assert client.initialize({"completion": {}}) > 0
        assert first_words(client) > 0
        process = client._process
    assert process.returncode == 0


def test_every_key_reaches_the_server(server: Make) -> None:
    client = server("prompt")
    client.initialize()
    typist, answered = ServerTypist(client, keys(), None), list[int]()
    presses = typist.type(0, 30, answered.append) + typist.type(30, len(TEXT), answered.append)
    assert typist.text == TEXT
    assert shown(client) == TEXT
    assert [press.kind for press in presses] == [key.kind for key in keys()]
    assert all(press.milliseconds > 0 and press.words and not press.late for press in presses)
    assert answered == [1] * len(TEXT)


def test_a_late_answer_is_cancelled_and_the_wait_counted_on(server: Make) -> None:
    client = server("every 3")
    client.initialize()
    between = gaps(len(TEXT), (20, 30))
    count = len(TEXT) // 3 * 3 - 1  # the last key of a turn is waited for
    typist, answered = ServerTypist(client, keys(), between), list[int]()
    started = time.perf_counter()
    presses = typist.type(0, count, answered.append)
    elapsed = time.perf_counter() - started
    assert typist.text != TEXT
    assert len(presses) == count
    assert sum(answered) == count
    for number, press in enumerate(presses):
        if number % 3 == 2:
            assert press.late
            assert press.milliseconds > 1000 * between[number]
    assert sum(press.late for press in presses) >= count // 3  # a slow machine adds to them
    assert elapsed >= sum(between[: count - 1])


def test_keys_are_never_early(server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    client = server("prompt")
    client.initialize()
    sent: list[float] = []
    between = gaps(len(TEXT), (5, 15))
    typist = ServerTypist(client, keys(), between)

    def send(*messages: Any) -> float:
        sent.append(time.perf_counter())
        return ServerClient.send(client, *messages)

    monkeypatch.setattr(client, "send", send)
    typist.type(0, 20, lambda _: None)
    for number in range(19):
        assert sent[number + 1] - sent[number] >= between[number]


def test_a_silent_server(server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing_replay, "_ANSWER_SECONDS", 0.1)
    client = server("silent")
    client.initialize()
    with pytest.raises(BenchmarkError, match="no words"):
        ServerTypist(client, keys(), None).type(0, 5, lambda _: None)


def test_a_server_that_complains(server: Make) -> None:
    client = server("wordless")
    client.initialize()
    with pytest.raises(BenchmarkError, match=r"offers no words: There is no model\."):
        first_words(client)
    typist = ServerTypist(client, keys(), None)
    assert not any(press.words for press in typist.type(0, 5, lambda _: None))


def test_a_server_that_answers_with_an_error(server: Make) -> None:
    client = server("broken")
    client.initialize()
    with pytest.raises(BenchmarkError, match="it broke"):
        first_words(client)
    with pytest.raises(BenchmarkError, match="it broke"):
        ServerTypist(client, keys(), None).type(0, 5, lambda _: None)


def test_a_server_that_ends(server: Make) -> None:
    client = server("ends")
    client.initialize()
    with pytest.raises(BenchmarkError, match="exit code 7: out of paper"):
        first_words(client)


def test_a_command_that_is_no_server() -> None:
    with ServerClient([sys.executable, "-c", "print('hello')"]) as client, pytest.raises(BenchmarkError, match="ended"):
        client.initialize()


def test_late_keys_wait_for_the_next_answer_in_time() -> None:
    first, second, third = keys()[:3]
    waiting = [(first, 10.0), (second, 10.1), (third, 10.3)]
    presses = settled(waiting, Answer({"items": [{}]}, None, 10.35))
    assert [round(press.milliseconds) for press in presses] == [350, 250, 50]
    assert [press.late for press in presses] == [True, True, False]
    assert not settled(waiting[:1], Answer(None, None, 11.0))[0].words
    assert settled(waiting[:1], Answer([{}], None, 11.0))[0].words

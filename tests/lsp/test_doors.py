"""``foreword serve --tcp`` and ``--ws``: many sessions over the same models, apart from each other; who is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.lsp.client import TIMEOUT, Refused
from tests.lsp.door import Conversation, Door, Tcp, Web

URI = "untitled:1"
Come = Callable[[str], Conversation]


@pytest.fixture(scope="module")
def door(environment: dict[str, str]) -> Iterator[Door]:
    door = Door(environment, "--tcp", "127.0.0.1:0", "--ws", "127.0.0.1:0")
    yield door
    errors = door.dispose()
    assert "Traceback" not in errors
    assert "sche" not in errors


@pytest.fixture
def come(door: Door) -> Iterator[Come]:
    """Return a function from a scheme to a client that has come in by that door."""
    clients: list[Conversation] = []

    def client(scheme: str) -> Conversation:
        clients.append(Tcp(door) if scheme == "tcp" else Web(door.urls["ws"]))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
def test_a_whole_session(come: Come, options: dict[str, Any], scheme: str) -> None:
    client = come(scheme)
    assert client.initialize(options)["serverInfo"]["name"] == "foreword"
    client.open(URI, "We \U0001f600 should sche")
    assert all(word.startswith("sche") for word in client.words(URI, 17))
    assert client.call("shutdown", None) is None
    client.notify("exit", None)
    with pytest.raises((EOFError, ConnectionClosed, ConnectionError)):
        client.receive()


def test_sessions_are_apart_and_share_the_models(come: Come, options: dict[str, Any]) -> None:
    one, two, three = come("tcp"), come("ws"), come("tcp")
    one.initialize(options)
    two.initialize(options | {"completion": {"maxItems": 1, "minimumProbability": 0, "minimumSaving": 0}})
    three.initialize({"enabled": False})
    one.open(URI, "We should sche")
    two.open(URI, "Xyzzyplugh is here. I said xyzzyplugh. We th")
    three.open(URI, "We should sche")
    for _ in range(3):  # the same URI, at the same time
        assert len(one.words(URI, 10)) > 1
        assert all(word.startswith("sche") for word in one.words(URI, 14))
        (word,) = two.words(URI, 44)
        assert word.startswith("th")
    with pytest.raises(AssertionError):
        three.words(URI, 14)
    # What one writes again and again is no word to the other.
    two.change(URI, "Xyzzyplugh, said xyzzyplugh, is xyz")
    assert two.words(URI, 35) == ["xyzzyplugh"]
    one.change(URI, "We should xyz")
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 13}}
    items = one.call("textDocument/completion", place)["items"]
    assert "xyzzyplugh" not in [item["label"] for item in items]
    # One leaves in the middle of things; the others do not notice.
    one.send({"jsonrpc": "2.0", "id": 99, "method": "textDocument/completion", "params": place})
    one.close()
    assert two.words(URI, 35) == ["xyzzyplugh"]


def test_a_session_writes_no_file(come: Come, environment: dict[str, str], tmp_path: Path) -> None:
    client = come("ws")
    params: dict[str, Any] = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}
    client.call("initialize", params)
    for scope in ("project", "user"):
        argument = {"uri": URI, "classifier": "sentiment", "label": "negative", "scope": scope}
        with pytest.raises(Refused) as refused:
            client.call("workspace/executeCommand", {"command": "foreword.turnOffLabel", "arguments": [argument]})
        assert refused.value.code == -32602
    argument = {"sentence": "0" * 24}
    client.call("workspace/executeCommand", {"command": "foreword.ignoreSentence", "arguments": [argument]})
    assert list(tmp_path.iterdir()) == []
    assert not Path(environment["FOREWORD_CONFIG"]).with_name("ignored-sentences").exists()


def test_many_come_and_go(come: Come, options: dict[str, Any]) -> None:
    for _ in range(5):
        clients = [come("ws"), come("tcp")]
        for client in clients:
            client.initialize(options)
            client.open(URI, "We should sche")
        for client in clients:
            assert client.words(URI, 14)
            client.close()


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"\r\n\r\n",
        b"x" * 200_000,
    ],
)
def test_what_is_no_message_ends_its_connection_only(door: Door, come: Come, data: bytes) -> None:
    client = Tcp(door)
    client.socket.sendall(data)
    with pytest.raises((EOFError, ConnectionError)):
        client.receive()
    client.close()
    assert come("tcp").initialize({"enabled": False})


def test_nonsense_is_survived_in_a_frame_too(come: Come) -> None:
    client = come("ws")
    assert isinstance(client, Web)
    for data in ("", "{", "[]", "3", b"\xff", b"{}", '{"jsonrpc": "2.0", "id": 7}'):
        client.socket.send(data)
    assert client.initialize({"enabled": False})


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("http://127.0.0.1", True),
        ("https://[::1]:8000", True),
        ("https://example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org:80", False),
        ("null", False),
    ],
)
def test_pages_of_this_machine_only(door: Door, origin: Any, admitted: bool) -> None:
    if admitted:
        Web(door.urls["ws"], origin=origin).close()
        return
    with pytest.raises(InvalidStatus) as refused:
        Web(door.urls["ws"], origin=origin)
    assert refused.value.response.status_code == 403


@pytest.fixture(scope="module")
def guarded(environment: dict[str, str]) -> Iterator[Door]:
    options = ("--tcp", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--token", "tok en", "--origin", "https://example.org")
    door = Door(environment, *options)
    yield door
    assert "tok en" not in door.dispose()


@pytest.mark.parametrize("token", [None, "", "tok", 3, ["tok en"]])
def test_without_the_token_nobody_comes_in_by_tcp(guarded: Door, token: Any) -> None:
    client = Tcp(guarded)
    with pytest.raises(Refused) as refused:
        client.initialize(token if token is None else {"token": token})
    assert "initializationOptions.token" in refused.value.message
    with pytest.raises((EOFError, ConnectionError)):
        client.receive()
    client.close()


def test_with_it_they_do(guarded: Door) -> None:
    client = Tcp(guarded)
    assert client.initialize({"token": "tok en", "enabled": False})
    assert client.call("shutdown", None) is None
    assert not [message for message in client.received if message.get("method") == "window/showMessage"]
    client.close()


@pytest.mark.parametrize(
    ("path", "headers", "admitted"),
    [
        ("", {}, False),
        ("/?token=tok", {}, False),
        ("/?token=tok%20en", {}, True),
        ("", {"Authorization": "Bearer tok en"}, True),
        ("", {"Authorization": "Basic tok en"}, False),
    ],
)
def test_by_websocket_it_is_in_the_address_or_a_header(
    guarded: Door, path: str, headers: dict[str, str], admitted: bool
) -> None:
    def come() -> None:
        Web(guarded.urls["ws"] + path, additional_headers=headers, origin="https://example.org").close()

    if admitted:
        come()
    else:
        with pytest.raises(InvalidStatus) as refused:
            come()
        assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--tcp", "0.0.0.0:0"), 2, "give --token"),
        (("--ws", "example.org:80"), 2, "give --token"),
        (("--tcp", "here"), 2, "HOST:PORT"),
        (("--ws", "127.0.0.1:99999"), 2, "HOST:PORT"),
        (("--stdio", "--tcp", "127.0.0.1:0"), 2, "--stdio"),
        (("--tcp", "192.0.2.1:1", "--token", "x"), 1, "cannot be listened on"),
    ],
)
def test_doors_that_do_not_open(environment: dict[str, str], options: tuple[str, ...], code: int, said: str) -> None:
    door = Door(environment, *options)
    errors = door.process.communicate(timeout=TIMEOUT)[1]
    assert door.process.returncode == code
    assert said in " ".join(errors.replace("│", " ").split())
    assert "Traceback" not in errors

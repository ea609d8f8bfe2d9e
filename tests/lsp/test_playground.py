"""``foreword playground`` as a process: its page and its WebSocket on one port, and how it ends."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from tests.lsp.client import TIMEOUT
from tests.lsp.door import Web

COMMAND = [sys.executable, "-m", "foreword", "playground", "--no-browser"]
URI = "untitled:playground.txt"

Playground = tuple[subprocess.Popen[str], str]


@pytest.fixture(scope="module")
def user(environment: dict[str, str], model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user whose models are tiny."""
    file = tmp_path_factory.mktemp("config") / "config.toml"
    file.write_text(
        f"[model]\ndecoder = {str(model_folder)!r}\n[completion]\nminimumProbability = 0\nminimumSaving = 0\n", "utf-8"
    )
    return environment | {"FOREWORD_CONFIG": str(file)}


@pytest.fixture(scope="module")
def begin(user: dict[str, str]) -> Iterator[Callable[..., Playground]]:
    """Return a function that starts a playground, and returns its process and its address."""
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Playground:
        process = subprocess.Popen(
            [*COMMAND, *options],
            env={**os.environ, **user},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        processes.append(process)
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())
        assert found is not None
        return process, found[0]

    yield start
    for process in processes:
        process.kill()
        assert "Traceback" not in process.communicate(timeout=TIMEOUT)[1]


class Browser:
    """Asks for files with the cookie that the address gave it."""

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc
        answer = self.get(address.removeprefix(f"http://{self.host}"))
        assert (answer.status, answer.getheader("Location")) == (303, "/")
        self.cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def get(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        known = {"Cookie": self.cookie} if hasattr(self, "cookie") else {}
        connection.request(method, path, headers=known | headers)
        answer = connection.getresponse()
        answer.read()
        return answer

    def connect(self, **headers: str) -> Web:
        origin: Any = headers.pop("Origin", f"http://{self.host}")
        given = {"Cookie": self.cookie} | headers
        return Web(f"ws://{self.host}/", origin=origin, additional_headers=given)


@pytest.fixture(scope="module")
def browser(begin: Callable[..., Playground]) -> Browser:
    return Browser(begin()[1])


def test_the_page_and_its_words(browser: Browser) -> None:
    for path in ("/", "/playground.js", "/page.css", "/icon.svg", "/licences.txt"):
        assert browser.get(path).status == 200
    clients = [browser.connect(), browser.connect()]  # two tabs
    for client in clients:
        client.initialize()
        client.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": URI, "languageId": "plaintext", "version": 1, "text": "We should sche"}},
        )
    for client in clients:
        assert client.words(URI, 14)
        report = client.call("workspace/executeCommand", {"command": "foreword.status"})
        assert report["work"]["forwards"] > 0
        client.close()


@pytest.mark.parametrize("path", ["/nothing", "/../page.py", "/%2e%2e/%2e%2e/pyproject.toml", "//etc/passwd"])
def test_there_are_no_other_files(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Cookie": ""}, {"Cookie": "a[b]=c; d"}])
def test_who_is_not_the_page_sees_nothing(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.get("/", **headers).status in (403, 421)


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost"}, {"Origin": "https://evil.example"}, {"Cookie": ""}]
)
def test_who_is_not_the_page_is_not_answered(browser: Browser, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        browser.connect(**headers)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"x" * 100_000 + b"\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_nonsense_ends_its_connection_only(browser: Browser, data: bytes) -> None:
    host, _, port = browser.host.rpartition(":")
    with socket.create_connection((host, int(port)), TIMEOUT) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert browser.get("/").status == 200


def test_an_interrupt_ends_it_quietly(begin: Callable[..., Playground]) -> None:
    process, address = begin()
    browser = Browser(address)
    client = browser.connect()
    client.initialize()
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=TIMEOUT)[1]
    assert (process.returncode, errors) == (0, "")
    client.close()


def test_a_port_that_is_taken_is_said_in_one_sentence(browser: Browser, user: dict[str, str]) -> None:
    port = browser.host.rpartition(":")[2]
    done = subprocess.run(
        [*COMMAND, "--port", port], env={**os.environ, **user}, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"foreword: 127.0.0.1:{port} cannot be listened on")
    assert done.stderr.count("\n") == 1

"""A server behind sockets, and clients that come to it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.lsp.client import TIMEOUT, Refused


class Door:
    """One ``foreword serve`` process with doors.

    Attributes
    ----------
    urls
        Where it listens, by the scheme.
    """

    def __init__(self, environment: Mapping[str, str], *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "foreword", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
        )
        assert self.process.stdout is not None
        self.urls: dict[str, str] = {}
        for _ in range(sum(option in ("--tcp", "--ws") for option in options)):
            url = self.process.stdout.readline().removeprefix("foreword: listening on ").strip()
            self.urls[url.partition(":")[0]] = url

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.urls["tcp"].removeprefix("tcp://").rpartition(":")
        return host, int(port)

    def dispose(self) -> str:
        """End it and return what it wrote to its standard error."""
        self.process.kill()
        return self.process.communicate(timeout=TIMEOUT)[1]


class Conversation:
    """A client that waits for each answer."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self._numbers = itertools.count(1)

    def send(self, message: Any) -> None:
        raise NotImplementedError

    def receive(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def notify(self, method: str, params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def call(self, method: str, params: Any) -> Any:
        identity = next(self._numbers)
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        while True:
            message = self.receive()
            self.received.append(message)
            if message.get("id") == identity and "method" not in message:
                break
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def initialize(self, options: Any = None) -> Any:
        params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        result = self.call("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str) -> None:
        item = {"uri": uri, "languageId": "markdown", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, text: str) -> None:
        document = {"uri": uri, "version": 2}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def words(self, uri: str, character: int) -> list[str]:
        """Ask for words until there are some."""
        place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": character}}
        for _ in range(1000):
            if items := self.call("textDocument/completion", place)["items"]:
                return [item["label"] for item in items]
        raise AssertionError("There were no words at all.")


class Tcp(Conversation):
    def __init__(self, door: Door) -> None:
        super().__init__()
        self.socket = socket.create_connection(door.address, TIMEOUT)
        self._file = self.socket.makefile("rb")

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def receive(self) -> Any:
        length = 0
        while line := self._file.readline().strip():
            if line.startswith(b"Content-Length:"):
                length = int(line.partition(b":")[2])
        if not length:
            raise EOFError
        return json.loads(self._file.read(length))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
            self.socket.close()


class Web(Conversation):
    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        connecting = connect(url, compression=None, open_timeout=TIMEOUT, **options)
        self.socket: ClientConnection = self._stack.enter_context(connecting)

    def send(self, message: Any) -> None:
        self.socket.send(json.dumps(message))

    def receive(self) -> Any:
        message = self.socket.recv(TIMEOUT)
        assert isinstance(message, str)  # text frames only
        return json.loads(message)

    def close(self) -> None:
        self._stack.close()

"""A client of raw JSON-RPC messages over a server's pipes: it can say what a well-behaved library cannot."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

TIMEOUT = 60.0  # seconds; of what never comes, on a machine with much else to do

Json = Any
"""What `json.loads` returns."""


class Refused(Exception):  # noqa: N818
    """The server answered a request with an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(error)
        self.code: int = error["code"]
        self.message: str = error["message"]


class Client:
    """One ``foreword serve`` process and the client's end of its pipes.

    Parameters
    ----------
    environment
        Variables added to this process' own.
    python_options
        Options of the interpreter.
    options
        Of ``foreword serve``.

    Attributes
    ----------
    received
        Every message of the server so far, in order.
    handlers
        Functions from the parameters of a request of the server to the result; None where there is none. A handler that
        raises leaves the request without an answer.
    """

    def __init__(
        self, environment: Mapping[str, str], python_options: Sequence[str] = (), options: Sequence[str] = ()
    ) -> None:
        self.received: list[Json] = []
        self.handlers: dict[str, Callable[[Json], Json]] = {}
        self._numbers = itertools.count(1)
        self._stderr: list[bytes] = []
        self._came = threading.Condition()
        self._writing = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, *python_options, "-m", "foreword", "serve", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._stdin, self._stdout, self._errors = self.process.stdin, self.process.stdout, self.process.stderr
        self._ended = False
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    # What the client says.

    def send(self, message: Json) -> None:
        """Send one message as it is."""
        self.send_body(json.dumps(message).encode())

    def send_body(self, body: bytes) -> None:
        """Send a body of any bytes, with its header."""
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes; they need not be a message."""
        with self._writing:
            self._stdin.write(data)
            self._stdin.flush()

    def notify(self, method: str, params: Json) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Json) -> int:
        """Send a request and return its id."""
        identity = next(self._numbers)
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        return identity

    def call(self, method: str, params: Json, timeout: float = TIMEOUT) -> Json:
        """Send a request and return the result of its answer; raises `Refused` if that is an error."""
        return self.result(self.request(method, params), timeout)

    def cancel(self, identity: int) -> None:
        """Cancel a request."""
        self.notify("$/cancelRequest", {"id": identity})

    # What the server said.

    def answers(self, identity: int | str | None) -> list[Json]:
        """Every answer to a request so far; there should be one in the end."""
        return [m for m in self.received if "method" not in m and m.get("id") == identity]

    def result(self, identity: int | str, timeout: float = TIMEOUT) -> Json:
        """Wait for the answer to a request and return its result; raises `Refused` if it is an error."""
        answer = self.wait(lambda: self.answers(identity), timeout)[0]
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def params(self, method: str) -> list[Json]:
        """The parameters of every notification and request of a method so far."""
        return [m.get("params") for m in list(self.received) if m.get("method") == method]

    def wait(self, found: Callable[[], Json], timeout: float = TIMEOUT) -> Json:
        """Wait until a function of what was received returns something true, and return that."""
        result = None

        def look() -> bool:
            nonlocal result
            result = found()
            return bool(result) or self._ended

        with self._came:
            self._came.wait_for(look, timeout)
        if not result:
            state = "ended" if self._ended else f"said nothing of the kind for {timeout:.0f} s"
            raise AssertionError(
                f"The server {state}; its last messages: {self.received[-3:]}; stderr: {self.stderr()}"
            )
        return result

    def stderr(self) -> str:
        """What the process wrote to its standard error so far; all of it, once the process has ended."""
        if self.process.poll() is not None:
            self._readers[1].join(TIMEOUT)
        return b"".join(self._stderr).decode()

    # The usual conversation.

    def initialize(self, options: Json = None, capabilities: Json = None, **params: Json) -> Json:
        """Initialize the session and return the result."""
        general = {"processId": None, "rootUri": None, "capabilities": capabilities or {}}
        result = self.call("initialize", {**general, "initializationOptions": options, **params})
        self.notify("initialized", {})
        return result

    def open(self, text: str, language: str = "markdown", *, version: int = 1) -> str:
        """Open a new document and return its URI."""
        uri = f"untitled:{next(self._numbers)}"
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, *changes: Json, version: int = 2) -> None:
        """Change a document; see `replaced`."""
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
        self.notify("textDocument/didChange", params)

    def close(self, uri: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def complete(self, uri: str, line: int, character: int) -> Json:
        """Ask for completions and return the list."""
        return self.call("textDocument/completion", at(uri, line, character))

    def items(self, uri: str, line: int, character: int) -> Json:
        """Ask for completions until there are some.

        A search has little time, and on a busy machine none; what it found is kept, so that the next one gets further.
        """
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if items := self.complete(uri, line, character)["items"]:
                return items
        raise AssertionError("There were no words at all.")

    def shut_down(self) -> int:
        """End the session as the protocol says and return the exit code."""
        self.call("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(TIMEOUT)

    def end_input(self) -> None:
        """Close the server's standard input."""
        self._stdin.close()

    def dispose(self) -> None:
        """Leave nothing behind, however the session went."""
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(TIMEOUT)
        for stream in (self._stdin, self._stdout, self._errors):
            with contextlib.suppress(OSError):  # bytes for a reader that has gone
                stream.close()

    def seconds_to_exit(self) -> float:
        """Wait for the process and return how long that took."""
        started = time.monotonic()
        self.process.wait(TIMEOUT)
        return time.monotonic() - started

    def _read(self) -> None:
        try:
            while (message := _read_message(self._stdout)) is not None:
                with self._came:
                    self.received.append(message)
                    self._came.notify_all()
                if "id" in message and "method" in message:
                    self._answer(message)
        finally:
            with self._came:
                self._ended = True
                self._came.notify_all()

    def _answer(self, message: Json) -> None:
        try:
            handler = self.handlers.get(message["method"])
            result = handler(message["params"]) if handler else None
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        except Exception:  # the server does without an answer, or has gone
            return

    def _read_stderr(self) -> None:
        for line in self._errors:
            self._stderr.append(line)


def at(uri: str, line: int, character: int) -> Json:
    """The parameters of a request about a position in a document."""
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


def replaced(start: tuple[int, int], end: tuple[int, int], text: str) -> Json:
    """An incremental change."""
    return {"range": range_of(start, end), "text": text}


def range_of(start: tuple[int, int], end: tuple[int, int]) -> Json:
    """A range of two (line, character)."""
    (line, character), (end_line, end_character) = start, end
    return {"start": {"line": line, "character": character}, "end": {"line": end_line, "character": end_character}}


def _read_message(stream: IO[bytes]) -> Json:
    """Read one message; None at the end of the stream, and AssertionError for anything that is no message."""
    length = None
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        assert name in (b"Content-Length", b"Content-Type"), line
        if name == b"Content-Length":
            length = int(value)
    if not line or length is None:
        return None
    return json.loads(stream.read(length))

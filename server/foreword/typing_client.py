"""The client's end of ``foreword serve``, made to be quick: answers are stamped with the time when they had come.

A client library decodes each message into objects first, which takes a good part of the time that a key may take and is
not the server's. Here a thread reads, notes the time, and decodes JSON only.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from foreword.lsp.transport import framed, read_body
from foreword_models.errors import BenchmarkError

SERVE = (sys.executable, "-m", "foreword", "serve")
_CALL_SECONDS = 60.0
_END_SECONDS = 10.0
_ERROR = 1  # MessageType.Error of the protocol

Message = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Attributes
    ----------
    result
        None if there was an error.
    error
        Its message, else None.
    at
        When it had come, as `time.perf_counter` counts.
    """

    result: Any
    error: str | None
    at: float


class ServerClient:
    """One server process; a context manager that ends it.

    Parameters
    ----------
    command
        What starts the server.

    Attributes
    ----------
    complaints : list of str
        What the server told the user as an error.
    started : float
        When the process was started, as `time.perf_counter` counts.
    """

    def __init__(self, command: Sequence[str] = SERVE) -> None:
        self.complaints: list[str] = []
        self._answers: dict[int, Answer] = {}
        self._last_id = 0
        self._came = threading.Condition()
        self._writing = threading.Lock()
        self._ended = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        self.started = time.perf_counter()
        quiet = {**os.environ, "FOREWORD_MEASURE": "0"}  # it would begin to measure while something else is timed
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=quiet
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    def initialize(self, options: Any = None) -> float:
        """Begin the session; returns the seconds from the start of the process to the answer."""
        identity, message = self.request(
            "initialize", {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        )
        self.send(message)
        seconds = self.result(identity).at - self.started
        self.send(notification("initialized", {}))
        return seconds

    def request(self, method: str, params: Any) -> tuple[int, Message]:
        """Make a request; returns its id and the message, which is not sent yet."""
        self._last_id += 1
        return self._last_id, {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}

    def send(self, *messages: Message) -> float:
        """Send messages, in one piece; returns when that began, as `time.perf_counter` counts."""
        data = b"".join(map(framed, messages))
        assert self._process.stdin is not None
        with self._writing:
            began = time.perf_counter()
            try:
                self._process.stdin.write(data)
                self._process.stdin.flush()
            except OSError:
                self._ended = True  # whoever waits for an answer says how
        return began

    def wait(self, identity: int, until: float) -> Answer | None:
        """Return the answer to a request, or None if it has not come until a time of `time.perf_counter`.

        Raises
        ------
        BenchmarkError
            The server has ended.
        """
        with self._came:
            self._came.wait_for(lambda: identity in self._answers or self._ended, until - time.perf_counter())
            answer = self._answers.pop(identity, None)
        if answer is None and self._ended:
            raise BenchmarkError(f"The language server ended{self._last_words()}")
        return answer

    def result(self, identity: int, seconds: float = _CALL_SECONDS) -> Answer:
        """Return the answer to a request.

        Raises
        ------
        BenchmarkError
            It has not come after `seconds`, or is an error, or the server has ended.
        """
        answer = self.wait(identity, time.perf_counter() + seconds)
        if answer is None:
            raise BenchmarkError(f"The language server gave no answer for {seconds:.0f} s; look at foreword doctor.")
        if answer.error is not None:
            raise BenchmarkError(f"The language server answered with an error: {answer.error}")
        return answer

    def close(self) -> None:
        """End the session as the protocol says, and the process in any case."""
        with contextlib.suppress(BenchmarkError, subprocess.TimeoutExpired):
            if self._process.poll() is None:
                identity, message = self.request("shutdown", None)
                self.send(message)
                self.result(identity, _END_SECONDS)
                self.send(notification("exit", None))
                self._process.wait(_END_SECONDS)
        self._process.kill()
        self._process.wait()
        self._reader.join(_END_SECONDS)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(OSError):  # bytes for a process that has gone
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # what is no message any more
            while (body := read_body(self._process.stdout)) is not None:
                at = time.perf_counter()
                self._take(json.loads(body), at)
        with self._came:
            self._ended = True
            self._came.notify_all()

    def _take(self, message: Message, at: float) -> None:
        if "method" not in message:
            error = message.get("error")
            answer = Answer(message.get("result"), None if error is None else str(error.get("message")), at)
            with self._came:
                self._answers[message["id"]] = answer
                self._came.notify_all()
        elif "id" in message:  # a question of the server; there is nothing to say to any
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif message["method"] == "window/showMessage" and message["params"]["type"] == _ERROR:
            self.complaints.append(message["params"]["message"])

    def _last_words(self) -> str:
        """Say how the process ended, as the end of a sentence."""
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return " its output and lives on; it is ended."
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f" with exit code {code}" + (f": {lines[-1]}" if lines else ".")


def notification(method: str, params: Any) -> Message:
    """Return a notification."""
    return {"jsonrpc": "2.0", "method": method, "params": params}

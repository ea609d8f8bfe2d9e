"""Anything at all, for a while: malformed messages, out of order, at full speed. The server neither dies nor hangs.

FOREWORD_FUZZ_SECONDS says how long, a few seconds by default; FOREWORD_FUZZ_SEED repeats what was said another time.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from typing import Any

import psutil

from foreword.lsp.capabilities import COMMANDS
from tests.lsp.client import Client
from tests.lsp.conftest import Start

SECONDS = float(os.environ.get("FOREWORD_FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("FOREWORD_FUZZ_SEED", time.time_ns() % 10**6))
WAITING = 100  # requests that may wait for their answers, as no client leaves more
GROWTH = 150 * 2**20  # bytes that the process may grow by; a leak of a document a message would be more

NOTIFICATIONS = (
    "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "textDocument/didSave",
    "workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders", "$/cancelRequest", "$/setTrace",
    "$/progress", "initialized", "no/such", "",
)  # fmt: skip
REQUESTS = (
    "textDocument/completion", "completionItem/resolve", "textDocument/inlineCompletion", "textDocument/hover",
    "textDocument/codeAction", "textDocument/diagnostic", "workspace/executeCommand", "initialize", "no/such", "",
)  # fmt: skip
TEXTS = ("", "We should sche", "It rains. It pours.\n\n", "\r", "\r\n", "\U0001f600", "\ud83d", "\0", "word " * 200)
SPECIMENS: tuple[Any, ...] = (None, True, -1, 0, 2**31, 1.5, 1e300, "", "x", [], {}, [[]], {"uri": "a"})


class Fuzzer:
    """Says things to a server."""

    def __init__(self, client: Client, rng: random.Random) -> None:
        self.client = client
        self.rng = rng
        self.asked: list[int] = []
        self.answers: Counter[int] = Counter()
        self._seen = 0
        self.uris = [f"untitled:fuzz-{number}" for number in range(4)]

    def say(self) -> None:
        rng = self.rng
        match rng.randrange(12):
            case 0:
                self.client.send_body(self._damaged())
            case 1 | 2:
                self.client.send(self._message(rng.choice(NOTIFICATIONS), self._anything()))
            case 3 | 4:
                self._ask(rng.choice(REQUESTS), self._anything())
            case 5 | 6 | 7:
                self._write()
            case 8 | 9 | 10:
                self._ask(*self._sensible())
            case _:
                self.client.cancel(rng.choice(self.asked) if self.asked and rng.random() < 0.9 else 10**9)

    def unanswered(self) -> set[int]:
        """The requests without an answer so far."""
        new = self.client.received[self._seen :]
        self._seen += len(new)
        self.answers.update(message["id"] for message in new if "method" not in message)
        return {identity for identity in self.asked if not self.answers[identity]}

    def _ask(self, method: str, params: Any) -> None:
        self.asked.append(self.client.request(method, params))

    def _write(self) -> None:
        rng, uri = self.rng, self.rng.choice(self.uris)
        text = rng.choice(TEXTS)
        what = rng.randrange(6)
        if what == 0:
            item = {"uri": uri, "languageId": rng.choice(["markdown", "rust", ""]), "version": 1, "text": text}
            self.client.notify("textDocument/didOpen", {"textDocument": item})
        elif what == 1:
            self.client.close(uri)
        else:
            change = {"range": self._range(), "text": text} if what < 5 else {"text": text}
            self.client.change(uri, change, version=rng.randrange(10))

    def _sensible(self) -> tuple[str, Any]:
        rng = self.rng
        document = {"textDocument": {"uri": rng.choice(self.uris)}}
        position = {"position": self._range()["start"]}
        return rng.choice(
            [
                ("textDocument/completion", document | position),
                ("textDocument/inlineCompletion", document | position | {"context": {"triggerKind": 1}}),
                ("textDocument/hover", document | position),
                ("textDocument/codeAction", document | {"range": self._range(), "context": {"diagnostics": []}}),
                ("textDocument/diagnostic", document),
                ("completionItem/resolve", {"label": "x", "data": rng.choice([None, {"list": 1, "rank": 0}])}),
                ("workspace/executeCommand", {"command": rng.choice(COMMANDS), "arguments": [{"uri": "a"}]}),
            ]
        )

    def _range(self) -> Any:
        places = [{"line": self.rng.choice([0, 0, 1, 9]), "character": self.rng.randrange(40)} for _ in range(2)]
        return {"start": places[0], "end": places[1]}

    def _anything(self, depth: int = 0) -> Any:
        rng = self.rng
        if depth > 2 or rng.random() < 0.4:
            return rng.choice(SPECIMENS)
        if rng.random() < 0.3:
            return [self._anything(depth + 1) for _ in range(rng.randrange(3))]
        keys = ("textDocument", "position", "context", "contentChanges", "uri", "text", "range", "settings", "command")
        return {rng.choice(keys): self._anything(depth + 1) for _ in range(rng.randrange(4))}

    def _message(self, method: str, params: Any) -> Any:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if self.rng.random() < 0.1:
            message[self.rng.choice(["jsonrpc", "method", "params", "id", "result", "error"])] = self._anything(2)
            # These end the session, or are another's answer; and a request would have no one who waits for it.
            message.pop("id", None)
        return message

    def _damaged(self) -> bytes:
        body = bytearray(json.dumps(self._message(self.rng.choice(REQUESTS), self._anything())).encode())
        for _ in range(self.rng.randrange(1, 4)):
            body[self.rng.randrange(len(body))] = self.rng.randrange(256)
        # A damaged request may be one still; a damaged name of a method is never that of another one.
        return bytes(body[: self.rng.randrange(1, len(body) + 1)])


def test_it_neither_dies_nor_hangs(start: Start, options: Any) -> None:
    client = start()
    client.initialize(options)
    client.items(client.open("We should sche"), 0, 14)  # the models are there: that of words,
    client.open("It rains.\n")  # and that of sentences, which would else come at some time and be taken for a leak
    client.wait(lambda: any(said["diagnostics"] for said in client.params("textDocument/publishDiagnostics")) or None)
    process = psutil.Process(client.process.pid)
    before = process.memory_info().rss
    fuzzer = Fuzzer(client, random.Random(SEED))
    print(f"FOREWORD_FUZZ_SEED={SEED}", file=sys.stderr)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for _ in range(20):
            fuzzer.say()
        client.wait(lambda: len(fuzzer.unanswered()) <= WAITING)
    client.wait(lambda: not fuzzer.unanswered())
    assert max(fuzzer.answers.values()) == 1
    client.call("workspace/executeCommand", {"command": "foreword.resume"})
    assert client.items(client.open("We should sche"), 0, 14)
    assert process.memory_info().rss - before < GROWTH
    assert client.shut_down() == 0
    assert "Traceback" not in client.stderr()

"""The keys of a script typed into the real server at the pace of a person.

What is timed
    From the moment that the change and the request of a key are written until the last byte of the answer has come. The
    next key goes out when it is due, answer or not: people do not wait. An editor then cancels the request that is
    still open, and so does this one; such a key is *late*, and what its writer waited is counted on, until the next
    answer that came before its own next key. An answer may hold no words: keys answered so are counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from foreword.text.document import Document
from foreword.typing_client import Answer, ServerClient, notification
from foreword.typing_turns import WARM_UP, Pressed, sleep_until
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.process_usage import cpu_percent, wait_until_quiet
from foreword_models.evaluation.typing_report import Press
from foreword_models.evaluation.typing_script import Key

LANGUAGE: Final = "markdown"
_FIRST_URI = "untitled:first.md"
_FIRST_SECONDS = 120.0  # for a model to be loaded, and perhaps measured
_ANSWER_SECONDS = 30.0  # for the last key of a turn
_PAUSE = 1.0  # after which a server that has work to do in a pause has begun it
_IDLE_AFTER, _IDLE_WATCHED = 5.0, 3.0  # seconds after the last change, and for how long


class ServerTypist:
    """Types into a server.

    Parameters
    ----------
    client
        Of a session that has begun.
    keys
        What `typing_script.script` returned.
    gaps
        Seconds from each key to the next; None to press each as soon as the one before is answered.
    name, text
        Of a document that is opened for it, and what it holds already.
    """

    def __init__(
        self,
        client: ServerClient,
        keys: Sequence[Key],
        gaps: Sequence[float] | None,
        *,
        name: str = "foreword",
        text: str = "",
    ) -> None:
        self.name = name
        self._uri = f"untitled:{name}.md"
        self._client = client
        self._keys = keys
        self._gaps = gaps
        self._document = open_document(client, self._uri, text)
        self._open_request: int | None = None
        self._changed = time.perf_counter()

    @property
    def text(self) -> str:
        """What has been typed so far."""
        return self._document.text

    def type(self, first: int, last: int, pressed: Pressed) -> list[Press]:
        """Press some keys; see `Typist`."""
        presses: list[Press] = []
        waiting: list[tuple[Key, float]] = []  # late keys, in order, with the time when each was pressed
        for number in range(first, last):
            identity, sent = self._press(self._keys[number])
            waiting.append((self._keys[number], sent))
            paced = self._gaps is not None and number < last - 1
            due = sent + (self._gaps[number] if self._gaps is not None and paced else _ANSWER_SECONDS)
            answer = self._client.wait(identity, due)
            if answer is not None:
                self._open_request = None
                presses += settled(waiting, answer)
                pressed(len(waiting))
                waiting = []
            elif not paced:
                raise BenchmarkError(f"The language server gave no words for {_ANSWER_SECONDS:.0f} s after a key.")
            if paced:
                sleep_until(due)
        return presses

    def rest(self, most: float = 20.0) -> None:
        """Wait until the server is quiet, at most so many seconds."""
        time.sleep(_PAUSE)
        wait_until_quiet(self._client.process_id, most=most)

    def idle_cpu_percent(self) -> float | None:
        """Return the share of a core that the server keeps busy five seconds after the last change, in percent."""
        sleep_until(self._changed + _IDLE_AFTER)
        return cpu_percent(self._client.process_id, _IDLE_WATCHED)

    def _press(self, key: Key) -> tuple[int, float]:
        """Send a key's change and request; returns the request's id and when they were sent."""
        document = self._document
        line, character = document.position(key.offset)
        here = {"line": line, "character": character}
        messages = []
        if self._open_request is not None:
            messages.append(notification("$/cancelRequest", {"id": self._open_request}))
        document.version += 1
        document.apply(((line, character), (line, character)), key.written)
        change = {"range": {"start": here, "end": here}, "text": key.written}
        params = {"textDocument": {"uri": self._uri, "version": document.version}, "contentChanges": [change]}
        messages.append(notification("textDocument/didChange", params))
        identity, request = self._client.request("textDocument/completion", _at(document, key.offset + 1))
        self._changed = self._client.send(*messages, request)
        self._open_request = identity
        return identity, self._changed


def settled(waiting: Sequence[tuple[Key, float]], answer: Answer) -> list[Press]:
    """Return what became of the keys that waited for an answer; all but the last were late.

    Raises
    ------
    BenchmarkError
        The answer is an error.
    """
    if answer.error is not None:
        raise BenchmarkError(f"The language server answered a key with an error: {answer.error}")
    words = bool(_items(answer))
    return [
        Press(key.kind, 1000 * (answer.at - sent), late=number < len(waiting), words=words)
        for number, (key, sent) in enumerate(waiting, 1)
    ]


def first_words(client: ServerClient) -> float:
    """Ask for words until there are some; returns the seconds from the start of the server's process.

    Raises
    ------
    BenchmarkError
        There are none after two minutes, or the server says that something is wrong.
    """
    document = open_document(client, _FIRST_URI, WARM_UP)
    deadline = time.perf_counter() + _FIRST_SECONDS
    while time.perf_counter() < deadline:
        identity, request = client.request("textDocument/completion", _at(document, len(WARM_UP)))
        client.send(request)
        answer = client.result(identity)
        if _items(answer):
            client.send(notification("textDocument/didClose", {"textDocument": {"uri": _FIRST_URI}}))
            return answer.at - client.started
        if client.complaints:
            raise BenchmarkError(f"The language server offers no words: {client.complaints[0]}")
        time.sleep(0.01)
    raise BenchmarkError("The language server offers no words; is completion.enabled false in your settings?")


def open_document(client: ServerClient, uri: str, text: str) -> Document:
    """Open a document in the server; returns the client's own copy."""
    item = {"uri": uri, "languageId": LANGUAGE, "version": 1, "text": text}
    client.send(notification("textDocument/didOpen", {"textDocument": item}))
    return Document(uri, LANGUAGE, 1, text, "utf-16")


def _at(document: Document, offset: int) -> dict[str, Any]:
    line, character = document.position(offset)
    return {"textDocument": {"uri": document.uri}, "position": {"line": line, "character": character}}


def _items(answer: Answer) -> list[Any]:
    result = answer.result
    items: list[Any] = (result or {}).get("items", []) if not isinstance(result, list) else result
    return items

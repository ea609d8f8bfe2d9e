"""A typist at the real server: starts it as an editor would, types a text key by key, takes offered words, counts keys.

What is counted follows the literature on predictive keyboards (Vertanen and Gaines): the list is looked at before every
key, and taking a word costs one key, which also writes the space after it where the text has one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from foreword import __version__
from foreword_models.words.characters import partial_word, word_end

URI = "untitled:demo.md"


class Session:
    """One document, open in one server process.

    Attributes
    ----------
    text
        The document as typed so far.
    marks
        The server's marks, as last published.
    process_id
        Of the server.
    initialize_seconds
        From the start of the process to the answer to ``initialize``.
    """

    def __init__(self, client: LanguageClient, process_id: int, initialize_seconds: float) -> None:
        self.text = ""
        self.marks: Sequence[types.Diagnostic] = ()
        self.process_id = process_id
        self.initialize_seconds = initialize_seconds
        self._client = client
        self._version = 1
        self._marks_version = 0
        self._marks_came = asyncio.Event()
        self._line = self._character = 0

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
        def take_marks(params: types.PublishDiagnosticsParams) -> None:
            self.marks = params.diagnostics
            self._marks_version = params.version or 0
            self._marks_came.set()

    def open(self, language_id: str = "markdown") -> None:
        """Open the empty document."""
        item = types.TextDocumentItem(uri=URI, language_id=language_id, version=self._version, text="")
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def type(self, text: str) -> None:
        """Append text at the cursor, which is at the end."""
        position = types.Position(self._line, self._character)
        self._version += 1
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=URI, version=self._version),
                content_changes=[
                    types.TextDocumentContentChangePartial(range=types.Range(position, position), text=text)
                ],
            )
        )
        self.text += text
        self._line += text.count("\n")
        last = self.text.rpartition("\n")[2]
        self._character = len(last.encode("utf-16-le")) // 2

    async def words(self) -> list[str]:
        """Ask for the words at the cursor."""
        answer = await self._client.text_document_completion_async(
            types.CompletionParams(
                text_document=types.TextDocumentIdentifier(uri=URI),
                position=types.Position(self._line, self._character),
            )
        )
        items = answer.items if isinstance(answer, types.CompletionList) else answer or []
        return [item.label for item in items]

    async def settled_marks(self, wait: float) -> Sequence[types.Diagnostic]:
        """Wait for the marks of the text as it is now, at most `wait` seconds."""
        deadline = time.monotonic() + wait
        while self._marks_version < self._version and (left := deadline - time.monotonic()) > 0:
            self._marks_came.clear()
            try:
                await asyncio.wait_for(self._marks_came.wait(), left)
            except TimeoutError:
                break
        return self.marks


@asynccontextmanager
async def session(options: dict[str, Any] | None = None) -> AsyncIterator[Session]:
    """Start ``foreword serve`` and open a session with it; the process is gone when the block ends, however it ends.

    Parameters
    ----------
    options
        The client's ``initializationOptions``.
    """
    client = LanguageClient("foreword-typist", __version__)
    started = time.perf_counter()
    await client.start_io(sys.executable, "-m", "foreword", "serve")
    process = client._server  # pygls has no public name for it
    assert process is not None
    try:
        await client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(), process_id=None, initialization_options=options
            )
        )
        opened = Session(client, process.pid, time.perf_counter() - started)
        client.initialized(types.InitializedParams())
        yield opened
        await asyncio.wait_for(client.shutdown_async(None), 10)
        client.exit(None)
        await asyncio.wait_for(process.wait(), 10)
    finally:
        if process.returncode is None:
            process.kill()
        await client.stop()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Key:
    """One key press.

    Attributes
    ----------
    written
        What it wrote: a character, or the rest of a word with the space after it.
    taken
        Whether it took an offered word.
    offered
        The words that were offered before it.
    milliseconds
        From asking for these words to having them.
    in_word
        Whether part of a word was typed already.
    """

    written: str
    taken: bool
    offered: tuple[str, ...]
    milliseconds: float
    in_word: bool


@dataclass
class Tally:
    """Keys pressed so far."""

    keys: list[Key] = field(default_factory=list)

    @property
    def characters(self) -> int:
        """Characters written."""
        return sum(len(key.written) for key in self.keys)

    @property
    def savings(self) -> float:
        """Keystroke savings in percent: (characters - keys) / characters x 100."""
        return 100 * (1 - len(self.keys) / self.characters) if self.keys else 0.0

    def percentile(self, share: float, *, in_word: bool | None = None) -> float:
        """Milliseconds a key by nearest rank; of keys inside words, at word boundaries, or all; 0 if there are none."""
        times = sorted(key.milliseconds for key in self.keys if in_word is None or key.in_word == in_word)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


async def type_text(opened: Session, text: str, *, slots: int = 3) -> AsyncIterator[Key]:
    """Type a text into a session, taking the wanted word as soon as it is offered in one of the `slots`.

    Yields
    ------
    Key
        After each key press.
    """
    while len(opened.text) < len(text):
        rest = text[len(opened.text) :]
        started = time.perf_counter()
        offered = tuple((await opened.words())[:slots])
        milliseconds = (time.perf_counter() - started) * 1000
        begun = partial_word(opened.text)
        end = word_end(begun + rest)
        wanted = (begun + rest)[:end]
        taken = bool(wanted) and wanted in offered and len(wanted) > len(begun)
        written = rest[0]
        if taken:
            written = wanted[len(begun) :]
            written += " " if rest[len(written) :].startswith(" ") else ""
        opened.type(written)
        yield Key(written, taken, offered, milliseconds, bool(begun))

"""What is known of the sentences of each open document: found after a pause in typing, and kept from edit to edit.

A document is cut into sentences anew after each pause, a slice at a time, and only those sentences are read that were
not there before.
A key may meet the forward of some sentences, and has to wait for it: while somebody types, in any document, nothing is
read but a few sentences now and then; when they pause, a few at a time; and many at once when they are away. Those
around the place that was last edited or asked about come first: LSP does not tell what is visible, and that mostly is.
"""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword.lsp.features.meaning import prepare_grammar
from foreword.lsp.slices import in_slices
from foreword.text.sentences import Sentence
from foreword_models.errors import ForewordError, OutOfMemoryError
from foreword_models.gpt.machine import give_back_memory

if TYPE_CHECKING:
    from foreword.engine.lookups import Edit, Grammar
    from foreword.engine.models import Models
    from foreword.engine.reader import Labels, Reader
    from foreword.lsp.server import ForewordServer
    from foreword.settings import DiagnosticsSettings
    from foreword.text.document import Document
    from foreword_models.bert.classifier import Classifier, LabelProbability
    from foreword_models.bert.entities import Entity

CHUNK, FEW = 32, 2  # sentences of a job, and of one that a key may soon meet
LULL, AWAY = 0.3, 10.0  # seconds since the last key, after which a writer has paused, and after which they are away
STARVED = 2.0  # seconds without a pause, after which some sentences are read all the same
INTERVAL = 0.5  # seconds after which what was found so far is told
GRAMMAR = "grammar"  # the name, among the classifiers', of what finds slips
LEAST = 0.1  # of a label that is not a sentence's most probable one: below, it is not marked, whatever is asked for
MANY = 100  # unread sentences that a status bar is told of


@dataclass(frozen=True)
class Known:
    """What was read in a sentence: of each classifier the labels that may be marked, slips, and names."""

    labels: Mapping[str, Sequence[LabelProbability]]
    edits: Sequence[Edit] = ()
    entities: Sequence[Entity] = ()


@dataclass
class Reading:
    """The sentences of one document.

    Attributes
    ----------
    revision
        Of the document that `sentences` are from; -1 before there are any.
    sentences
        The finished ones, in the order of the text.
    known
        By the sentence's text.
    complete
        All sentences of that revision have been read.
    classifiers, cards
        Those that read them, and the addresses of their model cards, by name.
    """

    revision: int = -1
    sentences: Sequence[Sentence] = ()
    known: dict[str, Known] = field(default_factory=dict)
    complete: bool = False
    classifiers: Mapping[str, Classifier] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)
    read_by: tuple[Models, bool, bool] | None = None  # the models, and whether they looked for slips, and for names
    task: asyncio.Task[None] | None = None

    def around(self, focus: int) -> Iterator[Sentence]:
        """Yield the sentences, those near to an offset first."""
        sentences = self.sentences
        right = bisect.bisect_left(sentences, focus, key=lambda sentence: sentence.start)
        left = right - 1
        while left >= 0 or right < len(sentences):
            if left < 0 or (right < len(sentences) and sentences[right].start - focus < focus - sentences[left].start):
                yield sentences[right]
                right += 1
            else:
                yield sentences[left]
                left -= 1


def finds_slips(settings: DiagnosticsSettings) -> bool:
    """Whether slips are to be marked: only where the settings say so, since what finds them has to be fetched."""
    return settings.enabled and settings.classifier(GRAMMAR).enabled is True


def begin(server: ForewordServer, document: Document, delay: float, tell: Callable[[bool], None]) -> None:
    """Read a document after a pause, in place of any reading of it that is under way.

    Parameters
    ----------
    delay
        Seconds.
    tell
        Called when there is something new to show; with whether that is all.
    """
    reading = server.readings.setdefault(document.uri, Reading())
    stop(server, document.uri)
    reading.complete = False
    reading.task = asyncio.ensure_future(_read(server, document, reading, delay, tell))


def stop(server: ForewordServer, uri: str) -> None:
    """Stop the reading of a document that is under way, if there is one."""
    reading = server.readings.get(uri)
    if reading is not None and reading.task is not None:
        reading.task.cancel()
        reading.task = None
    server.status.reading(uri, False)


def forget(server: ForewordServer, uri: str) -> None:
    """Let go of a document that was closed."""
    stop(server, uri)
    server.readings.pop(uri, None)


async def _read(
    server: ForewordServer, document: Document, reading: Reading, delay: float, tell: Callable[[bool], None]
) -> None:
    try:
        await asyncio.sleep(delay)
        if not await _find_sentences(document, reading):
            return
        slips = finds_slips(server.language(document).diagnostics)
        if slips:
            await prepare_grammar(server)
        names = server.language(document).entities.enabled
        if reading.read_by != (server.models, slips, names):  # another encoder finds something else
            reading.known, reading.read_by = {}, (server.models, slips, names)
        await _read_sentences(server, document, reading, tell)
        reading.complete = True
        tell(True)
    except (Superseded, EngineClosedError):
        return
    except Exception as error:
        server.fail(error)
    finally:
        server.status.reading(document.uri, False)


async def _find_sentences(document: Document, reading: Reading) -> bool:
    """Cut the document into sentences; False if it has changed meanwhile."""
    revision = document.revision
    if reading.revision == revision:
        return True
    found: list[Sentence] = []
    known: dict[str, Known] = {}

    def take(sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            if sentence.finished:
                found.append(sentence)
                if sentence.text in reading.known:
                    known[sentence.text] = reading.known[sentence.text]

    if not await in_slices(document.prose.sentences(), take, lambda: document.revision == revision):
        return False
    reading.sentences, reading.known, reading.revision = found, known, revision
    return True


async def _read_sentences(
    server: ForewordServer, document: Document, reading: Reading, tell: Callable[[bool], None]
) -> None:
    unread = await _unread(reading, document.offset(server.focus.get(document, 0), 0))
    many = len(unread) > MANY
    server.status.reading(document.uri, many)
    told = time.monotonic()
    while unread:
        count = await _allowance(server)
        await read_texts(server, reading, unread[:count], ("diagnostics", server.name_of(document.uri)))
        del unread[:count]
        if time.monotonic() > told + INTERVAL:
            tell(False)
            told = time.monotonic()
    if many:
        await server.engine.run(Priority.THINKING, lambda _: give_back_memory())


async def _unread(reading: Reading, focus: int) -> list[str]:
    """Return the texts that are not known yet, those near to an offset first."""
    unread: dict[str, None] = {}

    def look(sentence: Sentence) -> None:
        if sentence.text not in reading.known:
            unread[sentence.text] = None

    await in_slices(reading.around(focus), look)
    return list(unread)


async def _allowance(server: ForewordServer) -> int:
    """Wait until whoever types pauses, or for long enough; returns how many sentences may be read then."""
    end = time.monotonic() + STARVED
    while (since := server.engine.since_urgent()) < LULL and time.monotonic() < end:
        await asyncio.sleep(LULL - since)
    return CHUNK if since >= AWAY else FEW


async def read_texts(server: ForewordServer, reading: Reading, texts: Sequence[str], key: object) -> None:
    """Read some sentences now, and keep what is found."""
    models = server.models
    grammar = server.lookups.grammar if reading.read_by is not None and reading.read_by[1] else None
    names = reading.read_by is not None and reading.read_by[2]

    def read(checkpoint: Checkpoint) -> tuple[dict[str, Known], Mapping[str, Classifier], Mapping[str, str]]:
        reader = _entity_reader(server, models) if names else models.reader()
        found = reader.find(texts, entities=names, checkpoint=checkpoint)
        edits = _edits(server, grammar, texts, checkpoint) if grammar is not None else {}
        known = {
            text: Known(_kept(found[text].labels), edits.get(text, ()), found[text].entities or ()) for text in texts
        }
        return known, reader.classifiers, cards()

    known, reading.classifiers, reading.cards = await server.engine.run(Priority.DIAGNOSTICS, read, key=key)
    reading.known.update(known)


def cards() -> dict[str, str]:
    """Return the addresses of the model cards that come with the classifiers, at the section on what they mark."""
    from foreword_models.bert.classifier import shipped_classifiers

    found = {}
    for name, folder in shipped_classifiers().items():
        card = folder / "README.md"
        if card.is_file():
            found[name] = card.resolve().as_uri() + "#when-it-speaks"
    return found


def _entity_reader(server: ForewordServer, models: Models) -> Reader:
    """Return the reader with what finds names; what keeps that from working is told, and the labels stay."""
    try:
        return models.entity_reader()
    except OutOfMemoryError:
        raise
    except ForewordError as error:
        message = str(error)
        server.on_loop(lambda: server.tell(message))
        return models.reader()


def _edits(
    server: ForewordServer, find: Callable[[], Grammar | None], texts: Sequence[str], checkpoint: Checkpoint
) -> Mapping[str, Sequence[Edit]]:
    """Return the slips that are found; what keeps their finder from working is told, and the labels stay."""
    try:
        grammar = find()
        return grammar.read(texts, checkpoint=checkpoint) if grammar else {}
    except OutOfMemoryError:
        raise
    except ForewordError as error:
        message = str(error)
        server.on_loop(lambda: server.tell(message))
        return {}


def _kept(labels: Labels) -> dict[str, Sequence[LabelProbability]]:
    """Of each classifier the most probable label and those that may be marked beside it: most never are."""
    return {
        name: tuple(label for label in ranked if label is ranked[0] or label.shown or label.probability >= LEAST)
        for name, ranked in labels.items()
    }

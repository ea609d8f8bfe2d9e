"""``textDocument/hover``: how the sentence at a place reads, in numbers, and the words nearest to the one there."""

from __future__ import annotations

import asyncio
import bisect
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features import meaning
from foreword.lsp.features.completion import percent
from foreword.lsp.features.marks import is_on
from foreword.lsp.features.resolve import nearest
from foreword_models.words.characters import word_spans

if TYPE_CHECKING:
    from foreword.engine.reader import Labels
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword.text.sentences import Sentence

PATIENCE = 2.0  # seconds that a look waits for a document that is being read
LABELS, LEAST = 3, 0.05  # of a classifier, and the least probability of one that is told


def register(server: ForewordServer) -> None:
    """Answer where the pointer rests."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        document = server.documents.get(params.text_document.uri)
        if document is None or not server.language(document).diagnostics.enabled:
            return None
        server.focus[document] = params.position.line
        reading = server.readings.get(document.uri)
        if reading is not None and reading.task is not None and reading.revision != document.revision:
            await asyncio.wait([reading.task], timeout=PATIENCE)
        sentence, word = _sentence(server, document, params.position), _word(document, params.position)
        settings, models, lookups = server.language(document).diagnostics, server.models, server.lookups
        text, start, end = _around(document, params.position, sentence, word)

        def look(checkpoint: Checkpoint) -> tuple[Labels, list[str]]:
            labels = read(sentence.text, checkpoint) if sentence else {}
            return labels, nearest(lookups, text, start, end) if word else []

        def read(text: str, checkpoint: Checkpoint) -> Labels:
            reader = models.reader()
            labels = reader.read([text], checkpoint=checkpoint)[text]
            configs = {name: classifier.config for name, classifier in reader.classifiers.items()}
            return {name: each for name, each in labels.items() if is_on(configs[name], settings.classifier(name))}

        name = server.name_of(document.uri)
        labels, neighbours = await server.answer(Priority.INLINE_COMPLETION, look, key=("hover", name)) or ({}, [])
        meaning.load(server)
        lines = _lines(labels)
        if neighbours:
            lines.append(f"Near {text[start:end]}: {', '.join(neighbours)}")
        if not lines:
            return None
        range = _range(document, sentence) if sentence else None
        return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, "\n".join(lines)), range)


def _lines(labels: Labels) -> list[str]:
    """Say of each classifier what it finds likely."""
    lines = []
    for name, ranked in labels.items():
        likely = [label for label in ranked[:LABELS] if label is ranked[0] or label.probability >= LEAST]
        lines.append(f"{name}: " + ", ".join(f"{label.label} {percent(label.probability)}" for label in likely))
    return lines


def _sentence(server: ForewordServer, document: Document, position: types.Position) -> Sentence | None:
    """Return the finished sentence at a place, if the document has been cut into sentences since its last change."""
    reading = server.readings.get(document.uri)
    if reading is None or reading.revision != document.revision:
        return None
    offset = document.offset(position.line, position.character)
    index = bisect.bisect_right(reading.sentences, offset, key=lambda sentence: sentence.start) - 1
    if index < 0 or offset > reading.sentences[index].end:
        return None
    return reading.sentences[index]


def _word(document: Document, position: types.Position) -> tuple[int, int] | None:
    """Return where in its line the word at a place begins and ends, if there is one."""
    line, column = document.line(position.line), document.column(position.line, position.character)
    return next(((start, end) for start, end in word_spans(line) if start <= column <= end), None)


def _around(
    document: Document, position: types.Position, sentence: Sentence | None, word: tuple[int, int] | None
) -> tuple[str, int, int]:
    """Return the text that tells what a word means, its sentence or else its line, and where the word is in it."""
    start, end = word or (0, 0)
    if sentence is not None:
        begin = document.offset(position.line, 0) - sentence.start
        if begin + start >= 0 and begin + end <= len(sentence.text):
            return sentence.text, begin + start, begin + end
    return document.line(position.line), start, end


def _range(document: Document, sentence: Sentence) -> types.Range:
    start, end = document.position(sentence.start), document.position(sentence.end)
    return types.Range(types.Position(*start), types.Position(*end))

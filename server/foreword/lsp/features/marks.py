"""From what is known of a document's sentences to marks, as plain JSON values.

lsprotocol's objects would take the event loop a hundred times as long, and a long document may have many marks.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from foreword.lsp.features.completion import percent

if TYPE_CHECKING:
    from foreword.engine.lookups import Edit
    from foreword.lsp.features.reading import Known, Reading
    from foreword.lsp.server import ForewordServer
    from foreword.settings import ClassifierSettings, DiagnosticsSettings
    from foreword.text.document import Document
    from foreword.text.sentences import Sentence
    from foreword_models.bert.classifier import ClassifierConfig, LabelProbability

SOURCE = "foreword"
GRAMMAR = "grammar"  # the name, among the classifiers', of what finds slips
MOST = 1000  # marks of a document: the nearest to where it was last edited
SEVERITIES = {"error": 1, "warning": 2, "information": 3, "hint": 4}
UNNECESSARY = 1  # the tag of what is one too many: editors fade it
_PIECE = 50  # marks after which a key that has come meanwhile is served

Mark = dict[str, Any]
"""A ``Diagnostic`` of LSP."""


async def marks_of(server: ForewordServer, document: Document) -> list[Mark] | None:
    """Return the marks that are known, in the order of the text; None if the document changes meanwhile.

    The ranges are those of the version that was read; None too if the document has changed since.
    """
    reading = server.readings.get(document.uri)
    settings = server.language(document).diagnostics
    if reading is None or not settings.enabled:
        return []
    version = document.version
    server.ignored.reload()
    marked = list(_marked(server, document, reading, settings))
    if len(marked) > MOST:
        focus = document.offset(server.focus.get(document, 0), 0)
        marked.sort(key=lambda found: abs(found[0].start - focus))
        marked = sorted(marked[:MOST], key=lambda found: found[0].start)
    marks: list[Mark] = []
    for number, (sentence, known) in enumerate(marked):
        if document.version != version or reading.version != version:
            return None
        marks += _marks(server, document, reading, settings, sentence, known)
        if number % _PIECE == _PIECE - 1:
            await asyncio.sleep(0)
    return marks if reading.version == document.version == version else None


def shown_labels(
    server: ForewordServer, document: Document, reading: Reading, known: Known, settings: DiagnosticsSettings
) -> Iterator[tuple[str, LabelProbability]]:
    """Yield the labels of a sentence that its reader wants to see marked, each with its classifier."""
    for name, ranked in known.labels.items():
        wanted, config = settings.classifier(name), reading.classifiers[name].config
        if not is_on(config, wanted):
            continue
        names, least = config.marks if wanted.labels is None else wanted.labels, wanted.minimum_probability
        # Where only one label can hold, only the most probable one can be meant.
        for label in ranked[:1] if config.kind == "softmax" else ranked:
            sure = label.shown if least is None else label.probability >= least
            if sure and label.label in names and (document.uri, name, label.label) not in server.hushed:
                yield name, label


def is_on(config: ClassifierConfig, wanted: ClassifierSettings) -> bool:
    """Whether a classifier is to mark anything: as the settings say, else as the classifier itself does."""
    return config.enabled if wanted.enabled is None else wanted.enabled


def shown_edits(
    server: ForewordServer, document: Document, known: Known, settings: DiagnosticsSettings
) -> Iterator[Edit]:
    """Yield the slips of a sentence that its reader wants to see marked."""
    wanted = settings.classifier(GRAMMAR)
    for edit in known.edits if wanted.enabled is not False else ():
        asked_for = wanted.labels is None or edit.kind in wanted.labels
        if asked_for and (document.uri, GRAMMAR, edit.kind) not in server.hushed:
            yield edit


def _marked(
    server: ForewordServer, document: Document, reading: Reading, settings: DiagnosticsSettings
) -> Iterator[tuple[Sentence, Known]]:
    for sentence in reading.sentences:
        known = reading.known.get(sentence.text)
        if known is None or sentence.text in server.ignored:
            continue
        labels = shown_labels(server, document, reading, known, settings)
        if any(True for _ in itertools.chain(labels, shown_edits(server, document, known, settings))):
            yield sentence, known


def _marks(
    server: ForewordServer,
    document: Document,
    reading: Reading,
    settings: DiagnosticsSettings,
    sentence: Sentence,
    known: Known,
) -> Iterator[Mark]:
    for classifier, label in shown_labels(server, document, reading, known, settings):
        yield {
            "range": _range(document, sentence.start, sentence.end),
            "message": f"Reads as {label.label} ({classifier}, {percent(label.probability)}).",
            "severity": SEVERITIES[settings.classifier(classifier).severity],
            "source": SOURCE,
            "code": f"{classifier}/{label.label}",
        } | ({"codeDescription": {"href": reading.cards[classifier]}} if classifier in reading.cards else {})
    for edit in shown_edits(server, document, known, settings):
        written = sentence.text[edit.start : edit.end]
        mend = f"\u201c{edit.replacement}\u201d is meant" if edit.replacement else "It is one too many"
        yield {
            "range": _range(document, sentence.start + edit.start, sentence.start + edit.end),
            "message": f"\u201c{written}\u201d: {mend}, it seems ({edit.kind}).",
            "severity": SEVERITIES[settings.classifier(GRAMMAR).severity],
            "source": SOURCE,
            "code": f"{GRAMMAR}/{edit.kind}",
        } | ({} if edit.replacement else {"tags": [UNNECESSARY]})


def _range(document: Document, start: int, end: int) -> dict[str, Any]:
    (line, character), (end_line, end_character) = document.position(start), document.position(end)
    return {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }

"""From what is known of a document's sentences to marks, as plain JSON values.

lsprotocol's objects would take the event loop a hundred times as long, and a long document may have many marks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foreword.lsp.features.completion import percent
from foreword.lsp.features.reading import GRAMMAR
from foreword.lsp.slices import in_slices

if TYPE_CHECKING:
    from foreword.engine.lookups import Edit
    from foreword.lsp.features.reading import Known, Reading
    from foreword.lsp.server import ForewordServer
    from foreword.settings import ClassifierSettings, DiagnosticsSettings
    from foreword.text.document import Document
    from foreword.text.sentences import Sentence
    from foreword_models.bert.classifier import ClassifierConfig, LabelProbability

SOURCE = "foreword"
MOST = 1000  # marks of a document: the nearest to where it was last edited
SEVERITIES = {"error": 1, "warning": 2, "information": 3, "hint": 4}
TAGS = {"unnecessary": 1, "deprecated": 2}
RELATED = 2  # others of its kind that a mark tells of, on each side

Mark = dict[str, Any]
"""A ``Diagnostic`` of LSP."""


@dataclass(frozen=True)
class Wanted:
    """What a classifier is to mark in a document.

    Attributes
    ----------
    alone
        Only one of its labels can hold, so that only the most probable one can be meant.
    labels
        To be marked.
    least
        Probability of a label from which on it is marked; None: as calibrated.
    """

    classifier: str
    alone: bool
    labels: frozenset[str]
    least: float | None


async def marks_of(server: ForewordServer, document: Document) -> list[Mark] | None:
    """Return the marks that are known, in the order of the text; None if the document changes meanwhile.

    The ranges are those of the revision that was read; None too if the document has changed since.
    """
    reading = server.readings.get(document.uri)
    settings = server.language(document).diagnostics
    if reading is None or not settings.enabled:
        return []
    revision, known = document.revision, reading.known
    server.ignored.reload()
    asked = wanted(server, document, reading, settings)
    marked: list[Sentence] = []
    marks: list[Mark] = []

    def unchanged() -> bool:
        return reading.revision == document.revision == revision

    def look(sentence: Sentence) -> None:
        if (found := known.get(sentence.text)) is not None:
            shown = itertools.chain(shown_labels(asked, found), shown_edits(server, document, found, settings))
            if any(True for _ in shown) and sentence.text not in server.ignored:
                marked.append(sentence)

    def write(sentence: Sentence) -> None:
        marks.extend(_marks(server, document, reading, settings, asked, sentence, known[sentence.text]))

    sentences = reading.around(document.offset(server.focus.get(document, 0), 0))
    if not await in_slices(itertools.takewhile(lambda _: len(marked) < MOST, sentences), look, unchanged):
        return None
    marked.sort(key=lambda sentence: sentence.start)
    if not await in_slices(marked, write, unchanged) or not unchanged():
        return None
    return _related(marks, document.uri) if settings.related else marks


def wanted(server: ForewordServer, document: Document, reading: Reading, settings: DiagnosticsSettings) -> list[Wanted]:
    """Return what the classifiers that are on are to mark in a document."""
    found = []
    for name, classifier in reading.classifiers.items():
        config, told = classifier.config, settings.classifier(name)
        if is_on(config, told):
            labels = frozenset(config.marks if told.labels is None else told.labels)
            hushed = {label for uri, of, label in server.hushed if (uri, of) == (document.uri, name)}
            found.append(Wanted(name, config.kind == "softmax", labels - hushed, told.minimum_probability))
    return found


def shown_labels(asked: Iterable[Wanted], known: Known) -> Iterator[tuple[str, LabelProbability]]:
    """Yield the labels of a sentence that its reader wants to see marked, each with its classifier."""
    for each in asked:
        ranked = known.labels.get(each.classifier, ())
        for label in ranked[:1] if each.alone else ranked:
            sure = label.shown if each.least is None else label.probability >= each.least
            if sure and label.label in each.labels:
                yield each.classifier, label


def is_on(config: ClassifierConfig, wanted: ClassifierSettings) -> bool:
    """Whether a classifier is to mark anything: as the settings say, else as the classifier itself does."""
    return config.enabled if wanted.enabled is None else wanted.enabled


def shown_edits(
    server: ForewordServer, document: Document, known: Known, settings: DiagnosticsSettings
) -> Iterator[Edit]:
    """Yield the slips of a sentence that its reader wants to see marked."""
    told = settings.classifier(GRAMMAR)
    for edit in known.edits if told.enabled else ():
        asked_for = told.labels is None or edit.kind in told.labels
        if asked_for and (document.uri, GRAMMAR, edit.kind) not in server.hushed:
            yield edit


def _marks(
    server: ForewordServer,
    document: Document,
    reading: Reading,
    settings: DiagnosticsSettings,
    asked: Iterable[Wanted],
    sentence: Sentence,
    known: Known,
) -> Iterator[Mark]:
    for classifier, label in shown_labels(asked, known):
        yield {
            "range": _range(document, sentence.start, sentence.end),
            "message": f"Reads as {label.label} ({classifier}, {percent(label.probability)}).",
            "code": f"{classifier}/{label.label}",
            **_looks(settings.classifier(classifier)),
            **({"codeDescription": {"href": reading.cards[classifier]}} if classifier in reading.cards else {}),
        }
    for edit in shown_edits(server, document, known, settings):
        written = sentence.text[edit.start : edit.end]
        mend = f"\u201c{edit.replacement}\u201d is meant" if edit.replacement else "It is one too many"
        yield {
            "range": _range(document, sentence.start + edit.start, sentence.start + edit.end),
            "message": f"\u201c{written}\u201d: {mend}, it seems ({edit.kind}).",
            "code": f"{GRAMMAR}/{edit.kind}",
            **_looks(settings.classifier(GRAMMAR)),
            **({} if edit.replacement else {"tags": [TAGS["unnecessary"]]}),
        }


def _looks(told: ClassifierSettings) -> dict[str, Any]:
    """Return what a mark has of its classifier's settings."""
    tags = {"tags": [TAGS[name] for name in told.tags]} if told.tags else {}
    return {"severity": SEVERITIES[told.severity], "source": SOURCE, **tags}


def _related(marks: Sequence[Mark], uri: str) -> list[Mark]:
    """Return the marks, each with where the nearest others of its code are."""
    kinds: dict[str, list[Mark]] = {}
    for mark in marks:
        kinds.setdefault(mark["code"], []).append(mark)
    found = []
    numbers = dict.fromkeys(kinds, 0)
    for mark in marks:
        alike, number = kinds[mark["code"]], numbers[mark["code"]]
        numbers[mark["code"]] += 1
        near = alike[max(0, number - RELATED) : number] + alike[number + 1 : number + 1 + RELATED]
        places = [{"location": {"uri": uri, "range": other["range"]}, "message": other["message"]} for other in near]
        found.append({**mark, "relatedInformation": places} if places else mark)
    return found


def _range(document: Document, start: int, end: int) -> dict[str, Any]:
    (line, character), (end_line, end_character) = document.position(start), document.position(end)
    return {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }

"""``textDocument/publishDiagnostics``: marks on sentences, after a pause in typing, gone with the document."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword.lsp.features.completion import percent
from foreword.text.sentences import Sentence, prose_sentences

if TYPE_CHECKING:
    from foreword.engine.reader import Labels
    from foreword.lsp.server import ForewordServer
    from foreword.settings import DiagnosticsSettings
    from foreword.text.document import Document
    from foreword_models.bert.classifier import Classifier, LabelProbability

SOURCE = "foreword"
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}


def register(_server: ForewordServer) -> None:
    """Nothing to answer: marks are pushed, when `schedule` says so."""


def schedule(server: ForewordServer, uri: str, *, delay: bool = True) -> None:
    """Read a document after a pause, in place of any reading of it that is under way."""
    if (task := server.reading.pop(uri, None)) is not None:
        task.cancel()
    document = server.documents.get(uri)
    if document is None:
        return
    settings = server.language(document).diagnostics
    if not settings.enabled:
        if uri in server.marked:
            _publish(server, uri, document.version, [])
        return
    task = asyncio.ensure_future(_read(server, document, settings, settings.delay_milliseconds / 1000 if delay else 0))
    server.reading[uri] = task
    task.add_done_callback(lambda done: server.reading.pop(uri) if server.reading.get(uri) is done else None)


def clear(server: ForewordServer, uri: str) -> None:
    """Stop reading a closed document and take its marks away."""
    if (task := server.reading.pop(uri, None)) is not None:
        task.cancel()
    _publish(server, uri, None, [])


async def _read(server: ForewordServer, document: Document, settings: DiagnosticsSettings, delay: float) -> None:
    await asyncio.sleep(delay)
    version, text, language_id, models = document.version, document.text, document.language_id, server.models

    def work(checkpoint: Checkpoint) -> tuple[list[Sentence], dict[str, Labels], dict[str, Classifier]]:
        sentences = [sentence for sentence in prose_sentences(text, language_id) if sentence.finished]
        if not sentences:
            return [], {}, {}
        reader = models.reader()
        return sentences, reader.read((s.text for s in sentences), checkpoint=checkpoint), reader.classifiers

    try:
        sentences, labels, classifiers = await server.engine.run(
            Priority.DIAGNOSTICS, work, key=("diagnostics", document.uri)
        )
    except (Superseded, EngineClosedError):
        return
    except Exception as error:
        server.fail(error)
        return
    if document.version != version or server.documents.get(document.uri) is not document:
        return  # another reading is on its way
    marks = [
        _diagnostic(document, sentence, name, label, settings)
        for sentence in sentences
        for name, label in _marked(labels[sentence.text], classifiers, settings)
    ]
    _publish(server, document.uri, version, marks)


def _marked(
    labels: Labels, classifiers: dict[str, Classifier], settings: DiagnosticsSettings
) -> list[tuple[str, LabelProbability]]:
    """The labels of a sentence that its reader wants to see marked."""
    found = []
    for name, ranked in labels.items():
        wanted, config = settings.classifier(name), classifiers[name].config
        if not (config.enabled if wanted.enabled is None else wanted.enabled):
            continue
        names = config.marks if wanted.labels is None else wanted.labels
        least = wanted.minimum_probability
        # Where only one label can hold, only the most probable one can be meant.
        for label in ranked if config.kind == "sigmoid" else ranked[:1]:
            if label.label in names and (label.shown if least is None else label.probability >= least):
                found.append((name, label))
    return found


def _diagnostic(
    document: Document, sentence: Sentence, classifier: str, label: LabelProbability, settings: DiagnosticsSettings
) -> types.Diagnostic:
    start, end = document.position(sentence.start), document.position(sentence.end)
    return types.Diagnostic(
        range=types.Range(start=types.Position(*start), end=types.Position(*end)),
        message=f"Reads as {label.label} ({classifier}, {percent(label.probability)}).",
        severity=_SEVERITIES[settings.classifier(classifier).severity],
        source=SOURCE,
        code=f"{classifier}/{label.label}",
    )


def _publish(server: ForewordServer, uri: str, version: int | None, marks: list[types.Diagnostic]) -> None:
    if marks:
        server.marked.add(uri)
    else:
        server.marked.discard(uri)
    params = types.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=marks)
    server.text_document_publish_diagnostics(params)

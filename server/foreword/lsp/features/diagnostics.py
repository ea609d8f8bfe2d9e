"""Marks on sentences: pushed (``textDocument/publishDiagnostics``), or pulled by clients that can.

A client that pulls (``textDocument/diagnostic``, ``workspace/diagnostic``) is pushed nothing, or it would show each
mark twice. It is answered at once with what is known, and asked to pull again when there is more; one that cannot be
asked waits for its answer until everything has been read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foreword.lsp.features import reading, semantic_tokens
from foreword.lsp.features.marks import Mark, marks_of
from foreword.lsp.protocol import ServerCancelledError

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document

PATIENCE = 10.0  # seconds that a pull waits for a reading where the client cannot be asked to pull again


def register(server: ForewordServer) -> None:
    """Answer those who pull; the others are pushed what `schedule` finds."""

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC)
    async def pull(params: types.DocumentDiagnosticParams) -> dict[str, Any]:
        document = server.documents.get(params.text_document.uri)
        marks = await _pulled(server, document) if document is not None else []
        return _report(marks, params.previous_result_id)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pull_all(params: types.WorkspaceDiagnosticParams) -> dict[str, Any]:
        before = {known.uri: known.value for known in params.previous_result_ids}
        while True:
            changed = server.marks_changed
            reports = [report async for report in _reports(server, before)]
            # With a token the client is ready to wait, and asks again as soon as it is answered: without anything new
            # to tell, the two would talk all day.
            if params.partial_result_token is None or any(report["kind"] == "full" for report in reports):
                break
            await changed.wait()
        if params.partial_result_token is None:
            return {"items": reports}
        for report in reports:
            progress = {"token": params.partial_result_token, "value": {"items": [report]}}
            server.send_notification(types.PROGRESS, progress)
        return {"items": []}


def schedule(server: ForewordServer, uri: str, *, delay: bool = True) -> None:
    """Read a document after a pause, in place of any reading of it that is under way."""
    document = server.documents.get(uri)
    if document is None:
        return
    settings = server.language(document)
    if not settings.diagnostics.enabled and not settings.entities.enabled:
        reading.forget(server, uri)
        _tell(server, document, complete=True)
        return

    def tell(complete: bool) -> None:
        _tell(server, document, complete=complete)
        semantic_tokens.tell(server, document)

    seconds = settings.diagnostics.delay_milliseconds / 1000 if delay else 0
    reading.begin(server, document, seconds, tell)


def tell_all(server: ForewordServer) -> None:
    """Show the marks and names of all open documents anew: which are shown has changed, not what was read."""
    for document in server.documents.values():
        _tell(server, document, complete=True)
        semantic_tokens.tell(server, document)


def clear(server: ForewordServer, uri: str) -> None:
    """Stop reading a closed document and take its marks away."""
    reading.forget(server, uri)
    if pulls(server):
        _changed(server)
    else:
        _publish(server, uri, None, [])


def pulls(server: ForewordServer) -> bool:
    """Whether the client asks for marks itself."""
    editor = server.client_capabilities.text_document
    return editor is not None and editor.diagnostic is not None


def _tell(server: ForewordServer, document: Document, *, complete: bool) -> None:
    """Show the marks that are known, or ask the client to ask for them."""
    if server.documents.get(document.uri) is not document:
        return
    if pulls(server):
        _changed(server)
        if _refreshes(server):
            server.protocol.send_request(types.WORKSPACE_DIAGNOSTIC_REFRESH)
        return
    if not server.language(document).diagnostics.enabled and document.uri not in server.marked:
        return
    version, revision = document.version, document.revision

    async def push() -> None:
        marks = await marks_of(server, document)
        still = server.documents.get(document.uri) is document and document.revision == revision
        # What is known so far is shown only if there is something to show: an empty list would blink.
        if marks is not None and still and (complete or marks):
            _publish(server, document.uri, version, marks)

    task = asyncio.ensure_future(push())
    server.background.add(task)
    task.add_done_callback(server.background.discard)


async def _pulled(server: ForewordServer, document: Document) -> list[Mark]:
    """Return a document's marks, when they are all known if the client cannot be told of more."""
    revision = document.revision
    known = server.readings.get(document.uri)
    if known is not None and known.task is not None and not (known.complete and known.revision == revision):
        await asyncio.wait([known.task], timeout=0 if _refreshes(server) else PATIENCE)
    marks = await marks_of(server, document)
    if marks is None or document.revision != revision:
        raise ServerCancelledError
    return marks


async def _reports(server: ForewordServer, before: dict[str, str]) -> Any:
    """Yield a report on each open document, and an empty one on each that was closed since."""
    for uri, document in list(server.documents.items()):
        marks = await marks_of(server, document)
        if marks is not None:  # else it is being changed, and another pull will come
            yield {"uri": uri, "version": document.version} | _report(marks, before.get(uri))
    empty = _report([], None)["resultId"]
    for uri, known in before.items():
        if uri not in server.documents and known != empty:
            yield {"uri": uri, "version": None} | _report([], None)


def _report(marks: list[Mark], before: str | None) -> dict[str, Any]:
    identity = hashlib.blake2b(json.dumps(marks).encode(), digest_size=8).hexdigest()
    if identity == before:
        return {"kind": "unchanged", "resultId": identity}
    return {"kind": "full", "resultId": identity, "items": marks}


def _refreshes(server: ForewordServer) -> bool:
    workspace = server.client_capabilities.workspace
    return workspace is not None and workspace.diagnostics is not None and bool(workspace.diagnostics.refresh_support)


def _changed(server: ForewordServer) -> None:
    """Wake those who wait for a change of any document's marks."""
    server.marks_changed.set()
    server.marks_changed = asyncio.Event()


def _publish(server: ForewordServer, uri: str, version: int | None, marks: list[Mark]) -> None:
    if marks:
        server.marked.add(uri)
    else:
        server.marked.discard(uri)
    params: dict[str, Any] = {"uri": uri, "diagnostics": marks}
    if version is not None:
        params["version"] = version
    server.send_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

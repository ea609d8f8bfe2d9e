"""``textDocument/didOpen``, ``didChange``, ``didClose``: the only copy of the client's text."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.lsp.features import completion, diagnostics, resolve, thinking
from foreword.text.document import Document

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

logger = logging.getLogger(__name__)

LATE = (
    "The editor sent a change of a document out of order, and it is ignored. Where words or marks are off, reopen it."
)


def register(server: ForewordServer) -> None:
    """Keep the documents. Plain functions: changes are applied in the order they come."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        server.documents[item.uri] = Document(
            item.uri,
            item.language_id,
            item.version,
            item.text,
            server.encoding,  # type: ignore[arg-type]
        )
        warm(server, item.uri)
        diagnostics.schedule(server, item.uri, delay=False)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            logger.warning("a change to a document that is not open was ignored")
            return
        # A client that does not count is let be; what comes late would be carried out on another text than was meant.
        late = params.text_document.version < document.version
        for change in params.content_changes:
            if late and isinstance(change, types.TextDocumentContentChangePartial):
                server.tell(LATE)
                return
            if isinstance(change, types.TextDocumentContentChangePartial):
                start, end = change.range.start, change.range.end
                document.apply(((start.line, start.character), (end.line, end.character)), change.text)
                server.focus[document] = start.line
            else:
                document.apply(None, change.text)
        document.version = params.text_document.version
        diagnostics.schedule(server, document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.documents.pop(params.text_document.uri, None)
        diagnostics.clear(server, params.text_document.uri)
        resolve.forget(server, params.text_document.uri)
        thinking.release(server, params.text_document.uri)


def warm(server: ForewordServer, uri: str) -> None:
    """Begin to load the decoder when a document is opened that will want it, so that the first key does not wait."""
    language = server.language(server.documents[uri])
    if language.completion.enabled or language.inline_completion.enabled:
        completion.load(server)

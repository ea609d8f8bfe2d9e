"""``textDocument/inlineCompletion`` (LSP 3.18): how the sentence may go on, shown behind the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features.completion import after_hop, before_cursor, expected_register, typed_range
from foreword.lsp.features.thinking import prepare

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword_models.words.predictor import Phrase


def register(server: ForewordServer) -> None:
    """Answer inline completion requests."""

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
    async def inline_complete(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        nothing = types.InlineCompletionList(items=[])
        document = server.documents.get(params.text_document.uri)
        if document is None or not server.language(document).inline_completion.enabled:
            return nothing
        settings, position = server.language(document).inline_completion, params.position
        if not document.prose.at(position.line, position.character):
            return nothing
        text, upcoming = before_cursor(document, position), after_hop(document, position)
        expected, models = expected_register(server, document, position, text), server.models

        def work(checkpoint: Checkpoint) -> Phrase | None:
            return models.predictor().phrase(
                text, words=settings.max_words, document=document.uri, register=expected, checkpoint=checkpoint
            )

        typed = typed_range(document, position)
        phrase = await server.answer(Priority.INLINE_COMPLETION, work, key=("inline", document.uri))
        prepare(server, document, upcoming)
        if phrase is None:
            return nothing
        written = phrase.prefix + phrase.text
        # The range is sent always: Neovim takes the cursor as it is when the answer comes if there is none.
        return types.InlineCompletionList(
            items=[types.InlineCompletionItem(insert_text=written, filter_text=written, range=typed(phrase.prefix))]
        )

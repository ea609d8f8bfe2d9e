"""``textDocument/inlineCompletion`` (LSP 3.18): how the sentence may go on, shown behind the cursor.

A phrase that is shown stays: whoever types its letters, or takes it word by word, is shown the rest of the same phrase
and what follows it, never another one. Otherwise it would change under the eyes of who is about to take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features.accepted import accepted_command
from foreword.lsp.features.completion import after_hop, before_cursor, expected_register, typed_range
from foreword.lsp.features.thinking import prepare
from foreword_models.words.characters import partial_word
from foreword_models.words.echo import without_echo

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document

LOOK_BACK = 200  # code points before a phrase that must be as they were for it to be still the same place


@dataclass(frozen=True)
class Shown:
    """A phrase that was shown: where it begins, what stood before it, and what it would write there."""

    offset: int
    before: str
    text: str

    def rest(self, offset: int, text: str) -> str:
        """Return what is left of the phrase at a place that the text goes up to; nothing if it is another place."""
        taken = offset - self.offset
        if 0 <= taken < len(self.text) and text.endswith(self.before + self.text[:taken]):
            return self.text[taken:]
        return ""


def register(server: ForewordServer) -> None:
    """Answer inline completion requests."""

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
    async def inline_complete(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        nothing = types.InlineCompletionList(items=[])
        document = server.documents.get(params.text_document.uri)
        if document is None or not server.language(document).inline_completion.enabled:
            return nothing
        most, position = server.language(document).inline_completion.max_words, params.position
        server.focus[document] = position.line
        if not document.prose.at(position.line, position.character):
            return nothing
        text, upcoming = before_cursor(document, position), after_hop(document, position)
        expected, models = expected_register(server, document, position, text), server.models
        name, offset = server.name_of(document.uri), document.offset(position.line, position.character)
        rest = _rest(server, document, offset, text)
        behind = document.line(position.line)[document.column(position.line, position.character) :]

        def work(checkpoint: Checkpoint) -> str:
            predictor = models.predictor()
            if rest:
                missing = 0 if rest[-1] in ".!?" else most - len(rest.split())
                if missing <= 0:
                    return rest
                return rest + predictor.continuation(
                    text + rest, words=missing, register=expected, checkpoint=checkpoint
                )
            phrase = predictor.phrase(text, words=most, document=name, register=expected, checkpoint=checkpoint)
            return phrase.text if phrase else ""

        typed = typed_range(document, position)
        found = await server.answer(Priority.INLINE_COMPLETION, work, key=("inline", name))
        prepare(server, document, upcoming)
        found = without_echo(found or "", behind)
        if not found:
            return nothing
        server.shown[document] = Shown(offset, text[-LOOK_BACK:], found)
        prefix = partial_word(text)
        written = prefix + found
        selected = params.context.selected_completion_info
        if selected is not None and not written.startswith(selected.text):
            return nothing  # the list of words is open, on another one
        item = types.InlineCompletionItem(
            insert_text=written,
            filter_text=written,
            # Sent always: Neovim takes the cursor as it is when the answer comes if there is none.
            range=typed(prefix),
            command=accepted_command(document.uri, written),
        )
        return types.InlineCompletionList(items=[item])


def _rest(server: ForewordServer, document: Document, offset: int, text: str) -> str:
    shown = server.shown.get(document)
    return shown.rest(offset, text) if shown else ""

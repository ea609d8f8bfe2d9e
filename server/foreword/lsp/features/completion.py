"""``textDocument/completion``: the next words as a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword.lsp.features import measuring
from foreword.lsp.features.thinking import prepare, refine
from foreword.text.cursor import context_window, upcoming_window
from foreword_models.words.keyboards import named_keyboard
from foreword_models.words.registers import named

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword_models.words.predictor import Prediction
    from foreword_models.words.registers import Register

CONTEXT, HOP = 4000, 1000  # code points of text before the cursor that the model reads, and how far its start moves


def register(server: ForewordServer) -> None:
    """Answer completion requests."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION)
    async def complete(params: types.CompletionParams) -> types.CompletionList:
        document = server.documents.get(params.text_document.uri)
        if document is None or not server.language(document).completion.enabled:
            return types.CompletionList(is_incomplete=False, items=[])
        settings, position = server.language(document).completion, params.position
        if not document.prose.at(position.line, position.character):
            return types.CompletionList(is_incomplete=True, items=[])  # the next key may be prose again
        text, upcoming = before_cursor(document, position), after_hop(document, position)
        expected, keyboard = expected_register(server, document, position, text), named_keyboard(settings.keyboard)
        models = server.models

        def search(checkpoint: Checkpoint, forwards: int | None = None) -> Prediction:
            predictor = models.predictor()  # imports torch, if there is a model to load
            return predictor.predict(
                text,
                settings.max_items,
                budget=predictor.answer if forwards is None else predictor.behind_answer(forwards),
                minimum_probability=settings.minimum_probability,
                document=document.uri,
                register=expected,
                keyboard=keyboard if forwards is None else None,  # behind an answer, nobody sees the words
                checkpoint=checkpoint,
            )

        typed = typed_range(document, position)
        prediction = await server.answer(Priority.COMPLETION, search, key=("completion", document.uri))
        if prediction is not None and not prediction.exact and settings.think_ahead:
            refine(server, document, search)
        prepare(server, document, upcoming)
        # Always incomplete: at the next key, other words are likely.
        items = _items(prediction, typed(prediction.prefix)) if prediction else []
        return types.CompletionList(is_incomplete=True, items=items)


def load(server: ForewordServer) -> None:
    """Load the decoder in the background; an error is told to the user."""
    models = server.models

    async def run() -> None:
        try:
            await server.engine.run(Priority.LOADING, lambda _: models.predictor(), key=("load", id(models)))
            measuring.when_quiet(server)
        except (Superseded, EngineClosedError):
            pass
        except Exception as error:
            server.fail(error)

    task = asyncio.ensure_future(run())
    server.background.add(task)
    task.add_done_callback(server.background.discard)


def before_cursor(document: Document, position: types.Position) -> str:
    """Return the text that the model is to read."""
    prose = document.prose.before(position.line, position.character, CONTEXT)
    return context_window(document, position.line, position.character, CONTEXT, HOP) if prose is None else prose


def expected_register(
    server: ForewordServer, document: Document, position: types.Position, text: str
) -> Register | None:
    """Return what kind of text to tell the model of: none if what it is to read does not begin with the document."""
    if document.offset(position.line, position.character) > len(text):
        return None
    return named(server.language(document).register, document.language_id, document.uri)


def after_hop(document: Document, position: types.Position) -> str | None:
    """Return the beginning of what the model will soon have to read anew, if that is known."""
    if document.prose.before(position.line, position.character, CONTEXT) is not None:
        return None
    return upcoming_window(document, position.line, position.character, CONTEXT, HOP)


def typed_range(document: Document, position: types.Position) -> Callable[[str], types.Range]:
    """Return a function from what is typed of a word to its range, as the document is now."""
    line = position.line
    column = document.column(line, position.character)
    end = types.Position(line, document.character(line, column))

    def of(prefix: str) -> types.Range:
        start = document.character(line, max(0, column - len(prefix)))
        return types.Range(start=types.Position(line, start), end=end)

    return of


# A word that corrects what was typed would be filtered out but for its filterText. Others have none: it would be the
# label, which is what counts without one, and Neovim 0.7 inserts wrongly if it is there.
def _items(prediction: Prediction, range: types.Range) -> list[types.CompletionItem]:
    return [
        types.CompletionItem(
            label=word.text,
            kind=types.CompletionItemKind.Text,
            label_details=types.CompletionItemLabelDetails(description=percent(word.probability)),
            sort_text=f"{rank:02}",
            filter_text=None if word.text.startswith(prediction.prefix) else prediction.prefix,
            text_edit=types.TextEdit(range=range, new_text=word.text),
        )
        for rank, word in enumerate(prediction.words)
    ]


def percent(probability: float) -> str:
    """Write a probability as people do."""
    return "<1 %" if probability < 0.005 else f"{100 * probability:.0f} %"

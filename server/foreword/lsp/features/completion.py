"""``textDocument/completion``: the next words as a list.

An item has what its client understands: `items` says how. What is behind a word is found out when its
documentation is asked for (`resolve`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword.lsp.features import measuring, resolve
from foreword.lsp.features.accepted import accepted_command
from foreword.lsp.features.jupyterlab import as_it_inserts
from foreword.lsp.features.thinking import prepare, refine
from foreword.text.cursor import context_window, upcoming_window
from foreword_models.words.characters import word_end
from foreword_models.words.keyboards import named_keyboard
from foreword_models.words.registers import named

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword_models.words.predictor import Prediction
    from foreword_models.words.registers import Register

EditOf = Callable[[str], types.TextEdit | types.InsertReplaceEdit]

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
        server.focus[document] = position.line
        text, upcoming = before_cursor(document, position), after_hop(document, position)
        expected, keyboard = expected_register(server, document, position, text), named_keyboard(settings.keyboard)
        models, name = server.models, server.name_of(document.uri)

        def search(checkpoint: Checkpoint, forwards: int | None = None) -> Prediction:
            predictor = models.predictor()  # imports torch, if there is a model to load
            return predictor.predict(
                text,
                settings.max_items,
                budget=predictor.answer if forwards is None else predictor.behind_answer(forwards),
                minimum_probability=settings.minimum_probability,
                minimum_saving=settings.minimum_saving,
                document=name,
                register=expected,
                keyboard=keyboard if forwards is None else None,  # behind an answer, nobody sees the words
                checkpoint=checkpoint,
            )

        place = edited_ranges(document, position, replaces=understood(server, "insert_replace_support"))
        prediction = await server.answer(Priority.COMPLETION, search, key=("completion", name))
        if prediction is not None and settings.think_ahead:
            refine(server, document, prediction.certainty, search)
        prepare(server, document, upcoming)
        # Always incomplete: at the next key, other words are likely.
        if prediction is None:
            return types.CompletionList(is_incomplete=True, items=[])
        number = resolve.remember(server, document, text, expected, prediction)
        found = items(server, document, prediction, place(prediction.prefix), number)
        return types.CompletionList(
            is_incomplete=True, items=as_it_inserts(found, document, position, prediction.prefix)
        )


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


def edited_ranges(document: Document, position: types.Position, *, replaces: bool) -> Callable[[str], EditOf]:
    """Return a function from what is typed of a word to what an edit of it replaces, as the document is now.

    Parameters
    ----------
    replaces
        The client lets its user choose whether the rest of the word behind the cursor goes.
    """
    typed = typed_range(document, position)
    column = document.column(position.line, position.character)
    behind = document.line(position.line)[column:] + "\n" if replaces else ""

    def of(prefix: str) -> EditOf:
        insert = typed(prefix)
        rest = word_end(prefix + behind) - len(prefix) if prefix else 0
        if rest <= 0 or not replaces:
            return lambda word: types.TextEdit(range=insert, new_text=word)
        end = types.Position(insert.end.line, document.character(position.line, column + rest))
        replace = types.Range(start=insert.start, end=end)
        return lambda word: types.InsertReplaceEdit(new_text=word, insert=insert, replace=replace)

    return of


def items(
    server: ForewordServer, document: Document, prediction: Prediction, edit: EditOf, number: int
) -> list[types.CompletionItem]:
    """Return the words as a client wants them.

    None is preselected and none has commit characters: what the user types is never replaced by a word unasked.

    ``filterText`` stands only where the label would not do, in a word that corrects what was typed: Neovim 0.7 leaves
    the range of an item that has one out of account, finds where the word begins by itself, and leaves out what does
    not begin so. Behind a mark (``dont'``) it would find nothing typed and take every word: there is none there.
    """
    details = understood(server, "label_details_support")
    found = []
    for rank, word in enumerate(prediction.words):
        share = percent(word.probability)
        corrects = not word.text.startswith(prediction.prefix) and prediction.prefix[-1].isalnum()
        found.append(
            types.CompletionItem(
                label=word.text,
                kind=types.CompletionItemKind.Text,
                label_details=types.CompletionItemLabelDetails(description=share) if details else None,
                detail=None if details else share,
                sort_text=f"{rank:02}",
                filter_text=prediction.prefix if corrects else None,
                text_edit=edit(word.text),
                command=accepted_command(document.uri, word.text),
                data={"list": number, "rank": rank},
            )
        )
    return found


def understood(server: ForewordServer, option: str) -> bool:
    """Whether the client says that it understands an optional part of an item."""
    editor = server.client_capabilities.text_document
    completion = editor.completion if editor else None
    item = completion.completion_item if completion else None
    return bool(getattr(item, option, None))


def percent(probability: float) -> str:
    """Write a probability as people do."""
    return "<1 %" if probability < 0.005 else f"{100 * probability:.0f} %"

"""``completionItem/resolve``: what is behind an offered word, told when somebody looks at it.

The last list of a connection is remembered, not what the client sends back: an item of an older list has its
probability only, which is in it already.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features import meaning
from foreword_models.errors import ForewordError, OutOfMemoryError

if TYPE_CHECKING:
    from foreword.engine.lookups import Lookups
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword_models.words.predictor import Prediction
    from foreword_models.words.registers import Register

_numbers = itertools.count(1)
WORDS, NEIGHBOURS = 6, 5  # of a continuation, and near to a word


@dataclass(frozen=True)
class Offer:
    """The last list of words that was offered: its number, and the text before the word that they complete."""

    number: int
    document: str
    context: str
    register: Register | None
    prediction: Prediction


def remember(
    server: ForewordServer, document: Document, text: str, register: Register | None, prediction: Prediction
) -> int:
    """Remember a list that is offered; returns its number."""
    context = text[: len(text) - len(prediction.prefix)]
    server.offer = Offer(next(_numbers), server.name_of(document.uri), context, register, prediction)
    return server.offer.number


def forget(server: ForewordServer, uri: str) -> None:
    """Let go of the text of a document that was closed."""
    if server.offer is not None and server.offer.document == server.name_of(uri):
        server.offer = None


def register(server: ForewordServer) -> None:
    """Answer for single items."""

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(item: types.CompletionItem) -> types.CompletionItem:
        offer, rank = server.offer, _rank(item.data)
        if offer is None or rank is None or _list(item.data) != offer.number or rank >= len(offer.prediction.words):
            return item
        word, models, lookups = offer.prediction.words[rank], server.models, server.lookups

        def look(checkpoint: Checkpoint) -> tuple[str, list[str]]:
            text = offer.context + word.text
            continuation = models.predictor().continuation(
                text, words=WORDS, register=offer.register, checkpoint=checkpoint
            )
            checkpoint()
            return continuation, nearest(lookups, text, len(offer.context), len(text))

        found = await server.answer(Priority.INLINE_COMPLETION, look, key=("resolve", server.number))
        meaning.load(server)
        continuation, neighbours = found or ("", [])
        lines = [f"{100 * word.probability:.1f} % likely here."]
        if continuation.strip():
            lines.append(f"{word.text}{continuation} \u2026")
        if neighbours:
            lines.append("Near: " + ", ".join(neighbours))
        item.documentation = "\n\n".join(lines)
        return item


def nearest(lookups: Lookups, text: str, start: int, end: int) -> list[str]:
    """Return the words nearest to one of a text: to what it means there if that can be told, else to the word alone."""
    try:
        if (senses := lookups.senses()) is not None:
            return [neighbour.word for neighbour in senses.near(text, start, end, NEIGHBOURS)]
        vectors = lookups.neighbours()
        return [neighbour.word for neighbour in vectors.near([text[start:end]], NEIGHBOURS)[0]] if vectors else []
    except OutOfMemoryError:
        raise
    except ForewordError:  # the word has none, or the vectors cannot be read: it is a side matter
        return []


def _list(data: Any) -> Any:
    return data.get("list") if isinstance(data, dict) else None


def _rank(data: Any) -> int | None:
    rank = data.get("rank") if isinstance(data, dict) else None
    return rank if isinstance(rank, int) and rank >= 0 else None

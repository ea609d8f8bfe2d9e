"""The names in a text, coloured (``textDocument/semanticTokens``): only where the settings say so.

Nothing is announced or registered until they do. A client that can be told later is told when they change; to others it
is announced in the answer to ``initialize``, if they are on by then. Names come out of the forwards that read sentences
for marks, where both share an encoder. A request waits a little for the reading that is under way; a client that can be
asked to ask again is, when there is more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from foreword.lsp.capabilities import SEMANTIC_TOKENS, registers_entities
from foreword.lsp.protocol import ServerCancelledError
from foreword.lsp.slices import in_slices
from foreword.settings import colours_entities

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.settings import EntitiesSettings
    from foreword.text.document import Document
    from foreword.text.sentences import Sentence
    from foreword_models.bert.entities import Entity

PATIENCE = 10.0  # seconds that an answer waits for a reading where the client cannot be asked to ask again
BRIEF = 2.0  # and where it can
_METHOD = "textDocument/semanticTokens"
_IDENTITY = "foreword-entities"
_PLACES = {"person": 0, "location": 1, "organization": 2}
"""Places in the legend, `foreword.lsp.capabilities.SEMANTIC_TOKENS`: of the token type and of the modifier."""

_LINE = re.compile(r"[^\r\n]+")

Place = tuple[int, int, int, str]
"""Of a name's part in one line: line, first character, length in characters, and the entity's type."""


def register(server: ForewordServer) -> None:
    """Answer those who were told that names are coloured."""

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL)
    async def full(params: types.SemanticTokensParams) -> dict[str, Any]:
        return {"data": encoded(await _names(server, params.text_document.uri))}

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE)
    async def within(params: types.SemanticTokensRangeParams) -> dict[str, Any]:
        first, last = params.range.start.line, params.range.end.line
        names = await _names(server, params.text_document.uri)
        return {"data": encoded(place for place in names if first <= place[0] <= last)}


def update(server: ForewordServer) -> None:
    """Tell the client that names are coloured, or no longer, after a change of settings."""
    if not registers_entities(server.initialize_params):
        return
    wanted = any(map(colours_entities, (server.settings, *server.folder_settings.values())))
    if wanted == server.colours:
        return
    server.colours = wanted
    if wanted:
        options = {"documentSelector": None, **SEMANTIC_TOKENS}
        entry = types.Registration(_IDENTITY, _METHOD, options)
        server.protocol.send_request(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([entry]))
    else:
        gone = types.UnregistrationParams([types.Unregistration(_IDENTITY, _METHOD)])
        server.protocol.send_request(types.CLIENT_UNREGISTER_CAPABILITY, gone)


def tell(server: ForewordServer, document: Document) -> None:
    """Ask the client to ask again, if it can and there may be something new in a document."""
    if server.language(document).entities.enabled and _refreshes(server):
        server.protocol.send_request(types.WORKSPACE_SEMANTIC_TOKENS_REFRESH)


def encoded(places: Iterable[Place]) -> list[int]:
    """Return places, in the order of the text, as LSP wants them: each relative to the one before."""
    data: list[int] = []
    line = character = 0
    for at, start, length, kind in places:
        place = _PLACES.get(kind)  # a type of the user's own looks like a person's, but has no modifier
        right = start - character if at == line else start
        data += (at - line, right, length, place or 0, 0 if place is None else 1 << place)
        line, character = at, start
    return data


async def _names(server: ForewordServer, uri: str) -> list[Place]:
    document = server.documents.get(uri)
    if document is None or not (settings := server.language(document).entities).enabled:
        return []
    reading, revision = server.readings.get(uri), document.revision
    if reading is not None and reading.task is not None and not (reading.complete and reading.revision == revision):
        await asyncio.wait([reading.task], timeout=BRIEF if _refreshes(server) else PATIENCE)
    if reading is None or not reading.revision == document.revision == revision:
        raise ServerCancelledError  # the client keeps the colours that it has
    server.ignored.reload()
    found: list[Place] = []
    known = reading.known

    def look(sentence: Sentence) -> None:
        read = known.get(sentence.text)
        if read is not None and sentence.text not in server.ignored:
            for entity in wanted(read.entities, settings):
                found.extend(_places(document, sentence, entity))

    if not await in_slices(reading.sentences, look, lambda: document.revision == revision):
        raise ServerCancelledError
    return found


def wanted(entities: Iterable[Entity], settings: EntitiesSettings) -> Iterator[Entity]:
    """Yield the entities that the settings want to see."""
    least = settings.minimum_probability
    for entity in entities:
        sure = entity.shown if least is None else entity.probability >= least
        if sure and (settings.types is None or entity.type in settings.types):
            yield entity


def _places(document: Document, sentence: Sentence, entity: Entity) -> Iterator[Place]:
    """Yield where a name is; one that runs over the end of a line is two, since not every client takes it as one."""
    for part in _LINE.finditer(sentence.text, entity.start, entity.end):
        line, start = document.position(sentence.start + part.start())
        _, end = document.position(sentence.start + part.end())
        yield line, start, end - start, entity.type


def _refreshes(server: ForewordServer) -> bool:
    workspace: Any = server.initialize_params.get("capabilities", {})
    for key in ("workspace", "semanticTokens"):
        workspace = workspace.get(key) if isinstance(workspace, Mapping) else None
    return isinstance(workspace, Mapping) and workspace.get("refreshSupport") is True

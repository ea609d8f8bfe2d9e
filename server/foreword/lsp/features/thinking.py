"""What is done while nobody waits: the text that the context window will hop to is read before it does.

The window of a long document begins elsewhere once in so many characters (`foreword.text.cursor`), and then the model
has all of it to read anew, which takes many times as long as a key may. So from some time before, the text from the
next beginning to the cursor is decoded at the lowest priority, forward by forward, and stays in the decoder's cache:
at the hop, only what was typed since is left to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword_models.errors import Cancelled, ForewordError

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document

logger = logging.getLogger(__name__)

PAUSE = 0.05  # seconds after an answer: it is on its way then, and so is a second request that the same key has caused
GROWTH = 64  # code points: no more than so many at its end being new, a text is not prepared again


def prepare(server: ForewordServer, document: Document, upcoming: str | None) -> None:
    """Read a text that a document's next windows will begin with, soon and in the background.

    Parameters
    ----------
    upcoming
        What `upcoming_window` returned. Nothing is done for None, nor for what has been prepared before.
    """
    if upcoming is None:
        return
    task = asyncio.ensure_future(_prepare(server, document, upcoming))
    server.background.add(task)
    task.add_done_callback(server.background.discard)


def release(server: ForewordServer, uri: str) -> None:
    """Let the cache drop a document that was closed, when it needs the room."""

    async def run() -> None:
        models = server.models
        with contextlib.suppress(Superseded, EngineClosedError):
            await server.engine.run(Priority.THINKING, lambda _: models.close(uri), key=("release", uri))

    task = asyncio.ensure_future(run())
    server.background.add(task)
    task.add_done_callback(server.background.discard)


async def _prepare(server: ForewordServer, document: Document, upcoming: str) -> None:
    await asyncio.sleep(PAUSE)
    known = server.prepared.get(document, "").startswith(upcoming[:-GROWTH])
    if known or not _wanted(server, document):
        return
    models = server.models

    def work(checkpoint: Checkpoint) -> None:
        def still_wanted() -> None:
            checkpoint()
            if server.documents.get(document.uri) is not document:
                raise Cancelled

        models.predictor().prepare(upcoming, checkpoint=still_wanted)

    try:
        await server.engine.run(Priority.THINKING, work, key=("thinking", document.uri))
    except (Superseded, EngineClosedError):
        return
    except ForewordError as error:  # nobody has asked for anything, so nobody needs to know
        logger.info("a text was not prepared: %s", type(error).__name__)
    except Exception as error:
        server.fail(error)
    if server.models is models:
        server.prepared[document] = upcoming


def _wanted(server: ForewordServer, document: Document) -> bool:
    """Whether a document is open and words or phrases are offered in it."""
    settings = server.language(document)
    offered = settings.completion.enabled or settings.inline_completion.enabled
    return offered and server.documents.get(document.uri) is document

"""What is done while nobody waits: a search goes on, and the text that the context window will hop to is read.

A key is answered with what is known already, mostly without a forward. Between two keys there is time for some: the
same search goes on, so that the next letter finds its words among those that are known, and so does the next word.

The window of a long document begins elsewhere once in so many characters (`foreword.text.cursor`), and then the model
has all of it to read anew, which takes many times as long as a key may. So from some time before, the text from the
next beginning to the cursor is decoded at the lowest priority, forward by forward, and stays in the decoder's cache:
at the hop, only what was typed since is left to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority, Superseded
from foreword_models.errors import Cancelled, ForewordError

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer
    from foreword.text.document import Document
    from foreword_models.words.certainty import Certainty
    from foreword_models.words.predictor import Prediction

logger = logging.getLogger(__name__)

AT_ONCE = 2  # forwards behind an answer: they are over before the next key of a quick typist, who never waits for them
LULL = 0.3  # seconds after them, when whoever types has paused
IN_A_LULL = 4  # forwards then
ON_ITS_WAY = 0.002  # seconds that an answer is given to leave this process
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


def refine(
    server: ForewordServer, document: Document, answered: Certainty, search: Callable[[Checkpoint, int], Prediction]
) -> None:
    """Go on with a search that was answered before it was sure, until the document changes.

    Parameters
    ----------
    answered
        Of the answer: where it is exact, there is nothing to go on with.
    search
        What was answered, with so many forwards to spend: what it decodes stays for the next letter of the word, and
        for the word after the one that is taken.
    """
    revision, settings, allowance = document.revision, server.language(document).completion, server.pool.allowance

    def still_wanted() -> bool:
        return server.documents.get(document.uri) is document and document.revision == revision

    def allowed() -> bool:
        return allowance.left(settings.think_share) > 0 and (settings.think_on_battery or not allowance.on_battery)

    async def run() -> None:
        certainty, sure = answered, False
        for delay, forwards in ((ON_ITS_WAY, AT_ONCE), (LULL, IN_A_LULL)):
            await asyncio.sleep(delay)
            if not still_wanted() or not allowed():
                return
            took = 0.0

            def go_on(checkpoint: Checkpoint, forwards: int = forwards) -> None:
                nonlocal certainty, sure, took
                began = time.perf_counter()
                try:
                    if not certainty.exact:
                        certainty = search(checkpoint, forwards).certainty
                    sure = certainty.exact
                finally:
                    took += time.perf_counter() - began

            done = await _in_background(server, ("refine", server.name_of(document.uri)), go_on, still_wanted)
            allowance.spend(took)
            if sure or not done:
                return

    task = asyncio.ensure_future(run())
    server.background.add(task)
    task.add_done_callback(server.background.discard)


def release(server: ForewordServer, uri: str) -> None:
    """Let the cache drop a document that was closed, when it needs the room."""

    async def run() -> None:
        models, name = server.models, server.name_of(uri)
        with contextlib.suppress(Superseded, EngineClosedError):
            await server.engine.run(Priority.THINKING, lambda _: models.close(name), key=("release", name))

    task = asyncio.ensure_future(run())
    server.background.add(task)
    task.add_done_callback(server.background.discard)


async def _prepare(server: ForewordServer, document: Document, upcoming: str) -> None:
    await asyncio.sleep(PAUSE)
    known = server.prepared.get(document, "").startswith(upcoming[:-GROWTH])
    if known or not _wanted(server, document):
        return
    models = server.models
    done = await _in_background(
        server,
        ("thinking", server.name_of(document.uri)),
        lambda checkpoint: models.predictor().prepare(upcoming, checkpoint=checkpoint),
        lambda: server.documents.get(document.uri) is document,
    )
    if done and server.models is models:
        server.prepared[document] = upcoming


async def _in_background(
    server: ForewordServer, key: Hashable, work: Callable[[Checkpoint], object], still_wanted: Callable[[], bool]
) -> bool:
    """Do something at the lowest priority while it is wanted; False if something newer has taken its place."""

    def run(checkpoint: Checkpoint) -> None:
        def between_forwards() -> None:
            checkpoint()
            if not still_wanted():
                raise Cancelled

        if not still_wanted():
            raise Cancelled
        work(between_forwards)

    try:
        await server.engine.run(Priority.THINKING, server.work.counted(server.models, run), key=key)
    except (Superseded, EngineClosedError):
        return False
    except ForewordError as error:  # nobody has asked for anything, so nobody needs to know
        logger.info("a text was not prepared: %s", type(error).__name__)
    except Exception as error:
        server.fail(error)
    return True


def _wanted(server: ForewordServer, document: Document) -> bool:
    """Whether a document is open and words or phrases are offered in it."""
    settings = server.language(document)
    offered = settings.completion.enabled or settings.inline_completion.enabled
    return offered and server.documents.get(document.uri) is document

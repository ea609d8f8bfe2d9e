"""What further models know of words and sentences, loaded while nothing else is to be done.

Vectors of words only where their pack is on this machine already, and not before somebody has looked at a word: the
first one is answered without. The finder of slips only where the settings ask for it, and then it is fetched, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from foreword.engine.engine import EngineClosedError, Priority, Superseded
from foreword_models.errors import ForewordError

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

logger = logging.getLogger(__name__)

QUIET = 1.0  # seconds without work for the engine, after which a load of a quarter of a second is not in the way


def load(server: ForewordServer) -> None:
    """Load what knows the meaning of words, soon; once, and nothing that is not on this machine."""
    if server.meaning_of is server.lookups:
        return
    server.meaning_of = server.lookups
    task = asyncio.ensure_future(_when_quiet(server, server.lookups.load_meaning))
    server.background.add(task)
    task.add_done_callback(server.background.discard)


async def prepare_grammar(server: ForewordServer) -> None:
    """Fetch and load the finder of slips, if that has not been done; what goes wrong is told when it is asked."""
    if server.grammar_of is server.lookups:
        return
    lookups = server.lookups
    await _in_thread(lookups.fetch_grammar)
    await _when_quiet(server, lambda: lookups.grammar())
    server.grammar_of = lookups


async def _when_quiet(server: ForewordServer, load: Callable[[], object]) -> None:
    with contextlib.suppress(Superseded, EngineClosedError):
        await server.engine.quiet(QUIET)
        try:
            await server.engine.run(Priority.THINKING, lambda _: load())
        except ForewordError as error:
            logger.info("a side matter was not loaded: %s", type(error).__name__)
        except Exception as error:
            server.fail(error)


async def _in_thread(work: Callable[[], None]) -> None:
    """Run something that may take minutes; the process does not wait for it to end."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is on its way out
                loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="foreword-fetch", daemon=True).start()
    await done.wait()

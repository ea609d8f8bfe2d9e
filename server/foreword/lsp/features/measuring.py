"""What waits until nobody types: giving back what a load has left; once on a machine, how the decoder runs fastest.

What is found out holds from the next start on. A start waits for neither: its words come first.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from foreword.engine.engine import Checkpoint, EngineClosedError, Priority
from foreword.engine.garbage import tidy
from foreword_models.errors import ForewordError

if TYPE_CHECKING:
    from foreword.lsp.server import ForewordServer

logger = logging.getLogger(__name__)

SETTLED = 2.0  # seconds without work for the engine, after which a key is not likely to meet a few tenths of work
QUIET = 20.0  # seconds without work for the engine, after which somebody who types is likely to be thinking or away


def when_quiet(server: ForewordServer) -> None:
    """Tidy up, and measure this machine if it has not been measured, as soon as nothing is typed for a while."""
    if server.measuring is None or server.measuring.done():
        server.measuring = asyncio.ensure_future(_when_quiet(server))


async def _when_quiet(server: ForewordServer) -> None:
    try:
        await server.engine.quiet(SETTLED)
        await server.engine.run(Priority.THINKING, lambda _: tidy())
        while await server.engine.run(Priority.THINKING, lambda _: server.models.to_be_measured()):
            await server.engine.quiet(QUIET)
            await _try(server)
    except EngineClosedError:
        pass
    except ForewordError as error:  # nobody has asked for anything, so nobody needs to know
        logger.info("this machine was not measured: %s", type(error).__name__)
    except Exception as error:
        server.fail(error)


async def _try(server: ForewordServer) -> None:
    """Measure, unless a key is pressed meanwhile."""
    models, begun = server.models, False

    def measure(checkpoint: Checkpoint) -> None:
        nonlocal begun
        if begun:  # the engine begins a job again that gave way to a key; this one is for another quiet moment
            return
        begun = True
        models.measure(checkpoint)

    await server.engine.run(Priority.THINKING, measure)

"""Long work on the event loop, cut into slices so short that a key hardly waits for one.

Between two slices the loop rests for a moment rather than taking the next one at once: a key and its answer go through
the loop several times, and would meet a slice each time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

SLICE = 0.0005  # seconds of work
REST = 0.001  # seconds for what has come meanwhile

T = TypeVar("T")


async def in_slices(items: Iterable[T], do: Callable[[T], object], wanted: Callable[[], bool] = lambda: True) -> bool:
    """Do something with each item.

    Parameters
    ----------
    items
        May be an iterator that works for each of them.
    wanted
        Asked after each rest.

    Returns
    -------
    bool
        Whether all was done; False as soon as it was not wanted any more.
    """
    end = time.perf_counter() + SLICE
    for item in items:
        do(item)
        if time.perf_counter() > end:
            await asyncio.sleep(REST)
            if not wanted():
                return False
            end = time.perf_counter() + SLICE
    return True

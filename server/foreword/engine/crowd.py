"""How many cores other processes take, so that ours do not wait for each other where there is no room for them.

A parallel product ends when its slowest thread does. Where another program takes a core, a thread of ours is put aside
for milliseconds at every one of a step's hundreds of products: two threads on two cores beside one busy program take
many times as long as one thread alone. So the threads are as many as there are cores left.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil

from foreword_models.gpt.machine import usable_cores

_INTERVAL = 0.5  # seconds between two looks


class Crowd:
    """Looks from time to time at how busy the machine is with other things.

    Not thread-safe: for the inference thread.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[], float] | None = None,
        cores: int | None = None,
    ) -> None:
        self._clock = clock
        self._busy = busy or busy_with_others
        self._cores = cores or usable_cores()
        self._last: tuple[float, float] | None = None  # when, and the busy seconds until then
        self._free = float(self._cores)

    def threads(self, most: int) -> int:
        """Return how many threads have a core to themselves now: from 1 to ``most``."""
        now = self._clock()
        if self._last is None or now - self._last[0] >= _INTERVAL:
            busy = self._busy()
            if self._last is not None:
                self._free = self._cores - (busy - self._last[1]) / (now - self._last[0])
            self._last = now, busy
        return max(1, min(most, round(self._free)))


def busy_with_others() -> float:
    """Return the seconds that our cores have spent on other programs, or on other machines of their host."""
    cores = psutil.cpu_times(percpu=True)
    if hasattr(os, "sched_getaffinity"):  # what goes on on cores that we may not use is no matter of ours
        cores = [cores[number] for number in os.sched_getaffinity(0) if number < len(cores)]
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(getattr(times, kind, 0.0) for times in cores for kind in kinds) - time.process_time()

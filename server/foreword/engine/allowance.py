"""How much of the machine may be taken by what nobody has asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import psutil

WINDOW = 20.0  # seconds over which work is counted
_LOOK = 15.0  # seconds that the state of the battery is taken to last


class Allowance:
    """Counts the time that thinking ahead has taken lately, and knows whether the machine runs on its battery.

    Not thread-safe: for the event loop's thread.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, on_battery: Callable[[], bool] | None = None
    ) -> None:
        self._clock = clock
        self._on_battery = on_battery or runs_on_battery
        self._spent: deque[tuple[float, float]] = deque()  # when, and how many seconds
        self._looked: tuple[float, bool] | None = None

    def spend(self, seconds: float) -> None:
        """Take note of work that is done."""
        self._spent.append((self._clock(), seconds))

    def left(self, share: float) -> float:
        """Return the seconds that may still be taken now, if that is `share` of the time at the most."""
        now = self._clock()
        while self._spent and self._spent[0][0] < now - WINDOW:
            self._spent.popleft()
        return share * WINDOW - sum(seconds for _, seconds in self._spent)

    @property
    def on_battery(self) -> bool:
        """Whether the machine runs on its battery, as of some seconds ago."""
        now = self._clock()
        if self._looked is None or self._looked[0] < now - _LOOK:
            self._looked = (now, self._on_battery())
        return self._looked[1]


def runs_on_battery() -> bool:
    """Whether this machine has a battery and is not plugged in; no, where the system does not tell."""
    try:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    except (OSError, RuntimeError, NotImplementedError):
        return False
    return battery is not None and battery.power_plugged is False

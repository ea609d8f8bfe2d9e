"""How long work reports its progress: a protocol of three calls, and a silent implementation.

`update` is called several times a second for as long as the work runs, waiting included. An exception that it raises
(`foreword_models.errors.Cancelled`, say) abandons the work, which then cleans up after itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Where progress goes. One piece of work at a time: start, any number of updates, finish."""

    def start(self, description: str, total: int) -> None:
        """Begin a piece of work of `total` bytes; 0 when that is not known."""

    def update(self, done: int) -> None:
        """Set how many bytes are done so far."""

    def finish(self) -> None:
        """End the piece of work, whether it succeeded or not."""


class Silent:
    """Progress that goes nowhere."""

    def start(self, description: str, total: int) -> None:
        """Do nothing."""

    def update(self, done: int) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


def unsaid(message: str) -> None:
    """Take a message for the user, and keep it: for callers that have nobody to tell."""


@contextmanager
def stage(progress: Progress, description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Start a piece of work, give its `update`, and finish it however the block ends."""
    progress.start(description, total)
    try:
        yield progress.update
    finally:
        progress.finish()


def shifted(update: Callable[[int], None], before: int) -> Callable[[int], None]:
    """Return an `update` for one part of a piece of work, of which `before` bytes were done earlier."""
    return lambda done: update(before + done)


def human_size(size: int) -> str:
    """Write a number of bytes as people do, in decimal units: ``93 MB``, ``1.4 GB``, ``612 bytes``."""
    if size < 1000:
        return f"{size} bytes"
    value, units = size / 1000, ["kB", "MB", "GB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.1f} {units[0]}" if value < 9.95 else f"{value:.0f} {units[0]}"

"""Progress of long work on stderr, for every command: a bar where there is a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_QUIET = 10.0
"""Seconds between two plain lines about the same piece of work."""


class TerminalProgress:
    """Shows progress; implements `foreword_models.zoo.progress.Progress`.

    Parameters
    ----------
    unit : {"bytes", "steps"}
        What is counted: bytes are shown as sizes with a speed, steps as numbers.
    console : Console, optional
        Where to; stderr by default, so that stdout holds nothing but results.
    live : bool
        Redraw the bar all the time, so that clocks go on; else only in `update`, which leaves the processor alone
        between two calls.
    """

    def __init__(
        self, unit: Literal["bytes", "steps"] = "bytes", console: Console | None = None, *, live: bool = True
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._unit = unit
        self._live = live
        self._description = ""
        self._total = self._done = 0
        self._began = self._spoke = 0.0
        self._bar: tuple[Progress, TaskID] | None = None

    def say(self, message: str) -> None:
        """Show a sentence, above the bar if there is one."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)

    def start(self, description: str, total: int) -> None:
        """Begin a piece of work; a `total` of 0 is not known."""
        self.finish()
        self._description, self._total, self._done = description, total, 0
        self._began = self._spoke = time.monotonic()
        if self._console.is_terminal:
            bar = Progress(*self._columns(), console=self._console, auto_refresh=self._live)
            task = bar.add_task(description, total=total or None)
            bar.start()
            self._bar = bar, task
        else:
            self.say(f"{description} ...")

    def update(self, done: int) -> None:
        """Set how much is done."""
        self._done = done
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, completed=done, refresh=not self._live)
        elif self._total and time.monotonic() - self._spoke >= _QUIET:
            self._spoke = time.monotonic()
            self.say(f"{self._description}: {100 * done // self._total} %")

    def finish(self) -> None:
        """End the piece of work; leaves what was reached on the screen. Nothing to end is fine."""
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None
        elif self._description and self._total and self._done >= self._total:
            self.say(f"{self._description}: done in {time.monotonic() - self._began:.1f} s")
        self._description = ""

    def _columns(self) -> list[ProgressColumn]:
        description = TextColumn("{task.description}", markup=False)
        if self._unit == "bytes":
            return [
                description,
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(compact=True),
            ]
        return [description, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True)]

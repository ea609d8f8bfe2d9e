"""What one connection is told of pulls and loads, from the inference thread: ``$/progress``, its status, sentences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from foreword.lsp.status import Status


@dataclass
class _Bar:
    token: str
    description: str
    total: int
    created: bool = False
    finished: bool = False
    percentage: int = 0


class WorkDoneProgress:
    """Shows progress in the editor; implements `foreword.engine.pool.Listener`.

    Parameters
    ----------
    protocol
        To send through.
    on_loop
        Runs a function on the event loop's thread.
    status
        Of the connection.
    tell
        Shows the user a sentence.

    Notes
    -----
    pygls' own `Progress` keeps every token for ever; this one keeps none.
    """

    def __init__(
        self,
        protocol: Any,
        on_loop: Callable[[Callable[[], None]], None],
        status: Status,
        tell: Callable[[str], None],
    ) -> None:
        self._protocol = protocol
        self._on_loop = on_loop
        self._status = status
        self._tell = tell
        self._numbers = itertools.count(1)
        self._bar: _Bar | None = None

    def start(self, description: str, total: int) -> None:
        """Begin a piece of work; a `total` of 0 is not known."""
        self.finish()
        self._bar = bar = _Bar(f"foreword-{next(self._numbers)}", description, total)
        self._on_loop(lambda: self._create(bar))
        self._on_loop(lambda: self._status.loading(description))

    def update(self, done: int) -> None:
        """Set how much is done; the editor is told once for each percent."""
        bar = self._bar
        if bar is None or not bar.total:
            return
        percentage = min(100, 100 * done // bar.total)
        if percentage != bar.percentage:
            bar.percentage = percentage
            self._on_loop(lambda: self._report(bar))

    def finish(self) -> None:
        """End the piece of work, if there is one."""
        bar, self._bar = self._bar, None
        if bar is not None:
            self._on_loop(lambda: self._end(bar))
            self._on_loop(lambda: self._status.loading(""))

    def say(self, message: str) -> None:
        """Show the user a sentence."""
        self._on_loop(lambda: self._tell(message))

    def _create(self, bar: _Bar) -> None:
        window = self._protocol.client_capabilities.window
        if window is None or not window.work_done_progress:
            return

        def created(answer: Future[Any]) -> None:
            if answer.cancelled() or answer.exception() is not None:
                return
            bar.created = True
            percentage = bar.percentage if bar.total else None
            self._send(
                bar, types.WorkDoneProgressBegin(title="Foreword", message=bar.description, percentage=percentage)
            )
            if bar.finished:
                self._send(bar, types.WorkDoneProgressEnd())

        params = types.WorkDoneProgressCreateParams(token=bar.token)
        self._protocol.send_request(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params).add_done_callback(created)

    def _report(self, bar: _Bar) -> None:
        if bar.created and not bar.finished:
            self._send(bar, types.WorkDoneProgressReport(message=bar.description, percentage=bar.percentage))

    def _end(self, bar: _Bar) -> None:
        bar.finished = True
        if bar.created:
            self._send(bar, types.WorkDoneProgressEnd())

    def _send(self, bar: _Bar, value: Any) -> None:
        self._protocol.notify(types.PROGRESS, types.ProgressParams(token=bar.token, value=value))

"""Where the time goes, in the trace format of Chrome: https://ui.perfetto.dev shows it, and a bug report can carry it.

Names of requests and of kinds of jobs, and times: never text.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foreword_models.errors import ForewordError


class TraceFileError(ForewordError):
    """The trace cannot be written where it is wanted."""


class Trace:
    """Writes a list of events to a file as they happen: "Trace Event Format", JSON array.

    The list is closed by `close`; viewers read one that is not, of a process that was ended, as well.

    Parameters
    ----------
    file
        Overwritten.

    Raises
    ------
    TraceFileError
        The file cannot be written.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._stream = file.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise TraceFileError(f"{file} cannot be written ({error.strerror}); give another --trace.") from None
        self._lock = threading.Lock()
        self._threads: set[int] = set()
        self._separator = "[\n"

    @staticmethod
    def now() -> int:
        """Return the time, in nanoseconds of a clock of its own."""
        return time.perf_counter_ns()

    def span(self, name: str, category: str, began: int, **values: Any) -> None:
        """Note something that one thread did from `began` until now."""
        now = self.now()
        self._write(name, category, "X", began, dur=(now - began) / 1000, args=values)

    @contextmanager
    def spanning(self, name: str, category: str) -> Iterator[None]:
        """Note how long a block takes."""
        began = self.now()
        try:
            yield
        finally:
            self.span(name, category, began)

    def begin(self, name: str, identity: str) -> None:
        """Note that something began which others may overlap."""
        self._write(name, "request", "b", self.now(), id=identity)

    def end(self, name: str, identity: str, **values: Any) -> None:
        """Note that it ended; the name and the identity are those it began with."""
        self._write(name, "request", "e", self.now(), id=identity, args=values)

    def close(self) -> None:
        """Close the list and the file."""
        with self._lock:
            if not self._stream.closed:
                self._stream.write("\n]\n" if self._threads else "[]\n")
                self._stream.close()

    def _write(self, name: str, category: str, phase: str, time: int, **more: Any) -> None:
        thread = threading.get_native_id()
        event = {"name": name, "cat": category, "ph": phase, "ts": time / 1000, "pid": os.getpid(), "tid": thread}
        with self._lock:
            if self._stream.closed:
                return
            if thread not in self._threads:
                self._threads.add(thread)
                known = {"name": threading.current_thread().name}
                self._put({"name": "thread_name", "ph": "M", "pid": os.getpid(), "tid": thread, "args": known})
            self._put(event | more)

    def _put(self, event: dict[str, Any]) -> None:
        self._stream.write(self._separator + json.dumps(event))
        self._separator = ",\n"

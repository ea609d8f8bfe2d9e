"""What another process takes: resident memory and processor time.

From ``/proc`` on Linux, elsewhere from psutil, which is not among the packages that are always installed; without it
nothing is known.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

_PROC = Path("/proc")


def rss_bytes(process_id: int) -> int | None:
    """Return the resident memory of a process in bytes, mapped files included; None where it cannot be known."""
    status = _PROC / str(process_id) / "status"
    if status.exists():
        for line in status.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmRSS:"):
                return 1024 * int(line.split()[1])
        return None
    process = _psutil_process(process_id)
    return None if process is None else int(process.memory_info().rss)


def cpu_seconds(process_id: int) -> float | None:
    """Return the processor time that a process has used, all threads together; None where it cannot be known."""
    stat = _PROC / str(process_id) / "stat"
    if stat.exists():
        # The name, in parentheses, may hold anything; user and system time are the 14th and 15th field.
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    process = _psutil_process(process_id)
    if process is None:
        return None
    times = process.cpu_times()
    return float(times.user + times.system)


def cpu_percent(process_id: int, seconds: float) -> float | None:
    """Watch a process for some seconds; returns the share of one core that it kept busy, in percent, or None."""
    started, before = time.perf_counter(), cpu_seconds(process_id)
    time.sleep(seconds)
    after = cpu_seconds(process_id)
    if before is None or after is None:
        return None
    return 100 * (after - before) / (time.perf_counter() - started)


def wait_until_quiet(process_id: int, *, window: float = 0.5, percent: float = 5.0, most: float = 20.0) -> None:
    """Wait until a process has used less than `percent` of a core for `window` seconds, at most `most` seconds.

    Where processor time cannot be known, the wait is `most`.
    """
    deadline = time.monotonic() + most
    while (left := deadline - time.monotonic()) > 0:
        used = cpu_percent(process_id, min(window, left))
        if used is not None and used < percent:
            return


def _psutil_process(process_id: int) -> Any:
    try:
        import psutil
    except ImportError:
        return None
    try:
        return psutil.Process(process_id)
    except psutil.Error:
        return None

"""The machine as a decoder depends on it: processor, cores, load, and memory that the C library holds on to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
from pathlib import Path

_MOST_THREADS = 8  # more than that wait for each other longer than they compute, in steps of milliseconds
BUSY = 0.8  # load average per core from which on nothing that is timed means much


def usable_cores() -> int:
    """Return the number of cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def most_threads() -> int:
    """Return the number of threads to compute with where nothing was measured: every usable core, up to eight."""
    return max(1, min(usable_cores(), _MOST_THREADS))


def load_per_core() -> float | None:
    """Return the system's load average of the last minute for each usable core; None where it has none."""
    try:
        return os.getloadavg()[0] / usable_cores()
    except (AttributeError, OSError):
        return None


def give_back_memory() -> None:
    """Return what was taken for a moment to the system: glibc would keep it for itself; takes some milliseconds.

    Loading a model frees about as much as it takes, since weights are merged, cut and packed on the way, and reading a
    long document some tens of MB.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"

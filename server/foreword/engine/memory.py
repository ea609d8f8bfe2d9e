"""What was freed, given back to the system.

A load frees about as much as the model takes: weights are merged, cut and packed on the way; and so does reading a
long document, sentence by sentence. The C library keeps such memory for later, and most of it would never be asked for
again.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_back_all() -> None:
    """Free what hangs together in circles, too; takes a tenth of a second, in which no thread runs."""
    gc.collect()
    give_back()


def give_back() -> None:
    """Return what the C library keeps of freed memory to the system, where that is glibc; takes some milliseconds."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such function, and keeps little
            ctypes.CDLL(None).malloc_trim(0)

"""Text given to a command: an argument, or standard input for ``-``."""

from __future__ import annotations

import sys


def read_text(argument: str) -> str:
    """Return the argument, or all of standard input if it is ``-``; bytes that are not UTF-8 become U+FFFD."""
    if argument != "-":
        return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return sys.stdin.buffer.read().decode("utf-8", "replace")

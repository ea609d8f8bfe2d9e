"""Where tables are printed: the terminal, or lines wide enough for them where there is none."""

from __future__ import annotations

from rich.console import Console

_WIDTH = 132  # columns where there is no terminal to ask


def table_console(width: int = _WIDTH) -> Console:
    """Return a console for tables: as wide as the terminal, or `width` columns in a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=width)

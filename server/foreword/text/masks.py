"""What a sentence reader is given in the place of what is not prose: text of the same length, which it passes over."""

from __future__ import annotations

from collections.abc import Iterable

from foreword.text.formats.base import Gap


def masked(text: str, gaps: Iterable[Gap]) -> str:
    """Put something in the place of each gap that a reader passes over as it passes over the gap."""
    parts, at = [], 0
    for gap in gaps:
        parts.append(text[at : gap.start])
        size = gap.end - gap.start
        if gap.kind == "break":
            parts.append("\n\n"[:size] + " " * (size - 2))
        else:
            parts.append(("\ufffc" if gap.kind == "object" else " ") * size)
        at = gap.end
    return "".join([*parts, text[at:]])

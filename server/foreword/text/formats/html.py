"""HTML: the text between tags; not scripts, styles, preformatted text, comments, nor a tag over several lines."""

from __future__ import annotations

import re

from foreword.text.formats.base import ADDRESSES, TAGS, Inline, LineKind, Rule, State

_BLOCK = re.compile(
    r"\s*</?(?:p|div|li|[uo]l|d[ltd]|h[1-6]|t[rdh]|table|section|article|body|head|title)\b", re.IGNORECASE
)
_NAME = re.compile(r"\w+")
_RAW = re.compile(r"<(script|style|pre|code|textarea|svg|math|template)\b(?![^<>]*/>)", re.IGNORECASE)


class Html:
    """HTML and XHTML.

    The state is the text that ends what is not prose, or ``?begin`` (a paragraph may begin) or ``?on`` (it goes on).
    """

    start: State = "?begin"
    inline = Inline(
        Rule(
            r"(?i:<(?:code|script|style|pre|svg|math)\b[^<>]*+>)",
            "object",
            closer=lambda tag: f"</{_NAME.findall(tag)[0]}>",
        ),
        *TAGS,
        *ADDRESSES,
    )

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, str)
        lower = line.lower()
        if state[0] != "?":
            return "other", "?begin" if state in lower else state
        if not lower.strip():
            return "blank", "?begin"
        if (closer := _open(lower)) is not None:
            return "other", closer
        begin = state == "?begin" or _BLOCK.match(line) is not None
        return "begin" if begin else "prose", "?on"


def _open(line: str) -> str | None:
    """What a line leaves open at its end; the line is not prose then, not even what stands in front of it."""
    comment = line.rfind("<!--")
    if comment >= 0 and "-->" not in line[comment:]:
        return "-->"
    closer = None
    for match in _RAW.finditer(line):
        end = f"</{match[1]}"
        closer = None if line.rfind(end) > match.start() else end
    if closer is None and re.search(r"</?[a-z][^<>]*\s*$", line):
        return ">"
    return closer

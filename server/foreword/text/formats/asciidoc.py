"""AsciiDoc: delimited blocks, attributes, macros, passthroughs, literal paragraphs, cross references."""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.text.formats.base import ADDRESSES, Inline, LineKind, Rule, State

_DELIMITER = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|`{3,})[\w+-]*\s*$")
_NOT_TEXT = re.compile(
    r"//(?!/)|:!?[\w-]+!?:(?:\s|$)|\[[^\n]*\]\s*$|[a-z]\w*::\S*\[[^\n]*\]\s*$|(?:={4,}|\*{4,}|_{4,}|-{2}|[|,:!]={3,})\s*$|'''|<<<|\+\s*$"
)
_BEGIN = re.compile(r"={1,6}\s|\.[^\s.]|(?:\*{1,5}|-|\.{1,5}|\d+\.)\s|\||[^\n]*::\s")


class _State(NamedTuple):
    closer: str = ""  # the delimiter of the block that is not prose
    fresh: bool = True
    literal: bool = False  # in an indented paragraph


class AsciiDoc:
    """AsciiDoc."""

    start: State = _State()
    inline = Inline(
        Rule(r"\\[`*_#+{<]", None),
        Rule(r"``?(?=[^\s`])", "object", closer=lambda opening: opening),
        Rule(r"\+\+\+", "object", closer=lambda _: "+++"),
        Rule(
            r"(?:stem|latexmath|asciimath|pass|kbd|btn|menu|image|icon|footnoteref|anchor|indexterm2?):[\w,/.-]*+\[[^\[\]\n]*+\]",
            "object",
        ),
        Rule(
            r"(?:https?|ftp|irc|mailto|link|xref):[^\s\[\]<>]++\[|<<[^<>,\n]++,?|>>|\[\[[^\[\]\n]++\]\]|\[[.#][^\]\n]*+\](?=[#*_`])",
            "markup",
        ),
        Rule(r"\{[\w-]++(?::[^{}\n]*+)?\}", "object"),
        Rule(r"\A(?:={1,6}|\.(?=[^\s.])|[*-]{1,5}|\.{1,5})[ \t]*+|\|", "markup"),
        *ADDRESSES,
    )

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _State)
        content = line.strip()
        if state.closer:
            return "other", _State() if content == state.closer else state
        if not content:
            return "blank", _State()
        if match := _DELIMITER.match(line):
            return "other", _State(match[1])
        if state.literal or (state.fresh and line[0] in " \t" and not _BEGIN.match(content)):
            return "other", _State(literal=True)
        if _NOT_TEXT.match(line):
            return "other", _State()
        begin = state.fresh or _BEGIN.match(content) is not None
        ends = line.startswith(("=", ".")) and begin
        return "begin" if begin else "prose", _State(fresh=ends)

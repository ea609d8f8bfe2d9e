r"""Typst: raw blocks, comments, mathematics, and code behind a number sign.

A statement (``#let``, ``#set``, ``#import``, ``#show``) goes on until its brackets are closed. The text in square
brackets behind a function (``#emph[so]``) is prose, what is in round ones is not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.text.formats.base import ADDRESSES, CODE_SPAN, Inline, LineKind, Rule, State

_STATEMENT = re.compile(r"\s*#(?:let|set|import|include|show|if|for|while)\b|\s*#[\w.]+\((?![^()\n]*\))")
_BEGIN = re.compile(r"\s*(?:=+|[-+/]|\d+\.)\s")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"')


class _State(NamedTuple):
    closer: str = ""  # of a raw block, a comment or a block of mathematics
    depth: int = 0  # of the brackets of a statement
    fresh: bool = True


class Typst:
    """Typst."""

    start: State = _State()
    inline = Inline(
        Rule(r"\\.", None),
        CODE_SPAN,
        Rule(r"/\*", "markup", closer=lambda _: "*/"),
        *ADDRESSES,
        Rule(r"//[^\n]*+", "markup", True),
        Rule(r"\$", "object", closer=lambda _: "$"),
        Rule(r"<[\w:.-]++>|@\w++(?:[:.-]++\w++)*+", "object"),
        Rule(r"#[\w.]++(?:\((?:[^()\n]|\([^()\n]*+\))*+\))?(?=\[)", "markup"),
        Rule(r"#[\w.]++(?:\((?:[^()\n]|\([^()\n]*+\))*+\))?", "object", True),
        Rule(r"[\[\]]|(?:\A|(?<=\n))[ \t]*+=++[ \t]", "markup"),
    )

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _State)
        content = line.strip()
        if state.closer:
            return "other", _State() if state.closer in line else state
        if state.depth:
            return "other", _State(depth=_depth(line, state.depth))
        if not content:
            return "blank", _State()
        for opening, closer in (("```", "```"), ("/*", "*/"), ("$ ", "$"), ("$\n", "$")):
            if (content + "\n").startswith(opening) and closer not in content[len(opening) :]:
                return "other", _State(closer)
        if content.startswith("//"):
            return "other", state
        if _STATEMENT.match(line):
            return "other", _State(depth=_depth(line, 0))
        begin = state.fresh or _BEGIN.match(line) is not None
        return "begin" if begin else "prose", _State(fresh=content.startswith("="))


def _depth(line: str, depth: int) -> int:
    """How deep in brackets a statement is behind a line of it."""
    for character in _STRING.sub("", line):
        depth += (character in "([{") - (character in ")]}")
    return max(depth, 0)

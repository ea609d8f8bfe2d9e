r"""Markdown and its relatives: fences, indented code, front matter, display mathematics, HTML, link targets, tables.

As in CommonMark and pandoc, with one liberty: a fence may be indented by any number of blanks, since where a list item
begins would have to be known exactly otherwise.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.text.formats.base import ADDRESSES, CODE_SPAN, TAGS, Inline, LineKind, Rule, State, width

_QUOTE = re.compile(r"[ \t]*+(?:>[ \t]*+)*+")
_ITEM = re.compile(r"(?:[-*+\u2022]|(\d{1,9})[.)])(?:[ \t]++|$)(?:\[[ xX]\][ \t]++)?")
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_RULE = re.compile(r"(?:[-=*_|:+~][ \t]*+){3,}")
_FRONT = re.compile(r"[\w$\"'.-]++[ \t]*+[:=]|#|\[|---|\+\+\+")
_DEFINITION = re.compile(r":::| {0,3}\[(?!\^)[^\[\]]++\]:\s*+\S")  # a container's ends, a link's target
_RAW = re.compile(r"<(script|style|pre|textarea|svg|math)\b", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}")


class _State(NamedTuple):
    mode: str = ""
    closer: str = ""
    quoted: int = 0
    fresh: bool = True  # a paragraph, or indented code, may begin
    indent: int = 0  # where the text of the list item above begins


class Markdown:
    """Markdown; also git commit messages and plain text, which are Markdown with less in it (`plain`)."""

    start: State = _State("top")
    inline = Inline(
        Rule(r"\\[!-/:-@\[-`{-~]", None, signs=("\\",)),
        CODE_SPAN,
        *ADDRESSES[:1],
        *TAGS,
        Rule(r"\$\$", "object", closer=lambda _: "$$", signs=("$",)),
        Rule(r"\$(?![\s$\d])[^$\n]*+(?<!\s)\$(?!\d)|\$\d[^$\s]*+\$(?!\d)", "object", signs=("$",)),
        Rule(r"\\\(", "object", closer=lambda _: "\\)", signs=("\\",)),
        Rule(r"\]\((?:[^()\n]|\([^()\n]*+\))*+\)|\]\[[^\[\]\n]*+\]", "markup", signs=("]",)),
        Rule(r"\[\^[^\[\]\s]++\]:?|\[[^\[\]\n@]*+@[^\[\]\n]*+\]", "markup", signs=("[",)),
        Rule(r"[ \t]\|[ \t]", "break", signs=("|",)),  # cells of a table
        Rule(r"\{[#.:%{][^{}\n]*+\}++", "markup", signs=("{",)),
        *ADDRESSES[1:],
    )
    indented_code = True
    fences_only = False

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _State)
        content = line.strip()
        mode = state.mode
        if mode == "top" and content in ("---", "+++") and not self.fences_only:
            return "other", _State("front?", content)
        if mode == "front?":
            mode = "front" if _FRONT.match(content) else ""
        if mode == "front":
            over = content == state.closer or (content == "..." and state.closer == "---")
            return "other", _State() if over else state._replace(mode="front")
        quote = _QUOTE.match(line)
        at = quote.end() if quote else 0
        quoted = line.count(">", 0, at)
        if mode == "fence" and quoted >= state.quoted:
            match = _FENCE.match(line, at)
            over = match is not None and match[1].startswith(state.closer) and not match[2].strip()
            return "other", state._replace(mode="", fresh=True) if over else state
        if mode == "until":
            over = state.closer in line.lower()
            return "other", state._replace(mode="", fresh=True) if over else state
        return self._outside(line, content, at, quoted, state)

    def _outside(self, line: str, content: str, at: int, quoted: int, state: _State) -> tuple[LineKind, State]:
        """A line outside of everything that is longer than a line."""
        if not content:
            return "blank", _State(indent=state.indent)
        indent = width(line)
        if self.indented_code and state.fresh and not quoted and indent >= state.indent + 4:
            return "other", _State(indent=state.indent)
        if state.fresh and indent < state.indent:
            state = state._replace(indent=0)
        begin = state.fresh
        listed = at
        while item := _ITEM.match(line, listed):
            # As in CommonMark, "in\n1984. Then" is no list: only one that begins with 1 interrupts a paragraph.
            if item[1] and item[1] != "1" and not begin and not state.indent:
                break
            listed, begin = item.end(), True
            state = state._replace(indent=width(line) + listed - at)
        if (opened := self._opened(line, listed, quoted)) is not None:
            return "other", opened._replace(indent=state.indent)
        if _RULE.fullmatch(content) or (not self.fences_only and _DEFINITION.match(line)):
            return "other", _State(indent=state.indent)
        if _HEADING.match(line, at):
            return "begin", _State()
        kind: LineKind = "begin" if begin or line.startswith("|", at) else "prose"
        return kind, _State(fresh=False, indent=state.indent, quoted=quoted)

    def _opened(self, line: str, at: int, quoted: int) -> _State | None:
        """The state behind a line that opens something longer than a line."""
        match = _FENCE.match(line, at)
        if match and not (match[1][0] == "`" and "`" in match[2]):
            return _State("fence", match[1], quoted)
        if self.fences_only:
            return None
        rest = line[at:]
        if rest.startswith("<!--") and "-->" not in rest:
            return _State("until", "-->")
        if rest.startswith("$$") and "$$" not in rest[2:]:
            return _State("until", "$$")
        if (match := _RAW.match(rest)) and f"</{match[1].lower()}" not in rest.lower():
            return _State("until", f"</{match[1].lower()}")
        if match := _ENVIRONMENT.match(rest):
            closer = f"\\end{{{match[1].lower()}}}"
            return _State() if closer in rest.lower() else _State("until", closer)
        return None


class Mdx(Markdown):
    """Markdown with JSX: lines of import and export are code, indented lines are not."""

    indented_code = False

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        kind, after = super().line(line, state)
        return ("other" if kind == "begin" and re.match(r"(?:import|export)\s", line) else kind), after

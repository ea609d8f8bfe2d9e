"""reStructuredText: directives, comments, literal blocks, doctests, fields, roles, link targets.

The body of an admonition (note, warning, ...) is prose, that of any other directive is not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.text.formats.base import ADDRESSES, Inline, LineKind, Rule, State, width

_EXPLICIT = re.compile(r"\s*\.\.(?:\s|$)")
_ADMONITION = re.compile(
    r"\s*\.\.[ \t]+(?:note|warning|tip|hint|important|attention|caution|danger|error|admonition|seealso|todo|topic|"
    r"sidebar|epigraph|pull-quote|versionadded|versionchanged|deprecated|container|rubric|line-block|"
    r"(?:\w+:)?(?:function|class|method|attribute|data|module|exception))::|\s*\.\.[ \t]+\[[^\]\n]+\][ \t]"
)
_OPTION = re.compile(r"\s+:[\w-]+:")
_LINE = re.compile(r"\s*(?:([=\-`:'\"~^_*+#.<>!$%&(),/;?@\[\\\]{|}])\1\1(?:\1|\s)*+|[+|][-=+| ]*+\s*)$")
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|(?:\d{1,3}|#)[.)])\s")


class _State(NamedTuple):
    hidden: int = -1  # lines indented farther than this are not prose; -1: none are
    options: bool = False  # of a directive, above its body
    doctest: bool = False  # until a blank line
    fresh: bool = True


class ReStructuredText:
    """reStructuredText."""

    start: State = _State()
    inline = Inline(
        Rule(r"\\.", None),
        Rule(r"``", "object", closer=lambda _: "``"),
        Rule(r":[\w+.-]++(?::[\w+.-]++)*+:`[^`]*+`|`[^`<]*+`:[\w+.-]++(?::[\w+.-]++)*+:", "object"),
        Rule(r"[ \t]<[^<>\s]++>`__?|`__?(?![\w`])|(?<![\w`])`(?!`)", "markup"),
        Rule(r"\|[^|\s](?:[^|\n]*+)\||\[[^\[\]\s]++\]_", "object"),
        Rule(r"\A[ \t]*+:[^:\n]++:(?=\s)|(?<=\n):[^:\n]++:(?=\s)", "markup"),
        Rule(r"\A[ \t]*+\.\.[^\n]*?::|\A[ \t]*+\.\.[ \t]++\[[^\]\n]++\]", "markup"),
        *ADDRESSES,
    )

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _State)
        content, indent = line.strip(), width(line)
        if not content:
            inside = state.hidden >= 0
            return "other" if inside else "blank", state._replace(fresh=True, options=False, doctest=False)
        if state.doctest:
            return "other", state
        if state.hidden >= 0:
            if indent > state.hidden:
                return "other", state
            state = _State()
        if state.options and _OPTION.match(line):
            return "other", state
        if _EXPLICIT.match(line):
            if _ADMONITION.match(line):
                return "begin", _State(options=True)
            return "other", _State(hidden=indent)
        if content.startswith(">>>") or _LINE.match(line):
            return "other", _State(doctest=content.startswith(">>>"))
        hidden = indent if content.endswith("::") else -1
        kind: LineKind = "begin" if state.fresh or _ITEM.match(line) else "prose"
        return kind, _State(hidden=hidden, fresh=False)

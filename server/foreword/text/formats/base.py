"""What a format is: a rule for lines, which carries a state from each to the next, and a table of what is inside them.

Whether a line is prose depends on the lines above it (a fence was opened, the preamble is not over), and all that has
to be known of them is a small value, the *state*. After an edit lines are looked at again only until the state is what
it was before, so a key costs a line or two, and the result is that of reading everything anew by construction. Inside
a paragraph a table of patterns finds the *gaps*: code, mathematics, addresses, mark-up.

Parsers were tried first: tree-sitter's grammar of Markdown takes 7 to 15 ms to follow one key in a document of 10,000
lines, and there is none on the package index for LaTeX, AsciiDoc and Typst.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

LineKind = Literal["prose", "begin", "blank", "other"]
"""Goes on with the paragraph above; begins one; empty, between paragraphs; not prose."""

GapKind = Literal["object", "markup", "break"]
"""Stands for a word (code, mathematics, an address); for nothing (emphasis, a tag); for the end of a paragraph."""

State = Hashable

PIECE = 8192
"""Code points that are searched for gaps at once: what is longer is cut, so that one line of a megabyte stays cheap."""


class Gap(NamedTuple):
    """A part of a paragraph that is not prose.

    Attributes
    ----------
    start, end : int
        Range in code points.
    kind : {"object", "markup", "break"}
        What it stands for.
    growing : bool
        What is typed at its end belongs to it, as to an address that is being written.
    """

    start: int
    end: int
    kind: GapKind
    growing: bool = False


@dataclass(frozen=True)
class Rule:
    """One thing that may stand inside a paragraph.

    Attributes
    ----------
    pattern : str
        A regular expression without groups that capture: all of it, or its opening if there is a `closer`. The time it
        takes must be linear in the text, whatever the text is.
    kind : GapKind or None
        None for what only hides its characters from the other rules, like an escape.
    growing : bool
        See `Gap`.
    closer : function, optional
        From the opening to what closes it. Without its closing, the opening is prose.
    signs : tuple of str
        One of these is in whatever the pattern matches; empty where there is no such sign. Most paragraphs have no sign
        of any rule, and to see that takes a hundredth of the time of the patterns.
    """

    pattern: str
    kind: GapKind | None
    growing: bool = False
    closer: Callable[[str], str] | None = None
    signs: tuple[str, ...] = ()


# An address does not end with a punctuation mark.
_ADDRESS = r"(?:[^\s<>\"`{}|\\^.,;:!?')\]*~]|[.,;:!?')\]*~]++(?=[^\s<>\"`{}|\\^.,;:!?')\]*~]))*+"
ADDRESSES = (
    Rule(r"<(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\s]+|[\w.+-]++@[\w.-]+)>", "object", signs=("<",)),
    Rule(rf"(?:(?:https?|ftp|file)://|mailto:|\bwww\.){_ADDRESS}", "object", True, signs=("://", "mailto:", "www.")),
    Rule(r"(?<![\w.+-])[\w.+-]++@\w[\w-]*+(?:\.\w[\w-]*+)+", "object", True, signs=("@",)),
)
CODE_SPAN = Rule(r"(?<!`)`++", "object", closer=lambda opening: opening, signs=("`",))
TAGS = (
    Rule(r"<!--", "markup", closer=lambda _: "-->", signs=("<",)),
    Rule(
        r"</?(?:p|div|li|[uo]l|d[ltd]|h[1-6]|t[rdh]|table|section|article|br|hr|blockquote|title|option)\b[^<>]*+>",
        "break",
        signs=("<",),
    ),
    Rule(r"</?[a-zA-Z][\w:-]*+(?:\s[^<>]*+)?/?>|<[!?][^<>]*+>", "markup", signs=("<",)),
    Rule(r"&(?:#\w{1,8}|[a-zA-Z]\w{1,30});", "markup", signs=("&",)),
)


class Inline:
    """A table of rules, tried at each place in their order.

    Parameters
    ----------
    *rules : Rule
        The earlier ones win.
    """

    def __init__(self, *rules: Rule) -> None:
        self._rules = rules
        self._signs = {sign for rule in rules for sign in rule.signs} if all(rule.signs for rule in rules) else {""}
        self._pattern = re.compile("|".join(f"(?P<r{i}>{rule.pattern})" for i, rule in enumerate(rules)))

    def gaps(self, text: str) -> tuple[Gap, ...]:
        """Return the gaps of a paragraph, in order; they do not overlap."""
        if not any(sign in text for sign in self._signs):
            return ()
        if len(text) <= PIECE:
            return tuple(self._gaps(text))
        return tuple(
            Gap(start + at, end + at, kind, growing)
            for at in range(0, len(text), PIECE)
            for start, end, kind, growing in self._gaps(text[at : at + PIECE])
        )

    def _gaps(self, text: str) -> list[Gap]:
        found: list[Gap] = []
        missing: set[str] = set()  # closings that do not come any more; looked for once, or the cost were quadratic
        at = 0
        while match := self._pattern.search(text, at):
            start, at = match.span()
            rule = self._rules[int((match.lastgroup or "r0")[1:])]
            if at == start:
                at += 1
                continue
            if rule.closer is not None:
                closing = rule.closer(match[0])
                end = -1 if closing in missing else _end(text, closing, at)
                if end < 0:
                    missing.add(closing)
                    continue
                at = end
            if rule.kind is not None:
                found.append(Gap(start, at, rule.kind, rule.growing))
        return found


def _end(text: str, closing: str, at: int) -> int:
    """Return where the first `closing` from `at` on ends, or -1; of backticks it is a run of exactly as many."""
    while (begin := text.find(closing, at)) >= 0:
        end = begin + len(closing)
        if closing[0] != "`" or (text[end : end + 1] != "`" and text[begin - 1] != "`"):
            return end
        at = end
        while text[at : at + 1] == "`":
            at += 1
    return -1


class Format(Protocol):
    """A kind of document.

    Attributes
    ----------
    start : State
        Before the first line.
    inline : Inline
        What is not prose inside a paragraph.
    """

    start: State
    inline: Inline

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""


def width(line: str) -> int:
    """Return how far a line is indented, a tab reaching to the next multiple of 4."""
    columns = 0
    for character in line:
        if character not in " \t":
            break
        columns += 4 - columns % 4 if character == "\t" else 1
    return columns

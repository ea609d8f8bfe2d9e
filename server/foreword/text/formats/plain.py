"""Text that people write without a mark-up language: plain text, mail, commit messages.

People fence code and put it in backticks there too. Lists and quotations are laid out as in Markdown; indented
lines are text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.text.formats.base import ADDRESSES, CODE_SPAN, Inline, LineKind, Rule, State
from foreword.text.formats.markdown import Markdown

_HEADER = re.compile(r"([A-Za-z][\w-]*+):(?:[ \t]|$)")
_HEADERS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "reply-to",
        "sender",
        "message-id",
        "received",
        "return-path",
        "mime-version",
    ]
)
_ATTRIBUTION = re.compile(r"\S.*\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto)\s?:\s*$")
_ORIGINAL = re.compile(r"-{2,}\s*(?:Original Message|Forwarded message|Ursprüngliche Nachricht)", re.IGNORECASE)
_TRAILER = re.compile(r"(?:[A-Z][a-z]++(?:-[a-z]++)*?-(?:by|to|[Ii]d)|Cc|Fixes|Closes|Refs?|Link|Bug|See-also):\s")


class PlainText(Markdown):
    """Plain text."""

    inline = Inline(CODE_SPAN, *ADDRESSES)
    indented_code = False

    fences_only = True


class _Hidden(NamedTuple):
    """A state of the text itself, and how far it is in what surrounds it."""

    where: str
    inner: State


class Mail(PlainText):
    """A mail message, with its headers or without: only the subject and what the writer wrote is prose."""

    start: State = _Hidden("top", PlainText.start)
    inline = Inline(Rule(r"\A[Ss]ubject:[ \t]*+", "markup", signs=("ubject:",)), CODE_SPAN, *ADDRESSES)

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _Hidden)
        where = state.where
        if where == "top":
            match = _HEADER.match(line)
            where = "headers" if match and match[1].lower() in _HEADERS else "body"
        if where == "headers":
            if not line.strip():
                return "blank", _Hidden("body", state.inner)
            subject = line[:8].lower() == "subject:"
            return "begin" if subject else "other", _Hidden("headers", state.inner)
        if where == "rest" or line.rstrip("\r\n") == "-- " or _ORIGINAL.match(line):
            return "other", _Hidden("rest", state.inner)
        if line.startswith(">") or _ATTRIBUTION.match(line):
            return "other", _Hidden("body", PlainText.start)
        kind, inner = super().line(line, state.inner)
        return kind, _Hidden("body", inner)


class CommitMessage(PlainText):
    """A git commit message: comment lines, trailers and what is below the scissors are not prose."""

    start: State = _Hidden("body", PlainText.start)

    def line(self, line: str, state: State) -> tuple[LineKind, State]:
        """Say what a line is and what is known behind it."""
        assert isinstance(state, _Hidden)
        if state.where == "rest" or (line.startswith("#") and ">8" in line):
            return "other", _Hidden("rest", state.inner)
        if line.startswith(("#", "JJ:", "HG:")) or _TRAILER.match(line):
            return "other", state
        kind, inner = super().line(line, state.inner)
        return kind, _Hidden("body", inner)

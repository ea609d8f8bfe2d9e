"""Which parts of a document are prose, kept up to date under edits; see docs/prose.md for what counts as prose.

What a line is (`foreword.text.formats`) is kept for every line, with the state before it. An edit marks its lines; a
question has them read again, from the first marked one to where the state is what it was, and no farther than the line
that is asked about. Gaps inside a paragraph are looked for when they are asked for, and kept by the paragraph's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from foreword.text.code import CodeProse, has_grammar
from foreword.text.formats.base import PIECE, Gap, LineKind, State
from foreword.text.formats.registry import format_of
from foreword.text.masks import masked
from foreword.text.sentences import Sentence, sentences

if TYPE_CHECKING:
    from foreword.text.document import Document

LONGEST = 200
"""Lines of a paragraph that are read as one: one without blank lines is cut, so that a key in it stays cheap."""


class Prose(Protocol):
    """What is asked of a document about its prose."""

    def at(self, line: int, character: int) -> bool:
        """Whether what is typed at a position, in client units, is prose."""

    def regions(self) -> list[tuple[int, int]]:
        """Return the offsets of every stretch of prose, in order, none empty, none touching the next."""

    def sentences(self) -> Iterator[list[Sentence]]:
        """Yield the sentences of one paragraph after another, so that whoever takes them can pause.

        The document must not be changed until the last one is taken; what was cut until then is not lost.
        """

    def before(self, line: int, character: int, limit: int) -> str | None:
        """Return what a model is to read before a position; None where that is the text as it is."""

    def replaced(self, first: int, last: int, count: int, removed: int) -> None:
        """Take note that the lines from `first` up to `last`, of `removed` code points, have become `count` lines."""


def prose_of(document: Document) -> Prose:
    """Return the prose of a document as it is now; `Document.prose` keeps it."""
    return CodeProse(document) if has_grammar(document.language_id) else MarkedUpProse(document)


class MarkedUpProse:
    """The prose of a document whose language is one of `foreword.text.formats`.

    Parameters
    ----------
    document : Document
        Looked at again after each edit.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._format = format_of(document.language_id)
        self._kinds: list[LineKind] = ["other"] * document.line_count
        # Before each line and behind the last: the format's state, and how many lines its paragraph has so far.
        self._before: list[tuple[State, int]] = [(self._format.start, 0)] * (document.line_count + 1)
        self._right = 0  # what is known of the lines above this one is right
        self._read = 0  # so is that of those from `_edited` to this one, if the state before them is as it was
        self._edited = 0
        self._gaps: dict[str, tuple[Gap, ...]] = {}
        self._sentences: dict[tuple[str, bool], list[Sentence]] = {}

    def replaced(self, first: int, last: int, count: int, removed: int) -> None:  # noqa: ARG002
        """See `Prose.replaced`."""
        self._kinds[first:last] = ["other"] * count
        self._before[first + 1 : last] = [self._before[first]] * (count - 1)
        if first >= self._read:
            return
        self._read = self._read + count - (last - first) if last <= self._read else first
        self._edited = max(first + count, self._edited + count - (last - first) if self._edited >= last else 0)
        self._right = min(self._right, first)

    def at(self, line: int, character: int) -> bool:
        """See `Prose.at`."""
        document = self._document
        line = max(0, min(line, document.line_count - 1))
        kind = self._kind(line)
        if kind in ("blank", "other"):
            return kind == "blank"
        first, last = self._paragraph(line)
        parts = [document.line(number) for number in range(first, last)]
        at = sum(map(len, parts[: line - first])) + document.column(line, character)
        piece = max(at - 1, 0) // PIECE * PIECE
        near = self._format.inline.gaps("".join(parts)[piece : piece + PIECE])
        return not any(gap.start < at - piece < gap.end or (at - piece == gap.end and gap.growing) for gap in near)

    def regions(self) -> list[tuple[int, int]]:
        """See `Prose.regions`."""
        found: list[tuple[int, int]] = []
        gaps: dict[str, tuple[Gap, ...]] = {}
        for offset, text, kind, _ in self._paragraphs():
            at = 0
            if kind != "blank":
                gaps[text] = self._gaps.get(text) or self._format.inline.gaps(text)
                for gap in gaps[text]:
                    _append(found, offset + at, offset + gap.start)
                    at = gap.end
            _append(found, offset + at, offset + len(text))
        self._gaps = gaps
        return found

    def sentences(self) -> Iterator[list[Sentence]]:
        """See `Prose.sentences`; only paragraphs that are new are cut."""
        cut: dict[tuple[str, bool], list[Sentence]] = {}
        for offset, text, kind, followed in self._paragraphs():
            if kind == "blank":
                continue
            key = (text, followed)
            if (known := self._sentences.get(key)) is None:
                known = sentences(text, masked=masked(text, self._format.inline.gaps(text)), followed=followed)
                self._sentences[key] = known
            cut[key] = known
            yield [Sentence(each.text, offset + each.start, offset + each.end, each.finished) for each in known]
        self._sentences = cut

    def before(self, line: int, character: int, limit: int) -> str | None:  # noqa: ARG002
        """See `Prose.before`: a model reads these formats as they are."""
        return None

    def _kind(self, line: int) -> LineKind:
        """What a line is, once the lines above it that are not known have been read."""
        number = self._right
        while number <= line:
            state, run = self._before[number]
            kind, state = self._format.line(self._document.line(number), state)
            if kind == "prose" and run >= LONGEST:
                kind = "begin"
            run = 1 if kind == "begin" else run + 1 if kind == "prose" else 0
            self._kinds[number] = kind
            number += 1
            if self._edited <= number <= self._read and self._before[number] == (state, run):
                number = self._read
            else:
                self._before[number] = (state, run)
        self._right = max(number, self._right)
        self._read = max(self._read, self._right)
        if self._right == self._read:
            self._edited = 0
        return self._kinds[line]

    def _paragraph(self, line: int) -> tuple[int, int]:
        """The lines, from the first up to the last, not included, of the paragraph that a line is in."""
        first, last = line, line + 1
        while first > 0 and self._kinds[first] == "prose" and self._kinds[first - 1] in ("prose", "begin"):
            first -= 1
        while last < self._document.line_count and self._kind(last) == "prose":
            last += 1
        return first, last

    def _paragraphs(self) -> Iterator[tuple[int, str, LineKind, bool]]:
        """Yield each blank line and paragraph: its offset, text and kind, and whether text follows it."""
        count = self._document.line_count
        offset, number = 0, 0
        while number < count:
            if number + LONGEST >= self._right:
                self._kind(min(number + 2 * LONGEST, count - 1))
            text, kind, last = self._document.line(number), self._kinds[number], number + 1
            if kind in ("begin", "prose"):
                while last < count and self._kinds[last] == "prose":
                    last += 1
                if last > number + 1:
                    text = "".join(map(self._document.line, range(number, last)))
            if kind != "other":
                # On a last line that is empty so far, the paragraph may go on.
                yield offset, text, kind, last < count - 1 or self._document.line(last).strip() != ""
            offset += len(text)
            number = last


def _append(regions: list[tuple[int, int]], start: int, end: int) -> None:
    """Add a stretch of prose; it is joined with the one before where they touch."""
    if regions and regions[-1][1] == start:
        regions[-1] = (regions[-1][0], end)
    elif start < end:
        regions.append((start, end))

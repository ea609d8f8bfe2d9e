"""The prose in code: comments, and Python's docstrings, found by tree-sitter and kept up to date under edits.

A grammar is loaded when a document first asks for it. The parser is given one byte for each code point, a letter in the
place of what is not ASCII, so that its bytes are offsets; and a line end in the place of a lone carriage return,
so that its rows are lines. It reads only the lines around an edit again.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foreword.text.formats.plain import PlainText
from foreword.text.masks import masked
from foreword.text.sentences import Sentence, sentences

if TYPE_CHECKING:
    import tree_sitter

    from foreword.text.document import Document
    from foreword.text.formats.base import Gap

_COMMENT = "(comment) @prose"
_TWO_KINDS = "(line_comment) @prose (block_comment) @prose"
_PYTHON = f"""{_COMMENT}
(module . (comment)* . (expression_statement (string (string_content) @prose)))
(block . (expression_statement (string (string_content) @prose)))"""

# Language id: the module, its function, and the query for what may be prose.
_GRAMMARS = {
    "python": ("tree_sitter_python", "language", _PYTHON),
    "javascript": ("tree_sitter_javascript", "language", _COMMENT),
    "javascriptreact": ("tree_sitter_javascript", "language", _COMMENT),
    "typescript": ("tree_sitter_typescript", "language_typescript", _COMMENT),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx", _COMMENT),
    "rust": ("tree_sitter_rust", "language", _TWO_KINDS),
    "java": ("tree_sitter_java", "language", _TWO_KINDS),
    "c": ("tree_sitter_c", "language", _COMMENT),
    "cpp": ("tree_sitter_cpp", "language", _COMMENT),
    "csharp": ("tree_sitter_c_sharp", "language", _COMMENT),
    "cs": ("tree_sitter_c_sharp", "language", _COMMENT),
    "go": ("tree_sitter_go", "language", _COMMENT),
    "ruby": ("tree_sitter_ruby", "language", _COMMENT),
    "php": ("tree_sitter_php", "language_php", _COMMENT),
    "shellscript": ("tree_sitter_bash", "language", _COMMENT),
    "sh": ("tree_sitter_bash", "language", _COMMENT),
    "bash": ("tree_sitter_bash", "language", _COMMENT),
}

_NOT_ASCII = re.compile(r"[^\x01-\x7f]")
_MARKER = re.compile(r"[ \t]*(?:/\*[*!]*|//[/!]*|#[#!]*|\*+(?!/)|=begin\b|=end\b)?[ \t]*")
_CLOSER = re.compile(r"(?<!\*)\*++/\s*\Z|[\r\n]+\Z")
_DOCTEST = re.compile(r">>>|\.\.\. ")

NEAR = 64
"""Lines: the comments in so many above the cursor, at least, are read by a model, if there is room."""


@dataclass(frozen=True)
class _Piece:
    """What of one line is prose."""

    line: int
    start: int
    end: int
    alone: bool  # nothing but blanks and a marker stands before it


def has_grammar(language_id: str) -> bool:
    """Whether the comments of a language can be told from its code."""
    return language_id.casefold() in _GRAMMARS


@functools.cache
def _load(module: str, function: str, query: str) -> tuple[tree_sitter.Parser, tree_sitter.Query]:
    import tree_sitter

    language = tree_sitter.Language(getattr(importlib.import_module(module), function)())
    return tree_sitter.Parser(language), tree_sitter.Query(language, query)


class CodeProse:
    """The prose of a document of code; see `foreword.text.prose.Prose`.

    Parameters
    ----------
    document : Document
        Of a language that `has_grammar`.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parser, self._query = _load(*_GRAMMARS[document.language_id.casefold()])
        self._tree: tree_sitter.Tree | None = None  # as it was before the edits it was told of
        self._parsed = False

    def replaced(self, first: int, last: int, count: int, removed: int) -> None:
        """See `Prose.replaced`."""
        self._parsed = False
        if self._tree is None:
            return
        behind = first + count
        if behind >= self._document.line_count:
            self._tree = None  # how long the last line was is not known any more; typing there is read anew
            return
        start = self._document.offset(first, 0)
        end = self._document.offset(behind, 0)
        self._tree.edit(start, start + removed, end, (first, 0), (last, 0), (behind, 0))

    def at(self, line: int, character: int) -> bool:
        """See `Prose.at`."""
        line = max(0, min(line, self._document.line_count - 1))
        offset = self._document.offset(line, character)
        return any(
            piece.start <= offset <= piece.end
            and not any(
                gap.start < offset < gap.end or (gap.growing and offset == gap.end) for gap in self._gaps([piece])
            )
            for piece in self._found(line, line + 1)
            if piece.line == line
        )

    def regions(self) -> list[tuple[int, int]]:
        """See `Prose.regions`."""
        found = []
        for piece in self._found():
            at = piece.start
            for gap in self._gaps([piece]):
                if at < gap.start:
                    found.append((at, gap.start))
                at = gap.end
            if at < piece.end:
                found.append((at, piece.end))
        return found

    def sentences(self) -> Iterator[list[Sentence]]:
        """See `Prose.sentences`; comments on lines below each other are read as one."""
        text = self._document.text
        for group in self._groups():
            begin, end = group[0].start, group[-1].end
            hidden = list(re.sub(r"[^\r\n]", " ", text[begin:end]))
            for piece in group:
                hidden[piece.start - begin : piece.end - begin] = text[piece.start : piece.end]
            gaps = [gap._replace(start=gap.start - begin, end=gap.end - begin) for gap in self._gaps(group)]
            cut = sentences(text[begin:end], masked=masked("".join(hidden), gaps), followed=end < len(text))
            yield [Sentence(each.text, begin + each.start, begin + each.end, each.finished) for each in cut]

    def before(self, line: int, character: int, limit: int) -> str | None:
        """See `Prose.before`: the comment up to the position, and those above it, without code and markers.

        How many of those above are read does not depend on what is typed, so that the text stays the same from its
        beginning on.
        """
        text, offset = self._document.text, self._document.offset(line, character)
        # A window of lines, moved seldom: what is found does not depend on the length of the document.
        groups = [
            group for group in self._groups(max(line // NEAR - 1, 0) * NEAR, line + 1) if group[0].start <= offset
        ]
        if not groups:
            return ""
        *above, last = groups
        own = "\n".join(text[piece.start : min(piece.end, offset)] for piece in last if piece.start <= offset)
        parts: list[str] = []
        room = limit // 4
        for group in reversed(above):
            part = "\n".join(text[piece.start : piece.end] for piece in group)
            room -= len(part) + 2
            if room < 0:
                break
            parts.append(part)
        return "\n\n".join([*reversed(parts), own])[-limit:]

    def _found(self, first: int = 0, last: int | None = None) -> list[_Piece]:
        """The prose of each line, in order; only of what reaches into some lines, if they are given."""
        import tree_sitter

        document = self._document
        if self._tree is None:
            data = b"".join(_bytes(document.line(number)) for number in range(document.line_count))
            self._tree = self._parser.parse(data)
            self._parsed = True
        elif not self._parsed:
            self._tree = self._parser.parse(lambda _, point: _bytes(document.line(point[0])[point[1] :]), self._tree)
        cursor = tree_sitter.QueryCursor(self._query)
        if last is not None:
            cursor.set_point_range((first, 0), (last, 0))
        captured = cursor.captures(self._tree.root_node).get("prose", [])
        pieces: list[_Piece] = []
        for row, start, end_row, end, string in sorted(
            (node.start_point[0], node.start_byte, node.end_point[0], node.end_byte, node.type == "string_content")
            for node in captured
        ):
            if pieces and start < pieces[-1].end:
                continue
            pieces += self._of_node(row, start, end_row, end, string)
        return pieces

    def _of_node(self, first: int, start: int, last: int, end: int, string: bool) -> list[_Piece]:
        """The prose of a comment or docstring, line by line."""
        pieces = []
        offset = self._document.offset(first, 0)
        for number in range(first, min(last, self._document.line_count - 1) + 1):
            line = self._document.line(number)
            begin, stop = max(start - offset, 0), min(end - offset, len(line))
            part = line[begin:stop]
            marker = re.match(r"[ \t]*", part) if string else _MARKER.match(part)
            at = marker.end() if marker else 0
            # Blanks at the end belong to a comment on one line: the next word is typed behind them.
            closer = _CLOSER.search(part, at)
            until = closer.start() if closer else len(part)
            content = part[at:until]
            if not (string and _DOCTEST.match(content)):
                alone = not line[:begin].strip() or string
                pieces.append(_Piece(number, offset + begin + at, offset + begin + until, alone))
            offset += len(line)
        return pieces

    def _groups(self, first: int = 0, last: int | None = None) -> list[list[_Piece]]:
        """Lines of prose that follow each other, with no code and no empty comment between them."""
        groups: list[list[_Piece]] = []
        open_line = -1
        for piece in self._found(first, last):
            if piece.start == piece.end:
                continue
            if groups and piece.line == open_line + 1 and piece.alone:
                groups[-1].append(piece)
            else:
                groups.append([piece])
            open_line = piece.line if piece.alone else -2
        return groups

    def _gaps(self, pieces: list[_Piece]) -> list[Gap]:
        """What is not prose inside of some lines, in the document's offsets."""
        return [
            gap._replace(start=gap.start + piece.start, end=gap.end + piece.start)
            for piece in pieces
            for gap in PlainText.inline.gaps(self._document.line(piece.line)[slice(*self._columns(piece))])
        ]

    def _columns(self, piece: _Piece) -> tuple[int, int]:
        begin = self._document.offset(piece.line, 0)
        return piece.start - begin, piece.end - begin


def _bytes(line: str) -> bytes:
    """A line as the parser is given it, one byte for each code point."""
    data = (line if line.isascii() and "\0" not in line else _NOT_ASCII.sub("x", line)).encode()
    return data[:-1] + b"\n" if data.endswith(b"\r") else data

r"""The exact text of a document of the language server protocol, under edits in the client's position encoding.

Only \n, \r\n and \r end a line. Lines and columns count from 0; a *character* is a distance into a line in the client's
units (UTF-8 bytes, UTF-16 or UTF-32 code units), a *column* the same in code points, an *offset* a number of code
points from the beginning of the document. What becomes of a position inside a character, and of lone surrogates, is
said in `foreword.text.encoding`.

Any position is accepted. A character past the end of its line means the end of the line, before its ending; a line past
the last one means the end of the document; a negative number means 0; a range whose end lies before its start is taken
the other way round.
"""

from __future__ import annotations

from foreword.text.encoding import Encoding, pair_surrogates, to_column, to_units
from foreword.text.lines import Lines, split_lines
from foreword.text.prose import Prose, prose_of

Position = tuple[int, int]
Range = tuple[Position, Position]


class Document:
    """The text of one document, kept as lines so that an edit or a look-up touches only those concerned.

    Parameters
    ----------
    uri : str
        The client's name of the document.
    language_id : str
        The client's name of its language, for instance ``markdown``.
    version : int
        The client's number of this state; `apply` leaves it to the caller, since clients count as they like.
    text : str
        The whole text.
    encoding : {"utf-8", "utf-16", "utf-32"}
        The position encoding agreed upon with the client.

    Attributes
    ----------
    revision : int
        Grows with every change.
    """

    def __init__(self, uri: str, language_id: str, version: int, text: str, encoding: Encoding) -> None:
        self.uri = uri
        self.language_id = language_id
        self.version = version
        self.revision = 0
        self.encoding: Encoding = encoding
        self._text: str | None = None
        self._prose: Prose | None = None
        self._set(text)

    @property
    def text(self) -> str:
        """The whole text; joined at the first call after an edit."""
        if self._text is None:
            self._text = self._lines.text()
        return self._text

    @property
    def prose(self) -> Prose:
        """Which parts are prose; found out when first asked for, and kept up to date from then on."""
        if self._prose is None:
            self._prose = prose_of(self)
        return self._prose

    @property
    def line_count(self) -> int:
        """Number of lines, 1 or more: a text that ends with a line ending has an empty last line."""
        return len(self._lines)

    def line(self, line: int) -> str:
        """Return a line with its ending; an empty string where there is no such line."""
        return self._lines[line] if 0 <= line < len(self._lines) else ""

    def apply(self, range: Range | None, text: str) -> None:
        """Carry out one change.

        Parameters
        ----------
        range : tuple of two (line, character) positions, or None
            What is replaced, in client units, the end not included; None for the whole document.
        text : str
            What is put there.
        """
        self.revision += 1
        if range is None:
            self._set(text)
            return
        (first, column), (last, end_column) = sorted((self._locate(*range[0]), self._locate(*range[1])))
        head, tail = self._lines[first][:column], self._lines[last][end_column:]
        # \r at the end of the line before and \n at the beginning of the new text are one line ending from now on.
        # Behind the range nothing of the kind can happen, because `tail` keeps the ending of its line.
        if not head and first > 0 and (text or tail).startswith("\n") and self._lines[first - 1].endswith("\r"):
            first -= 1
            head = self._lines[first]
        changed = head + pair_surrogates(text) + tail
        if "\ud800" <= head[-1:] <= "\udbff" or "\udc00" <= tail[:1] <= "\udfff":
            changed = pair_surrogates(changed)  # looked for at the seams only: it takes a while on a line of a megabyte
        lines = split_lines(changed)
        if last < len(self._lines) - 1:
            lines.pop()  # the empty one behind the ending of `tail`: the next line is there already
        removed = self._lines.size(first, last + 1) if self._prose is not None else 0
        self._lines.splice(first, last + 1, lines)
        self._text = None
        if self._prose is not None:
            self._prose.replaced(first, last + 1, len(lines), removed)

    def column(self, line: int, character: int) -> int:
        """Return the column, in its clamped line, of a position in client units."""
        return self._locate(line, character)[1]

    def character(self, line: int, column: int) -> int:
        """Return the client units from the beginning of a line to a column of it."""
        if line < 0:
            return 0
        if line >= len(self._lines):
            line, column = len(self._lines) - 1, len(self._lines[-1])
        content = self._lines[line]
        return to_units(content, _clamp(column, content), self.encoding)

    def offset(self, line: int, character: int) -> int:
        """Return the offset of a position in client units."""
        line, column = self._locate(line, character)
        return self._lines.start(line) + column

    def position(self, offset: int) -> Position:
        r"""Return the (line, character), in client units, of an offset.

        The inverse of `offset`, but for an offset between \r and \n, which no position names: it becomes the end of the
        line, before them.
        """
        line, column = self._lines.find(offset)
        return line, self.character(line, column)

    def before(self, line: int, character: int, limit: int) -> str:
        """Return at most `limit` code points that stand directly before a position."""
        line, column = self._locate(line, character)
        parts = [self._lines[line][max(column - limit, 0) : column]] if limit > 0 else []
        missing = limit - column
        while missing > 0 and line > 0:
            line -= 1
            parts.append(self._lines[line][-missing:])
            missing -= len(parts[-1])
        return "".join(reversed(parts))

    def _set(self, text: str) -> None:
        self._text = pair_surrogates(text)
        self._prose = None
        self._lines = Lines(split_lines(self._text))

    def _locate(self, line: int, character: int) -> tuple[int, int]:
        """Clamp a position in client units to the document, as (line, column)."""
        if line < 0:
            return 0, 0
        if line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        content = self._lines[line]
        return line, _clamp(to_column(content, max(character, 0), self.encoding), content)


def _clamp(column: int, line: str) -> int:
    """Keep a column between the beginning of a line and its ending."""
    ending = 2 if line.endswith("\r\n") else 1 if line.endswith(("\n", "\r")) else 0
    return max(0, min(column, len(line) - ending))

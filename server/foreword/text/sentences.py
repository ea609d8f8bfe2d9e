r"""The sentences of a text, each with its range, as a reader would cut them.

The boundaries are found by the library `sentencex` (Wikimedia), which knows the abbreviations of many languages. What
it is not told is the layout: this module first cuts the text into blocks (paragraph, heading, list item, quotation) and
lets the library read each block as one line.

Three things about sentencex 1.0.32 shape the code. It panics (Rust) where white space other than a plain blank stands
before a full stop, a French no-break space for instance; it cannot take lone surrogates; and it is quadratic in the
number of quotation marks. So every white space character is handed over as a blank and every surrogate as U+FFFD, which
keeps the offsets, and long blocks are read in bounded pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

from foreword.text.lines import split_lines

PIECE = 4000
"""The most code points given to the library at once; a longer sentence is cut at a blank."""

_TERMINATORS = (
    *".!?\u2026\u203c\u2047\u2048\u2049",  # Latin, Greek, Cyrillic, Hebrew
    *"\u3002\uff0e\uff01\uff1f\uff61",  # Chinese, Japanese
    *"\u061f\u06d4\u0589\u1362\u1367",  # Arabic, Urdu, Armenian, Ethiopic
    *"\u0964\u0965\u104b\u17d4\u17d5",  # Indic scripts, Myanmar, Khmer
)
# What may stand behind the punctuation and still belong to the sentence; * and _ are the emphasis of Markdown.
_CLOSERS = " \"'\u2019\u201d\u00bb\u203a)]}\u300d\u300f\uff09\u3011*_"

_QUOTE = re.compile(r"[ \t]*(?:>[ \t]*)*")
_ITEM = re.compile(r"(?:[-*+\u2022]|(\d{1,3})[.)])(?:[ \t]+|(?=[\r\n]|\Z))(?:\[[ xX]\][ \t]+|>[ \t]*)*")
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|(?=[\r\n]|\Z))")
_RULE = re.compile(r"([-=*_~#+])(?:[ \t]*\1)+")  # also the underline of a heading, and the line above a mail signature


@dataclass(frozen=True)
class Sentence:
    """A sentence and where it stands.

    Attributes
    ----------
    text : str
        Exactly the text of the range: a line break inside a sentence is kept, and so is the ``>`` of a quotation behind
        it.
    start, end : int
        Range in code points from the beginning of the text, `end` not included.
    finished : bool
        It ends with sentence punctuation, or something follows: another sentence, an empty line, the end of a heading.
        One that is not finished is probably still being typed.
    """

    text: str
    start: int
    end: int
    finished: bool


@dataclass
class _Block:
    """Consecutive lines that are read as one.

    The joined `parts` have the length of the original; blanks stand for the markers.
    """

    start: int
    quoted: int
    numbered: bool
    parts: list[str]
    closed: bool = False  # something other than the end of the text ended it


def sentences(text: str, language: str = "en", *, masked: str | None = None, followed: bool = False) -> list[Sentence]:
    """Cut a text into sentences.

    An empty line, a heading, a ruler, a list item and a change of quotation end a sentence; a line break inside a
    paragraph does not. White space and the markers of headings, lists and quotations around a sentence are not part of
    its range. A sentence without a letter is left out.

    Parameters
    ----------
    text : str
        Any text; lone surrogates are fine.
    language : str
        ISO 639 code, for the abbreviations; English is used for a language that the library does not know.
    masked : str, optional
        What is read in place of the text: of the same length, with blanks, line ends or U+FFFC where it is not prose.
    followed : bool
        Something stands behind the text, so that it ends a sentence.

    Returns
    -------
    list[Sentence]
        In the order of the text, without overlaps. The cost is linear in the length of the text.
    """
    found = []
    for block in _blocks(text if masked is None else masked):
        readable = re.sub(r"[\ud800-\udfff]", "\ufffd", re.sub(r"[^\S ]", " ", "".join(block.parts).rstrip()))
        ranges = [bounds for bounds in _ranges(readable, language) if not readable[slice(*bounds)].isspace()]
        for number, (start, end) in enumerate(ranges, 1):
            content = readable[start:end].rstrip()
            start = block.start + end - len(readable[start:end].lstrip())
            content = content.lstrip()
            if any(map(str.isalpha, content)):
                finished = (
                    block.closed or followed or number < len(ranges) or content.rstrip(_CLOSERS).endswith(_TERMINATORS)
                )
                found.append(Sentence(text[start : start + len(content)], start, start + len(content), finished))
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the blocks of a text in their order."""
    block: _Block | None = None
    offset = 0
    for line in split_lines(text):
        has_ending = line.endswith(("\n", "\r"))
        at, quoted, item, numbered = _markers(line, block)
        heading = _HEADING.match(line, at)
        content = line[at:].strip()
        if not (content or item or has_ending):
            break  # the last line, still empty: what is typed there may go on with the paragraph
        empty = not content or _RULE.fullmatch(content) is not None
        if block and (empty or item or heading or quoted != block.quoted):
            block.closed = True
            yield block
            block = None
        if not empty:
            block = block or _Block(offset, quoted, numbered, [])
            if heading:
                block.parts.append(" " * heading.end() + _without_closing(line[heading.end() :]))
                block.closed = has_ending
                yield block
                block = None
            else:
                block.parts.append(" " * at + line[at:])
        offset += len(line)
    if block:
        yield block


def _markers(line: str, block: _Block | None) -> tuple[int, int, bool, bool]:
    """Look at what stands before a line's own text.

    Returns
    -------
    tuple
        Its length, the depth of quotation, whether it begins a list item, and whether a numbered one.
    """
    quote = _QUOTE.match(line)
    at = quote.end() if quote else 0
    quoted = line.count(">", 0, at)
    item = numbered = False
    while match := _ITEM.match(line, at):
        # As in CommonMark: "in\n1984. Then" within a paragraph is no list, only one that begins with 1 interrupts it.
        if match[1] and match[1] != "1" and not item and block and block.quoted == quoted and not block.numbered:
            break
        at, item, numbered = match.end(), True, bool(match[1])
    return at, quoted, item, numbered


def _without_closing(heading: str) -> str:
    """Leave out the number signs that may close a heading."""
    content = heading.rstrip()
    opened = content.rstrip("#")
    return content if opened and not opened[-1].isspace() else opened


def _ranges(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the sentences of one line, white space included, reading pieces of bounded length."""
    start = 0
    while start < len(text):
        end = len(text)
        if end - start > PIECE:
            blank = text.rfind(" ", start + PIECE // 2, start + PIECE)
            end = blank if blank > 0 else start + PIECE
        found = [(start + first, start + last) for first, last in _boundaries(text[start:end], language)]
        # The last sentence of a piece may go on behind it: it is read again, unless that would hardly get on.
        if end < len(text) and found and found[-1][0] - start >= PIECE // 2:
            end, _ = found.pop()
        yield from found
        start = end


def _boundaries(text: str, language: str) -> list[tuple[int, int]]:
    try:
        found = sentencex.get_sentence_boundaries(language, text)
    except BaseException as error:
        # The exception of a panic derives from BaseException and cannot be imported. The text then counts as one
        # sentence.
        if type(error).__name__ != "PanicException":
            raise
        return [(0, len(text))]
    return [(boundary["start_index"], boundary["end_index"]) for boundary in found]

"""How much of the text before the cursor a model is given.

A decoder's keys and values can be kept from one key press to the next only as far as the tokens are the same from the
first one on. A window that slid along with the cursor would begin with another token at every key and so would be
decoded anew each time. This one has hysteresis: its beginning stays where it is while the cursor moves on, and *hops*
once in so many typed characters. It is a function of the document alone: nothing has to be remembered between two
calls, and going back brings the earlier window, possibly still cached. Where the next hop will go to is known some time
before, so that the text from there can be decoded while nobody waits.
"""

from __future__ import annotations

import re

from foreword.text.document import Document

_WORD = re.compile(r"(?<=\s)\S")


def context_window(document: Document, line: int, character: int, limit: int, hop: int) -> str:
    """Return the text before a position that a model is to read; where it begins stays the same for many keys.

    It begins within `hop` code points of a multiple of `hop`: with the first paragraph there (behind a blank line), or
    else the first line, or else the first word. So an edit far above, which shifts the text against the multiples,
    leaves the window the same unless a paragraph comes to lie on the other side of one, and typing at its end moves its
    beginning once in `hop` characters.

    Parameters
    ----------
    document : Document
        The document.
    line, character : int
        The cursor, in client units.
    limit : int
        The most code points returned.
    hop : int
        How far the beginning moves at once, about, in code points; less than `limit`. A quarter of `limit` is a good
        choice. Half of ``limit - hop`` is returned at least, from a document that has it.

    Raises
    ------
    ValueError
        If `hop` is not from 1 to `limit` - 1.

    Returns
    -------
    str
        A suffix of the text before the cursor; all of it if it is not longer than `limit`.
    """
    offset = document.offset(line, character)
    begin = _begin(document, _multiple(offset, limit, hop), _reach(limit, hop))
    return document.before(line, character, offset - begin)


def upcoming_window(document: Document, line: int, character: int, limit: int, hop: int) -> str | None:
    """Return what `context_window` will begin with after its next hop, once the cursor is close to it.

    Parameters
    ----------
    document, line, character, limit, hop
        As for `context_window`.

    Raises
    ------
    ValueError
        If `hop` is not from 1 to `limit` - 1.

    Returns
    -------
    str or None
        The text from the next beginning to the cursor. When that many characters have been typed at the cursor as make
        the window hop, and nothing else has changed, the window begins with this text. None while a quarter
        of a hop or more is to be typed until then.
    """
    offset = document.offset(line, character)
    multiple, reach = _multiple(offset, limit, hop), _reach(limit, hop)
    following = multiple + hop
    typable = multiple + limit - offset  # code points until the hop, less the one that makes it
    if 4 * typable >= hop or following + reach > offset:
        return None
    return document.before(line, character, offset - _begin(document, following, reach))


def _multiple(offset: int, limit: int, hop: int) -> int:
    """The first multiple of `hop` from which on the text before an offset is not longer than `limit`."""
    if not 0 < hop < limit:
        raise ValueError(f"the hop must be from 1 to the limit less 1 ({limit - 1}), not {hop}")
    return max(0, -(-(offset - limit) // hop) * hop)


def _reach(limit: int, hop: int) -> int:
    """How far behind the multiple a beginning is looked for: no farther than the next multiple, nor than the cursor."""
    return min(hop, (limit - hop) // 2)


def _begin(document: Document, multiple: int, reach: int) -> int:
    """The offset where a window may begin best, from `multiple` on and less than `reach` behind it.

    Nothing behind that stretch is looked at, as the cursor may be there: what is typed must not move the beginning.
    """
    if multiple == 0:
        return 0
    first, _ = document.position(multiple)
    column = multiple - document.offset(first, 0)
    number, begin, end = first, multiple - column, multiple + reach
    first_line = None
    follows_blank = document.line(number - 1).isspace()
    while begin < end and number < document.line_count:
        content = document.line(number)
        if begin >= multiple:
            if follows_blank and content[: end - begin].strip():
                return begin
            if first_line is None:
                first_line = begin
        follows_blank = content.isspace()
        begin += len(content)
        number += 1
    if first_line is not None:
        return first_line
    word = _WORD.search(document.line(first), column, column + reach)
    return multiple - column + word.start() if word else multiple

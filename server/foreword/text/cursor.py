"""How much of the text before the cursor a model is given."""

from __future__ import annotations

import re

from foreword.text.document import Document

_SPACES = re.compile(r"\s+")


def context_window(document: Document, line: int, character: int, limit: int, hop: int) -> str:
    """Return the text before a position that a model is to read; where it begins stays the same for many keys.

    A decoder's keys and values can be kept from one key press to the next only as far as the tokens are the same from
    the first one on. A window that slid along with the cursor would begin with another token at every key and so would
    be decoded anew each time. This one begins at a multiple of `hop` (then at the next word), so that its beginning
    moves once in `hop` typed characters. It is a function of the document alone: nothing has to be remembered between
    two calls, and going back brings the earlier window, possibly still cached. Where an edit far above changes the
    length of the text before the window, the window shifts along once.

    Parameters
    ----------
    document : Document
        The document.
    line, character : int
        The cursor, in client units.
    limit : int
        The most code points returned.
    hop : int
        How far the beginning moves at once, in code points; less than `limit`. A quarter of `limit` is a good choice.
        Half of ``limit - hop`` is returned at least, from a document that has it.

    Raises
    ------
    ValueError
        If `hop` is not from 1 to `limit` - 1.

    Returns
    -------
    str
        A suffix of the text before the cursor; all of it if it is not longer than `limit`.
    """
    if not 0 < hop < limit:
        raise ValueError(f"the hop must be from 1 to the limit less 1 ({limit - 1}), not {hop}")
    surplus = document.offset(line, character) - limit
    if surplus <= 0:
        return document.before(line, character, limit)
    start = -(-surplus // hop) * hop
    text = document.before(line, character, limit - (start - surplus))
    # How far white space is looked for must not depend on the cursor; this much is always there, as the text is longer
    # than limit - hop.
    space = _SPACES.search(text[: min(hop, (limit - hop) // 2)])
    return text[space.end() :] if space else text

"""Where the word under the cursor begins, and how much of the text before it a model is given.

Both answers are pure functions of the text before the cursor, so that they are the same after any detour of edits.
"""

from __future__ import annotations

import re
import unicodedata

from foreword.text.document import Document

LOOK_BACK = 200
"""The longest beginning of a word, in code points, that is looked for."""

# Between two word characters these belong to the word: apostrophes (typewriter and typographic), the hyphen in its two
# codings, and the invisible joiners of Persian and the Indic scripts.
_JOINERS = frozenset("'\u2019-\u2010\u200c\u200d")

# Scripts written without spaces between words: Thai and Lao, Myanmar, Khmer, kana, Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001aff0-\U0001b16f\U00020000-\U0003347f]"
)
_SPACES = re.compile(r"\s+")


def split_at_cursor(before: str) -> tuple[str, str]:
    """Split the text before the cursor where the current word begins.

    A word is a run of letters, marks and digits. A joiner (apostrophe, hyphen) between two of them belongs to it, and
    so does one at the cursor directly behind a letter, because the user may be on the way from "don'" to "don't". The
    underscore is not a word character. In scripts written without spaces (Han, kana, Thai, ...) a character is a word:
    nothing of it is partial, and a run stops behind it.

    Parameters
    ----------
    before : str
        Text before the cursor; only its last `LOOK_BACK` code points are looked at.

    Returns
    -------
    context : str
        Everything before the word, the space in front of it included.
    partial : str
        What has been typed of the word, empty at the beginning of one. ``context + partial == before``.
    """
    floor = max(len(before) - LOOK_BACK, 0)
    start = len(before)
    if start - 1 > floor and before[start - 1] in _JOINERS and _is_letter(before[start - 2]):
        start -= 1
    while start > floor:
        if _is_word_character(before[start - 1]):
            start -= 1
        elif (
            start < len(before)
            and start - 1 > floor
            and before[start - 1] in _JOINERS
            and _is_word_character(before[start])
            and _is_word_character(before[start - 2])
        ):
            start -= 2
        else:
            break
    # A mark belongs to the character it stands on: that of an emoji, say, begins no word.
    while start < len(before) and (unicodedata.category(before[start])[0] == "M" or before[start] in _JOINERS):
        start += 1
    return before[:start], before[start:]


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


def _is_letter(character: str) -> bool:
    """Letters and their marks, but not of a script without spaces."""
    return unicodedata.category(character)[0] in "LM" and not _UNSPACED.match(character)


def _is_word_character(character: str) -> bool:
    """Letters, marks and numbers, but not of a script without spaces."""
    return unicodedata.category(character)[0] in "LMN" and not _UNSPACED.match(character)

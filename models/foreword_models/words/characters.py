"""Which characters make a word, where words begin and end, and where the one at the end of a text does. No model.

A word is a run of letters, marks and digits. A joiner (an apostrophe of either kind, a hyphen, the invisible joiners of
Persian and the Indic scripts) binds two such runs into one word (``don't``, ``well-known``) but neither begins nor ends
one. In scripts written without spaces every character is a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

JOINERS = frozenset("'\u2019-\u2010\u2011\u200c\u200d")

_JOINERS = "".join(JOINERS)
_RUN = re.compile(r"\S+")

LOOK_BACK = 200
"""The longest word, or beginning of one, in code points, that is looked for."""

# Scripts written without spaces between words: Thai and Lao, Myanmar, Khmer, kana, Han.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003347f]"
)


def is_word_character(character: str) -> bool:
    """Whether the character can stand inside a word other than as a joiner."""
    return unicodedata.category(character)[0] in "LMN"


def is_spaceless(character: str) -> bool:
    """Whether the character belongs to a script written without spaces between words."""
    return _SPACELESS.match(character) is not None


def word_end(text: str) -> int:
    """Return the length of the word that `text` begins with.

    Joiners at the very end of `text` count, since more of the word may follow.

    Examples
    --------
    >>> word_end("don't know"), word_end("well--"), word_end("well-"), word_end(", and")
    (5, 4, 5, 0)
    """
    if text.isascii() and text.isalnum():
        return len(text)  # nearly always, and much quicker
    if not text or not is_word_character(text[0]) or _is_mark(text[0]):
        return 0
    index = 0
    while index < len(text):
        character = text[index]
        if is_word_character(character):
            index += 1
            if is_spaceless(character):
                return index
        elif character in JOINERS and (index + 1 == len(text) or is_word_character(text[index + 1])):
            index += 1
        else:
            break
    return index


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the words of a text begin and end.

    Examples
    --------
    >>> text = "(well-known), he said: don't--no, 3 times"
    >>> [text[start:end] for start, end in word_spans(text)]
    ['well-known', 'he', 'said', "don't", 'no', '3', 'times']
    """
    for run in _RUN.finditer(text):
        start, limit = run.span()
        while start < limit:
            part = text[start : min(limit, start + LOOK_BACK)]
            length = word_end(part)
            # A joiner at the end of all that is given might go on: here nothing does.
            if word := len(part[:length].rstrip(_JOINERS)):
                yield start, start + word
            start += max(length, 1)


def partial_word(text: str) -> str:
    """Return the beginning of a word that `text` ends with, empty at a word boundary.

    A joiner at the end belongs to it if a letter stands before, because the writer may be on the way from "don'" to
    "don't". Only the last `LOOK_BACK` code points are looked at.

    Examples
    --------
    >>> partial_word("We should sche"), partial_word("I don'"), partial_word("the end. "), partial_word("a--b")
    ('sche', "don'", '', 'b')
    """
    floor = max(len(text) - LOOK_BACK, 0)
    start = len(text)
    if start - 1 > floor and text[start - 1] in JOINERS and _in_spaced_word(text[start - 2], "LM"):
        start -= 1
    while start > floor:
        if _in_spaced_word(text[start - 1]):
            start -= 1
        elif (
            start < len(text)
            and start - 1 > floor
            and text[start - 1] in JOINERS
            and _in_spaced_word(text[start])
            and _in_spaced_word(text[start - 2])
        ):
            start -= 2
        else:
            break
    # A mark belongs to the character it stands on: that of an emoji, say, begins no word.
    while start < len(text) and (_is_mark(text[start]) or text[start] in JOINERS):
        start += 1
    return text[start:]


def _in_spaced_word(character: str, categories: str = "LMN") -> bool:
    return unicodedata.category(character)[0] in categories and not is_spaceless(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"

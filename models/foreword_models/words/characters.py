"""Which characters make a word, and where a word ends. Pure text; no model.

A word is a run of letters, marks and digits. An apostrophe (either kind) or a hyphen joins two such runs into one
word (``don't``, ``well-known``) but neither begins nor ends one. In scripts written without spaces every character is
a word.
"""

from __future__ import annotations

import unicodedata

JOINERS = frozenset("'\u2019-\u2010\u2011")

# Han, kana, bopomofo, Thai, Lao, Khmer, Myanmar: first and last code point of the blocks.
_SPACELESS = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x312F),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def is_spaceless(character: str) -> bool:
    """Whether the character belongs to a script written without spaces between words."""
    code = ord(character)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _SPACELESS)


def is_word_character(character: str) -> bool:
    """Whether the character can stand inside a word other than as a joiner."""
    if character.isascii():
        return character.isalnum()
    return unicodedata.category(character)[0] in "LM" or character.isalnum()


def word_end(text: str) -> int:
    """Length of the word that `text` begins with; joiners at the very end of `text` count, since more may follow.

    Examples
    --------
    >>> word_end("don't know"), word_end("well--"), word_end("well-"), word_end(", and")
    (5, 4, 5, 0)
    """
    index = 0
    while index < len(text):
        character = text[index]
        if is_word_character(character):
            index += 1
            if is_spaceless(character):
                return index
        elif character in JOINERS and index and (index + 1 == len(text) or is_word_character(text[index + 1])):
            index += 1
        else:
            break
    return index


def partial_word(text: str) -> str:
    """The beginning of a word that `text` ends with, joiners after a letter included; empty after a space or a symbol.

    Examples
    --------
    >>> partial_word("We should sche"), partial_word("I don'"), partial_word("end. "), partial_word("a--b")
    ('sche', "don'", '', 'b')
    """
    start = len(text)
    while start:
        character = text[start - 1]
        if is_word_character(character):
            if is_spaceless(character):
                break
            start -= 1
        elif (
            character in JOINERS
            and start > 1
            and is_word_character(text[start - 2])
            and not is_spaceless(text[start - 2])
        ):
            start -= 1
        else:
            break
    return text[start:]

"""What must not be offered because it stands there already: a phrase that runs into the text behind the cursor."""

from __future__ import annotations

import re

from foreword_models.words.characters import is_word_character

_WORD = re.compile(r"\S+")


def without_echo(phrase: str, following: str) -> str:
    """Return as much of a phrase as does not repeat what follows the cursor.

    The phrase ends before the first of its words that is the next one of the text; it may then be taken as it is. In
    the middle of a word there is no phrase: it could only be the rest of the word, and that is there.

    Parameters
    ----------
    phrase
        What would be written at the cursor.
    following
        What follows the cursor, to the end of its line at least.

    Examples
    --------
    >>> without_echo("at the station in the morning", " in the evening.")
    'at the station'
    >>> without_echo("ation", "ation is closed")
    ''
    """
    if following[:1] and is_word_character(following[0]):
        return ""
    next_word = _WORD.search(following)
    if next_word is None:
        return phrase
    wanted = _plain(next_word[0])
    for match in _WORD.finditer(phrase):
        if _plain(match[0]) == wanted:
            return phrase[: match.start()].rstrip()
    return phrase


def _plain(word: str) -> str:
    """A word without capitals and the marks at it; marks alone stay as they are."""
    return "".join(filter(is_word_character, word)).casefold() or word

"""The keys of `foreword bench typing`: a text, key by key, by a writer who goes back to put in words left out.

Every character is one key. At some places a few words are left out at first; every so many words the writer jumps back
to one of them, types what is missing there, and jumps to the end again. When all keys are pressed the text is complete.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, get_args

from foreword_models.words.characters import LOOK_BACK, partial_word

Kind = Literal["in_word", "word_boundary", "edit_mid_document"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

EVERY: Final = 30
"""Words typed between two jumps back."""

LEFT_OUT: Final = 3
"""Words typed after each jump back."""

_TRIES = 50  # to find words that can be left out: on one line, and not beside others that are
_WORD = re.compile(r"\S+\s*")

Span = tuple[int, int]


@dataclass(frozen=True)
class Key:
    """One key press.

    Attributes
    ----------
    offset
        Where the cursor is, in code points from the beginning of the text as it is then.
    written
        The code point that the key puts there.
    kind
        ``"edit_mid_document"``: typed after a jump back, or the first key after the jump to the end, for which all that
        follows the edit has to be read anew. Else ``"in_word"``: it begins or continues a word; or ``"word_boundary"``:
        it is a space or punctuation behind one.
    """

    offset: int
    written: str
    kind: Kind


def script(text: str, *, seed: int = 0, every: int = EVERY, left_out: int = LEFT_OUT) -> list[Key]:
    """Return the keys that write a text.

    Parameters
    ----------
    text
        Any text; words are what white space separates.
    seed
        Decides which words are left out at first: anywhere before the place that the writer jumps back from.
    every, left_out
        Words between two jumps back, and words typed after each; at least 1.

    Returns
    -------
    list of Key
        As many as the text has code points. Some jumps are left out where lines are short.
    """
    words = _words(text)
    jumps = _jumps(text, words, Random(seed), every, left_out)  # noqa: S311  (nothing secret)
    missing = sorted(jumps.values())
    keys: list[Key] = []
    returned = False
    for number in range(len(words) + 1):
        if number in jumps:
            start, end = jumps[number]
            missing.remove((start, end))
            offset = start - _length(missing, start)
            keys += (Key(offset + i, text[start + i], "edit_mid_document") for i in range(end - start))
            returned = True
        if number == len(words) or any(start <= words[number][0] < end for start, end in missing):
            continue
        start, end = words[number]
        offset = start - _length(missing, start)
        for i in range(end - start):
            kind = "edit_mid_document" if returned else _kind(text, start + i)
            keys.append(Key(offset + i, text[start + i], kind))
            returned = False
    return keys


def gaps(count: int, milliseconds: tuple[int, int], *, seed: int = 0) -> list[float]:
    """Draw the seconds from each key to the next, uniformly between two bounds in milliseconds."""
    random = Random(seed)  # noqa: S311  (nothing secret)
    return [random.uniform(*milliseconds) / 1000 for _ in range(count)]


def _words(text: str) -> list[Span]:
    """Divide a text into words with the space that follows; space at the beginning belongs to the first."""
    spans = [match.span() for match in _WORD.finditer(text)]
    if spans:
        spans[0] = (0, spans[0][1])
    return spans or ([(0, len(text))] if text else [])


def _jumps(text: str, words: Sequence[Span], random: Random, every: int, left_out: int) -> dict[int, Span]:
    """Return, for the number of the word before which the writer jumps back, what is typed there."""
    found: dict[int, Span] = {}
    for number in range(every, len(words) + 1, every):
        last = number - left_out - 1  # at least one word stands between what is put in and the place jumped from
        for _ in range(_TRIES if last >= 1 else 0):
            first = random.randint(1, last)
            start, end = words[first][0], words[first + left_out - 1][1]
            free = all(end < other or other_end < start for other, other_end in found.values())
            if free and "\n" not in text[start:end]:
                found[number] = (start, end)
                break
    return found


def _length(missing: Sequence[Span], before: int) -> int:
    """Count the characters before a place that are not there yet."""
    return sum(end - start for start, end in missing if start < before)


def _kind(text: str, index: int) -> Kind:
    """Say whether a key ends in a word. What is left out are whole words, so that the text itself tells."""
    return "in_word" if partial_word(text[max(0, index - LOOK_BACK - 1) : index + 1]) else "word_boundary"

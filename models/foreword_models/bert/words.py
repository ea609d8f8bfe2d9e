"""The words of a sentence, and what they look like: what a tagger reads beside the encoder's vectors.

The usual encoder folds case, and case is half of what tells a name in English (Collobert et al. 2011).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

WINDOW = 2
"""Words on each side whose looks count."""

# An address or a mention is one word; so are U.S., O'Brien, 3.14 and AT&T; the 's of Anna's and other signs are apart.
_WORD = re.compile(
    r"(?:https?://|www\.)\S*[\w/]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?:[^\W\d_]\.){2,}"
    r"|[@#]?\w+(?:(?:[-&.,/](?=\w)|['\u2019](?!(?:s|re|ve|ll|d|m|t)\b))\w+)*"
    r"|['\u2019](?:s|re|ve|ll|d|m|t)\b"
    r"|[^\w\s]",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?:|www\.|[\w.+-]+@\w", re.IGNORECASE)
_LOOKS = 12  # of _look
_OUTSIDE = _LOOKS  # before the first word and behind the last one

FEATURES = (2 * WINDOW + 1) * (_LOOKS + 1) + 1


def word_places(text: str) -> list[tuple[int, int]]:
    """Return from where to where each word of a sentence reaches, signs included."""
    return [match.span() for match in _WORD.finditer(text)]


def looks(words: Sequence[str]) -> Tensor:
    """Return what the words look like, float32 (words, `FEATURES`).

    For each word, what it and those up to `WINDOW` words away look like, one of a dozen kinds each, and how much of the
    sentence is in small letters: in one that is all capitals they mean little.
    """
    kinds = [*[_OUTSIDE] * WINDOW, *map(_look, words), *[_OUTSIDE] * WINDOW]
    features = torch.zeros(len(words), FEATURES)
    width = _LOOKS + 1
    rows = torch.arange(len(words))
    padded = torch.tensor(kinds)
    for place in range(2 * WINDOW + 1):
        features[rows, place * width + padded[place : place + len(words)]] = 1
    lettered = sum(any(map(str.isalpha, word)) for word in words)
    features[:, -1] = sum(map(str.islower, words)) / max(1, lettered)
    return features


def _look(word: str) -> int:
    if _ADDRESS.match(word):
        return 0
    if len(word) > 1 and word[0] in "@#":
        return 1 + "@#".index(word[0])
    if not any(map(str.isalnum, word)):
        return 3
    if any(map(str.isdigit, word)):
        return 4 if word.isdigit() else 5
    if word.islower():
        return 6
    if word.isupper():
        return 7 if len(word) == 1 else 8
    if word[0].isupper():
        return 9 if word[1:].islower() else 10
    return 11

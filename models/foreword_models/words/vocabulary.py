"""The tokenizer's vocabulary as a byte trie, laid flat: tokens sorted by their bytes.

All tokens that begin with some bytes are one range of the sorted order, so that walking a typed prefix is two binary
searches, and the probability mass below a trie node is a sum over a slice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foreword_models.words.characters import JOINERS, is_word_character


class Vocabulary:
    """The tokens that stand for bytes, sorted by these bytes.

    Parameters
    ----------
    token_bytes
        The bytes of each id, empty for special tokens.

    Attributes
    ----------
    order : ndarray of int64, shape (tokens + specials,)
        Ids in sorted order; the special tokens, whose bytes are empty, come first.
    spelled : list of bytes
        The bytes of each, in the same order.
    continues : ndarray of bool
        Whether the token, after a letter, may go on with the same word.
    continuing : ndarray of int64
        Sorted-order positions of the tokens that continue.
    joins : ndarray of bool
        Whether the token begins with a joiner: after another joiner it does not go on with the word.
    """

    def __init__(self, token_bytes: Sequence[bytes]) -> None:
        order = sorted(range(len(token_bytes)), key=token_bytes.__getitem__)
        self.order: NDArray[np.int64] = np.array(order, dtype=np.int64)
        self.spelled = [token_bytes[index] for index in order]
        self.continues: NDArray[np.bool_] = np.fromiter(map(_continues, self.spelled), bool, len(order))
        self.continuing: NDArray[np.int64] = np.flatnonzero(self.continues)
        self.joins: NDArray[np.bool_] = np.fromiter(map(_joins, self.spelled), bool, len(order))
        self._first = bisect_left(self.spelled, b"\0")  # the special tokens lie before it
        self._longest = max(map(len, self.spelled), default=0)

    def below(self, prefix: bytes) -> slice:
        """Return the range of tokens whose bytes begin with `prefix`; special tokens, having none, are in no range."""
        low = bisect_left(self.spelled, prefix, self._first)
        successor = _successor(prefix)
        high = len(self.spelled) if successor is None else bisect_left(self.spelled, successor, low)
        return slice(low, high)

    def prefixes(self, text: bytes) -> list[int]:
        """Sorted-order positions of the tokens that `text` begins with, itself included, shortest first."""
        found = []
        for length in range(1, min(len(text), self._longest) + 1):
            prefix = text[:length]
            position = bisect_left(self.spelled, prefix, self._first)
            # The same bytes may stand at several ids (byte-fallback tokens): each is a token of its own.
            while position < len(self.spelled) and self.spelled[position] == prefix:
                found.append(position)
                position += 1
        return found

    def inside(self, text: bytes) -> list[int]:
        """Sorted-order positions of the tokens that are proper prefixes of `text`."""
        return [position for position in self.prefixes(text) if len(self.spelled[position]) < len(text)]


def _successor(prefix: bytes) -> bytes | None:
    """The least byte string greater than everything that begins with `prefix`; None if there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None


def _continues(spelled: bytes) -> bool:
    if not spelled:
        return False
    text = spelled.decode("utf-8", "replace")
    first = text[0]
    if first == "\ufffd":
        # Part of a character. Bytes that go on with one continue; of those that begin one, U+0080..U+07FF are letters
        # far more often than not, while longer ones begin dashes, quotes and emoji as well.
        return spelled[0] < 0xE0
    if first in JOINERS:
        return len(text) == 1 or is_word_character(text[1])
    return is_word_character(first)


def _joins(spelled: bytes) -> bool:
    return spelled.decode("utf-8", "replace")[:1] in JOINERS

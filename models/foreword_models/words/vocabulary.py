"""The tokenizer's vocabulary as a byte trie, laid flat: tokens sorted by their bytes.

All tokens that begin with some bytes are one range of the sorted order, so that walking a typed prefix is two binary
searches, and the probability mass below a trie node is a sum over a slice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foreword_models.words.characters import JOINERS, is_word_character
from foreword_models.words.paths import JOINER_BEGINNINGS, TokenPaths

_REMEMBERED = 4096  # texts whose prefixes are kept: the next key asks for most of them again


class Vocabulary:
    """The tokens that stand for bytes, sorted by these bytes.

    Parameters
    ----------
    token_bytes
        The bytes of each id, empty for special tokens.
    endings : ndarray of float32, shape (tokens + specials,), optional
        About how often a word ends behind each token (`endings`); 0, as by default, where nothing is known of it.

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
    begins : ndarray of bool
        Whether a word may begin with the token, where no space is to come before it.
    beginning : ndarray of int64
        Sorted-order positions of the tokens that begin.
    """

    def __init__(self, token_bytes: Sequence[bytes], endings: NDArray[np.float32] | None = None) -> None:
        self.endings = np.zeros(len(token_bytes), np.float32) if endings is None else endings
        order = sorted(range(len(token_bytes)), key=token_bytes.__getitem__)
        self.order: NDArray[np.int64] = np.array(order, dtype=np.int64)
        self.spelled = [token_bytes[index] for index in order]
        kinds = np.array([_kind(each) for each in self.spelled], bool).reshape(-1, 3)
        self.continues: NDArray[np.bool_] = kinds[:, 0].copy()
        self.joins: NDArray[np.bool_] = kinds[:, 1].copy()
        self.begins: NDArray[np.bool_] = kinds[:, 2].copy()
        self.continuing: NDArray[np.int64] = np.flatnonzero(self.continues)
        self.beginning: NDArray[np.int64] = np.flatnonzero(self.begins)
        self._first = bisect_left(self.spelled, b"\0")  # the special tokens lie before it
        self._longest = max(map(len, self.spelled), default=0)
        self._prefixes: dict[bytes, list[int]] = {}
        self._joined: defaultdict[bytes, list[int]] = defaultdict(list)
        joiners = tuple(JOINER_BEGINNINGS)
        for position, spelled in enumerate(self.spelled):
            if not spelled.endswith(joiners):  # nearly always
                continue
            for joiner in joiners:
                if spelled.endswith(joiner):
                    self._joined[spelled[: -len(joiner)]].append(position)

    @cached_property
    def paths(self) -> TokenPaths:
        """Which token begins which: some tens of milliseconds of work, at the first look."""
        return TokenPaths(self.spelled)

    def below(self, prefix: bytes) -> slice:
        """Return the range of tokens whose bytes begin with `prefix`; special tokens, having none, are in no range."""
        low = bisect_left(self.spelled, prefix, self._first)
        successor = _successor(prefix)
        high = len(self.spelled) if successor is None else bisect_left(self.spelled, successor, low)
        return slice(low, high)

    def prefixes(self, text: bytes) -> list[int]:
        """Sorted-order positions of the tokens that `text` begins with, itself included, shortest first."""
        known = self._prefixes.get(text)
        if known is not None:
            return known
        found: list[int] = []
        low = self._first
        for length in range(1, min(len(text), self._longest) + 1):
            prefix = text[:length]
            low = position = bisect_left(self.spelled, prefix, low)
            # The same bytes may stand at several ids (byte-fallback tokens): each is a token of its own.
            while position < len(self.spelled) and self.spelled[position] == prefix:
                found.append(position)
                position += 1
            if low == len(self.spelled) or not self.spelled[low].startswith(prefix):
                break  # no token goes on like this
        if len(self._prefixes) >= _REMEMBERED:
            self._prefixes.clear()
        self._prefixes[text] = found
        return found

    def joined(self, text: bytes) -> list[int]:
        """Sorted-order positions of the tokens that are `text` with a joiner, or the first bytes of one, behind it."""
        return self._joined.get(text, [])

    def inside(self, text: bytes) -> list[int]:
        """Sorted-order positions of the tokens that are proper prefixes of `text`."""
        return [position for position in self.prefixes(text) if len(self.spelled[position]) < len(text)]


def _successor(prefix: bytes) -> bytes | None:
    """The least byte string greater than everything that begins with `prefix`; None if there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None


def _kind(spelled: bytes) -> tuple[bool, bool, bool]:
    """Whether a token may go on with a word, whether it begins with a joiner, and whether it may begin a word."""
    if not spelled:
        return False, False, False
    text = spelled.decode("utf-8", "replace")
    first = text[0]
    if first == "\ufffd":
        # Part of a character. Bytes that go on with one continue; of those that begin one, U+0080..U+07FF are letters
        # far more often than not, while longer ones begin dashes, quotes and emoji as well.
        return spelled[0] < 0xE0, False, True
    if first in JOINERS:
        return len(text) == 1 or is_word_character(text[1]), True, False
    letter = is_word_character(first)
    return letter, False, letter

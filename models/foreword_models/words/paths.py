"""The most that the tokens which begin one word can weigh together.

Tokens are nested: ``t``, ``th`` and ``the`` all begin the same word, while ``th`` and ``to`` never do. What a
distribution may still give to any one word is hence not all that is left of it, but its heaviest path through the trie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from foreword_models.words.characters import JOINERS, is_spaceless

JOINER_BEGINNINGS: Final = frozenset(
    joiner.encode()[:length] for joiner in JOINERS for length in range(1, len(joiner.encode()) + 1)
)
"""The bytes that a joiner is written in, and the first ones of them."""

_JOINERS = "".join(map(re.escape, sorted(JOINERS)))
_ENDS_INSIDE = re.compile(rf"[^\W_][^\w{_JOINERS}]|[^\W_]_|[{_JOINERS}][\W_]")


class TokenPaths:
    """Which token begins which, for a vocabulary.

    Parameters
    ----------
    spelled
        The tokens' bytes, sorted; special tokens, which have none, first.
    """

    def __init__(self, spelled: Sequence[bytes]) -> None:
        # What a token begins follows it in the sorted order, and nothing else does before it ends.
        self._ends = np.arange(1, len(spelled) + 1)
        nested: list[int] = []  # those that the token at hand begins with, the shortest first
        for position, token in enumerate(spelled):
            if not token:
                continue
            while nested and not token.startswith(spelled[nested[-1]]):
                self._ends[nested.pop()] = position
            nested.append(position)
        self._ends[nested] = len(spelled)
        self._loose = np.array([_is_loose(token) for token in spelled], bool)

    def heaviest(self, positions: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
        """Return a bound on the sum of the weights of the tokens that may stand at the beginning of one word.

        Parameters
        ----------
        positions
            Of some tokens in the sorted order.
        weights
            Of each of them.
        """
        loose = self._loose[positions]
        positions, nested = positions[~loose], weights[~loose]
        size = len(self._ends) + 1
        # Running along the order, a token's weight comes in where it stands and goes where those that it begins end.
        steps = np.bincount(positions, nested, size) - np.bincount(self._ends[positions], nested, size)
        return float(steps.cumsum().max(initial=0.0) + weights[loose].sum())


def _is_loose(token: bytes) -> bool:
    """Whether a token may count to a word that it does not begin: one that ends inside it, or before its joiner."""
    if token.lstrip(b" ").isalpha():
        return False  # nearly always, and much quicker
    text = token.decode("utf-8", "replace").lstrip(" ")
    return (
        token.endswith(tuple(JOINER_BEGINNINGS))
        or _ENDS_INSIDE.search(text) is not None
        or any(map(is_spaceless, text))
    )

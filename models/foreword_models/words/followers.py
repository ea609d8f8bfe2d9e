"""What may follow an expanded spelling: tokens in order of probability, sorted only as far as somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foreword_models.gpt.decoder import Node
from foreword_models.words.characters import JOINERS
from foreword_models.words.vocabulary import Vocabulary

Distribution = NDArray[np.float32]  # over token ids

_HEAD = 64  # most probable followers that are sorted at once


@dataclass(frozen=True)
class Spelling:
    """A token sequence since the boundary; `node` is its own when expanded, else its parent's."""

    tokens: tuple[int, ...]
    text: bytes
    probability: float
    node: Node


@dataclass
class Expansion:
    """A spelling's node and the distribution of what follows it, kept from key to key."""

    node: Node
    distribution: Distribution
    _continuing: Followers | None = field(default=None, init=False, repr=False)
    _sums: NDArray[np.float64] | None = field(default=None, init=False, repr=False)

    def continuing(self, vocabulary: Vocabulary, text: bytes) -> Followers:
        """The tokens that may go on with the word, when `text` is what is spelled of it; computed once."""
        if self._continuing is None:
            continues, positions = vocabulary.continues, vocabulary.continuing
            if text.decode("utf-8", "replace")[-1:] in JOINERS:
                continues = continues & ~vocabulary.joins
                positions = positions[~vocabulary.joins[positions]]
            self._continuing = Followers(
                vocabulary, self.distribution, positions, lambda position: bool(continues[position])
            )
        return self._continuing

    def mass(self, vocabulary: Vocabulary, prefix: bytes) -> float:
        """Probability of the tokens that begin with `prefix`: two look-ups in sums that are computed once."""
        if self._sums is None:
            self._sums = np.concatenate([[0.0], np.cumsum(self.distribution[vocabulary.order], dtype=np.float64)])
        below = vocabulary.below(prefix)
        return float(self._sums[below.stop] - self._sums[below.start])


class Followers:
    """Some of the tokens that a distribution is over, most probable first; sorted only as far as is asked for.

    Parameters
    ----------
    positions
        Their places in the vocabulary's sorted order, ascending.
    has
        Whether a place is among them.

    Attributes
    ----------
    mass
        Probability of all of them.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        distribution: Distribution,
        positions: NDArray[np.int64],
        has: Callable[[int], bool],
    ) -> None:
        self._vocabulary = vocabulary
        self._ids = vocabulary.order
        self._distribution = distribution
        self._positions = positions
        self._has = has
        self._rest: NDArray[np.int64] | None = None
        probabilities = distribution.take(self._ids[positions])
        self.mass = float(probabilities.sum())
        if len(positions) > _HEAD:
            least = np.partition(probabilities, len(positions) - _HEAD)[len(positions) - _HEAD]
            in_head = probabilities >= least
            self._rest = positions[~in_head]
            positions = positions[in_head]
        self._sorted = self._in_order(positions)

    def item(self, index: int) -> tuple[float, int] | None:
        """Probability and place of the token at an index of the order; None behind the last one."""
        if index >= len(self._sorted) and self._rest is not None:
            self._sorted += self._in_order(self._rest)
            self._rest = None
        return self._sorted[index] if index < len(self._sorted) else None

    def probability(self, position: int) -> float:
        """Probability of the token at a place; 0 if it is not among these."""
        return float(self._distribution[self._ids[position]]) if self._has(position) else 0.0

    def heaviest(self, without: Iterable[int]) -> float:
        """Return a bound on what these tokens, but for some places, give to any one word (`paths`)."""
        weights = self._distribution[self._ids[self._positions]].astype(np.float64)
        weights[np.searchsorted(self._positions, list(without))] = 0.0
        return self._vocabulary.paths.heaviest(self._positions, weights)

    def _in_order(self, positions: NDArray[np.int64]) -> list[tuple[float, int]]:
        probabilities = self._distribution[self._ids[positions]]
        order = np.lexsort((positions, -probabilities))
        return list(zip(probabilities[order].tolist(), positions[order].tolist(), strict=True))


class Children:
    """The followers of an expanded spelling in one search.

    Attributes
    ----------
    mass
        Probability of those that have not been popped.
    """

    def __init__(self, parent: Spelling, followers: Followers) -> None:
        self.parent = parent
        self.mass = parent.probability * followers.mass
        self._followers = followers
        self._next = 0
        self._popped: set[int] = set()

    @property
    def highest(self) -> float:
        """Probability of the most probable child left; 0 if there is none."""
        item = self._followers.item(self._next)
        return item[0] * self.parent.probability if item else 0.0

    @property
    def heaviest(self) -> float:
        """The most that the children left can give to any one word."""
        return min(self.mass, self.parent.probability * self._followers.heaviest(self._popped))

    def pop(self) -> tuple[float, int]:
        """Probability and vocabulary position of the most probable child left."""
        item = self._followers.item(self._next)
        assert item is not None
        self._next += 1
        probability, position = item[0] * self.parent.probability, item[1]
        self.mass = max(0.0, self.mass - probability)
        self._popped.add(position)
        return probability, position

    def left(self, positions: Sequence[int]) -> float:
        """Probability of those children, given by vocabulary position, that have not been popped."""
        if not positions or self.mass <= 0:
            return 0.0
        popped, probability = self._popped, self._followers.probability
        return self.parent.probability * sum(probability(each) for each in positions if each not in popped)

"""Best-first search for the most probable words that begin with what was typed.

The probability of a word is the sum, over the ways to spell it in tokens, of the tokens' probabilities times the
probability that the next token does not go on with the word. The search expands the most probable unfinished
spellings together, in one forward over their shared prefix, and stops when no unexpanded one is as probable as the last
word wanted. The mass left unexpanded bounds what any word could still gain: when it cannot change the order, the answer
is exact and says so.
"""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from cachetools import LRUCache
from numpy.typing import NDArray

from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.words.characters import JOINERS, is_spaceless, word_end
from foreword_models.words.vocabulary import Vocabulary

Distribution = NDArray[np.float32]  # over the vocabulary, in its sorted order

BATCH = 16  # spellings a forward: on a CPU sixteen rows cost little more than one
LONGEST_WORD = 64  # bytes; a longer word is not followed
REMEMBERED = 96  # expanded spellings kept for the next key, each with its distribution
_COMPARED = 8  # words below the last one wanted whose bounds are computed one by one


@dataclass(frozen=True)
class Budget:
    """What a search may spend.

    Attributes
    ----------
    forwards
        Batched forwards of the decoder.
    seconds
        Wall time after which no further forward is begun, unless no word has been found yet.
    """

    forwards: int = 4
    seconds: float = float("inf")


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    words
        Words, most probable first, with P(word | context, typed) as far as it was summed.
    exact
        No other word, and no other order, is possible.
    bound
        Most that any word's probability can still gain.
    forwards
        Forwards spent.
    """

    words: list[tuple[str, float]]
    exact: bool
    bound: float
    forwards: int


class WordSearch:
    """Searches that start at one word boundary of a text.

    Parameters
    ----------
    boundary
        The decoded text up to the boundary. A space after it is held back: it is the first byte of what is searched.
    distribution
        Of the token after it, if that is known; else the decoder is asked.

    Notes
    -----
    Distributions of expanded spellings are kept, least recently used dropped, so that the next letter of the same word
    usually needs no forward.
    """

    def __init__(
        self, decoder: Decoder, vocabulary: Vocabulary, boundary: Node, distribution: Distribution | None = None
    ) -> None:
        self.boundary = boundary
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._room = decoder.config.context - len(boundary)
        self._order = torch.from_numpy(vocabulary.order)
        if distribution is None:
            distribution = self._distributions(decoder.logits(boundary).unsqueeze(0))[0]
        self._root = distribution
        self._expanded: LRUCache[tuple[int, ...], tuple[Node, Distribution]] = LRUCache(REMEMBERED)

    def find(
        self,
        typed: bytes,
        count: int,
        *,
        budget: Budget,
        least: float = 0.0,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> Found:
        """Find the `count` most probable words that begin with `typed`.

        Parameters
        ----------
        typed
            UTF-8 bytes since the boundary: the held-back space, if any, and the beginning of the word.
        least
            Words of a smaller probability are not looked for.
        checkpoint
            Called before each forward; may raise to abandon the search.

        Returns
        -------
        Found
            Words without the held-back space, longer than what was typed.
        """
        frontier = Frontier(self._vocabulary, typed, count, least)
        frontier.expand(_Spelling((), b"", 1.0, self.boundary), self._root)
        deadline = time.perf_counter() + budget.seconds
        forwards = 0
        while batch := frontier.pop(BATCH):
            batch = self._within_context(frontier, batch)
            unknown = [spelling for spelling in batch if spelling.tokens not in self._expanded]
            late = time.perf_counter() > deadline and not frontier.empty_handed
            if unknown and (late or forwards >= budget.forwards):
                frontier.leave(batch)
                break
            if unknown:
                checkpoint()
                forwards += 1
                self._expand(unknown)
            for spelling in batch:
                node, distribution = self._expanded[spelling.tokens]
                frontier.expand(_Spelling(spelling.tokens, spelling.text, spelling.probability, node), distribution)
        return frontier.result(forwards)

    def advanced(self, tokens: Sequence[int]) -> WordSearch | None:
        """Return the search at the end of a spelling of this one, if that has been expanded: no forward is needed."""
        known = self._expanded.get(tuple(tokens))
        return None if known is None else WordSearch(self._decoder, self._vocabulary, *known)

    def _within_context(self, frontier: Frontier, batch: list[_Spelling]) -> list[_Spelling]:
        """Leave the spellings that the model's context has no room for."""
        room = self._room
        frontier.leave([spelling for spelling in batch if len(spelling.tokens) > room])
        return [spelling for spelling in batch if len(spelling.tokens) <= room]

    def _expand(self, spellings: list[_Spelling]) -> None:
        nodes = self._decoder.branch([(spelling.node, spelling.tokens[-1:]) for spelling in spellings])
        logits = torch.stack([self._decoder.logits(node) for node in nodes])
        for spelling, node, distribution in zip(spellings, nodes, self._distributions(logits), strict=True):
            node.logits = None  # the distribution says it all; both would take twice the memory
            self._expanded[spelling.tokens] = (node, distribution)

    @torch.inference_mode()
    def _distributions(self, logits: torch.Tensor) -> Distribution:
        """Softmax of (n, vocabulary) logits, in the vocabulary's sorted order."""
        distributions: Distribution = logits.softmax(-1).cpu().index_select(1, self._order).numpy()
        return distributions


@dataclass(frozen=True)
class _Spelling:
    """A token sequence since the boundary; `node` is its own when expanded, else its parent's."""

    tokens: tuple[int, ...]
    text: bytes
    probability: float
    node: Node


class _Children:
    """The children of an expanded spelling, most probable first, sorted only when and as far as they are asked for.

    Attributes
    ----------
    mass
        Probability of the children that have not been popped.
    highest
        Probability of the most probable of them.
    """

    def __init__(self, parent: _Spelling, positions: NDArray[np.int64], probabilities: Distribution) -> None:
        self.parent = parent
        self.mass = float(probabilities.sum())
        self._positions = positions
        self._probabilities = probabilities
        self._popped: set[int] = set()
        self._sorted = _in_order(positions, probabilities)
        self._following: tuple[float, int] | None = None
        self.highest = float(probabilities.max(initial=0.0))

    def pop(self) -> tuple[float, int]:
        """Probability and vocabulary position of the most probable child left."""
        probability, position = self._following or next(self._sorted)
        self.mass = max(0.0, self.mass - probability)
        self._popped.add(position)
        self._following = next(self._sorted, None)
        self.highest = self._following[0] if self._following else 0.0
        return probability, position

    def left(self, positions: list[int]) -> float:
        """Probability of those children, given by vocabulary position, that have not been popped."""
        positions = [position for position in positions if position not in self._popped]
        where = np.searchsorted(self._positions, positions)
        inside = where < len(self._positions)
        where, wanted = where[inside], np.array(positions, np.int64)[inside]
        return float(self._probabilities[where[self._positions[where] == wanted]].sum())


def _in_order(positions: NDArray[np.int64], probabilities: Distribution, head: int = 64) -> Iterator[tuple[float, int]]:
    """Probabilities and their positions, highest first, sorted only as far as is asked for.

    Not a method: a generator that knew its owner would keep the cached tokens alive until the collector came by.
    """
    top = np.argpartition(-probabilities, head)[:head] if len(probabilities) > head else np.arange(len(probabilities))
    for index in top[np.argsort(-probabilities[top], kind="stable")]:
        yield float(probabilities[index]), int(positions[index])
    if len(probabilities) > head:
        rest = np.setdiff1d(np.arange(len(probabilities)), top)
        for index in rest[np.argsort(-probabilities[rest], kind="stable")]:
            yield float(probabilities[index]), int(positions[index])


class Frontier:
    """The unfinished spellings of one search and the words it has found; ignorant of the decoder."""

    def __init__(self, vocabulary: Vocabulary, typed: bytes, count: int, least: float) -> None:
        self._vocabulary = vocabulary
        self._typed = typed
        self._count = count
        self._least = least
        self._skip = 1 if typed.startswith(b" ") else 0
        self._words: defaultdict[str, float] = defaultdict(float)
        self._total = 0.0  # mass of everything that begins with what was typed, as far as it is known
        self._left: list[_Spelling] = []  # popped but not expanded: the budget ran out
        self._children: list[_Children] = []
        self._heap: list[tuple[float, int]] = []

    def expand(self, spelling: _Spelling, distribution: Distribution) -> None:
        """Replace a spelling by its children, given the distribution of its next token."""
        rest = self._typed[len(spelling.text) :]
        if rest:
            below = self._vocabulary.below(rest)
            covering = np.arange(below.start, below.stop)
            self._total += spelling.probability * float(distribution[below].sum())
            positions = np.sort(np.concatenate([np.array(self._vocabulary.inside(rest), np.int64), covering]))
        else:
            if spelling.tokens:
                positions = self._vocabulary.continuing
                if spelling.text.decode("utf-8", "replace")[-1:] in JOINERS:
                    positions = positions[~self._vocabulary.joins[positions]]
                goes_on = float(distribution[positions].sum())
                self._finish(spelling.text, spelling.probability * max(0.0, 1.0 - goes_on))
            else:  # nothing typed: everything is a beginning
                self._total = 1.0
                below = self._vocabulary.below(b"")
                positions = np.arange(below.start, below.stop)
        if len(spelling.text) < LONGEST_WORD:
            children = _Children(spelling, positions, distribution[positions] * np.float32(spelling.probability))
            self._children.append(children)
            self._offer(len(self._children) - 1)

    def pop(self, size: int) -> list[_Spelling]:
        """Take the most probable spellings that are worth a forward, at most `size`; none when the answer is settled.

        Spellings that need no forward on the way, being finished or not words at all, are dealt with.
        """
        batch: list[_Spelling] = []
        while self._heap and len(batch) < size:
            if not batch and -self._heap[0][0] <= self._worth():
                break
            _, index = heapq.heappop(self._heap)
            children = self._children[index]
            probability, position = children.pop()
            self._offer(index)
            parent = children.parent
            text = parent.text + self._vocabulary.spelled[position]
            token = int(self._vocabulary.order[position])
            spelling = _Spelling((*parent.tokens, token), text, probability, parent.node)
            if probability > 0 and not self._finished(spelling):
                batch.append(spelling)
        return batch

    @property
    def empty_handed(self) -> bool:
        """Whether no word has been found yet."""
        return not self._words

    def leave(self, spellings: list[_Spelling]) -> None:
        """Count popped spellings as unexpanded."""
        self._left += spellings

    def result(self, forwards: int) -> Found:
        """The best words so far, and what is known about them."""
        total = max(self._total + self._undecided(), 1e-30)
        least = self._least * total
        ranked = sorted(self._words.items(), key=lambda item: (-item[1], item[0]))
        best = [(word, mass) for word, mass in ranked[: self._count] if mass > 0 and mass >= least]
        bound, exact = self._bounds(ranked, len(best), least)
        return Found([(word, min(1.0, mass / total)) for word, mass in best], exact, min(1.0, bound / total), forwards)

    def _offer(self, index: int) -> None:
        highest = self._children[index].highest
        if highest > 0:
            heapq.heappush(self._heap, (-highest, index))

    def _finished(self, spelling: _Spelling) -> bool:
        """Whether a spelling needs no forward: its word ends inside its last token, or it spells no word."""
        if len(spelling.text) < len(self._typed):
            return False
        text = spelling.text[self._skip :].decode("utf-8", "replace")
        if text.endswith("\ufffd") and text.count("\ufffd") == 1:
            return False  # a character in the middle of its bytes
        end = word_end(text)
        if end == 0:
            return bool(text)  # nothing but the held-back space: the word may follow
        if end < len(text) or is_spaceless(text[end - 1]):
            self._finish(spelling.text[: self._skip + len(text[:end].encode())], spelling.probability)
            return True
        return False

    def _finish(self, spelled: bytes, mass: float) -> None:
        """Give a finished word its mass; a joiner that nothing followed belongs to what comes after the word."""
        word = spelled[self._skip :].decode("utf-8", "replace").rstrip("".join(JOINERS))
        if "\ufffd" not in word and self._is_longer(word):
            self._words[word] += mass

    def _is_longer(self, word: str) -> bool:
        encoded, typed = word.encode(), self._typed[self._skip :]
        return len(encoded) > len(typed) and encoded.startswith(typed)

    def _worth(self) -> float:
        """Mass above which a spelling may still bring a word into the list."""
        least = self._least * self._total
        if len(self._words) < self._count:
            return least
        return max(least, heapq.nlargest(self._count, self._words.values())[-1])

    def _bounds(self, ranked: list[tuple[str, float]], shown: int, least: float) -> tuple[float, bool]:
        """Most that one of the first `shown` words can still gain, and whether these and their order are certain."""
        unexpanded = sum(children.mass for children in self._children) + sum(s.probability for s in self._left)
        compared = ranked[: shown + _COMPARED]
        most = [mass + self._gain(word) for word, mass in compared]
        beyond = max([unexpanded, *(mass + unexpanded for _, mass in ranked[len(compared) :][:1])])
        exact = all(ranked[i][1] >= max([*most[i + 1 :], beyond]) for i in range(shown))
        if shown < self._count:
            exact = exact and max([*most[shown:], beyond]) <= least
        gains = [high - mass for high, (_, mass) in zip(most, compared, strict=True)]
        return max([*gains[:shown], 0.0]), exact

    def _undecided(self) -> float:
        """Mass of the unexpanded spellings that have not yet covered what was typed."""
        total = sum(spelling.probability for spelling in self._left if len(spelling.text) < len(self._typed))
        for children in self._children:
            if rest := self._typed[len(children.parent.text) :]:
                total += children.left(self._vocabulary.inside(rest))
        return total

    def _gain(self, word: str) -> float:
        """Mass of the unexpanded spellings that may become `word`: its beginnings, and it with a joiner behind."""
        spelled = b" " * self._skip + word.encode()
        variants = [spelled, *(spelled + joiner.encode() for joiner in JOINERS)]
        total = sum(s.probability for s in self._left if spelled.startswith(s.text) or s.text in variants)
        for children in self._children:
            parent = children.parent.text
            rests = [variant[len(parent) :] for variant in variants if variant.startswith(parent)]
            if children.mass > 0 and rests:
                positions = {position for rest in rests for position in self._vocabulary.prefixes(rest)}
                total += children.left(sorted(positions))
        return total

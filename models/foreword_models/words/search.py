"""Best-first search for the most probable words that begin with what was typed.

The probability of a word is the sum, over the ways to spell it in tokens, of the tokens' probabilities times the
probability that the next token does not go on with the word. The search expands the most probable unfinished
spellings together, in one forward over their shared prefix, and stops when no unexpanded one is as probable as the last
word wanted. The mass left unexpanded bounds what any word could still gain: when it cannot change the order, the answer
is exact and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from cachetools import LRUCache

from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.words.followers import Distribution, Expansion, Spelling
from foreword_models.words.frontier import Found, Frontier
from foreword_models.words.vocabulary import Vocabulary

BATCH = 16  # spellings a forward: on a CPU sixteen rows cost little more than one
REMEMBERED = 96  # expanded spellings kept for the next key, each with its distribution


@dataclass(frozen=True)
class Budget:
    """What a search may spend.

    Attributes
    ----------
    forwards
        Batched forwards of the decoder.
    rescue
        More of them while no word has been found.
    estimate
        Offer words that no forward has looked behind, too (`endings`); else never a fragment, at the price of forwards.
    """

    forwards: int = 4
    rescue: int = 0
    estimate: bool = False


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
        self.vocabulary = vocabulary
        self._room = decoder.config.context - len(boundary)
        if distribution is None:
            distribution = self._distributions(decoder.logits(boundary).unsqueeze(0))[0]
        self._root = Expansion(boundary, distribution)
        self._expanded: LRUCache[tuple[int, ...], Expansion] = LRUCache(REMEMBERED)

    def find(
        self,
        typed: bytes,
        count: int,
        *,
        budget: Budget,
        least: float = 0.0,
        whole: bool = False,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> Found:
        """Find the `count` most probable words that begin with `typed`.

        Parameters
        ----------
        typed
            UTF-8 bytes since the boundary: the held-back space, if any, and the beginning of the word.
        least
            Words of a smaller probability are not looked for.
        whole
            `typed` may be the whole word; by default only longer words are looked for.
        checkpoint
            Called before each forward; may raise to abandon the search.

        Returns
        -------
        Found
            Words without the held-back space.
        """
        frontier = Frontier(
            self.vocabulary,
            self._expanded.get,
            typed,
            count,
            least=least,
            longest=self._room,
            estimate=budget.estimate,
            whole=whole,
        )
        frontier.expand(Spelling((), b"", 1.0, self.boundary), self._root)
        frontier.follow()
        forwards = 0
        while forwards < budget.forwards + (budget.rescue if frontier.empty_handed else 0):
            taken = frontier.take(BATCH)
            if not taken:
                break
            checkpoint()
            forwards += 1
            self._expand(taken)
            for spelling in taken:
                frontier.expand(spelling, self._expanded[spelling.tokens])
            frontier.follow()
        return frontier.result(forwards)

    def advanced(self, tokens: Sequence[int]) -> WordSearch | None:
        """Return the search at the end of a spelling of this one, if that has been expanded: no forward is needed."""
        known = self._expanded.get(tuple(tokens))
        return None if known is None else WordSearch(self._decoder, self.vocabulary, known.node, known.distribution)

    def known_along(self, typed: bytes) -> Iterator[tuple[int, float, Expansion]]:
        """Yield the expanded spellings that `typed` begins with: their length in bytes, probability and expansion."""
        waiting: list[tuple[tuple[int, ...], int, float, Expansion]] = [((), 0, 1.0, self._root)]
        while waiting:
            tokens, length, probability, expansion = waiting.pop()
            yield length, probability, expansion
            for position in self.vocabulary.inside(typed[length:]):
                token = int(self.vocabulary.order[position])
                longer = self._expanded.get((*tokens, token))
                if longer is not None:
                    share = probability * float(expansion.distribution[token])
                    reached = length + len(self.vocabulary.spelled[position])
                    waiting.append(((*tokens, token), reached, share, longer))

    def _expand(self, spellings: list[Spelling]) -> None:
        nodes = self._decoder.branch([(spelling.node, spelling.tokens[-1:]) for spelling in spellings])
        logits = torch.stack([self._decoder.logits(node) for node in nodes])
        for spelling, node, distribution in zip(spellings, nodes, self._distributions(logits), strict=True):
            node.logits = None  # the distribution says it all; both would take twice the memory
            self._expanded[spelling.tokens] = Expansion(node, distribution)

    @torch.inference_mode()
    def _distributions(self, logits: torch.Tensor) -> Distribution:
        """Softmax of (n, vocabulary) logits."""
        distributions: Distribution = logits.softmax(-1).cpu().numpy()
        return distributions

"""Word probabilities are sums over spellings, and an answer that calls itself exact is."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foreword_models.errors import Cancelled
from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.words.characters import word_end
from foreword_models.words.frontier import Found
from foreword_models.words.search import Budget, WordSearch
from foreword_models.words.vocabulary import Vocabulary

TOKENS = [b"", b" ", b"a", b"b", b" a", b" ab", b"ab", b"ba", b"'", b"'b", b".", b". ", b" (", b"-", "é".encode()]
DEPTH = 5
PLENTY = Budget(forwards=200)
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # a seed does not shrink to anything simpler


class _Node(SimpleNamespace):
    def __init__(self, tokens: tuple[int, ...]) -> None:
        super().__init__(tokens=tokens, logits=None)

    def __len__(self) -> int:
        return len(self.tokens)


class RandomModel:
    """A decoder without weights: the distribution after a token sequence is a random function of the sequence."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.calls = 0
        self.config = SimpleNamespace(context=100)

        self.distribution = functools.cache(self._distribution)

    def _distribution(self, tokens: tuple[int, ...]) -> np.ndarray:
        random = np.random.default_rng([self._seed, *(token + 1 for token in tokens)])
        logits = random.normal(size=len(TOKENS)) * 1.5
        logits[[0, 10, 11, 12]] += 3.5  # words end soon, so that brute force sees nearly all of them
        exponentials = np.exp(logits - logits.max())
        result: np.ndarray = exponentials / exponentials.sum()
        return result

    def branch(self, runs: Sequence[tuple[Any, Sequence[int]]]) -> list[Any]:
        self.calls += 1
        return [_Node((*node.tokens, *ids)) for node, ids in runs]

    def logits(self, node: Any) -> torch.Tensor:
        return torch.from_numpy(np.log(self.distribution(node.tokens)))


def find(
    model: RandomModel,
    typed: bytes,
    count: int,
    budget: Budget = PLENTY,
    *,
    endings: NDArray[np.float32] | None = None,
    **options: Any,
) -> Found:
    boundary = cast(Node, _Node(()))
    search = WordSearch(cast(Decoder, model), Vocabulary(TOKENS, endings), boundary)
    return search.find(typed, count, budget=budget, **options)


def brute_force(model: RandomModel, typed: str) -> tuple[dict[str, float], float, float]:
    """All words of up to DEPTH tokens, the mass of everything that begins with `typed`, and the mass not followed.

    By the definition: tokens are drawn until the text, the held-back space aside, holds a whole word and more.
    """
    words: defaultdict[str, float] = defaultdict(float)
    space = typed.startswith(" ")
    total, unfollowed = 0.0, 0.0
    stack: list[tuple[tuple[int, ...], str, float]] = [((), "", 1.0)]
    while stack:
        tokens, text, mass = stack.pop()
        for i, share in enumerate(mass * model.distribution(tokens)):
            longer = text + TOKENS[i].decode()
            if not (longer.startswith(typed) or (typed.startswith(longer) and TOKENS[i])):
                continue
            if not typed and not text and not (longer and longer[0].isalpha()):
                continue  # where no space is to come, a word begins at once
            if len(text) < len(typed) <= len(longer) or not (text or typed):
                total += share
            begun = longer[space:]
            end = word_end(begun)
            if end < len(begun) or not TOKENS[i]:
                words[begun[:end].rstrip("'-")] += share
            elif len(tokens) + 1 < DEPTH:
                stack.append(((*tokens, i), longer, share))
            else:
                unfollowed += share
    begun = typed[space:]
    return {w: m for w, m in words.items() if w.startswith(begun) and len(w) > len(begun)}, total, unfollowed


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(
    seed=st.integers(0, 10**6),
    typed=st.sampled_from([b"", b" ", b" a", b" ab", b"a", b" a'", b" b"]),
    count=st.integers(1, 4),
)
def test_probabilities_are_those_of_brute_force(seed: int, typed: bytes, count: int) -> None:
    model = RandomModel(seed)
    words, total, unfollowed = brute_force(model, typed.decode())
    found = find(model, typed, count)
    slack = unfollowed / total + 1e-4
    for word, probability in found.words:
        assert probability <= words[word] / total + slack
        assert probability + found.certainty.bound >= words[word] / total - slack
    if found.certainty.exact:
        for (word, probability), (_, rival) in itertools.zip_longest(
            found.words, sorted(words.items(), key=lambda item: -item[1])[:count], fillvalue=("", 0.0)
        ):
            assert probability + found.certainty.bound >= rival / total - slack, word
            assert words.get(word, 0.0) >= rival - slack * total, word


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(
    seed=st.integers(0, 10**6),
    typed=st.sampled_from([b"", b" ", b" a", b"a"]),
    count=st.integers(1, 3),
    forwards=st.integers(1, 4),
)
def test_what_is_exact_after_few_forwards_is_so_after_all(seed: int, typed: bytes, count: int, forwards: int) -> None:
    model = RandomModel(seed)
    words, _, unfollowed = brute_force(model, typed.decode())
    found = find(model, typed, count, Budget(forwards=forwards))
    if found.certainty.exact:
        best = sorted(words.values(), reverse=True)
        assert len(found.words) == min(count, len(best))
        for (word, _), rival in zip(found.words, best, strict=False):
            assert words.get(word, 0.0) >= rival - unfollowed - 1e-9, word


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(seed=st.integers(0, 10**6), typed=st.sampled_from([b" ", b" a", b"ab", b" a-"]), forwards=st.integers(0, 5))
def test_words_begin_with_what_was_typed_and_the_budget_holds(seed: int, typed: bytes, forwards: int) -> None:
    model = RandomModel(seed)
    found = find(model, typed, 3, Budget(forwards=forwards))
    assert model.calls == found.forwards <= forwards
    begun = typed.decode().lstrip()
    probabilities = [probability for _, probability in found.words]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1 + 1e-6
    for word, _ in found.words:
        assert word.startswith(begun)
        assert len(word) > len(begun)
        assert word[-1].isalpha()


@settings(max_examples=30, deadline=None, phases=QUICK)
@given(seed=st.integers(0, 10**6), least=st.floats(0.01, 0.5))
def test_nothing_below_the_least_probability_is_offered(seed: int, least: float) -> None:
    found = find(RandomModel(seed), b" ", 4, least=least)
    assert all(probability >= least for _, probability in found.words)


def test_a_character_split_between_tokens_is_put_together() -> None:
    tokens = [b"", b" caf", b"\xc3", b"\xa9", b"."]
    certain = {(): 1, (1,): 2, (1, 2): 3, (1, 2, 3): 4}

    class Split(RandomModel):
        def logits(self, node: Any) -> torch.Tensor:
            return torch.nn.functional.one_hot(torch.tensor(certain.get(node.tokens, 0)), len(tokens)) * 20.0

    search = WordSearch(cast(Decoder, Split(0)), Vocabulary(tokens), cast(Node, _Node(())))
    found = search.find(b" ", 1, budget=PLENTY, least=0.01)
    assert [word for word, _ in found.words] == ["café"]
    assert found.certainty.exact


def test_the_next_letter_costs_no_forward() -> None:
    model = RandomModel(1)
    search = WordSearch(cast(Decoder, model), Vocabulary(TOKENS), cast(Node, _Node(())))
    search.find(b" ", 3, budget=PLENTY)
    before = model.calls
    again = search.find(b" ", 3, budget=PLENTY)
    assert model.calls == before
    assert again.forwards == 0


def test_a_checkpoint_abandons_the_search_and_nothing_is_lost() -> None:
    model = RandomModel(2)

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        find(model, b" ", 3, checkpoint=cancel)
    assert find(model, b" ", 3) == find(RandomModel(2), b" ", 3)


def test_a_search_that_has_found_nothing_is_given_another_forward() -> None:
    model = RandomModel(3)
    assert not find(model, b" ", 3, Budget(forwards=0)).words
    rescued = find(model, b" ", 3, Budget(forwards=0, rescue=5))
    assert rescued.words
    assert 0 < rescued.forwards < 5
    assert find(model, b" ", 3, Budget(forwards=1, rescue=5)).forwards == rescued.forwards == 1


ENDINGS = np.array([0, 0, 0.7, 0.6, 0.9, 0.5, 0.4, 0.4, 0, 0, 0, 0, 0, 0, 0], np.float32)


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(
    seed=st.integers(0, 10**6),
    typed=st.sampled_from([b"", b" ", b" a", b"a", b" a'"]),
    count=st.integers(1, 4),
    forwards=st.integers(0, 3),
)
def test_an_estimate_is_wrong_by_no_more_than_is_said(seed: int, typed: bytes, count: int, forwards: int) -> None:
    model = RandomModel(seed)
    words, total, unfollowed = brute_force(model, typed.decode())
    found = find(model, typed, count, Budget(forwards=forwards, estimate=True), endings=ENDINGS)
    slack = unfollowed / total + 1e-4
    begun = typed.decode().lstrip()
    for word, probability in found.words:
        assert word.startswith(begun)
        assert len(word) > len(begun)
        assert abs(probability - words.get(word, 0.0) / total) <= found.certainty.bound + slack


def test_words_are_known_without_a_forward_where_it_is_known_how_words_end() -> None:
    model = RandomModel(4)
    found = find(model, b" ", 3, Budget(forwards=0, estimate=True), endings=ENDINGS)
    assert model.calls == 0
    assert {word for word, _ in found.words} <= {"a", "ab"}
    assert found.words
    assert not found.certainty.exact


def test_nothing_is_estimated_unasked() -> None:
    assert not find(RandomModel(4), b" ", 3, Budget(forwards=0), endings=ENDINGS).words
    assert find(RandomModel(4), b" ", 3, endings=ENDINGS) == find(RandomModel(4), b" ", 3)


def test_what_never_ends_a_word_is_not_offered_before_it_was_looked_at() -> None:
    fragment = np.where(np.arange(len(TOKENS)) == 4, 0, ENDINGS).astype(np.float32)
    words = [
        word for word, _ in find(RandomModel(4), b" ", 3, Budget(forwards=0, estimate=True), endings=fragment).words
    ]
    assert "a" not in words

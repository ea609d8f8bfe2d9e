"""Several sources of words: what is said together, and who is believed more after a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words.mixture import Mixture
from foreword_models.words.opinion import Opinion

WEIGHTS = [{"decoder": 0.9, "document": 0.1}, {"decoder": 0.6, "document": 0.4}]

SHARES = st.dictionaries(st.sampled_from(["a", "ab", "abc", "b", "bc"]), st.floats(0.01, 0.2), max_size=5)
OPINIONS = st.fixed_dictionaries(
    {
        "decoder": st.builds(Opinion, SHARES, st.just(1.0)),
        "document": st.builds(Opinion, SHARES, st.floats(0, 1)),
    }
)


def said(decoder: dict[str, float], document: dict[str, float], belief: float = 1.0) -> dict[str, Opinion]:
    return {"decoder": Opinion(decoder, 1.0), "document": Opinion(document, belief)}


def test_shares_are_weighted_means() -> None:
    mixed = Mixture(WEIGHTS).mix("", said({"one": 0.5, "two": 0.3}, {"two": 0.8}), 5)
    assert [word for word, _ in mixed] == ["one", "two"]
    assert dict(mixed) == pytest.approx({"one": 0.45, "two": 0.9 * 0.3 + 0.1 * 0.8})


def test_weights_depend_on_how_much_is_typed() -> None:
    mixture = Mixture(WEIGHTS)
    opinions = said({"then": 0.5}, {"them": 1.0})
    assert mixture.mix("", opinions, 1)[0][0] == "then"
    assert mixture.mix("t", opinions, 1)[0][0] == "them"
    assert mixture.mix("the", opinions, 1) == mixture.mix("t", opinions, 1)


def test_who_has_nothing_to_go_by_is_not_heard() -> None:
    mixture = Mixture(WEIGHTS)
    assert mixture.mix("t", said({"then": 0.5}, {}, belief=0.0), 2) == [("then", 0.5)]


@given(OPINIONS, st.sampled_from(["", "a", "ab"]))
def test_shares_are_probabilities_in_order(opinions: dict[str, Opinion], typed: str) -> None:
    mixed = Mixture(WEIGHTS).mix(typed, opinions, 9)
    shares = [share for _, share in mixed]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9
    assert {word for word, _ in mixed} <= {word for opinion in opinions.values() for word in opinion.words}


@given(st.lists(st.tuples(OPINIONS, st.sampled_from(["ab", "abc", "b", "unheard of"])), max_size=20))
def test_weights_stay_weights(course: list[tuple[dict[str, Opinion], str]]) -> None:
    mixture = Mixture(WEIGHTS)
    for opinions, word in course:
        mixture.mix("", opinions, 3)
        mixture.mix(word[:1], opinions, 3)
        mixture.learn(word)
    for weights in mixture.weights:
        assert sum(weights.values()) == pytest.approx(1.0)
        assert min(weights.values()) > 0.005


def test_the_source_that_was_right_gains() -> None:
    mixture = Mixture(WEIGHTS)
    for _ in range(50):
        mixture.mix("t", said({"then": 0.5}, {"them": 1.0}), 3)
        mixture.learn("them")
    assert mixture.weights[1]["document"] > 0.55
    assert mixture.weights[0] == WEIGHTS[0]  # nothing was asked with no letter typed
    for _ in range(500):
        mixture.mix("t", said({"then": 0.5}, {"them": 1.0}), 3)
        mixture.learn("then")
    assert 0 < mixture.weights[1]["document"] < 0.05


@pytest.mark.parametrize("word", [None, "this", "unheard of"])
def test_nothing_is_learned_from_what_nobody_named(word: str | None) -> None:
    mixture = Mixture(WEIGHTS)
    mixture.mix("t", said({"then": 0.5}, {"them": 1.0}), 3)
    mixture.learn(word)
    mixture.learn("them")  # what was said has been forgotten
    assert mixture.weights == WEIGHTS


def test_a_word_begun_otherwise_is_another_word() -> None:
    mixture = Mixture(WEIGHTS)
    mixture.mix("t", said({"then": 0.5}, {"them": 1.0}), 3)
    mixture.mix("x", said({"xylem": 0.5}, {}, belief=0.0), 3)
    mixture.learn("them")
    assert mixture.weights == WEIGHTS

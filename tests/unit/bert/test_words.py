"""Where words are, and what they look like."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.bert.words import FEATURES, looks, word_places


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Anna's dog, in Rome.", ["Anna", "'s", "dog", ",", "in", "Rome", "."]),
        ("Mr O'Brien of the U.S. (AT&T)", ["Mr", "O'Brien", "of", "the", "U.S.", "(", "AT&T", ")"]),
        ("write to a.b@example.com, @anna", ["write", "to", "a.b@example.com", ",", "@anna"]),
        ("see https://example.com/a?b=c.", ["see", "https://example.com/a?b=c", "."]),
        ("\u00c9mile\u2019s Saint-\u00c9tienne 3.14", ["\u00c9mile", "\u2019s", "Saint-\u00c9tienne", "3.14"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_places(text)] == words


@given(st.text(max_size=60))
def test_words_are_in_order_and_leave_out_only_spaces(text: str) -> None:
    places = word_places(text)
    assert all(start < end for start, end in places)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(places))
    inside = {index for start, end in places for index in range(start, end)}
    assert all(text[index].isspace() for index in range(len(text)) if index not in inside)


@given(st.lists(st.text(min_size=1, max_size=5), max_size=8))
def test_a_word_and_its_neighbours_look_like_one_thing_each(words: list[str]) -> None:
    found = looks(words)
    assert found.shape == (len(words), FEATURES)
    assert found[:, :-1].sum(1).tolist() == [5.0] * len(words)


def test_case_tells_words_apart() -> None:
    small, name, capitals = looks(["rome"]), looks(["Rome"]), looks(["ROME"])
    assert not small.equal(name)
    assert not name.equal(capitals)
    assert name.equal(looks(["Paris"]))

"""The words of a document: how often and how long ago they were written, and what that says about the next one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words import recent
from foreword_models.words.recent import RecentWords

SOME_WORDS = st.lists(st.sampled_from(["the", "then", "Thea", "sat", "on", "a", "mat"]), max_size=30)


def read(text: str) -> RecentWords:
    words = RecentWords()
    words.read(text)
    return words


def test_a_name_that_was_written_is_expected_at_its_first_letters() -> None:
    opinion = read("Dear Wojciechowska, many thanks to the Wolfsburg team. ").opinion("Woj", 5)
    assert opinion.words == {"Wojciechowska": 1.0}
    assert 0.3 < opinion.belief < 0.7  # once is not often


def test_more_often_and_shorter_ago_is_likelier() -> None:
    often = read("then them then ").opinion("the", 5).words
    assert often["then"] > 2 * often["them"] * 0.98
    recently = read("them then ").opinion("the", 5).words
    assert recently["then"] > recently["them"]


def test_an_occurrence_counts_half_after_its_half_life() -> None:
    filler = "on " * (round(recent.HALF_LIFE) - 1)
    shares = read(f"them {filler}then ").opinion("the", 5).words
    assert shares["then"] == pytest.approx(2 * shares["them"], rel=0.01)


def test_what_was_not_written_is_not_known() -> None:
    assert read("a mat ").opinion("th", 5).belief == 0.0
    assert read("").opinion("", 5).words == {}


def test_a_word_that_is_all_typed_is_not_named() -> None:
    opinion = read("the theory ").opinion("the", 5)
    assert set(opinion.words) == {"theory"}
    assert opinion.words["theory"] < 1  # the typed letters may be the whole word


def test_long_texts_forget() -> None:
    words = read("zebra " + "on a mat " * 1000)
    assert words.opinion("zeb", 5).words == {}
    assert words.opinion("ma", 5).belief > 0.9


@given(st.lists(SOME_WORDS, max_size=6), SOME_WORDS)
def test_going_on_is_the_same_as_reading_anew(parts: list[list[str]], other: list[str]) -> None:
    gradually, text = RecentWords(), ""
    gradually.read(" ".join([*other, ""]))
    gradually.read(text)
    for part in parts:
        text += "".join(f"{word} " for word in part)
        gradually.read(text)
    at_once = read(text)
    for typed in ("", "t", "the", "s", "x"):
        one, two = gradually.opinion(typed, 9), at_once.opinion(typed, 9)
        assert one.words == pytest.approx(two.words)
        assert one.belief == pytest.approx(two.belief)


def test_it_says_what_is_new() -> None:
    words = RecentWords()
    assert words.read("We met ") == ["We", "met"]
    assert words.read("We met Anna ") == ["Anna"]
    assert words.read("We met Anna ") == []
    assert words.read("We saw Anna ") is None

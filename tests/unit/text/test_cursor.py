"""The word under the cursor, and the window of text before it."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.cursor import LOOK_BACK, context_window, split_at_cursor
from foreword.text.document import Document


@pytest.mark.parametrize(
    ("before", "partial"),
    [
        ("", ""),
        ("Hello ", ""),
        ("We should sche", "sche"),
        ("sche", "sche"),
        ("line\nnext", "next"),
        ("snake_case", "case"),
        ("in 2024", "2024"),
        ("don't", "don't"),
        ("don’t", "don’t"),
        ("don'", "don'"),
        ("well-kno", "well-kno"),
        ("well-", "well-"),
        ("a mother-in-l", "mother-in-l"),
        ("2024-", ""),
        ("3-year", "3-year"),
        ("well--kno", "kno"),
        ("'tis", "tis"),
        (" -", ""),
        ("end.", ""),
        ("(par", "par"),
        ("naïve", "naïve"),
        ("nai\u0308ve", "nai\u0308ve"),
        ("❤\ufe0f", ""),
        ("❤\ufe0fabc", "abc"),
        ("❤\ufe0f'", ""),
        ("😀ab", "ab"),
        ("По-русс", "По-русс"),
        ("می\u200cخوا", "می\u200cخوا"),
        ("हिन्दी", "हिन्दी"),
        ("한국", "한국"),
        ("中文", ""),
        ("中文abc", "abc"),
        ("カタ", ""),
        ("ひら", ""),
        ("ภาษาไทย", ""),
        ("中'", ""),
        ("\ud800ab", "ab"),
        ("ab\0cd", "cd"),
    ],
)
def test_where_the_word_begins(before: str, partial: str) -> None:
    assert split_at_cursor(before) == (before[: len(before) - len(partial)], partial)


@given(st.text("ab1'’-_ .中ก\u0301\u200d😀\ufe0f\n", max_size=40) | st.text(max_size=40))
def test_nothing_is_lost_and_a_word_begins_with_a_letter_or_digit(before: str) -> None:
    context, partial = split_at_cursor(before)
    assert context + partial == before
    assert not partial or partial[0].isalnum() or partial[0].isnumeric()
    assert not any(character.isspace() or character == "_" for character in partial)


def test_a_word_without_end_is_cut() -> None:
    begun = time.perf_counter()
    context, partial = split_at_cursor("a-" * 500_000)
    assert len(partial) <= LOOK_BACK
    assert len(context) + len(partial) == 1_000_000
    assert time.perf_counter() - begun < 0.5


def document(text: str) -> Document:
    return Document("file:///a.md", "markdown", 1, text, "utf-16")


@given(
    st.text("ab \né😀", max_size=300),
    st.integers(0, 5),
    st.integers(0, 300),
    st.integers(2, 60),
    st.data(),
)
def test_the_window_is_a_bounded_suffix(text: str, line: int, character: int, limit: int, data: st.DataObject) -> None:
    hop = data.draw(st.integers(1, limit - 1))
    looked_at = document(text)
    window = context_window(looked_at, line, character, limit, hop)
    offset = looked_at.offset(line, character)
    assert text[:offset].endswith(window)
    assert len(window) <= limit
    if offset <= limit:
        assert window == text[:offset]
    else:
        assert len(window) >= (limit - hop) / 2


@given(st.text("ab \n", min_size=200, max_size=300), st.integers(10, 60), st.data())
def test_while_typing_the_window_begins_elsewhere_only_at_hops(text: str, limit: int, data: st.DataObject) -> None:
    hop = data.draw(st.integers(1, limit - 1))
    typed = document("")
    starts = []
    for count, character in enumerate(text, 1):
        typed.apply(((9999, 0), (9999, 0)), character)
        starts.append(count - len(context_window(typed, 9999, 0, limit, hop)))
    assert starts == sorted(starts)
    for count, (start, following) in enumerate(pairwise(starts), 1):
        # One character more makes a hop where the surplus goes from a multiple of `hop` to the next number.
        assert start == following or (count >= limit and (count - limit) % hop == 0)


def test_a_window_begins_with_a_word() -> None:
    text = document("some words that go on for quite a while " * 20)
    window = context_window(text, 0, 9999, 200, 50)
    assert window[0] != " "
    assert text.text[len(text.text) - len(window) - 1] == " "


@pytest.mark.parametrize("unit", ["word ", "x", "語", "😀 "])
def test_a_megabyte_on_one_line_is_fast(unit: str) -> None:
    text = document(unit * (1_000_000 // len(unit)))
    begun = time.perf_counter()
    assert 1000 < len(context_window(text, 0, 2_000_000, 4000, 1000)) <= 4000
    assert time.perf_counter() - begun < 0.1


@pytest.mark.parametrize("hop", [0, 10, 11])
def test_a_hop_as_long_as_the_window_is_refused(hop: int) -> None:
    with pytest.raises(ValueError, match="hop"):
        context_window(document("a"), 0, 1, 10, hop)

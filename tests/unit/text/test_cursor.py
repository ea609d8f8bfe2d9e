"""The window of text before the cursor."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.cursor import context_window
from foreword.text.document import Document


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

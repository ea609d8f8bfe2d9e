"""The window of text before the cursor: its bounds, where it begins, and what is known of its next hop."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foreword.text.cursor import context_window, upcoming_window
from foreword.text.document import Document

Window = Callable[[Document, int, int, int, int], str | None]

END = (10**9, 0)


def document(text: str) -> Document:
    return Document("file:///a.md", "markdown", 1, text, "utf-16")


def window(text: str, limit: int, hop: int) -> str:
    return context_window(document(text), *END, limit, hop)


def upcoming(text: str, limit: int, hop: int) -> str | None:
    return upcoming_window(document(text), *END, limit, hop)


@st.composite
def limits(draw: st.DrawFn, least: int = 2, most: int = 60) -> tuple[int, int]:
    limit = draw(st.integers(least, most))
    return limit, draw(st.integers(1, limit - 1))


@given(st.text("ab \n\ré😀", max_size=300), st.integers(0, 5), st.integers(0, 300), limits())
def test_the_window_is_a_bounded_suffix(text: str, line: int, character: int, bounds: tuple[int, int]) -> None:
    limit, hop = bounds
    looked_at = document(text)
    found = context_window(looked_at, line, character, limit, hop)
    offset = looked_at.offset(line, character)
    assert text[:offset].endswith(found)
    assert len(found) <= limit
    if offset <= limit:
        assert found == text[:offset]
    else:
        assert len(found) >= (limit - hop) / 2


@given(st.text("ab \n", min_size=200, max_size=300), limits(10))
def test_while_typing_the_window_begins_elsewhere_only_at_hops(text: str, bounds: tuple[int, int]) -> None:
    limit, hop = bounds
    typed = document("")
    starts = []
    for count, character in enumerate(text, 1):
        typed.apply((END, END), character)
        starts.append(count - len(context_window(typed, *END, limit, hop)))
    assert starts == sorted(starts)
    for count, (start, following) in enumerate(pairwise(starts), 1):
        # One character more makes a hop where the surplus goes from a multiple of `hop` to the next number.
        assert start == following or (count >= limit and (count - limit) % hop == 0)


def best_beginning(text: str, multiple: int, limit: int, hop: int) -> int:
    """The same by looking at the whole text: a paragraph, else a line, else a word, else the multiple itself."""
    stretch = range(multiple, multiple + min(hop, (limit - hop) // 2))
    known = text[: stretch.stop]
    lines = [match.end() for match in re.finditer(r"\r\n|[\r\n]", text)]
    starts = [0, *lines]
    paragraphs = [
        start
        for before, start in pairwise(starts)
        if text[before:start].isspace() and re.split(r"[\r\n]", known[start:])[0].strip()
    ]
    words = [at for at in range(1, len(known)) if known[at - 1].isspace() and not known[at].isspace()]
    for beginnings in (paragraphs, lines, words):
        if found := [at for at in beginnings if at in stretch]:
            return found[0]
    return multiple


@given(st.text("a \n\r", max_size=120), st.text("ab \n\r", min_size=61, max_size=120), limits())
@example("a" * 30 + "\n\n" + "b" * 30, "b" * 40, (40, 20))
@example("a b\n" * 20, "\r\n \r\n a", (20, 5))
@example("a " * 30, " ", (20, 5))
def test_the_window_begins_with_a_paragraph_else_a_line_else_a_word(a: str, b: str, bounds: tuple[int, int]) -> None:
    limit, hop = bounds
    text = a + b
    surplus = len(text) - limit
    multiple = -(-surplus // hop) * hop
    assert window(text, limit, hop) == text[best_beginning(text, multiple, limit, hop) :]


LINE = st.text("ab ", min_size=1, max_size=30).filter(str.strip)
PROSE = st.lists(st.sampled_from(["\n", "\n\n", "\n\n", "\n \n"]) | LINE, min_size=10, max_size=60).map("".join)


@given(PROSE, st.text("ab \n", max_size=200), st.integers(1, 6), st.data())
def test_an_edit_far_above_leaves_the_window_the_same(above: str, below: str, count: int, data: st.DataObject) -> None:
    """Unless a paragraph comes to lie on the other side of a multiple, or the longer text makes the window hop."""
    hop = data.draw(st.integers(count + 1, 60))
    limit = data.draw(st.integers(hop + 2 * (count + 1), 200))
    stretch = min(hop, (limit - hop) // 2)
    # The insertion moves the multiple back in the text by `count`: what it goes past is the inside of a paragraph, and
    # the next paragraph is not so far off that it gets out of reach.
    multiple = hop * data.draw(st.integers((len(above) + count) // hop + 2, (len(above) + count) // hop + 4))
    paragraph = multiple + data.draw(st.integers(0, stretch - count - 1))
    length = multiple + limit - data.draw(st.integers(count, hop - 1))
    text = above + "x" * (paragraph - len(above) - 2) + "\n\n" + "y" + below
    text = text.ljust(length, "z")[:length]
    place = data.draw(st.integers(0, len(above)))
    edited = text[:place] + "a" * count + text[place:]
    assert window(edited, limit, hop) == window(text, limit, hop) == text[paragraph:]


def test_a_word_more_above_leaves_nearly_every_window_the_same() -> None:
    paragraph = "some words that go on for quite a while " * 15
    text = f"{paragraph}\n\n" * 40
    same = 0
    for end in range(20_000, 22_000, 20):
        before, after = window(text[:end], 4000, 1000), window("word " + text[:end], 4000, 1000)
        same += before == after
    assert same >= 97  # of 100; one hops at another key, one in 120 begins a paragraph later


@given(st.text("ab \n", min_size=150, max_size=300) | PROSE, limits(4))
def test_where_the_window_hops_to_was_known_before(text: str, bounds: tuple[int, int]) -> None:
    limit, hop = bounds
    typed = document("")
    foreseen: str | None = None
    start = 0
    for count, character in enumerate(text, 1):
        typed.apply((END, END), character)
        found = context_window(typed, *END, limit, hop)
        if count - len(found) != start:
            assert foreseen is not None
            assert found == foreseen + character
            start = count - len(found)
        foreseen = upcoming_window(typed, *END, limit, hop)
        if foreseen is not None:
            assert found.endswith(foreseen)
            assert len(foreseen) < len(found)
            left = -(count - limit) % hop if count > limit else limit - count
            assert 4 * left < hop


def test_the_next_hop_is_known_in_the_last_quarter_before_it() -> None:
    text = "some words that go on for quite a while\n\n" * 200
    assert upcoming(text[:3750], 4000, 1000) is None
    first = upcoming(text[:3751], 4000, 1000)
    assert first is not None
    assert window(text[:4001], 4000, 1000) == first + text[3751:4001]
    assert upcoming(text[:4001], 4000, 1000) is None
    assert upcoming(text[:4750], 4000, 1000) is None
    assert upcoming(text[:4751], 4000, 1000) is not None


def test_what_comes_behind_the_cursor_does_not_matter() -> None:
    before = "some words\n\nthat go on " * 30
    for function in (context_window, upcoming_window):
        found = [function(document(before + rest), 30, 3, 100, 40) for rest in ("", "more", "\n\nmore\n")]
        assert found == [function(document(before), 30, 3, 100, 40)] * 3


def test_a_window_begins_with_a_word() -> None:
    text = "some words that go on for quite a while " * 20
    found = window(text, 200, 50)
    assert found[0] != " "
    assert text[len(text) - len(found) - 1] == " "


@pytest.mark.parametrize("function", [context_window, upcoming_window])
@pytest.mark.parametrize("unit", ["word ", "x", "語", "😀 ", "\n", "\r\n", "word\n\n", " "])
def test_a_megabyte_is_fast(unit: str, function: Window) -> None:
    text = document(unit * (1_000_000 // len(unit)))
    end = len(text.text) - (len(text.text) - 4000) % 1000
    line, character = text.position(end)
    begun = time.thread_time()
    found = function(text, line, character, 4000, 1000)
    assert time.thread_time() - begun < 0.5  # of the processor; a copy for each line would take minutes
    assert found is not None
    assert 1000 < len(found) <= 4000


@pytest.mark.parametrize("function", [context_window, upcoming_window])
@pytest.mark.parametrize("hop", [0, 10, 11])
def test_a_hop_as_long_as_the_window_is_refused(hop: int, function: Window) -> None:
    with pytest.raises(ValueError, match="hop"):
        function(document("a"), 0, 1, 10, hop)

"""Documents under edits: the same text as the client's, in each encoding, whatever the edits were."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.document import Document, Range
from foreword.text.encoding import Encoding
from foreword.text.lines import BLOCK, Lines, split_lines

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
# Line endings, what str.splitlines wrongly takes for them, characters of 1 to 4 bytes, a combining mark, NUL.
ALPHABET = "ab \r\n\x0b\x0c\x1c\x85\u2028\u2029\0é\u0301語😀👩\u200d"
# Few different characters, so that the rare meetings of two of them are found; or all of them.
texts = st.text("a\r\n😀", max_size=8) | st.text("aé😀\n", max_size=8) | st.text(ALPHABET, max_size=30)
encodings = st.sampled_from(ENCODINGS)
numbers = st.integers(0, 3) | st.integers(-1, 12)
ranges = st.none() | st.tuples(st.tuples(numbers, numbers), st.tuples(numbers, numbers))


def document(text: str, encoding: Encoding = "utf-16") -> Document:
    return Document("file:///a.md", "markdown", 1, text, encoding)


def units(character: str, encoding: Encoding) -> int:
    return (
        len(character.encode(encoding + ("" if encoding == "utf-8" else "-le"), "surrogatepass"))
        // {
            "utf-8": 1,
            "utf-16": 2,
            "utf-32": 4,
        }[encoding]
    )


def naive_offset(text: str, line: int, character: int, encoding: Encoding) -> int:
    """Count through the whole text, character after character."""
    if line < 0:
        return 0
    start = 0
    for _ in range(line):
        match = re.compile(r"[^\r\n]*(\r\n|\r|\n)").match(text, start)
        if not match:
            return len(text)
        start = match.end()
    while start < len(text) and text[start] not in "\r\n" and character >= units(text[start], encoding):
        character -= units(text[start], encoding)
        start += 1
    return start


def naive_edit(text: str, change: Range | None, new: str, encoding: Encoding) -> str:
    if change is None:
        return new
    start, end = sorted(naive_offset(text, *position, encoding) for position in change)
    return text[:start] + new + text[end:]


@given(texts, st.lists(st.tuples(ranges, texts), max_size=12), encodings)
def test_any_edit_script_gives_the_clients_text(text: str, script: list, encoding: Encoding) -> None:
    edited = document(text, encoding)
    for change, new in script:
        edited.apply(change, new)
        text = naive_edit(text, change, new, encoding)
        assert edited.text == text
        lines = [edited.line(i) for i in range(edited.line_count)]
        assert lines == split_lines(text)


@given(texts, encodings, numbers, numbers)
def test_look_ups_agree_with_counting(text: str, encoding: Encoding, line: int, character: int) -> None:
    looked_up = document(text, encoding)
    offset = naive_offset(text, line, character, encoding)
    assert looked_up.offset(line, character) == offset
    assert looked_up.before(line, character, 5) == text[max(offset - 5, 0) : offset]
    assert looked_up.before(line, character, 1000) == text[:offset]


@given(texts, encodings)
def test_offsets_and_positions_are_inverses(text: str, encoding: Encoding) -> None:
    looked_up = document(text, encoding)
    for offset in range(len(text) + 1):
        line, character = looked_up.position(offset)
        inside_ending = text[max(offset - 1, 0) : offset + 1] == "\r\n"
        assert looked_up.offset(line, character) == offset - inside_ending
        column = looked_up.column(line, character)
        assert looked_up.character(line, column) == character


@given(texts)
def test_only_three_things_end_a_line(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(re.fullmatch(r"[^\r\n]*(\r\n|\r|\n)", line) for line in lines[:-1])
    assert not set("\r\n") & set(lines[-1])
    assert "\r\n" not in [a[-1:] + b[:1] for a, b in pairwise(lines)]


@given(
    st.integers(1, 4 * BLOCK),
    st.lists(st.tuples(st.integers(0, 4 * BLOCK), st.integers(0, 3 * BLOCK), st.integers(0, 3 * BLOCK)), max_size=6),
)
def test_offsets_hold_across_blocks(count: int, splices: list[tuple[int, int, int]]) -> None:
    expected = ["x" * (i % 5) + "\n" for i in range(count)]
    lines = Lines(list(expected))
    for first, removed, added in splices:
        first = min(first, len(expected) - 1)
        last = min(first + removed, len(expected))
        new = ["y" * (i % 7) + "\n" for i in range(added)]
        if len(expected) - (last - first) + added == 0:
            continue
        if first == last:
            new.append(expected[first])
            last += 1
        expected[first:last] = new
        lines.splice(first, last, new)
    assert lines.text() == "".join(expected)
    offset = 0
    for i, line in enumerate(expected):
        if i % 37 == 0 or i == len(expected) - 1:
            assert lines.start(i) == offset
            assert lines.find(offset) == (i, 0)
        offset += len(line)
    assert lines.find(offset + 9) == (len(expected) - 1, len(expected[-1]))


@pytest.mark.parametrize(
    ("before", "change", "new", "after"),
    [
        ("a\r\nb", ((0, 1), (1, 0)), "\r", ["a\r", "b"]),
        ("a\rb", ((1, 0), (1, 0)), "\n", ["a\r\n", "b"]),
        ("a\rx\nb", ((1, 0), (1, 1)), "", ["a\r\n", "b"]),
        ("a\nb", ((0, 1), (0, 1)), "\r", ["a\r\n", "b"]),
        ("a\r\rb", ((1, 0), (1, 0)), "\nc\r", ["a\r\n", "c\r", "\r", "b"]),
        ("a\r", ((1, 0), (1, 0)), "\n", ["a\r\n", ""]),
    ],
)
def test_edits_that_join_or_split_a_line_ending(before: str, change: Range, new: str, after: list[str]) -> None:
    edited = document(before)
    edited.apply(change, new)
    assert [edited.line(i) for i in range(edited.line_count)] == after


@pytest.mark.parametrize(("encoding", "inside", "behind"), [("utf-8", (2, 3, 4), 5), ("utf-16", (2,), 3)])
def test_a_position_inside_a_character_is_rounded_down(
    encoding: Encoding, inside: tuple[int, ...], behind: int
) -> None:
    text = document("a😀b", encoding)
    assert [text.column(0, unit) for unit in inside] == [1] * len(inside)
    assert text.column(0, behind) == 2


def test_positions_outside_the_document_are_clamped() -> None:
    text = document("ab\r\ncd")
    assert text.column(0, 99) == 2
    assert text.offset(0, 99) == 2
    assert text.offset(1, 99) == text.offset(99, 0) == 6
    assert text.offset(-1, 5) == text.offset(0, -5) == 0
    assert text.position(99) == (1, 2)
    assert text.position(-1) == (0, 0)
    assert text.character(99, 0) == 2
    assert text.character(-1, 5) == 0
    assert text.line(-1) == text.line(2) == ""


def test_a_range_may_be_given_backwards() -> None:
    text = document("abcd")
    text.apply(((0, 3), (0, 1)), "-")
    assert text.text == "a-d"


def test_an_empty_document() -> None:
    text = document("")
    assert (text.line_count, text.text, text.position(0), text.offset(0, 0)) == (1, "", (0, 0), 0)
    assert text.before(0, 0, 10) == ""
    text.apply(((0, 0), (0, 0)), "a")
    assert text.text == "a"


def test_nothing_is_asked_for() -> None:
    assert document("ab\ncd").before(1, 1, 0) == ""


@pytest.mark.parametrize(("encoding", "units_of_one"), [("utf-8", 3), ("utf-16", 1), ("utf-32", 1)])
def test_lone_surrogates_stay_as_they_are(encoding: Encoding, units_of_one: int) -> None:
    text = document("a\udc00\ud83db", encoding)
    assert text.character(0, 2) == 1 + units_of_one
    assert text.column(0, 1 + 2 * units_of_one) == 3
    text.apply(((0, 0), (0, 1)), "")
    assert text.text == "\udc00\ud83db"


@given(
    st.text("a\ud83d\ude00😀\n", max_size=8),
    st.lists(st.tuples(ranges, st.text("a\ud83d\ude00😀\n", max_size=4)), max_size=6),
    encodings,
)
def test_surrogates_that_meet_are_one_character(text: str, script: list, encoding: Encoding) -> None:
    edited = document(text, encoding)
    text = paired(text)
    for change, new in script:
        edited.apply(change, new)
        text = paired(naive_edit(text, change, new, encoding))
        assert edited.text == text


def paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def test_the_halves_of_a_pair_sent_in_two_edits_become_one_character() -> None:
    text = document("ab")
    text.apply(((0, 1), (0, 1)), "\ud83d")
    text.apply(((0, 2), (0, 2)), "\ude00")
    assert text.text == "a😀b"
    assert text.position(2) == (0, 3)


@pytest.mark.parametrize("line", ["x" * 49 + "\n", "é" + "😀" * 9 + "x" * 39 + "\r\n"])
def test_a_large_document_costs_no_more_than_the_lines_concerned(line: str) -> None:
    large = document(line * 20_000)

    def best(action: Callable[[int], object]) -> float:
        times = []
        for i in range(40):
            begun = time.thread_time()
            action(i)
            times.append(time.thread_time() - begun)
        return min(times)

    def break_line(i: int) -> None:
        position = ((i % 2) * 19_000, 3)
        large.apply((position, position), "\n")

    # Typing, breaking lines at both ends in turn, and looking up just after; seconds of the processor.
    assert best(lambda i: large.apply(((10_000, i), (10_000, i)), "a")) < 0.3e-3
    assert best(break_line) < 0.3e-3
    assert best(lambda _: large.offset(19_900, 10)) < 0.3e-3
    assert best(lambda _: large.position(1_000_000)) < 0.3e-3
    assert best(lambda _: large.before(19_900, 10, 2000)) < 0.3e-3


def test_a_megabyte_on_one_line() -> None:
    text = document("word " * 200_000)
    text.apply(((0, 500_000), (0, 500_000)), "x\ny")
    assert text.line_count == 2
    assert len(text.line(0)) == 500_002
    assert text.before(1, 1, 3) == "x\ny"


def test_typing_far_into_a_megabyte_of_emoji_is_fast() -> None:
    text = document("語 😀 " * 250_000)
    begun = time.thread_time()
    for i in range(10):
        text.apply(((0, 500_000 + i), (0, 500_000 + i)), "a")
    assert time.thread_time() - begun < 1

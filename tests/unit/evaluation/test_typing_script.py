"""Whatever a text is, the keys of its script write it: each where the cursor is then, now and then in the middle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.cli.bench_typing_text import TEXT
from foreword_models.evaluation.typing_script import EVERY, KINDS, LEFT_OUT, Key, gaps, script

TEXTS = st.one_of(
    st.text(max_size=200),
    st.text("ab' -.,\n\t", max_size=300),
    st.lists(st.text("aé日😀", min_size=1, max_size=4), max_size=120).map(" ".join),
)


def written(keys: list[Key]) -> str:
    """Press the keys, the plain way."""
    text = ""
    for key in keys:
        assert 0 <= key.offset <= len(text)
        text = text[: key.offset] + key.written + text[key.offset :]
    return text


@given(TEXTS, st.integers(0, 5), st.integers(1, 12), st.integers(1, 4))
def test_the_keys_write_the_text(text: str, seed: int, every: int, left_out: int) -> None:
    keys = script(text, seed=seed, every=every, left_out=left_out)
    assert written(keys) == text
    assert len(keys) == len(text)
    assert {key.kind for key in keys} <= set(KINDS)
    assert keys == script(text, seed=seed, every=every, left_out=left_out)


@given(TEXTS, st.integers(0, 5), st.integers(1, 12), st.integers(1, 4))
def test_the_kinds_say_where_the_cursor_is(text: str, seed: int, every: int, left_out: int) -> None:
    """At the end unless it is an edit; of the edits only the first key after the jump to the end is there."""
    edited = False
    for length, key in enumerate(script(text, seed=seed, every=every, left_out=left_out)):
        at_end = key.offset == length
        if key.kind == "edit_mid_document":
            assert not at_end or edited
            edited = not at_end
        else:
            assert at_end
            assert not edited


def test_the_writer_goes_back_for_whole_words() -> None:
    text = " ".join(f"w{number}" for number in range(10)) + "\n"
    keys = script(text, seed=1, every=5, left_out=2)
    # Jumps: before the sixth word, and behind the last.
    runs, run = [], ""
    for key in keys:
        if key.kind == "edit_mid_document":
            run += key.written
        elif run:
            runs.append(run)
            run = ""
    runs.append(run)
    first, second = (run.split() for run in runs)
    assert [int(word[1:]) for word in first[:2]] == [int(first[0][1:]), int(first[0][1:]) + 1]
    assert len(second) == 2  # nothing is typed behind it
    assert written(keys) == text


def test_kinds_of_keys() -> None:
    text = "Don't go, 12 o'clock.\n\n- well-known"
    kinds = {"i": "in_word", "b": "word_boundary"}
    expected = "iiiiibiibbiibiiiiiiibbbbbiiiiiiiiii"
    assert [key.kind for key in script(text)] == [kinds[letter] for letter in expected]


def test_the_own_text_has_keys_of_every_kind() -> None:
    keys = script(TEXT)
    assert written(keys) == TEXT
    numbers = {kind: sum(key.kind == kind for key in keys) for kind in KINDS}
    assert min(numbers.values()) >= 50
    assert len(TEXT.split()) // EVERY * LEFT_OUT * 3 <= numbers["edit_mid_document"]


def test_no_text_no_keys() -> None:
    assert script("") == []
    assert [key.kind for key in script(" \n")] == ["word_boundary"] * 2


@given(st.integers(0, 50), st.integers(0, 300), st.integers(0, 300), st.integers(0, 9))
def test_gaps_are_in_range(count: int, low: int, more: int, seed: int) -> None:
    drawn = gaps(count, (low, low + more), seed=seed)
    assert len(drawn) == count
    assert all(low / 1000 <= gap <= (low + more) / 1000 + 1e-9 for gap in drawn)
    assert drawn == gaps(count, (low, low + more), seed=seed)


def test_gaps_spread_over_the_range() -> None:
    drawn = gaps(2000, (60, 250))
    assert sum(drawn) / 2000 == pytest.approx(0.155, abs=0.005)
    assert min(drawn) < 0.063
    assert max(drawn) > 0.247

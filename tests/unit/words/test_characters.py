"""Where words begin and end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words.characters import JOINERS, LOOK_BACK, is_word_character, partial_word, word_end, word_spans


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
    assert partial_word(before) == partial


@given(st.text("ab1'’-_ .中ก\u0301\u200d😀\ufe0f\n", max_size=40) | st.text(max_size=40))
def test_nothing_is_lost_and_a_word_begins_with_a_letter_or_digit(before: str) -> None:
    partial = partial_word(before)
    assert before.endswith(partial)
    assert not partial or partial[0].isalnum() or partial[0].isnumeric()
    assert not any(character.isspace() or character == "_" for character in partial)


def test_a_word_without_end_is_cut() -> None:
    begun = time.thread_time()
    assert len(partial_word("a-" * 500_000)) <= LOOK_BACK
    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("word", "word"),
        ("two words", "two"),
        ("don't know", "don't"),
        ("don’t", "don’t"),
        ("dog's, ", "dog's"),
        ("dogs' ", "dogs"),
        ("well-known", "well-known"),
        ("well-", "well-"),
        ("well- ", "well"),
        ("well--known", "well"),
        ("-dash", ""),
        ("'tis", ""),
        (" space", ""),
        ("3.14", "3"),
        ("a_b", "a"),
        ("école.", "école"),
        ("中文", "中"),
        ("\u0301a", ""),
        ("😀", ""),
    ],
)
def test_where_the_word_ends(text: str, word: str) -> None:
    assert text[: word_end(text)] == word


@given(st.text("ab1'’-_ .中😀", max_size=20), st.text("ab1'’-_ .中😀", max_size=20))
def test_more_text_never_shortens_a_word_but_by_its_trailing_joiners(text: str, more: str) -> None:
    alone = text[: word_end(text)]
    together = (text + more)[: word_end(text + more)]
    assert together.startswith(alone.rstrip("".join(JOINERS)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(well-known), he said: don't--no, 3 times", ["well-known", "he", "said", "don't", "no", "3", "times"]),
        ("Élise’s café", ["Élise’s", "café"]),
        ("'quoted' and 'so'", ["quoted", "and", "so"]),
        ("see https://example.org/a_b", ["see", "https", "example", "org", "a", "b"]),
        ("日本", ["日", "本"]),
        ("😀 \x00 …", []),
    ],
)
def test_words_of_a_text(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == found


@given(st.text(max_size=40))
def test_every_letter_is_in_a_word(text: str) -> None:
    letters = [character for character in text if character.isalnum() and is_word_character(character)]
    assert [
        character for start, end in word_spans(text) for character in text[start:end] if character.isalnum()
    ] == letters

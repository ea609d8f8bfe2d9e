"""A phrase ends where it would repeat what follows the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words.echo import without_echo


@pytest.mark.parametrize(
    ("phrase", "following", "left"),
    [
        ("go home now", "", "go home now"),
        ("go home now", "\n", "go home now"),
        (" and thank you for your help", " for everything.", " and thank you"),
        (" thank you", " Thank you", ""),
        ("very much.", " .", "very much."),
        ("very much.", " much", "very"),
        ("tomorrow", "tomorrow", ""),
        ("ule a meeting", "d", ""),
        ("now", ", then", "now"),
    ],
)
def test_without_echo(phrase: str, following: str, left: str) -> None:
    assert without_echo(phrase, following) == left


@given(st.text("ab .,'", max_size=12), st.text("ab .,'\n", max_size=12))
def test_what_is_left_begins_the_phrase(phrase: str, following: str) -> None:
    left = without_echo(phrase, following)
    assert phrase.startswith(left)
    assert without_echo(left, following) == left

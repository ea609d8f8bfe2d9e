"""The most that one word's beginnings weigh is never underestimated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words.paths import TokenPaths, _is_loose

SPELLED = st.lists(st.text("ab-' .", min_size=1, max_size=4).map(str.encode), min_size=1, max_size=30)


@given(spelled=SPELLED, words=st.lists(st.text("ab", min_size=1, max_size=6), max_size=8), data=st.data())
def test_no_word_has_more(spelled: list[bytes], words: list[str], data: st.DataObject) -> None:
    spelled.sort()
    size = len(spelled)
    weights = np.array(data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    heaviest = TokenPaths(spelled).heaviest(np.arange(size), weights)
    for word in words:
        begins = [weight for token, weight in zip(spelled, weights, strict=True) if word.encode().startswith(token)]
        assert sum(begins) <= heaviest + 1e-9


def test_what_does_not_begin_the_same_word_is_not_added_up() -> None:
    paths = TokenPaths([b"", b" t", b" th", b" the", b" to"])
    assert paths.heaviest(np.arange(5), np.array([0.5, 0.1, 0.2, 0.3, 0.25])) == pytest.approx(0.6)
    assert paths.heaviest(np.array([2, 4]), np.array([0.2, 0.25])) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("token", "loose"),
    [
        (b" the", False),
        (b"don't", False),
        (b"don'", True),
        (b"end.", True),
        (b"a_b", True),
        (b"a'.", True),
        (b". ", False),
        ("é".encode(), False),
        ("你好".encode(), True),
    ],
)
def test_tokens_that_count_to_words_they_do_not_begin(token: bytes, loose: bool) -> None:
    assert _is_loose(token) is loose

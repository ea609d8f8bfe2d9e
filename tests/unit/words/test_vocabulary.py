"""The flat trie: prefixes, ranges, and which tokens go on with a word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.words.vocabulary import Vocabulary

TOKENS = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


@given(tokens=TOKENS, prefix=st.binary(min_size=1, max_size=3))
def test_a_range_holds_the_tokens_that_begin_with_a_prefix(tokens: list[bytes], prefix: bytes) -> None:
    vocabulary = Vocabulary(tokens)
    inside = vocabulary.below(prefix)
    expected = sorted(index for index, token in enumerate(tokens) if token.startswith(prefix))
    assert sorted(vocabulary.order[inside].tolist()) == expected


@given(tokens=TOKENS, text=st.binary(max_size=6))
def test_prefixes_of_a_text(tokens: list[bytes], text: bytes) -> None:
    vocabulary = Vocabulary(tokens)
    expected = sorted(index for index, token in enumerate(tokens) if token and text.startswith(token))
    assert sorted(vocabulary.order[vocabulary.prefixes(text)].tolist()) == expected
    shorter = [index for index in expected if len(tokens[index]) < len(text)]
    assert sorted(vocabulary.order[vocabulary.inside(text)].tolist()) == shorter


def test_order_and_spelling_go_together() -> None:
    vocabulary = Vocabulary([b"b", b"", b"a", b"ab"])
    assert vocabulary.spelled == [b"", b"a", b"ab", b"b"]
    np.testing.assert_array_equal(vocabulary.order, [1, 2, 3, 0])


@pytest.mark.parametrize(
    ("token", "continues"),
    [
        (b"", False),
        (b"ing", True),
        (b" the", False),
        (b".", False),
        (b"\n", False),
        (b"'t", True),
        (b"'", True),
        (b"''", False),
        (b"-", True),
        (b"--", False),
        (b"7", True),
        ("é".encode(), True),
        ("’s".encode(), True),
        (b"\xa9", True),
        (b"\xc3", True),
        (b"\xe2\x80", False),
        (b"\xf0\x9f", False),
        (b"_", False),
    ],
)
def test_what_goes_on_with_a_word(token: bytes, continues: bool) -> None:
    assert Vocabulary([token]).continues.tolist() == [continues]

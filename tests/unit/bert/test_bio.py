"""The best sequence of tags, and how probable a span is, against all sequences that obey the rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.bert.bio import best_spans, span_probabilities, spans_of_tags, tags_of_spans

TYPES = 2
TAGS = 1 + 2 * TYPES


def obeys(tags: tuple[int, ...]) -> bool:
    before = (0, *tags)[: len(tags)]
    return all(tag == 0 or tag % 2 == 1 or last in (tag - 1, tag) for last, tag in zip(before, tags, strict=True))


scores = st.integers(1, 4).flatmap(
    lambda words: st.lists(st.floats(-6, 0), min_size=words * TAGS, max_size=words * TAGS).map(
        lambda values: np.array(values).reshape(words, TAGS)
    )
)


@given(scores)
def test_both_agree_with_counting_every_sequence(scores: np.ndarray) -> None:
    words = len(scores)
    paths = [tags for tags in itertools.product(range(TAGS), repeat=words) if obeys(tags)]
    weights = np.exp([scores[np.arange(words), list(tags)].sum() for tags in paths])
    best = tags_of_spans(best_spans(scores), words)
    assert weights[paths.index(tuple(best))] == pytest.approx(weights.max())
    spans = sorted({span for tags in paths for span in spans_of_tags(tags)})
    for span, probability in zip(spans, span_probabilities(scores, spans), strict=True):
        holds = [span in spans_of_tags(tags) for tags in paths]
        assert probability == pytest.approx(weights[holds].sum() / weights.sum(), abs=1e-9)


@given(st.lists(st.integers(0, TAGS - 1), max_size=6).filter(lambda tags: obeys(tuple(tags))))
def test_tags_and_spans_say_the_same(tags: list[int]) -> None:
    assert tags_of_spans(spans_of_tags(tags), len(tags)) == tags


def test_no_words_have_no_entities() -> None:
    assert best_spans(np.zeros((0, TAGS))) == []
    assert span_probabilities(np.zeros((3, TAGS)), []) == []

"""Percentiles by nearest rank, one row for each kind of key and one for all, ratios and targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.evaluation.typing_report import (
    ALL,
    RATIO_TARGETS,
    TARGETS,
    Press,
    counts,
    milliseconds,
    percentile,
    ratios,
    verdicts,
)
from foreword_models.evaluation.typing_script import KINDS

TIMES = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)
PRESSES = [
    Press("in_word", 1.0),
    Press("in_word", 3.0, late=True),
    Press("in_word", 2.0, words=False),
    Press("word_boundary", 40.0),
]


@given(TIMES, st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found is not None
    assert found in values
    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


@given(TIMES, st.sampled_from([25, 50, 75]))
def test_it_is_the_one_of_numpy(values: list[float], percent: int) -> None:
    assert percentile(values, percent) == np.percentile(values, percent, method="inverted_cdf")


def test_of_nothing_there_is_none() -> None:
    assert percentile([], 50) is None


def test_rows() -> None:
    figures = milliseconds(PRESSES)
    assert list(figures) == [*KINDS, ALL]
    assert figures["in_word"] == {"p50": 2.0, "p95": 3.0, "p99": 3.0}
    assert figures["word_boundary"]["p50"] == 40.0
    assert figures["edit_mid_document"] == {"p50": None, "p95": None, "p99": None}
    assert figures[ALL] == {"p50": 2.0, "p95": 40.0, "p99": 40.0}
    assert counts(PRESSES)["in_word"] == {"keystrokes": 3, "late": 1, "without_words": 1}
    assert counts(PRESSES)[ALL] == {"keystrokes": 4, "late": 1, "without_words": 1}


def test_ratios() -> None:
    ours = milliseconds(PRESSES)
    theirs = milliseconds([Press(press.kind, 10 * press.milliseconds) for press in PRESSES])
    shares = ratios(ours, theirs)
    assert shares[ALL]["p50"] == pytest.approx(0.1)
    assert shares["edit_mid_document"]["p95"] is None
    assert ratios(ours, milliseconds([Press("in_word", 0.0)]))["in_word"]["p50"] is None


def test_targets() -> None:
    found = verdicts(milliseconds(PRESSES), TARGETS)
    assert found["in_word"]["p50"] == {"target": 2.0, "met": True}
    assert found["word_boundary"]["p50"] == {"target": 15.0, "met": False}
    assert verdicts(milliseconds([]), TARGETS) == {"in_word": {}, "word_boundary": {}}
    assert set(RATIO_TARGETS["llama.cpp"]) == {"p50", "p95"}

"""Intervals of a ratio of sums."""

from __future__ import annotations

import numpy as np
import pytest

from foreword_models.evaluation.bootstrap import interval


def test_the_interval_holds_the_ratio_and_is_the_same_every_time() -> None:
    random = np.random.default_rng(1)
    below = random.integers(10, 60, 200).tolist()
    above = [float(random.uniform(0.2, 0.6)) * one for one in below]
    low, high = interval(above, below)
    assert low < sum(above) / sum(below) < high
    assert (low, high) == interval(above, below)
    assert (low, high) != interval(above, below, seed=1)


def test_it_is_as_wide_as_theory_says() -> None:
    random = np.random.default_rng(2)
    hits = random.random(400) < 0.3
    low, high = interval(hits.tolist(), [1] * 400)
    assert high - low == pytest.approx(2 * 1.96 * (0.3 * 0.7 / 400) ** 0.5, rel=0.15)


def test_few_texts() -> None:
    assert interval([], []) == (0, 0)
    assert interval([0], [0]) == (0, 0)
    assert interval([3], [4]) == (0.75, 0.75)
    assert interval([0, 3], [0, 4]) == (0.75, 0.75)


def test_many_texts_are_resampled_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    above, below = list(range(30)), [40] * 30
    whole = interval(above, below)
    monkeypatch.setattr("foreword_models.evaluation.bootstrap._BLOCK", 100)
    assert interval(above, below) == pytest.approx(whole, abs=0.02)

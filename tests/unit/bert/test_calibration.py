from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.bert.calibration import (
    choose_threshold,
    expected_calibration_error,
    fit_temperature,
    softmax,
    wilson_lower_bound,
)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (4_000, 3))
    chosen = softmax(logits / temperature).cumsum(1)
    targets = (random.random((4_000, 1)) > chosen).sum(1)
    assert fit_temperature(logits, targets) == pytest.approx(temperature, rel=0.15)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.3, 0.5, 0.6, 0.7, 0.8, 0.9]), st.booleans()), max_size=60),
    st.sampled_from([0.5, 0.75, 0.9]),
)
def test_the_threshold_is_the_least_that_keeps_the_precision(pairs: list[tuple[float, bool]], precision: float) -> None:
    probabilities = np.array([p for p, _ in pairs])
    correct = np.array([c for _, c in pairs], dtype=bool)

    def holds(threshold: float) -> bool:
        taken = correct[probabilities >= threshold]
        return len(taken) >= 5 and bool(taken.mean() >= precision)

    expected = next((float(t) for t in np.unique(probabilities) if holds(t)), None)
    assert choose_threshold(probabilities, correct, precision=precision, caution=0, support=5) == expected


def test_caution_asks_for_more_than_luck() -> None:
    probabilities = np.linspace(0.9, 0.5, 100)
    correct = np.arange(100) % 10 != 9  # nine of ten right
    assert choose_threshold(probabilities, correct, caution=0) == 0.5
    assert choose_threshold(probabilities, correct, caution=2) is None


def test_wilson_interval_against_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20 at 95 %.
    found = wilson_lower_bound(np.array([81, 0]), np.array([263, 20]), 1.959964)
    assert found == pytest.approx([0.2553, 0.0], abs=1e-4)


def test_calibration_error_by_hand() -> None:
    confidences = np.array([0.95, 0.95, 0.55, 0.55])
    correct = np.array([True, True, True, False])
    assert expected_calibration_error(confidences, correct, bins=10) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert expected_calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0

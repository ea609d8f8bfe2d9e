"""Calibration on held-out examples: what is known comes back, and rare labels stay near the others."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

from foreword_models.bert.calibration import softmax
from foreword_models.bert.training.calibrate import calibrate_sigmoid, calibrate_softmax, decisions, thresholds


def test_temperature_and_shifts_come_back() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 3))
    shifts = np.array([1.0, 0.0, -1.0])
    drawn = np.array([random.choice(3, p=row) for row in softmax(logits / 1.5 + shifts)])
    temperature, found = calibrate_softmax(logits, np.eye(3, dtype=bool)[drawn])
    assert temperature == pytest.approx(1.5, rel=0.1)
    assert found == pytest.approx(shifts, abs=0.15)


def test_weights_move_the_shifts() -> None:
    logits = np.zeros((100, 2))
    targets = np.eye(2, dtype=bool)[[0] * 50 + [1] * 50]
    _, found = calibrate_softmax(logits, targets, np.where(targets[:, 0], 1.0, 0.25))
    assert found[0] > found[1]


def test_each_label_has_its_own_scale() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 2))
    truth = logits * [1.0, 0.5] + [0.0, -1.0]
    targets = random.random(truth.shape) < 1 / (1 + np.exp(-truth))
    scales, shifts = calibrate_sigmoid(logits, targets)
    assert scales == pytest.approx([1, 0.5], rel=0.1)
    assert shifts == pytest.approx([0, -1], abs=0.1)


def test_a_label_that_is_never_sure_is_never_shown() -> None:
    random = np.random.default_rng(0)
    sure = np.concatenate([random.uniform(0.9, 1, 200), random.uniform(0.5, 0.6, 200)])
    probabilities = np.stack([sure, 1 - sure], 1)
    targets = np.stack([sure > 0.7, sure <= 0.7], 1)
    found = thresholds(("yes", "no"), probabilities, targets, exclusive=True, precision=0.9)
    assert found["yes"] is not None
    assert 0.5 < found["yes"] <= 0.9001
    assert found["no"] is None


def test_decisions_are_where_f1_is_best() -> None:
    random = np.random.default_rng(0)
    probabilities = random.random((2000, 2))
    targets = probabilities > [0.4, 0.2]
    found = decisions(("a", "b"), probabilities, targets)
    assert found == {"a": pytest.approx(0.4, abs=0.03), "b": pytest.approx(0.2, abs=0.03)}

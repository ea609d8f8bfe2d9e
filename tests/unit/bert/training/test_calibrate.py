"""Calibration on held-out examples: what is known comes back, and rare labels stay near the others."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

from foreword_models.bert.calibration import softmax
from foreword_models.bert.training.calibrate import balance, calibrate_sigmoid, calibrate_softmax, decisions, thresholds


def test_temperature_and_shifts_come_back() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 3))
    shifts = np.array([1.0, 0.0, -1.0])
    drawn = np.array([random.choice(3, p=row) for row in softmax(logits / 1.5 + shifts)])
    scales, found, _ = calibrate_softmax([logits], np.eye(3, dtype=bool)[drawn])
    assert 1 / scales[0] == pytest.approx(1.5, rel=0.1)
    assert found == pytest.approx(shifts, abs=0.15)


def test_of_two_systems_each_counts_as_far_as_it_helps() -> None:
    random = np.random.default_rng(0)
    helps, noise = random.normal(0, 2, (2, 20_000, 3))
    drawn = np.array([random.choice(3, p=row) for row in softmax(helps)])
    scales, *_ = calibrate_softmax([helps, noise], np.eye(3, dtype=bool)[drawn])
    assert scales[0] == pytest.approx(1, rel=0.1)
    assert scales[1] < 0.15


def test_each_label_has_its_own_scale() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (20_000, 2))
    truth = logits * [1.0, 0.5] + [0.0, -1.0]
    targets = random.random(truth.shape) < 1 / (1 + np.exp(-truth))
    scales, shifts = calibrate_sigmoid(logits, targets)
    assert scales == pytest.approx([1, 0.5], rel=0.1)
    assert shifts == pytest.approx([0, -1], abs=0.1)


def test_a_rare_label_is_decided_on_where_that_is_worth_it() -> None:
    random = np.random.default_rng(0)
    rare = random.random(2000) < 0.1
    own = np.where(rare, 0.35, 0.05) + random.uniform(0, 0.1, 2000)
    found = balance(("usual", "rare"), np.stack([1 - own, own], 1), np.stack([~rare, rare], 1))
    assert found["rare"] == 1
    assert found["usual"] < 0.7
    apart = np.where(rare, 0.9, 0.1)
    assert balance(("usual", "rare"), np.stack([1 - apart, apart], 1), np.stack([~rare, rare], 1))["usual"] == 1


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

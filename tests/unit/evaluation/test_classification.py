"""Scores of classifiers, against counts made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foreword_models.bert.classifier import ClassifierConfig
from foreword_models.evaluation.classification import as_json, score, target_rows

pytest.importorskip("sklearn")

CONFIG = ClassifierConfig(
    name="weather",
    kind="softmax",
    labels=("rain", "sun", "wind"),
    temperature=1.0,
    thresholds={"rain": 0.7, "sun": None, "wind": 0.5},
    encoder="tiny",
    pooling="mean",
    normalize=False,
    marks=("rain",),
)


def test_one_of_n() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
    targets = target_rows(CONFIG.labels, [["rain"], ["sun"], ["sun"], ["rain"]])
    found = score(CONFIG, probabilities, target_rows(CONFIG.labels, [["rain"], ["sun"], ["sun"], ["wind"]]))
    assert found.accuracy == 0.75
    assert found.per_label["sun"].recall == 0.5
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert found.confusion == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found.shown == (1.0, 0.5), "rain at 0.8 and wind at 0.6; never sun"
    assert score(CONFIG, probabilities, targets).shown == (0.5, 0.25), "what is shown is decided among all labels"


def test_labels_that_a_file_has_none_of_are_no_choices() -> None:
    probabilities = np.array([[0.2, 0.1, 0.7], [0.1, 0.2, 0.7]])
    found = score(CONFIG, probabilities, target_rows(CONFIG.labels, [["rain"], ["sun"]]))
    assert found.among == ("rain", "sun")
    assert found.accuracy == 1
    alone = score(CONFIG, probabilities, target_rows(CONFIG.labels, [["rain"], ["rain"]]))
    assert alone.among == CONFIG.labels, "with one label there would be nothing to choose"
    assert alone.accuracy == 0


def test_where_one_must_decide_rare_labels_may_count_more() -> None:
    config = replace(CONFIG, decisions={"rain": 0.25, "sun": 1.0, "wind": 1.0})
    found = score(config, np.array([[0.6, 0.3, 0.1]]), target_rows(config.labels, [["sun"]]))
    assert found.accuracy == 1
    assert found.shown == (None, 0.0), "which is no reason to show it"


def test_any_of_n() -> None:
    config = replace(CONFIG, kind="sigmoid", decisions={"rain": 0.5, "sun": 0.2, "wind": 0.5})
    probabilities = np.array([[0.9, 0.3, 0.1], [0.1, 0.1, 0.6]])
    found = score(config, probabilities, target_rows(config.labels, [["rain", "sun"], ["sun"]]))
    assert found.accuracy == 0.5
    assert found.confusion is None
    assert found.per_label["sun"].recall == 0.5
    precision, recall = found.shown
    assert precision == 0.5
    assert recall == pytest.approx(1 / 3)


def test_the_keys_are_stable() -> None:
    found = score(CONFIG, np.array([[0.8, 0.1, 0.1]]), target_rows(CONFIG.labels, [["rain"]]))
    made = as_json("weather", found)
    assert list(made) == [
        "classifier",
        "examples",
        "accuracy",
        "macro_f1",
        "mcc",
        "per_label",
        "expected_calibration_error",
        "shown",
        "among",
    ]
    assert made["shown"] == {"precision": 1.0, "recall": 1.0}

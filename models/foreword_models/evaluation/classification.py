"""How right a classifier is on labelled texts: the measures of the field, from probabilities and targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foreword_models.bert.calibration import Booleans, Floats, expected_calibration_error
from foreword_models.bert.classifier import ClassifierConfig
from foreword_models.errors import EvaluationError


@dataclass(frozen=True)
class LabelScores:
    """How right one label is; ``shown`` counts where it would be told to the user."""

    examples: int
    precision: float
    recall: float
    f1: float
    shown: int
    shown_right: int


@dataclass(frozen=True)
class Scores:
    """How right a classifier is.

    Attributes
    ----------
    accuracy
        Share of texts whose labels are exactly the right ones.
    macro_f1
        Mean over labels of F1.
    mcc
        Matthews correlation (Gorodkin 2004 for more than two labels); of "any of N", the mean over labels.
    calibration_error
        Expected calibration error of the most probable label, 15 bins.
    confusion
        By right label, then given label; of "any of N" none.
    among
        The labels chosen among.
    shown
        Precision of what is shown (None where nothing is), and the share of all labels that are shown, rightly.
    """

    examples: int
    accuracy: float
    macro_f1: float
    mcc: float
    calibration_error: float
    per_label: dict[str, LabelScores]
    confusion: list[list[int]] | None
    among: tuple[str, ...]
    shown: tuple[float | None, float]


def score(config: ClassifierConfig, probabilities: Floats, targets: Booleans) -> Scores:
    """Score a classifier.

    A file may hold only some of the labels that exclude each other, as the two ends of a scale: the classifier then
    chooses among these, and its probabilities are those given that one of them holds. What is shown is decided among
    all labels, as in an editor.

    Parameters
    ----------
    probabilities
        Calibrated, (n, labels).
    targets
        Whether each label holds, (n, labels).
    """
    try:
        from sklearn.metrics import confusion_matrix, matthews_corrcoef, precision_recall_fscore_support
    except ImportError:
        raise EvaluationError(
            "Scores are computed by scikit-learn: python -m pip install 'foreword[train]' brings it."
        ) from None
    labels = config.labels
    limits = np.array([2.0 if (limit := config.thresholds[label]) is None else limit for label in labels])
    shown = probabilities >= limits
    confusion = None
    if config.kind == "softmax":
        shown &= probabilities == probabilities.max(1, keepdims=True)
        present = targets.any(0) if targets.any(0).sum() > 1 else np.ones(len(labels), dtype=bool)
        columns = np.flatnonzero(present)
        given = probabilities[:, columns] / np.maximum(probabilities[:, columns].sum(1, keepdims=True), 1e-12)
        factors = np.array([(config.decisions or {}).get(labels[column], 1.0) for column in columns])
        best = columns[(given * factors).argmax(1)]
        right = targets.argmax(1)
        assigned = np.zeros_like(targets)
        assigned[np.arange(len(best)), best] = True
        confidence, correct = given.max(1), columns[given.argmax(1)] == right
        mcc = float(matthews_corrcoef(right, best))
        confusion = confusion_matrix(right, best, labels=columns).tolist()
    else:
        columns = np.arange(len(labels))
        decisions = config.decisions or dict.fromkeys(labels, 0.5)
        assigned = probabilities >= np.array([decisions[label] for label in labels])
        best = probabilities.argmax(1)
        confidence, correct = probabilities.max(1), targets[np.arange(len(best)), best]
        mcc = float(np.mean([matthews_corrcoef(targets[:, c], assigned[:, c]) for c in columns]))
    precision, recall, f1, support = precision_recall_fscore_support(
        targets[:, columns], assigned[:, columns], average=None, zero_division=0.0
    )
    per_label = {
        labels[column]: LabelScores(
            int(support[row]),
            float(precision[row]),
            float(recall[row]),
            float(f1[row]),
            int(shown[:, column].sum()),
            int((shown & targets)[:, column].sum()),
        )
        for row, column in enumerate(columns)
    }
    told, right_told = int(shown.sum()), int((shown & targets).sum())
    return Scores(
        examples=len(targets),
        accuracy=float((assigned == targets).all(1).mean()),
        macro_f1=float(np.mean(f1)),
        mcc=mcc,
        calibration_error=expected_calibration_error(confidence, np.asarray(correct, dtype=bool)),
        per_label=per_label,
        confusion=confusion,
        among=tuple(labels[column] for column in columns),
        shown=(right_told / told if told else None, right_told / max(1, int(targets.sum()))),
    )


def target_rows(labels: Sequence[str], rows: Sequence[Sequence[str]]) -> Booleans:
    """Return whether each label holds, (n, labels)."""
    return np.array([[label in row for label in labels] for row in rows], dtype=bool).reshape(len(rows), len(labels))


def as_json(name: str, scores: Scores) -> dict[str, Any]:
    """Return what ``foreword eval classifier --json`` prints; the keys are stable."""
    precision, recall = scores.shown

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "classifier": name,
        "examples": scores.examples,
        "accuracy": rounded(scores.accuracy),
        "macro_f1": rounded(scores.macro_f1),
        "mcc": rounded(scores.mcc),
        "per_label": {
            label: {
                "examples": each.examples,
                "precision": rounded(each.precision),
                "recall": rounded(each.recall),
                "f1": rounded(each.f1),
                "shown": each.shown,
                "shown_precision": rounded(each.shown_right / each.shown) if each.shown else None,
                "shown_recall": rounded(each.shown_right / each.examples) if each.examples else None,
            }
            for label, each in scores.per_label.items()
        },
        "expected_calibration_error": rounded(scores.calibration_error),
        "shown": {"precision": rounded(precision), "recall": rounded(recall)},
        "among": list(scores.among),
    }

"""Learning what a text's words say by themselves: logistic regression on its hashed n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from foreword_models.bert.calibration import Integers
from foreword_models.bert.lexical import BUCKETS, Lexical, features
from foreword_models.bert.training.heads import texts_of
from foreword_models.bert.training.tasks import Task

STRENGTHS = (3.0, 30.0, 300.0)
"""Inverse regularizations of the regression to choose from: rare words are worth more in some sets than in others."""


def fit_lexical(task: Task) -> list[Lexical]:
    """Fit the training part of a "softmax" task at each of `STRENGTHS`."""
    if task.kind != "softmax":
        return []
    texts = _matrix(texts_of(task, task.parts.train))
    targets = task.targets()[task.parts.train].argmax(1)
    return [_fit(texts, targets, len(task.labels), strength) for strength in STRENGTHS]


def _fit(texts: Any, targets: Integers, labels: int, strength: float) -> Lexical:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-3)
    model.fit(texts, targets)
    weight = np.zeros((BUCKETS, labels), dtype=np.float32)
    if len(model.coef_) == 1:  # two labels: the second's lead
        weight[:, model.classes_[0]], weight[:, model.classes_[1]] = -model.coef_[0] / 2, model.coef_[0] / 2
    else:
        weight[:, model.classes_] = model.coef_.T
    return Lexical(torch.from_numpy(weight))


def _matrix(texts: Sequence[str]) -> Any:
    """Return the texts' features as a sparse matrix, (n, buckets)."""
    from scipy.sparse import csr_matrix

    found = [features(text) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    buckets, values = (np.concatenate([row[part] for row in found]) for part in (0, 1))
    return csr_matrix((values, buckets, ends), shape=(len(texts), BUCKETS))

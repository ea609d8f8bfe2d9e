"""Learning what a text's words say by themselves: logistic regression on its hashed n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from foreword_models.bert.lexical import BUCKETS, Lexical, features
from foreword_models.bert.training.heads import texts_of
from foreword_models.bert.training.tasks import Task

STRENGTH = 30.0
"""Inverse regularization of the regression."""


def learn_words(task: Task) -> Lexical:
    """Fit the training part of a "softmax" task."""
    from sklearn.linear_model import LogisticRegression

    targets = task.targets()[task.parts.train].argmax(1)
    model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-3)
    model.fit(_matrix(texts_of(task, task.parts.train)), targets)
    weight = np.zeros((BUCKETS, len(task.labels)), dtype=np.float32)
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

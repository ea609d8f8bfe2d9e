"""Learning what a text's words say by themselves: logistic regression on its hashed n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from foreword_models.bert.calibration import Integers
from foreword_models.bert.lexical import BUCKETS, Features, Lexical, case_features, features
from foreword_models.bert.training.heads import texts_of
from foreword_models.bert.training.tasks import Task

STRENGTHS = (3.0, 30.0, 300.0)
"""Inverse regularizations of the regression to choose from: rare words are worth more in some sets than in others."""


def fit_lexical(task: Task) -> list[Lexical]:
    """Fit the training part of a "softmax" task at each of `STRENGTHS`."""
    if task.kind != "softmax":
        return []
    texts = texts_of(task, task.parts.train)
    targets = task.targets()[task.parts.train].argmax(1)
    if task.cased:
        texts = [spelled(text) for spelled in (str, capitalized, uncapitalized) for text in texts]
        targets = np.tile(targets, 3)
    found = _matrix(texts, task.cased)
    return [_fit(found, targets, task, strength) for strength in STRENGTHS]


def capitalized(text: str) -> str:
    """Return the text with a capital at each word, As Some Sites Have Their Headlines."""
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def uncapitalized(text: str) -> str:
    """Return the text in small letters but for the first."""
    return text[:1].upper() + text[1:].lower()


def _fit(texts: Any, targets: Integers, task: Task, strength: float) -> Lexical:
    labels = len(task.labels)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-3)
    model.fit(texts, targets)
    weight = np.zeros((BUCKETS, labels), dtype=np.float32)
    if len(model.coef_) == 1:  # two labels: the second's lead
        weight[:, model.classes_[0]], weight[:, model.classes_[1]] = -model.coef_[0] / 2, model.coef_[0] / 2
    else:
        weight[:, model.classes_] = model.coef_.T
    return Lexical(torch.from_numpy(weight), cased=task.cased)


def _matrix(texts: Sequence[str], cased: bool) -> Any:
    """Return the texts' features as a sparse matrix, (n, buckets)."""
    words = _sparse([features(text) for text in texts])
    return words + _sparse([case_features(text) for text in texts]) if cased else words


def _sparse(found: Sequence[Features]) -> Any:
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    buckets, values = (np.concatenate([row[part] for row in found]) for part in (0, 1))
    return csr_matrix((values, buckets, ends), shape=(len(found), BUCKETS))

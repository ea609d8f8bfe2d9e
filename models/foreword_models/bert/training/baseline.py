"""What every trained head has to beat: a bag of words with logistic regression, on the same split."""

from __future__ import annotations

from typing import Any

import numpy as np

from foreword_models.bert.calibration import Floats
from foreword_models.bert.training.tasks import Task

STRENGTHS = (3.0, 30.0, 300.0)
"""Inverse regularizations tried; the one that serves the calibration part best is taken."""


def bag_of_words(task: Task) -> tuple[Floats, Floats]:
    """Fit TF-IDF of one and two words with logistic regression; return logits of the calibration and the test part."""
    texts = [example.text for example in task.examples]
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1 if len(texts) < 20_000 else 2)
    features = vectorizer.fit_transform([texts[i] for i in task.parts.train])
    held = [vectorizer.transform([texts[i] for i in part]) for part in (task.parts.calibration, task.parts.test)]
    return regression(task, features, *held)


def regression(task: Task, train: Any, calibration: Any, test: Any) -> tuple[Floats, Floats]:
    """Fit logistic regression to features of the training part; return logits of the other two, (n, labels).

    Of "any of N" labels each has a regression of its own.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.multiclass import OneVsRestClassifier

    targets = task.targets().astype(bool)
    own, held = targets[task.parts.train], targets[task.parts.calibration]
    exclusive = task.kind == "softmax"
    best: tuple[float, Any] | None = None
    for strength in STRENGTHS if exclusive else STRENGTHS[1:2]:
        # For one label at a time liblinear is much the quickest on words.
        solver = "lbfgs" if exclusive else "liblinear"
        model = LogisticRegression(C=strength, max_iter=1000, tol=1e-3, solver=solver)
        if exclusive:
            model.fit(train, own.argmax(1))
            if not calibration.shape[0]:
                best = (0.0, model)
                break
            reached = f1_score(held.argmax(1), model.predict(calibration), average="macro")
        else:
            model = OneVsRestClassifier(model).fit(train, own)
            reached = 0.0
        if best is None or reached > best[0]:
            best = (float(reached), model)
    assert best is not None
    return _logits(best[1], calibration, targets.shape[1]), _logits(best[1], test, targets.shape[1])


def _logits(model: Any, features: Any, labels: int) -> Floats:
    if not features.shape[0]:
        return np.zeros((0, labels))
    scores = np.asarray(model.decision_function(features))
    if scores.ndim == 1:  # two labels: the second's lead
        scores = np.stack([-scores / 2, scores / 2], 1)
    if scores.shape[1] == labels:
        return scores
    spread = np.full((len(scores), labels), -20.0)  # a label without a training example
    spread[:, model.classes_] = scores
    return spread

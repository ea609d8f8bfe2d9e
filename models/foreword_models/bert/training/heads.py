"""From a trained head to a classifier's folder: calibrated, with thresholds, and scored beside a bag of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foreword_models.bert.calibration import Booleans, Floats, softmax
from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.encoder import Encoder
from foreword_models.bert.lexical import Lexical
from foreword_models.bert.training.baseline import regression
from foreword_models.bert.training.calibrate import balance, calibrate_sigmoid, calibrate_softmax, decisions, thresholds
from foreword_models.bert.training.reading import encode
from foreword_models.bert.training.tasks import Task
from foreword_models.evaluation.classification import Scores, score
from foreword_models.zoo.progress import Progress

WORDS = "words.safetensors"
"""The file of what the words say, in a classifier's folder."""


PRECISION = 0.9
"""Share of right ones among what is shown."""


@dataclass(frozen=True)
class Outcome:
    """A head as it is used, and how right it was on the test part, as a whole and by set."""

    classifier: Classifier
    probabilities: Floats
    scores: Scores
    by_group: dict[str, Scores]


def calibrated(
    task: Task,
    config: ClassifierConfig,
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    vectors: Floats,
    precision: float = PRECISION,
    lexical: Sequence[Lexical] = (),
) -> Classifier:
    """Return the head calibrated on the task's calibration part.

    Parameters
    ----------
    config
        Name, encoder, marks and so on; temperature, thresholds and decisions are put in.
    weight, bias
        As trained, (labels, hidden) and (labels,).
    vectors
        Of the calibration part, (n, hidden).
    precision
        Share of right ones asked for among what is shown.
    lexical
        Models of what the words say, of a "softmax" head only: the one that helps most is added, as far as it helps.
    """
    targets = task.targets()[task.parts.calibration].astype(bool)
    logits = vectors @ weight.T + bias
    if not len(targets):
        config = replace(config, thresholds=dict.fromkeys(task.labels))
        if task.kind == "sigmoid":
            config = replace(config, decisions=dict.fromkeys(task.labels, 0.5))
        return _classifier(config, weight, bias)
    if task.kind == "softmax":
        head, found = _calibrated_softmax(task, config, weight, bias, logits, targets, lexical)
        decided = balance(task.labels, found, targets)
    else:
        scales, shifts = calibrate_sigmoid(logits, targets)
        head = _classifier(config, weight * scales[:, None], bias * scales + shifts)
        found = 1 / (1 + np.exp(-(logits * scales + shifts)))
        decided = decisions(task.labels, found, targets)
    head.config = replace(_with_thresholds(head.config, task, found, targets, precision), decisions=decided)
    return head


def _calibrated_softmax(
    task: Task,
    config: ClassifierConfig,
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    logits: Floats,
    targets: Booleans,
    lexical: Sequence[Lexical],
) -> tuple[Classifier, Floats]:
    """Return the head with its temperature and what the words add, and its probabilities of the calibration part."""
    texts = texts_of(task, task.parts.calibration)
    choices = [[logits, model.logits(texts).double().numpy()] for model in lexical] or [[logits]]
    fits = [calibrate_softmax(systems, targets) for systems in choices]
    best = min(range(len(fits)), key=lambda index: fits[index][2])
    scales, shifts, _ = fits[best]
    temperature = round(1 / scales[0], 4)
    config, bias = replace(config, temperature=temperature), bias + shifts * temperature
    if not lexical:
        return _classifier(config, weight, bias), softmax(logits / temperature + shifts)
    share = scales[1] * temperature
    head = _classifier(
        replace(config, words=WORDS), weight, bias, Lexical(lexical[best].weight * share, cased=lexical[best].cased)
    )
    return head, softmax((logits + choices[best][1] * share) / temperature + shifts)


def _classifier(
    config: ClassifierConfig,
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    lexical: Lexical | None = None,
) -> Classifier:
    return Classifier(config, torch.tensor(weight).float(), torch.tensor(bias).float(), lexical)


def judged(task: Task, classifier: Classifier, vectors: Floats) -> Outcome:
    """Score a head on the vectors of the task's test part, (n, hidden)."""
    texts = texts_of(task, task.parts.test)
    probabilities = classifier.probabilities(torch.tensor(vectors).float(), texts).double().numpy()
    return outcome(task, classifier, probabilities)


def outcome(task: Task, classifier: Classifier, probabilities: Floats) -> Outcome:
    """Score probabilities of the task's test part, (n, labels)."""
    targets = task.targets()[task.parts.test].astype(bool)
    groups = np.array([task.examples[index].group for index in task.parts.test])
    return Outcome(
        classifier,
        probabilities,
        score(classifier.config, probabilities, targets),
        {
            group: score(classifier.config, probabilities[groups == group], targets[groups == group])
            for group in sorted(set(groups.tolist()))
        },
    )


def head_alone(task: Task, reader: Encoder, progress: Progress) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit logistic regression on the encoder's vectors; return weight (labels, hidden) and bias (labels,)."""
    vectors = [
        encode(reader, texts_of(task, part), progress, f"Reading {task.name}, to learn")
        for part in (task.parts.train, task.parts.calibration)
    ]
    width = vectors[0].shape[1]
    # What the regression makes of the unit vectors and of zero is its weight and its bias.
    probes = np.concatenate([np.eye(width), np.zeros((1, width))])
    _, logits = regression(task, vectors[0], vectors[1], probes)
    return (logits[:-1] - logits[-1]).T, logits[-1]


def from_logits(
    task: Task, config: ClassifierConfig, held: Floats, tested: Floats, precision: float = PRECISION
) -> Outcome:
    """Calibrate and score any system by its logits of the calibration and the test part, as a head is."""
    labels = len(task.labels)
    eye, zero = np.eye(labels), np.zeros(labels)
    head = calibrated(task, config, eye, zero, held, precision)
    return judged(task, head, tested)


def _with_thresholds(
    config: ClassifierConfig, task: Task, probabilities: Floats, targets: Booleans, precision: float
) -> ClassifierConfig:
    chosen = thresholds(
        task.labels,
        probabilities,
        targets,
        exclusive=task.kind == "softmax",
        precision=precision,
    )
    # A mark that would never show is no mark.
    return replace(config, thresholds=chosen, marks=tuple(name for name in config.marks if chosen[name] is not None))


def plain_config(task: Task, encoder: str, **changes: Any) -> ClassifierConfig:
    """Return the configuration of a head that is not calibrated yet."""
    config = ClassifierConfig(
        name=task.name,
        kind=task.kind,
        labels=task.labels,
        temperature=1.0,
        thresholds=dict.fromkeys(task.labels),
        encoder=encoder,
        pooling="mean",
        normalize=False,
        marks=task.labels,
        decisions=dict.fromkeys(task.labels, 0.5) if task.kind == "sigmoid" else None,
    )
    return replace(config, **changes)


def texts_of(task: Task, part: Sequence[int] | NDArray[np.intp]) -> list[str]:
    """Return the texts of a part of the task's examples."""
    return [task.examples[index].text for index in part]

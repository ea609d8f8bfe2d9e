"""From a trained head to one that knows how sure it is: calibration and thresholds, on examples held out for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foreword_models.bert.calibration import Booleans, Floats, choose_threshold, softmax
from foreword_models.bert.training.tasks import Kind

SUPPORT = 20
"""Fewest held-out examples that a threshold rests on."""

_WORTH = 0.005  # of macro-F1: for less, nothing is put before what is most probable
_PRIOR = 0.02  # of the calibration's shifts and scales, so that a handful of examples cannot move them far


def calibrate_softmax(
    logits: Sequence[Floats], targets: Booleans
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return a scale for each of some systems' logits, and a shift for each label, that make the targets most likely.

    Of one system, this is bias-corrected temperature scaling (Alexandari et al. 2020): the shifts undo that labels were
    more or less frequent in training than they are. Several are added, each as far as it helps.

    Parameters
    ----------
    logits
        Each (n, labels).
    targets
        Which label holds, (n, labels).

    Returns
    -------
    array, array, float
        The calibrated logits are the sum of ``logits * scales``, and ``shifts``; the loss says how likely the targets
        are then.
    """
    from scipy.optimize import minimize

    systems = len(logits)

    def loss(values: NDArray[np.float64]) -> float:
        scales, shifts = np.exp(values[:systems]), values[systems:]
        probabilities = softmax(sum(each * scale for each, scale in zip(logits, scales, strict=True)) + shifts)
        return float(-np.log((probabilities * targets).sum(1) + 1e-12).mean() + _PRIOR * (values**2).mean())

    found: Any = minimize(loss, np.zeros(systems + targets.shape[1]), method="L-BFGS-B")
    return np.exp(found.x[:systems]), found.x[systems:] - found.x[systems:].mean(), float(found.fun)


def calibrate_sigmoid(logits: Floats, targets: Booleans) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a scale and a shift for each label (Platt 1999).

    Returns
    -------
    array, array
        The calibrated logits are ``logits * scales + shifts``.
    """
    from scipy.optimize import minimize

    scales, shifts = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    for label in range(logits.shape[1]):
        z, y = logits[:, label], targets[:, label]

        def loss(values: NDArray[np.float64], z: Floats = z, y: Booleans = y) -> float:
            x = z * np.exp(values[0]) + values[1]
            # The prior counts as much as twenty examples' worth of it, however many there are.
            return float(np.logaddexp(0, np.where(y, -x, x)).sum() + 20 * _PRIOR * (values**2).sum())

        found: Any = minimize(loss, np.zeros(2), method="L-BFGS-B")
        scales[label], shifts[label] = np.exp(found.x[0]), found.x[1]
    return scales, shifts


def calibrated_loss(kind: Kind, logits: Floats, targets: Booleans) -> float:
    """Return the mean loss that is left after calibration: how much logits tell, however sure they are of it."""
    if kind == "softmax":
        return calibrate_softmax([logits], targets)[2]
    scales, shifts = calibrate_sigmoid(logits, targets)
    x = logits * scales + shifts
    return float(np.logaddexp(0, np.where(targets, -x, x)).sum(1).mean())


def thresholds(
    labels: tuple[str, ...], probabilities: Floats, targets: Booleans, *, exclusive: bool, precision: float
) -> dict[str, float | None]:
    """Choose from which probability on each label is shown; rounded up, so that none lets through more."""
    result: dict[str, float | None] = {}
    best = probabilities.argmax(1)
    for index, label in enumerate(labels):
        own = best == index if exclusive else np.ones(len(best), dtype=bool)
        found = None
        if own.any():
            found = choose_threshold(
                probabilities[own, index], targets[own, index], precision=precision, support=SUPPORT
            )
        result[label] = None if found is None else float(min(1.0, np.ceil(found * 1e4) / 1e4))
    return result


def decisions(labels: tuple[str, ...], probabilities: Floats, targets: Booleans) -> dict[str, float]:
    """Choose from which probability on each label is taken to hold: where its F1 is best.

    A rare label's best place is mostly luck, so it is averaged with what is best for all labels together, which counts
    as much as twenty examples.
    """
    grid = np.round(np.arange(0.05, 0.71, 0.01), 2)

    def f1(p: Floats, y: Booleans) -> NDArray[np.float64]:
        given = p[None, :] >= grid[:, None]
        hits = (given & y).sum(1)
        return np.asarray(2 * hits / np.maximum(given.sum(1) + y.sum(), 1))

    each = [f1(probabilities[:, index], targets[:, index]) for index in range(len(labels))]
    common = np.mean(each, axis=0)
    counts = targets.sum(0)
    result = {}
    for index, label in enumerate(labels):
        mixed = (counts[index] * each[index] + 20 * common) / (counts[index] + 20)
        result[label] = float(grid[int(np.argmax(mixed))])
    return result


def balance(labels: tuple[str, ...], probabilities: Floats, targets: Booleans) -> dict[str, float]:
    """Choose what labels that exclude each other are multiplied by where one must decide: for the best macro-F1.

    The most probable label is right most often, and a rare one hardly ever the most probable. Probabilities are divided
    by a power of how frequent their labels are (logit adjustment, Menon et al. 2021), and only that power is chosen.

    Returns
    -------
    dict
        By label, from 0 to 1.
    """
    from sklearn.metrics import f1_score

    frequency = np.maximum(probabilities.mean(0), 1e-4)
    factors = [(frequency.min() / frequency) ** power for power in np.linspace(0, 1, 21)]
    reached = [f1_score(targets.argmax(1), (probabilities * each).argmax(1), average="macro") for each in factors]
    # The mean of neighbours, so that one lucky example does not decide; plain probabilities, where little is gained.
    smooth = np.convolve(np.pad(reached, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    best = int(np.argmax(smooth))
    chosen = factors[best if smooth[best] >= reached[0] + _WORTH else 0]
    return {label: round(float(factor), 4) for label, factor in zip(labels, chosen, strict=True)}

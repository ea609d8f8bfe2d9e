"""From a trained head to one that knows how sure it is: calibration and thresholds, on examples held out for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foreword_models.bert.calibration import Booleans, Floats, choose_threshold, softmax

SUPPORT = 20
"""Fewest held-out examples that a threshold rests on."""

_PRIOR = 0.02  # of the calibration's shifts and scales, so that a handful of examples cannot move them far


def calibrate_softmax(
    logits: Floats, targets: Booleans, weights: Floats | None = None
) -> tuple[float, NDArray[np.float64]]:
    """Return the temperature, and a shift for each label, under which the targets are most likely.

    Bias-corrected temperature scaling (Alexandari et al. 2020): the shifts undo that labels were more or less frequent
    in training than they are.

    Parameters
    ----------
    logits
        (n, labels).
    targets
        Which label holds, (n, labels).
    weights
        What each example counts, (n,); one by default.

    Returns
    -------
    float, array
        The calibrated logits are ``logits / temperature + shifts``.
    """
    from scipy.optimize import minimize

    counts = np.ones(len(logits)) if weights is None else weights

    def loss(values: NDArray[np.float64]) -> float:
        probabilities = softmax(logits * np.exp(values[0]) + values[1:])
        own = np.log((probabilities * targets).sum(1) + 1e-12)
        return float(-(counts * own).sum() / counts.sum() + _PRIOR * (values**2).mean())

    found: Any = minimize(loss, np.zeros(1 + logits.shape[1]), method="L-BFGS-B")
    return float(np.exp(-found.x[0])), found.x[1:] - found.x[1:].mean()


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

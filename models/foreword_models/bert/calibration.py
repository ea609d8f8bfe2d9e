"""From scores to honest probabilities, and from probabilities to the decision to keep silent.

Plain functions on arrays; they know nothing of models or texts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]


def softmax(logits: Floats) -> Floats:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def fit_temperature(logits: Floats, targets: Integers) -> float:
    """Return the temperature under which the targets are most likely (Guo et al. 2017).

    Parameters
    ----------
    logits
        (n, labels), of examples that the head was not trained on.
    targets
        The right label of each, (n,).

    Returns
    -------
    float
        From 0.1 to 10, to 1 %: the best of a fixed grid, so that it is the same on every machine.
    """
    rows = np.arange(len(targets))
    grid = np.round(np.geomspace(0.1, 10, 463), 4)
    losses = [-np.log(softmax(logits / t)[rows, targets] + 1e-12).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def choose_threshold(
    probabilities: Floats, correct: Booleans, *, precision: float = 0.9, caution: float = 1.0, support: int = 50
) -> float | None:
    """Return the least threshold at which a label is right as often as asked.

    The least threshold that merely happens to be precise enough on a sample is too low for the next one, because it was
    picked for its luck. So the lower end of Wilson's score interval (1927) must reach the precision.

    Parameters
    ----------
    probabilities
        Of the label, for the examples where it is the most probable one, (n,).
    correct
        Whether the label is right, (n,).
    precision
        Share of right ones asked for among those at or above the threshold.
    caution
        Half-width of the interval in standard errors; 0 takes the sample at its word.
    support
        Fewest examples at or above the threshold.

    Returns
    -------
    float or None
        None when no threshold gives that precision: the label is then never to be shown.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    taken = np.arange(1, len(ranked) + 1)
    good = (wilson_lower_bound(np.cumsum(correct[order]), taken, caution) >= precision) & (taken >= support)
    # Among equal probabilities a threshold takes all or none: only the last of each may be the cut.
    good &= np.append(ranked[:-1] > ranked[1:], True)[: len(ranked)]
    return float(ranked[np.flatnonzero(good)[-1]]) if good.any() else None


def wilson_lower_bound(successes: Integers, trials: Integers, z: float) -> Floats:
    """Return the lower end of Wilson's score interval of ``z`` standard errors; ``trials`` are at least 1."""
    share = successes / trials
    spread = z * np.sqrt(share * (1 - share) / trials + (z / trials) ** 2 / 4)
    return np.asarray((share + z * z / (2 * trials) - spread) / (1 + z * z / trials))


def expected_calibration_error(confidences: Floats, correct: Booleans, bins: int = 15) -> float:
    """Return the expected calibration error (Naeini et al. 2015) over ``bins`` bins of equal width.

    Parameters
    ----------
    confidences
        Probability of the most probable label of each example, (n,).
    correct
        Whether that label is right, (n,).
    """
    index = np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for number in range(bins):
        inside = index == number
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidences[inside].mean())
    return float(error)

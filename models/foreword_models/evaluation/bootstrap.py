"""Bootstrap intervals of a ratio of sums over independent texts (percentile method; Efron and Tibshirani, 1993)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000
_BLOCK = 2**22  # numbers of resampled texts held at once


def interval(
    numerators: Sequence[float],
    denominators: Sequence[float],
    *,
    share: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Return the interval of sum(numerators) / sum(denominators) when texts are drawn anew, with replacement.

    Parameters
    ----------
    numerators, denominators
        One of each for every text; a resample whose denominators sum to 0 is left out.
    share
        Of the resamples that lie inside.
    seed
        The same seed and the same numbers give the same interval.

    Returns
    -------
    tuple of float
        Lower and upper end; both 0 without a text, both the ratio itself with a single one.
    """
    above, below = np.asarray(numerators, float), np.asarray(denominators, float)
    texts = len(above)
    if not texts or not below.sum():
        return 0.0, 0.0
    random = np.random.default_rng(seed)
    ratios = []
    left = resamples
    while left > 0:
        rows = max(1, min(left, _BLOCK // texts))
        left -= rows
        times = random.multinomial(texts, np.full(texts, 1 / texts), size=rows)  # (rows, texts)
        divisor = times @ below
        ratios.append((times @ above)[divisor > 0] / divisor[divisor > 0])
    low, high = np.quantile(np.concatenate(ratios), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)

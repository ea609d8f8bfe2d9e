"""From key presses to the figures of `foreword bench typing`: percentiles for each kind of key, ratios, targets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from foreword_models.evaluation.decoder_rows import LLAMA_CPP
from foreword_models.evaluation.typing_script import KINDS, Kind

PERCENTILES: Final = (50, 95, 99)

ALL: Final = "all"
"""The row of all keys, whatever their kind."""

TARGETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {"in_word": {"p50": 2.0, "p95": 20.0}, "word_boundary": {"p50": 15.0, "p95": 45.0}}
)
"""Milliseconds a key may take: the default model on two cores, typed at human speed."""

RATIO_TARGETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType({LLAMA_CPP: {"p50": 0.1, "p95": 0.5}})
"""The share of a peer's time that we allow ourselves, over all keys."""

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Press:
    """What became of one key press.

    Attributes
    ----------
    kind
        Of the key.
    milliseconds
        What the writer waited.
    late
        The next key was due before the answer to this one.
    words
        The answer that ended the wait had any.
    """

    kind: Kind
    milliseconds: float
    late: bool = False
    words: bool = True


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the least value that at least `percent` percent of the values do not exceed (nearest rank); None of none.

    Examples
    --------
    >>> percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 95), percentile([], 50)
    (2, 4, None)
    """
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(1, math.ceil(percent * len(ordered) / 100)) - 1]


def milliseconds(presses: Sequence[Press]) -> dict[str, Figures]:
    """Return p50, p95 and p99 for each kind of key and for all; None where there was no such key."""
    result = {}
    for name in (*KINDS, ALL):
        values = [press.milliseconds for press in _of(presses, name)]
        result[name] = {f"p{percent}": _rounded(percentile(values, percent)) for percent in PERCENTILES}
    return result


def counts(presses: Sequence[Press]) -> dict[str, dict[str, int]]:
    """Count, for each kind of key and for all, the keys, those answered late, and those answered without words."""
    return {
        name: {
            "keystrokes": len(of := _of(presses, name)),
            "late": sum(press.late for press in of),
            "without_words": sum(not press.words for press in of),
        }
        for name in (*KINDS, ALL)
    }


def ratios(ours: Mapping[str, Figures], theirs: Mapping[str, Figures]) -> dict[str, Figures]:
    """Divide our percentiles by a peer's; None where either is missing."""
    return {name: {key: _ratio(mine, theirs[name][key]) for key, mine in ours[name].items()} for name in ours}


def verdicts(figures: Mapping[str, Figures], targets: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Return for each target ``{"target": most, "met": whether}``; a figure that is missing has no verdict."""
    return {
        name: {
            key: {"target": most, "met": figure <= most}
            for key, most in wanted.items()
            if (figure := figures[name][key]) is not None
        }
        for name, wanted in targets.items()
    }


def _of(presses: Sequence[Press], name: str) -> list[Press]:
    return [press for press in presses if name in (ALL, press.kind)]


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else round(ours / theirs, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)

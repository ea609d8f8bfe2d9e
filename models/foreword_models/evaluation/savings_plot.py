"""A picture of keystroke savings against the number of words shown. Needs matplotlib, which nothing else here does."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreword_models.errors import EvaluationError


def check() -> None:
    """Make sure that matplotlib is there.

    Raises
    ------
    EvaluationError
        It is not.
    """
    _figure()


def draw(results: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw a line with its intervals for each result that has savings.

    Parameters
    ----------
    results
        By the name to be shown: reports of `foreword_models.evaluation.words.report`.
    path
        Its ending says what is written, ``.png`` or ``.svg``.

    Raises
    ------
    EvaluationError
        matplotlib is not installed, or the file cannot be written.
    """
    figure = _figure()(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    for name, result in results.items():
        shown = [int(slots) for slots in result["keystroke_savings"]]
        kept = [result["keystroke_savings"][str(slots)] for slots in shown]
        ends = [result["confidence"][str(slots)] for slots in shown]
        errors = [
            [max(0.0, value - low) for value, (low, _) in zip(kept, ends, strict=True)],
            [max(0.0, high - value) for value, (_, high) in zip(kept, ends, strict=True)],
        ]
        axes.errorbar(shown, kept, yerr=errors, marker="o", capsize=3, label=name)
    axes.set_xlabel("words shown")
    axes.set_ylabel("keystrokes saved, percent")
    axes.set_xticks(sorted({int(slots) for result in results.values() for slots in result["keystroke_savings"]}))
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    try:
        figure.savefig(path)
    except OSError as error:
        raise EvaluationError(f"{path} cannot be written ({error.strerror}); choose another file.") from error


def _figure() -> Any:
    """The class of figures, which needs no display."""
    try:
        return importlib.import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise EvaluationError(
            "A plot needs matplotlib, which is not installed: python -m pip install matplotlib."
        ) from error

"""Two pictures beside a model card: what is taken for what, and whether probabilities mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from foreword_models.bert.calibration import Booleans, Floats
from foreword_models.evaluation.classification import Scores


def draw_confusion(scores: Scores, path: Path) -> None:
    """Draw the confusion matrix; of "any of N", where there is none, the precision and recall of each label."""
    figure, axes = _figure()
    labels = list(scores.per_label)
    if scores.confusion is not None:
        matrix = np.array(scores.confusion)
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlabel="label given", ylabel="right label")
        if len(labels) <= 20:
            for row, column in np.ndindex(*matrix.shape):
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour)
    else:
        places = np.arange(len(labels))
        axes.barh(places - 0.2, [scores.per_label[label].precision for label in labels], 0.4, label="precision")
        axes.barh(places + 0.2, [scores.per_label[label].recall for label in labels], 0.4, label="recall")
        axes.set_yticks(places, labels, fontsize=7)
        axes.invert_yaxis()
        axes.set(xlim=(0, 1))
        axes.legend()
    _save(figure, path)


def draw_calibration(probabilities: Floats, targets: Booleans, path: Path) -> None:
    """Draw how often the most probable label is right, against its probability."""
    figure, axes = _figure()
    best = probabilities.argmax(1)
    rows = np.arange(len(best))
    confidence, right = probabilities[rows, best], targets[rows, best]
    edges = np.linspace(0, 1, 11)
    index = np.clip(np.digitize(confidence, edges) - 1, 0, 9)
    points = [(confidence[index == n].mean(), right[index == n].mean(), (index == n).sum()) for n in range(10)
              if (index == n).any()]  # fmt: skip
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot([p[0] for p in points], [p[1] for p in points], marker="o")
    for x, y, count in points:
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the most probable label", ylabel="share that is right")
    _save(figure, path)


def _figure() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None} if path.suffix == ".png" else None)

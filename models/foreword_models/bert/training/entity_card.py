"""The model card of a trained tagger, from the numbers of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foreword_models.bert.training.conll import Tagged, type_counts
from foreword_models.evaluation.entities import Counts, EntityScores


@dataclass(frozen=True)
class EntityCardText:
    """What a card says that is not a number: one paragraph each, and the limits as a list."""

    about: str
    data: str
    limits: Sequence[str]
    again: str
    precision: float = 0.9


def entity_card(
    name: str,
    text: EntityCardText,
    parts: Mapping[str, Sequence[Tagged]],
    thresholds: Mapping[str, float | None],
    scores: Mapping[str, EntityScores],
) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    parts
        The sentences, by what was done with them.
    scores
        On sentences that nothing was trained on or chosen by, by what these are.
    """
    types = list(thresholds)
    lines = [
        f"# {name}",
        "",
        text.about,
        "",
        "## Data",
        "",
        text.data,
        "",
        f"| to | sentences | {' | '.join(types)} |",
        "|---|---|" + "---|" * len(types),
    ]
    for what, sentences in parts.items():
        counts = type_counts(sentences)
        lines.append(f"| {what} | {len(sentences):,} | {' | '.join(f'{counts[kind]:,}' for kind in types)} |")
    lines += ["", "## Scores", "", "An entity is right only if its type, its first and its last word are.", ""]
    for what, found in scores.items():
        lines += [f"On {what}:", "", "| type | entities | precision | recall | F1 |", "|---|---|---|---|---|"]
        lines += [_row(kind, counts) for kind, counts in {**found.per_type, "all": found.all}.items()]
        lines.append("")
    lines += [
        "## When it speaks",
        "",
        "An entity is shown when its calibrated probability reaches a threshold chosen on the calibration part so that "
        f"{100 * text.precision:.0f} % of what is shown is right, with one standard error to spare.",
        "",
    ]
    for what, found in scores.items():
        lines += [f"On {what}:", "", "| type | threshold | shown | precision | recall |", "|---|---|---|---|---|"]
        lines += [_shown(kind, thresholds[kind], counts) for kind, counts in found.per_type.items()]
        lines += [_shown("all", 1.0, found.all, limit=""), ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in text.limits), "", "## Again", "", text.again, ""]
    return "\n".join(lines)


def _row(kind: str, counts: Counts) -> str:
    return f"| {kind} | {counts.entities} | {counts.precision:.3f} | {counts.recall:.3f} | {counts.f1:.3f} |"


def _shown(kind: str, threshold: float | None, counts: Counts, *, limit: str | None = None) -> str:
    written = ("never" if threshold is None else f"{threshold:.4f}") if limit is None else limit
    precision = f"{counts.shown_right / counts.shown:.3f}" if counts.shown else "-"
    recall = f"{counts.shown_right / counts.entities:.3f}" if counts.entities else "-"
    return f"| {kind} | {written} | {counts.shown} | {precision} | {recall} |"

"""The model card of a trained classifier, from the numbers of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foreword_models.bert.training.heads import Outcome
from foreword_models.bert.training.tasks import Task
from foreword_models.evaluation.classification import Scores


@dataclass(frozen=True)
class CardText:
    """What a card says that is not a number: one paragraph each, and the limits as a list."""

    about: str
    data: str
    limits: Sequence[str]
    again: str
    precision: float = 0.9


def model_card(task: Task, text: CardText, head: Outcome, others: Mapping[str, Outcome]) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    head
        The classifier on the test part.
    others
        What it is compared with there, by name; calibrated in the same way.
    """
    parts = task.parts
    lines = [
        f"# {task.name}",
        "",
        text.about,
        "",
        "## Data",
        "",
        text.data,
        "",
        f"Each text counts once. {len(parts.train):,} texts to train, {len(parts.calibration):,} to calibrate and "
        f"choose thresholds, {len(parts.test):,} for the scores below, which nothing was chosen by; the labels in "
        "about the same proportions in each.",
        "",
        *_counts(task),
        "",
        "## Scores on the test part",
        "",
        "| | accuracy | macro-F1 | MCC | ECE, 15 bins |",
        "|---|---|---|---|---|",
        *(_row(name, each.scores) for name, each in {"this classifier": head, **others}.items()),
        "",
        *_verdict(head, others),
        *_groups(head, others),
        "## When it speaks",
        "",
        "A label is shown when its calibrated probability reaches a threshold chosen on the calibration part so that "
        f"{100 * text.precision:.0f} % of what is shown is right, with one standard error to spare"
        + (", and it is the most probable one." if task.kind == "softmax" else "."),
        "Precision: of the texts shown with the label, those that have it. Recall: of the texts with the label, those "
        "shown with it.",
        "",
        *_shown(task, head),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in text.limits),
        "",
        "## Again",
        "",
        text.again,
        "",
    ]
    return "\n".join(lines)


def _counts(task: Task) -> list[str]:
    groups = sorted({example.group for example in task.examples})
    named = len(groups) > 1
    lines = [f"| {'set | ' if named else ''}{' | '.join(task.labels)} |"] if len(task.labels) <= 8 else []
    if not lines:
        counts = {label: sum(label in example.labels for example in task.examples) for label in task.labels}
        return ["Texts with each label: " + ", ".join(f"{label} {count:,}" for label, count in counts.items()) + "."]
    lines.append("|" + "---|" * (len(task.labels) + named))
    for group in groups:
        own = [example for example in task.examples if example.group == group]
        cells = [f"{sum(label in example.labels for example in own):,}" for label in task.labels]
        lines.append(f"| {group + ' | ' if named else ''}{' | '.join(cells)} |")
    return lines


def _row(name: str, scores: Scores) -> str:
    values = (scores.accuracy, scores.macro_f1, scores.mcc, scores.calibration_error)
    return f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |"


def _verdict(head: Outcome, others: Mapping[str, Outcome]) -> list[str]:
    better = [name for name, other in others.items() if other.scores.macro_f1 >= head.scores.macro_f1]
    return [f"**Not better in macro-F1 than {' and '.join(better)}.**", ""] if better else []


def _groups(head: Outcome, others: Mapping[str, Outcome]) -> list[str]:
    if len(head.by_group) < 2:
        return []
    names = list(others)
    lines = [
        "By set:",
        "",
        f"| set | accuracy | macro-F1 |{''.join(f' {name}: accuracy | macro-F1 |' for name in names)}",
        "|---|---|---|" + "---|---|" * len(names),
    ]
    for group, scores in head.by_group.items():
        cells = [scores, *(others[name].by_group[group] for name in names)]
        lines.append(f"| {group} |" + "".join(f" {each.accuracy:.3f} | {each.macro_f1:.3f} |" for each in cells))
    return [*lines, ""]


def _shown(task: Task, head: Outcome) -> list[str]:
    lines = ["| label | F1 | threshold | shown | precision | recall |", "|---|---|---|---|---|---|"]
    for label in task.labels:
        threshold = head.classifier.config.thresholds[label]
        each = head.scores.per_label.get(label)
        if each is None:
            continue
        precision = f"{each.shown_right / each.shown:.3f}" if each.shown else "-"
        recall = f"{each.shown_right / each.examples:.3f}" if each.examples else "-"
        limit = "never" if threshold is None else f"{threshold:.4f}"
        lines.append(f"| {label} | {each.f1:.3f} | {limit} | {each.shown} | {precision} | {recall} |")
    precision_of_all, recall_of_all = head.scores.shown
    shown = sum(each.shown for each in head.scores.per_label.values())
    total = "-" if precision_of_all is None else f"{precision_of_all:.3f}"
    return [*lines, f"| all | | | {shown} | {total} | {recall_of_all:.3f} |"]

"""``foreword eval classifier``: how right a classifier is on labelled texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from foreword.cli.loading import classifier_models
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import EvaluationError


def classifier(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A classifier, or the folder of one.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="TSV, CSV or JSONL with the columns text and label."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score a classifier on labelled texts: accuracy, F1, MCC, calibration, and how right what is shown is.

    Where the file has only some of the labels that exclude each other, the classifier chooses among these. Where a text
    may have several labels, they are separated by commas.

    Example: foreword eval classifier spam messages.tsv
    """
    from foreword_models.bert.training.table import read_rows

    models, chosen = classifier_models(name)
    reader = models.reader([chosen])
    head = reader.classifiers[chosen]
    from foreword_models.evaluation.classification import as_json as scores_as_json
    from foreword_models.evaluation.classification import score, target_rows

    rows = read_rows(file, any_of=head.config.kind == "sigmoid")
    for number, example in rows:
        for label in example.labels:
            if label not in head.config.labels:
                raise EvaluationError(
                    f"{file}, row {number}, has the label {label!r}, which {chosen} was never trained on; it knows "
                    f"{', '.join(head.config.labels)}."
                )
    progress = TerminalProgress("steps")
    progress.start("Reading", len(rows))
    probabilities = reader.probabilities(chosen, [example.text for _, example in rows], progress.update)
    progress.finish()
    targets = target_rows(head.config.labels, [example.labels for _, example in rows])
    scores = score(head.config, probabilities, targets)
    result = scores_as_json(chosen, scores)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    table = Table(title=f"{chosen} on {result['examples']:,} texts")
    for column in ("label", "texts", "precision", "recall", "F1", "shown", "precision of it", "recall of it"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for label, each in result["per_label"].items():
        numbers = [each["precision"], each["recall"], each["f1"]]
        shown = [each["shown_precision"], each["shown_recall"]]
        table.add_row(label, str(each["examples"]), *map(_number, numbers), str(each["shown"]), *map(_number, shown))
    console = Console()
    console.print(table)
    shown = result["shown"]
    measures = {
        "accuracy": result["accuracy"],
        "macro-F1": result["macro_f1"],
        "MCC": result["mcc"],
        "expected calibration error": result["expected_calibration_error"],
        "precision of what is shown": shown["precision"],
        "its recall": shown["recall"],
    }
    console.print(", ".join(f"{what} {_number(value)}" for what, value in measures.items()), highlight=False)
    if len(result["among"]) < len(head.config.labels):
        console.print(f"Chosen among the labels of the file: {', '.join(result['among'])}.", highlight=False)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

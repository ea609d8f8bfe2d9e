"""``foreword eval entities``: how right the entities are that a tagger finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.console import table_console
from foreword.cli.loading import tagger_models
from foreword.cli.progress import TerminalProgress


def entities(
    name: Annotated[str, typer.Argument(metavar="NAME", help="entities, or the folder of a tagger of your own.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="One token and its tag a line (O, B-type, I-type), a blank line between sentences, as CoNLL 2003.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score the entities that are found in tagged sentences: strict precision, recall and F1, by type.

    An entity is right only if its type, its first and its last word are. The file's types PER, LOC and ORG count as
    person, location and organization, if the tagger has these.

    Example: foreword eval entities entities news.conll
    """
    encoder, tagger = tagger_models(name).tagger()
    from foreword_models.evaluation.entities import as_json as scores_as_json
    from foreword_models.evaluation.entity_files import evaluate

    progress = TerminalProgress("steps")
    scores, notes = evaluate(encoder, tagger, file, progress)
    for note in notes:
        progress.say(note)
    result = scores_as_json(scores)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    table = Table(title=f"{name} on {result['entities']:,} entities")
    for column in ("type", "entities", "precision", "recall", "F1", "shown", "precision of it", "recall of it"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for kind, each in {**result["per_type"], "all": result}.items():
        shown = each["shown"]
        table.add_row(
            kind,
            str(each["entities"]),
            *(_number(each[key]) for key in ("precision", "recall", "f1")),
            str(shown["count"]),
            *(_number(shown[key]) for key in ("precision", "recall")),
        )
    table_console().print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

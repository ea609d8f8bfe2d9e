"""``foreword grammar``: small slips of a text, each with its mend."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from foreword.cli.loading import command_models
from foreword.cli.text import read_text
from foreword.text.sentences import sentences
from foreword_models.grammar.edits import Edit, apply


def grammar(
    text: Annotated[str, typer.Argument(help="The text; - reads standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print the sentences that have a slip in them, and the words that are meant.

    English only, and only what is nearly certain: words that sound alike (then, than), apostrophes (dont), agreement
    (we was), forms of verbs (have went). Code, addresses and quotations are left alone.

    Example: foreword grammar "He is taller then me."
    """
    whole = read_text(text)
    found = sentences(whole)
    edits = command_models().grammar().read(sentence.text for sentence in found) if found else {}
    rows: list[dict[str, Any]] = [
        {
            "text": sentence.text,
            "start": sentence.start,
            "end": sentence.end,
            "corrected": apply(sentence.text, edits[sentence.text]),
            "edits": [_row(sentence.text, edit, sentence.start) for edit in edits[sentence.text]],
        }
        for sentence in found
    ]
    if as_json:
        typer.echo(json.dumps({"sentences": rows}, ensure_ascii=False))
        return
    for row in rows:
        if row["edits"]:
            typer.echo(row["corrected"])
        for edit in row["edits"]:
            change = f"{edit['text']} -> {edit['replacement']}"
            typer.echo(f"  {change:<24}{edit['kind']:<12}{100 * edit['probability']:5.1f} %")
    if not any(row["edits"] for row in rows):
        typer.echo("No slip was found.", err=True)


def _row(sentence: str, edit: Edit, offset: int) -> dict[str, Any]:
    """An edit on the offsets of the whole text."""
    return {
        "start": offset + edit.start,
        "end": offset + edit.end,
        "text": sentence[edit.start : edit.end],
        "replacement": edit.replacement,
        "probability": round(edit.probability, 6),
        "kind": edit.kind,
    }

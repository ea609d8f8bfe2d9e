"""``foreword classify``: how the sentences of a text read."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from foreword.cli.loading import classifier_models, command_models, is_tagger, tagger_models
from foreword.cli.text import read_text
from foreword.text.sentences import Sentence, sentences

ALL = "all"
"""Instead of a classifier's name: every one, whatever it is made to read."""

_MOST_LINES = 3


def classify(
    text: Annotated[str, typer.Argument(help="The text; - reads standard input.")],
    classifier: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="This classifier, or the one in this folder; all: every one, also those of headings and messages; "
            "entities: names instead. By default those of sentences.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print, for each sentence, the labels that the classifiers give it, with calibrated probabilities.

    A label that is sure enough to be shown carries a star. What reads headings (clickbait) or whole messages (spam) has
    little to say of a sentence: it is left out unless it is named, and in JSON nothing of it is shown then. A message's
    classifier reads the text as a whole where it is named.

    With --classifier entities, the names of persons, locations and organizations are printed instead.

    Example: foreword classify "You never listen to me."

    Of a whole message: foreword classify - --classifier spam < message.txt
    """
    whole = read_text(text)
    if classifier is not None and is_tagger(classifier):
        _print_entities(classifier, whole, as_json)
        return
    if classifier in (None, ALL):
        reader = command_models().reader()
    else:
        models, chosen = classifier_models(str(classifier))
        reader = models.reader([chosen])
    units = {name: reader.classifiers[name].config.unit for name in sorted(reader.classifiers)}
    telling = {name for name, unit in units.items() if unit == "sentence" or classifier is not None}
    found = [_all_of(whole)] if set(units.values()) == {"message"} and whole.strip() else sentences(whole)
    labels = reader.read(sentence.text for sentence in found)
    rows: list[dict[str, Any]] = [
        {
            "text": sentence.text,
            "start": sentence.start,
            "end": sentence.end,
            "labels": [
                {
                    "classifier": name,
                    "label": label.label,
                    "probability": round(label.probability, 6),
                    "shown": label.shown and name in telling,
                }
                for name in units
                for label in labels[sentence.text][name]
            ],
        }
        for sentence in found
    ]
    if as_json:
        typer.echo(json.dumps({"sentences": rows}, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(row["text"])
        for label in _worth_a_line([label for label in row["labels"] if label["classifier"] in telling]):
            star = " *" if label["shown"] else ""
            typer.echo(f"  {label['classifier']:<12}{label['label']:<12}{100 * label['probability']:5.1f} %{star}")
    if not rows:
        typer.echo("There is no sentence in this text.", err=True)


def _all_of(text: str) -> Sentence:
    """Return the text without the white space around it, as if it were one sentence."""
    start = len(text) - len(text.lstrip())
    return Sentence(text.strip(), start, start + len(text.strip()), finished=True)


def _print_entities(name: str, whole: str, as_json: bool) -> None:
    reader = tagger_models(name).entity_reader(())
    found = sentences(whole)
    entities = reader.entities(sentence.text for sentence in found)
    rows: list[dict[str, Any]] = [
        {
            "text": sentence.text,
            "start": sentence.start,
            "end": sentence.end,
            "labels": [],
            "entities": [
                {
                    "text": sentence.text[each.start : each.end],
                    "type": each.type,
                    "start": sentence.start + each.start,
                    "end": sentence.start + each.end,
                    "probability": round(each.probability, 6),
                    "shown": each.shown,
                }
                for each in entities[sentence.text]
            ],
        }
        for sentence in found
    ]
    if as_json:
        typer.echo(json.dumps({"sentences": rows}, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(row["text"])
        for each in row["entities"]:
            star = " *" if each["shown"] else ""
            typer.echo(f"  {each['type']:<14}{each['text']:<24}{100 * each['probability']:5.1f} %{star}")
    if not rows:
        typer.echo("There is no sentence in this text.", err=True)


def _worth_a_line(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out, of classifiers with many labels, those that are neither probable nor shown."""
    count: dict[str, int] = {}
    kept = []
    for label in labels:  # the most probable of each classifier first
        count[label["classifier"]] = count.get(label["classifier"], 0) + 1
        if count[label["classifier"]] <= _MOST_LINES or label["shown"]:
            kept.append(label)
    return kept

"""``foreword train classifier``: from a table of labelled texts to a classifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from foreword.cli.choices import chosen
from foreword.cli.console import table_console
from foreword.cli.progress import TerminalProgress
from foreword.cli.training import RECIPES, checked_name, encoder_name, one_of, require_libraries
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

if TYPE_CHECKING:
    from foreword_models.bert.training.own import TrainOptions

_MODES = ("head", "lora", "full")
_STARTS = ("plain", "shipped")
_SHIPPED_ENCODER = "minilm-l6"


def classifier(
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="TABLE", exists=True, dir_okay=False, help="TSV, CSV or JSONL with the columns text and label."
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE", help="head: the encoder as it is, minutes; lora: adapted by a small file; full: as a whole."
        ),
    ] = "lora",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the classifier; else the name of the table.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", file_okay=False, help="Where to write; else the classifier's name.")
    ] = None,
    any_of: Annotated[
        bool, typer.Option("--any-of", help="A text may have several labels, separated by commas.")
    ] = False,
    epochs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="At most; it stops when it is done.")] = 5,
    precision: Annotated[
        float, typer.Option(min=0.5, max=0.999, metavar="P", help="Share of right ones among the marks shown.")
    ] = 0.9,
    class_weights: Annotated[bool, typer.Option(help="Let an example of a rare label count more.")] = True,
    encoder: Annotated[
        str, typer.Option(metavar="MODEL", help="Model pack, or path of a transformers directory, to start from.")
    ] = _SHIPPED_ENCODER,
    start: Annotated[
        str,
        typer.Option(
            metavar="START",
            help="plain: from the encoder as it is; shipped: as it was adapted for the classifiers that come with "
            "Foreword, which knows more of tone and feeling.",
        ),
    ] = "plain",
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of the training.")] = 0,
    compare: Annotated[
        bool, typer.Option("--compare", help="Write no classifier, but print how right each way of training one is.")
    ] = False,
    features: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="What to compare: tfidf, vectors (GloVe or word2vec), encoder, head, lora, full."
        ),
    ] = "tfidf,vectors,encoder,head,lora,full",
    vectors: Annotated[
        str, typer.Option(metavar="MODEL", help="Word vectors to compare: a pack, or a file of GloVe or word2vec.")
    ] = "glove-50d",
    recipe: Annotated[
        str | None,
        typer.Option(metavar="RECIPE", help="Instead of a table: shipped, the classifiers that come with Foreword."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", file_okay=False, help="Of the sets that a recipe trains on.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Train a classifier on your own labelled texts, and score it on a part of them held out.

    The expected time is printed first. A training that was stopped goes on when the same is asked for again. The
    folder that comes out is used with foreword classify --classifier FOLDER, or in an editor by the setting
    diagnostics.classifiers.NAME.path.

    Example: foreword train classifier mails.tsv --mode lora --out mails

    To see first which way is worth it: foreword train classifier mails.tsv --compare
    """
    if (table is None) == (recipe is None):
        raise typer.BadParameter("name a table, or a recipe with --recipe", param_hint="TABLE")
    progress = TerminalProgress("steps")
    require_libraries()
    from foreword_models.gpt.machine import most_threads

    if recipe is not None:
        chosen(one_of(RECIPES), recipe, "--recipe")
        if data is None:
            raise typer.BadParameter("a recipe needs the folder of its sets", param_hint="--data")
        folder = locate(_SHIPPED_ENCODER, "encoder", Store.default(), progress=TerminalProgress(), say=progress.say)
        import torch

        from foreword_models.bert.training.shipped import train_shipped

        torch.set_num_threads(most_threads())
        result = train_shipped(data, folder, out, progress=progress, say=progress.say)
        _print(result, as_json)
        return
    assert table is not None
    wanted: Any = chosen(one_of(_MODES), mode, "--mode")
    title = checked_name(name or table.stem)
    chosen(one_of(_STARTS), start, "--start")
    if start == "shipped" and encoder != _SHIPPED_ENCODER:
        raise typer.BadParameter(f"shipped is for {_SHIPPED_ENCODER} alone; leave out --encoder", param_hint="--start")
    folder = locate(encoder, "encoder", Store.default(), progress=TerminalProgress(), say=progress.say)
    import torch

    from foreword_models.bert.classifier import shipped_adapter
    from foreword_models.bert.training.own import TrainOptions, train_on_table

    torch.set_num_threads(most_threads())
    options = TrainOptions(
        title,
        wanted,
        any_of,
        epochs,
        weighted=class_weights,
        precision=precision,
        seed=seed,
        adapter=shipped_adapter() if start == "shipped" else None,
    )
    if compare:
        _compare(table, features, vectors, encoder, folder, options, progress, as_json)
        return
    target = out or Path(title)
    result = train_on_table(
        table, folder, encoder_name(encoder, folder), target, options, progress=progress, say=progress.say
    )
    _print(result, as_json)
    if not as_json:
        typer.echo(f"Try it: foreword classify 'A text.' --classifier {target}")
        typer.echo(f"In an editor: diagnostics.classifiers.{title}.path = {str(target.resolve())!r}")


def _compare(
    table: Path,
    features: str,
    vectors: str,
    encoder: str,
    folder: Path,
    options: TrainOptions,
    progress: TerminalProgress,
    as_json: bool,
) -> None:
    from foreword_models.bert.training.compare import WAYS, Sources
    from foreword_models.bert.training.compare import compare as compared

    ways = [way.strip() for way in features.split(",")]
    if unknown := set(ways) - set(WAYS):
        raise typer.BadParameter(
            f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(WAYS)}", param_hint="--features"
        )
    store = Store.default()
    sources = Sources(
        folder,
        encoder_name(encoder, folder),
        lambda: locate(vectors, "vectors", store, progress=TerminalProgress(), say=progress.say),
    )
    result = compared(table, ways, sources, options, progress=progress, say=progress.say)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        table_console().print(_comparison(result))


def _comparison(result: dict[str, Any]) -> Table:
    from foreword_models.bert.training.compare import WAYS

    held = f"{result['table']}: {result['parts']['test']:,} texts held out, {result['parts']['train']:,} to train on"
    table = Table(title=held, title_style="bold")
    table.add_column("trained")
    for column in ("accuracy", "macro-F1", "MCC", "ECE", "shown: precision", "recall", "seconds"):
        table.add_column(column, justify="right")
    for row in result["ways"]:
        shown = row["shown"]
        table.add_row(
            WAYS[row["way"]],
            *(f"{row[key]:.3f}" for key in ("accuracy", "macro_f1", "mcc", "expected_calibration_error")),
            "-" if shown["precision"] is None else f"{shown['precision']:.3f}",
            f"{shown['recall']:.3f}",
            f"{row['seconds']:.0f}",
        )
    return table


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for row in result.get("classifiers", [result]):
        words = row["bag_of_words"]
        shown = row["shown"]
        precision = "-" if shown["precision"] is None else f"{100 * shown['precision']:.1f} %"
        typer.echo(
            f"{row['classifier']}: accuracy {row['accuracy']:.3f}, macro-F1 {row['macro_f1']:.3f} on "
            f"{row['examples']:,} texts held out (a bag of words: {words['accuracy']:.3f}, {words['macro_f1']:.3f}); "
            f"shown: precision {precision}, recall {100 * shown['recall']:.1f} %"
        )
    typer.echo(f"Written to {result['folder']}.")

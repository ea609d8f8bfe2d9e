"""``foreword train entities``: from sentences with entities to what finds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.choices import chosen
from foreword.cli.progress import TerminalProgress
from foreword.cli.training import RECIPES, checked_name, encoder_name, one_of, require_libraries
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store


def entities(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="One token and its tag a line (O, B-type, I-type), a blank line between sentences, as CoNLL 2003.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the tagger; else the name of the file.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", file_okay=False, help="Where to write; else the tagger's name.")
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.5, max=0.999, metavar="P", help="Share of right ones among the entities shown.")
    ] = 0.9,
    encoder: Annotated[
        str, typer.Option(metavar="MODEL", help="Model pack, or path of a transformers directory, to read with.")
    ] = "minilm-l6",
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of the training.")] = 0,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="RECIPE", help="Instead of a file: shipped, the tagger that comes with Foreword."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", file_okay=False, help="Of the sets that a recipe trains on.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Train a finder of entities on your own tagged sentences, and score it on a part of them held out.

    The expected time is printed first. A training that was stopped goes on when the same is asked for again. The folder
    that comes out is used with foreword classify --classifier FOLDER and foreword eval entities FOLDER FILE.

    Example: foreword train entities plants.conll --out plants
    """
    if (file is None) == (recipe is None):
        raise typer.BadParameter("name a file, or a recipe with --recipe", param_hint="FILE")
    title = checked_name(name or (file.stem if file is not None else "entities"))
    if recipe is not None:
        chosen(one_of(RECIPES), recipe, "--recipe")
        if name is not None or (precision, encoder, seed) != (0.9, "minilm-l6", 0):
            raise typer.BadParameter("a recipe has its own name, precision, encoder and seed", param_hint="--recipe")
        if data is None:
            raise typer.BadParameter("a recipe needs the folder of its sets", param_hint="--data")
    progress = TerminalProgress("steps")
    require_libraries()
    from foreword.engine.models import use_all_cores

    folder = locate(
        encoder if recipe is None else "minilm-l6",
        "encoder",
        Store.default(),
        progress=TerminalProgress(),
        say=progress.say,
    )
    use_all_cores()
    if data is not None and recipe is not None:
        from foreword_models.bert.training.shipped_entities import train_shipped_entities

        result = train_shipped_entities(data, folder, out, progress=progress, say=progress.say)
    else:
        from foreword_models.bert.training.entities import EntityOptions, train_on_conll

        assert file is not None
        options = EntityOptions(title, precision, seed)
        target = out or Path(title)
        result = train_on_conll(
            file, folder, encoder_name(encoder, folder), target, options, progress=progress, say=progress.say
        )
    _print(result, as_json)


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, scores in result.get("sets", {"the sentences held out": result}).items():
        shown = scores["shown"]
        precision = "-" if shown["precision"] is None else f"{100 * shown['precision']:.1f} %"
        recall = "-" if shown["recall"] is None else f"{100 * shown['recall']:.1f} %"
        typer.echo(
            f"On {name}: precision {scores['precision']:.3f}, recall {scores['recall']:.3f}, F1 {scores['f1']:.3f}; "
            f"shown: precision {precision}, recall {recall}"
        )
    typer.echo(f"Written to {result['folder']}.")

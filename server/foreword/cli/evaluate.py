"""``foreword eval``: the field's measures, on the user's own files."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.choices import chosen
from foreword.cli.evaluate_classifier import classifier
from foreword.cli.evaluate_entities import entities
from foreword.cli.evaluate_pool import Settings, make_source, measure_apart
from foreword.cli.evaluate_table import print_words
from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword.engine.models import Models, wanted_precision
from foreword.lsp.features.thinking import AT_ONCE
from foreword_models.evaluation.keystrokes import Counting
from foreword_models.evaluation.texts import read_samples
from foreword_models.gpt import machine
from foreword_models.words.keyboards import KEYBOARD_NAMES, named_keyboard
from foreword_models.words.registers import REGISTER_NAMES, named
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

app = typer.Typer(no_args_is_help=True, help="Measure how good the models are, on files of your own.")

app.command("classifier")(classifier)
app.command("entities")(entities)

_MOST_SLOTS = 50


@app.command("words")
def words(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            exists=True,
            dir_okay=False,
            help='One phrase a line, each on its own; or JSONL documents with "paragraphs", whose context carries on.',
        ),
    ],
    slots: Annotated[str, typer.Option(metavar="N,N", help="Numbers of words shown.")] = "1,3,5",
    register: Annotated[
        str, typer.Option(metavar="NAME", help=f"What kind of texts these are: {', '.join(REGISTER_NAMES)}, or none.")
    ] = "everyday",
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model pack, transformers directory or GGUF file.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N texts of each file.")] = None,
    characters: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N characters of each text.")
    ] = None,
    forwards: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Most forwards of a list; else what the server spends."),
    ] = None,
    thinking: Annotated[
        int, typer.Option(min=0, metavar="N", help="Most forwards between two keys, while nobody waits.")
    ] = AT_ONCE,
    keyboard: Annotated[
        str, typer.Option(metavar="NAME", help=f"Where slips are looked for: {', '.join(KEYBOARD_NAMES)}, or none.")
    ] = "qwerty",
    minimum_saving: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="KEYS",
            help="Offer no word that saves fewer keys than this on average; else as the settings say.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="Processes, each with its own model: quicker, but slower by the list.")
    ] = 1,
    case_simple: Annotated[
        bool, typer.Option("--case-simple", help="Type small letters; capitals come back in the context by rule.")
    ] = False,
    predict_lower: Annotated[
        bool, typer.Option("--predict-lower", help="Compare words in small letters, once each.")
    ] = False,
    strip_symbols: Annotated[
        bool, typer.Option("--strip-symbols", help="Leave only A to Z, apostrophes and single spaces of each text.")
    ] = False,
    marks_apart: Annotated[
        bool, typer.Option("--marks-apart", help="End the wanted word where its letters end, not at the next space.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the texts drawn anew for the intervals.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Draw savings against slots: a .png or .svg file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Count the keystrokes that predicted words save, as the literature on communication aids does.

    The list is looked at before every key; one key takes a word and the space after it. Savings and recall are in
    percent, with 95 % intervals over texts drawn anew. Nothing is learned from the files.

    Example: foreword eval words phrases.txt --case-simple --predict-lower --strip-symbols
    """
    shown = _slots(slots)
    expected = chosen(named, register, "--register")
    chosen(named_keyboard, keyboard, "--keyboard")
    draw = _plotter(plot)
    samples = read_samples(files, limit=limit, characters=characters)
    steps = TerminalProgress("steps")
    load = machine.load_per_core()
    user = user_settings(steps)
    models = Models(
        decoder=model or user.model.decoder,
        encoder=user.model.encoder,
        precision=user.model.precision,
        progress=TerminalProgress(),
        say=steps.say,
    )
    predictor = models.predictor()
    import torch

    from foreword_models.evaluation.words import measure, report

    settings = Settings(
        tuple(shown),
        Counting(case_simple, predict_lower, strip_symbols, marks_apart),
        expected.name if expected else "none",
        forwards,
        thinking,
        user.completion.minimum_probability,
        user.completion.minimum_saving if minimum_saving is None else minimum_saving,
        keyboard,
    )
    decoder = predictor.model.decoder
    threads = max(1, torch.get_num_threads() // jobs)
    began = time.perf_counter()
    if jobs == 1:
        measured = measure(make_source(predictor, settings), samples, shown, settings.counting, progress=steps)
    else:
        folder = locate(model or user.model.decoder, "decoder", Store.default())
        measured = measure_apart(
            folder, wanted_precision(decoder.precision), samples, settings, jobs=jobs, threads=threads, progress=steps
        )
    took = time.perf_counter() - began
    result = {
        **report(measured, shown, seed=seed),
        "personal": False,
        "register": settings.register,
        "keyboard": keyboard,
        "model": predictor.model.name,
        "precision": decoder.precision,
        "budget": {
            "forwards": predictor.answer.forwards if forwards is None else forwards,
            "thinking": thinking,
            "minimum_probability": settings.minimum_probability,
            "minimum_saving": settings.minimum_saving,
        },
        "counting": asdict(settings.counting),
        "seed": seed,
        "jobs": jobs,
        "seconds": round(took, 1),
        "machine": {
            "processor": machine.processor_name(),
            "load_per_core": load,
            "cores": machine.usable_cores(),
            "system": platform.platform(),
            "threads": threads,
            "device": str(decoder.device),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }
    if draw is not None:
        draw({predictor.model.name: result})
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        print_words(result)


def _slots(text: str) -> list[int]:
    try:
        slots = sorted({int(number) for number in text.split(",")})
    except ValueError:
        slots = []
    if not slots or slots[0] < 1 or slots[-1] > _MOST_SLOTS:
        raise typer.BadParameter(f"numbers from 1 to {_MOST_SLOTS}, as in 1,3,5", param_hint="--slots")
    return slots


def _plotter(path: Path | None) -> Callable[[dict[str, dict[str, Any]]], None] | None:
    """Return what draws into a file; whatever is wrong with it is said before anything is measured."""
    if path is None:
        return None
    from foreword_models.evaluation.savings_plot import check, draw

    if path.suffix.lower() not in (".png", ".svg"):
        raise typer.BadParameter("the file's name must end in .png or .svg", param_hint="--plot")
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.absolute().parent}", param_hint="--plot")
    check()
    return lambda results: draw(results, path)

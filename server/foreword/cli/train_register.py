"""``foreword train register``: a kind of text learned from examples, in place of the preamble that is shipped."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from foreword.cli.choices import chosen
from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword_models.evaluation.texts import read_samples
from foreword_models.words.registers import REGISTER_NAMES, REGISTERS, Register
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

if TYPE_CHECKING:
    from foreword_models.words.register_training import Learned

_FILES = typer.Argument(
    metavar="TEXT...",
    exists=True,
    dir_okay=False,
    help='One text a line, each on its own; or JSONL documents with "paragraphs".',
)


def register(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"What kind of texts: {', '.join(REGISTER_NAMES)}.")],
    files: Annotated[list[Path], _FILES],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Where to; by default where Foreword finds it by itself."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model pack, transformers directory or GGUF file.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Most steps of learning.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Of the order of the texts.")] = 0,
    also: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Other texts to measure on, not to learn from."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Learn what heads a text of a kind (prefix tuning), from texts of that kind.

    A tenth of the texts is held out to report on. Nothing is written unless the preamble is beaten there. A run that
    was broken off goes on where it was when it is started again alike. Nothing leaves this machine.

    Example: foreword train register mail my-mails.txt
    """
    kind = chosen(_kind, name, "NAME")
    texts = ["\n".join(sample.paragraphs) for sample in read_samples(files)]
    others = {path.name: ["\n".join(sample.paragraphs) for sample in read_samples([path])] for path in also or []}
    progress = TerminalProgress("steps")
    wanted = model or user_settings(progress).model.decoder
    folder = locate(wanted, "decoder", Store.default(), progress=TerminalProgress(), say=progress.say)
    use_all_cores()
    from foreword_models.gpt.prefix_tuning import Schedule
    from foreword_models.words.learned import FILE, own_folder
    from foreword_models.words.register_card import card
    from foreword_models.words.register_training import RegisterTraining, divide

    out = out or own_folder() / f"{kind.name}-{Path(wanted).stem}"
    parts, schedule = divide(texts), Schedule(steps=steps, seed=seed)
    training = RegisterTraining(folder, kind, parts, schedule)
    if training.resume(out):
        progress.say(f"Going on with step {training.steps_done} of a run that was broken off.")
    progress.say(
        f"{len(parts.train)} texts to learn from, {len(parts.kept)} to judge by, {len(parts.held_out)} held out: "
        f"about {math.ceil(training.seconds_left() / 60)} min at most."
    )
    learned = training.run(out, others, progress=progress)
    command = " ".join(["foreword train register", kind.name, *(path.name for path in files)])
    sources = [f"`{path.name}`" for path in files]
    (out / "README.md").write_text(
        card(learned, parts, schedule, model=Path(wanted).stem, sources=sources, command=command), encoding="utf-8"
    )
    if as_json:
        typer.echo(json.dumps(_report(learned, out / FILE), ensure_ascii=False))
    else:
        _print(learned, out / FILE)


def _kind(name: str) -> Register:
    for known, kind in REGISTERS.items():
        if known == name:
            return kind
    raise ValueError(f"There is no register {name!r}: choose {', '.join(REGISTER_NAMES)}.")


def _report(learned: Learned, path: Path) -> dict[str, Any]:
    return {
        "register": learned.register.name,
        "file": str(path),
        "vectors": learned.register.prefix.shape[2],
        "steps": learned.tuned.best.step,
        "seconds": round(learned.seconds, 1),
        "bits_per_character": {
            name: {
                "texts": gain.texts,
                "bare": round(gain.bare, 4),
                "preamble": round(gain.preamble, 4),
                "learned": round(gain.learned, 4),
            }
            for name, gain in learned.gains.items()
        },
    }


def _print(learned: Learned, path: Path) -> None:
    console = Console(file=sys.stdout, highlight=False)
    table = Table(title="Bits per character: fewer is better")
    for heading in ("texts", "number", "bare", "preamble", "learned"):
        table.add_column(heading, justify="left" if heading == "texts" else "right")
    for name, gain in learned.gains.items():
        bits = (f"{value:.3f}" for value in (gain.bare, gain.preamble, gain.learned))
        table.add_row(name, str(gain.texts), *bits)
    console.print(table)
    console.print(f"Written to {path}, after {learned.tuned.best.step} steps.", soft_wrap=True, markup=False)

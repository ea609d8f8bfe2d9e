"""``foreword bench typing``: how long a writer waits at each key, side by side with what they could run instead."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.bench_setup import (
    GGUFOption,
    LlamaPythonOption,
    ModelOption,
    PeerOptions,
    TransformersOption,
    load_now,
    model_of,
    peers,
)
from foreword.cli.bench_typing_table import print_typing
from foreword.cli.bench_typing_text import TEXT
from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.typing_script import gaps, script
from foreword_models.gpt import machine
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store


def bench_typing(
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Type this text file; else a text of our own.")
    ] = None,
    keys: Annotated[int, typer.Option(min=1, help="The most keys to press.")] = 2000,
    pace: Annotated[
        str, typer.Option("--gaps", metavar="LOW-HIGH", help="Milliseconds between keys, drawn uniformly.")
    ] = "60-250",
    seed: Annotated[int, typer.Option(help="Decides the gaps, and where words are put in later.")] = 0,
    fast: Annotated[
        bool, typer.Option("--fast", help="No gaps: press each key as soon as the one before is answered.")
    ] = False,
    starts: Annotated[int, typer.Option(min=1, help="Starts of the server; medians are reported.")] = 1,
    model: ModelOption = None,
    gguf: GGUFOption = None,
    llama_python: LlamaPythonOption = None,
    transformers: TransformersOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Type a text into the real server at the pace of a person, and time the words after each key.

    Now and then the cursor jumps back and puts in words that were left out. The peers are given the same keys at the
    same pace, and generate four tokens at each. Needs a quiet machine, and about three minutes an engine.

    Example: foreword bench typing --gguf SmolLM2-135M-Instruct.Q4_1.gguf --transformers
    """
    from foreword.typing_bench import measure, report  # needs the protocol's library, which other commands do without

    bounds = _bounds(pace)
    pressed = script(_text(file)[:keys], seed=seed)
    between = None if fast else gaps(len(pressed), bounds, seed=seed)
    # While there is typing, nothing else is to take the processor, or this process from noting a time.
    steps, typing = TerminalProgress("steps"), TerminalProgress("steps", live=False)
    load = load_now(steps)
    if gguf is not None and model is None:
        model = model_of(gguf)
    named = model or user_settings(steps).model.decoder
    folder = locate(named, "decoder", Store.default(), progress=TerminalProgress(), say=steps.say)
    if gguf is None and Path(named).suffix == ".gguf":
        gguf = Path(named)
    common = ["--threads", str(machine.most_threads()), "--device", "cpu"]
    commands, missing = peers(folder, PeerOptions(gguf, llama_python, transformers), common, kind="typing")
    measured = measure(pressed, between, folder, commands, model=model, starts=starts, steps=steps, typing=typing)
    measured.missing |= missing
    result = {
        **report(measured, human=not fast),
        "keystrokes": len(pressed),
        "gaps_milliseconds": None if fast else list(bounds),
        "seed": seed,
        "file": None if file is None else file.name,
        "model": named,
        "machine": {
            "processor": machine.processor_name(),
            "load_per_core": load,
            "cores": machine.usable_cores(),
            "system": platform.platform(),
            "torch": version("torch"),
            "python": platform.python_version(),
        },
    }
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        print_typing(result)


def _bounds(pace: str) -> tuple[int, int]:
    low, _, high = pace.partition("-")
    if not (low.isdecimal() and high.isdecimal() and int(low) <= int(high)):
        raise typer.BadParameter("two numbers of milliseconds, the lower one first, as in 60-250", param_hint="--gaps")
    return int(low), int(high)


def _text(file: Path | None) -> str:
    if file is None:
        return TEXT
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{file} cannot be read as UTF-8 text ({error}); name another file.") from error
    if not text:
        raise BenchmarkError(f"{file} is empty; name a file with a text to type.")
    return text

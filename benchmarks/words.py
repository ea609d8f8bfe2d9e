r"""Keystrokes saved by predicted words, beside what else predicts words: the same phrases, counted alike, in one run.

    python benchmarks/words.py PHRASES --case-simple --predict-lower --strip-symbols \
        --train FILE ... --gguf SmolLM2-135M-Instruct.Q4_1.gguf

Peers are presage, where Debian's package `presage` is installed; a word n-gram trained on the files after --train; and
with --gguf transformers, which decodes the next word greedily from the same weights. What cannot be measured is named
with the reason. Files are those of ``foreword eval words``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foreword.cli.console import table_console
from foreword.cli.evaluate_pool import Settings, make_source
from foreword.cli.evaluate_table import savings_table
from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword.lsp.features.thinking import AT_ONCE
from foreword.settings import CompletionSettings
from foreword_models.evaluation.keystrokes import Counting, WordSource, prepare
from foreword_models.evaluation.peer_transformers import load
from foreword_models.evaluation.savings_plot import check, draw
from foreword_models.evaluation.texts import Sample, read_samples
from foreword_models.evaluation.words import measure, report
from foreword_models.gpt import machine
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import REGISTER_NAMES
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store
from ngram import NGram
from peers import Greedy, Presage

Row = dict[str, Any]
Measure = Callable[[WordSource, tuple[int, ...], str], Row]

PRESAGE, TRANSFORMERS = "presage", "transformers, greedy"
_MERGED = ("keystroke_savings", "confidence", "recall_at_word_start", "recall_confidence")


def presage(measured: Measure, slots: tuple[int, ...]) -> Row:
    """A run for each number of slots, in a home of its own that nothing was learned in."""
    row: Row = {}
    with tempfile.TemporaryDirectory() as home, _home(home):
        for shown in slots:
            source = Presage(Path(home), shown)
            found = measured(source, (shown,), f"{PRESAGE}, {shown} shown")
            source.close()
            row = {**found, **{name: {**row.get(name, {}), **found[name]} for name in _MERGED}}
    return row


@contextmanager
def _home(folder: str) -> Iterator[None]:
    before = os.environ.get("HOME")
    os.environ["HOME"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["HOME"]
        else:
            os.environ["HOME"] = before


def transformers(measured: Measure, gguf: Path, predictor: Predictor) -> Row:
    """One slot: greedy decoding has one answer."""
    store = Store.default()
    model = load(gguf, store.root / "bench", "cpu")
    decoder = predictor.model.decoder
    source = Greedy(model, predictor.model.tokenizer, decoder.config.start_token)
    return measured(source, (1,), TRANSFORMERS)


def run(arguments: argparse.Namespace, samples: list[Sample]) -> dict[str, Any]:
    slots = tuple(sorted(set(map(int, arguments.slots.split(",")))))
    counting = Counting(arguments.case_simple, arguments.predict_lower, arguments.strip_symbols, arguments.marks_apart)
    steps = TerminalProgress("steps")

    def measured(source: WordSource, shown: tuple[int, ...], name: str) -> Row:
        found = measure(source, samples, shown, counting, progress=steps, description=name)
        return report(found, shown, seed=arguments.seed)

    load_before = machine.load_per_core()
    use_all_cores()
    folder = locate(arguments.model, "decoder", Store.default(), say=steps.say)
    predictor = Predictor(open_model(folder, name=arguments.model))
    predictor.predict("The ", 1)
    rows: dict[str, Row] = {}
    missing: dict[str, str] = {}
    defaults = CompletionSettings()
    for register in arguments.register:
        settings = Settings(
            slots,
            counting,
            register,
            None,
            AT_ONCE,
            defaults.minimum_probability,
            defaults.minimum_saving,
            defaults.keyboard,
        )
        rows[f"foreword, {register}"] = measured(make_source(predictor, settings), slots, f"foreword, {register}")
    try:
        rows[PRESAGE] = presage(measured, slots)
    except OSError as error:
        missing[PRESAGE] = f"not installed ({error}): apt-get install presage"
    name = f"{arguments.order}-gram"
    if arguments.train:
        steps.start(f"Training the {name}", 0)
        training = [prepare(sample.paragraphs, counting) for sample in read_samples(arguments.train)]
        source = NGram(training, counting, arguments.order)
        steps.finish()
        rows[name] = measured(source, slots, name)
        rows[name]["training_characters"] = sum(map(len, training))
    else:
        missing[name] = "no text to train on: --train FILE ..."
    if arguments.gguf is None:
        missing[TRANSFORMERS] = "no GGUF file: --gguf FILE"
    elif not importlib.util.find_spec("accelerate"):
        missing[TRANSFORMERS] = "it reads GGUF files with accelerate: python -m pip install accelerate"
    else:
        rows[TRANSFORMERS] = transformers(measured, arguments.gguf, predictor)
    return {
        "rows": rows,
        "not_measured": missing,
        "slots": slots,
        "counting": asdict(counting),
        "model": arguments.model,
        "precision": predictor.model.decoder.precision,
        "seed": arguments.seed,
        "machine": {"processor": machine.processor_name(), "load_per_core": load_before},
    }


def print_table(result: dict[str, Any]) -> None:
    console = table_console(140)
    flags = [name for name, on in result["counting"].items() if on]
    console.print(f"{result['model']} ({result['precision']}); counted with {', '.join(flags) or 'no flags'}")
    console.print(savings_table(result["rows"], list(map(str, result["slots"])), "predictor"))
    for name, row in result["rows"].items():
        times = row["milliseconds"]
        console.print(f"{name}: milliseconds a list p50 {times['p50']}, p95 {times['p95']}", highlight=False)
    for name, reason in result["not_measured"].items():
        console.print(f"{name}: {reason}", highlight=False, markup=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--train", type=Path, nargs="+", default=[], metavar="FILE", help="text for the n-gram")
    parser.add_argument("--order", type=int, default=4, choices=range(2, 7), help="of the n-gram (default 4)")
    parser.add_argument("--gguf", type=Path, help="the model's weights for transformers")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument(
        "--register", nargs="+", default=["everyday"], choices=[*REGISTER_NAMES, "none"], help="a row for each"
    )
    parser.add_argument("--slots", default="1,3,5", metavar="N,N")
    parser.add_argument("--limit", type=int, help="only so many texts of each file")
    parser.add_argument("--characters", type=int, help="only so many characters of each text")
    parser.add_argument("--seed", type=int, default=0, help="of the intervals (default 0)")
    for flag in ("--case-simple", "--predict-lower", "--strip-symbols", "--marks-apart"):
        parser.add_argument(flag, action="store_true", help="as in foreword eval words")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw savings against slots: .png or .svg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    if {file.resolve() for file in arguments.train} & {file.resolve() for file in arguments.files}:
        parser.error("a file cannot be both trained on and measured with")
    if arguments.plot:
        check()
    result = run(arguments, read_samples(arguments.files, limit=arguments.limit, characters=arguments.characters))
    if arguments.plot:
        draw(result["rows"], arguments.plot)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print_table(result)


if __name__ == "__main__":
    main()

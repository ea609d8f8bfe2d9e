r"""What is lost, and what is spared, when words that hardly save a key are not offered: ``completion.minimumSaving``.

    python benchmarks/silence.py FILE --case-simple --predict-lower --strip-symbols --minimum-saving 0 0.03 0.1

Files and counting are those of ``foreword eval words``. Every list is searched for once, and each threshold is a view
of it: nothing else differs between the rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from foreword.cli.console import table_console
from foreword.cli.evaluate_pool import Settings, make_source
from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword.lsp.features.thinking import AT_ONCE
from foreword.settings import CompletionSettings
from foreword_models.evaluation.keystrokes import Counting
from foreword_models.evaluation.model_source import ModelSource, completion
from foreword_models.evaluation.texts import Sample, read_samples
from foreword_models.evaluation.words import Measured, measure, report
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Prediction, Predictor, expected_saving
from foreword_models.words.registers import REGISTER_NAMES
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

SLOTS = (1, 3, 5)


class View:
    """The words of a source that save so many keys on average; what is asked for again is remembered.

    Parameters
    ----------
    source
        Offers all words.
    known
        What was predicted in this text so far, by the text up to there: shared by the views of a source.
    """

    def __init__(self, source: ModelSource, known: dict[str, Prediction], minimum_saving: float) -> None:
        self._source, self._known, self._least = source, known, minimum_saving

    def begin(self) -> None:
        """Begin a text, which the other views may know already."""
        self._source.begin()

    def predict(self, context: str, count: int) -> Sequence[str]:
        """Return what is left of the list."""
        if context not in self._known:
            self._known[context] = self._source.ask(context, count)
            self._source.rest()
        found = self._known[context]
        return [
            completion(found.prefix, word.text)
            for word in found.words
            if expected_saving(word.text, word.probability, found.prefix) >= self._least
        ]


def run(
    source: ModelSource, samples: Sequence[Sample], thresholds: Sequence[float], counting: Counting, seed: int
) -> dict[str, dict[str, Any]]:
    """Measure every threshold on every text; returns the reports of ``foreword eval words``."""
    progress = TerminalProgress("steps")
    measured: dict[float, list[Measured]] = {least: [] for least in thresholds}
    progress.start("Typing", len(samples))
    for done, sample in enumerate(samples, 1):
        known: dict[str, Prediction] = {}
        for least in thresholds:
            measured[least] += measure(View(source, known, least), [sample], SLOTS, counting)
        progress.update(done)
    progress.finish()
    return {f"{least:g}": report(found, SLOTS, seed=seed) for least, found in measured.items()}


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Print a row a threshold."""
    table = Table(title="Keys saved in percent, by the least that a word must save on average")
    for heading in ("least", *(f"{shown} shown" for shown in SLOTS), "words in a list of 5", "empty lists, %"):
        table.add_column(heading, justify="right")
    for least, row in rows.items():
        saved = (f"{row['keystroke_savings'][str(shown)]:.2f}" for shown in SLOTS)
        table.add_row(least, *saved, f"{row['words_offered']:.2f}", f"{row['empty_lists']:.1f}")
    table_console().print(table)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--minimum-saving", type=float, nargs="+", default=[0.0, 0.03, 0.06, 0.1], metavar="KEYS")
    parser.add_argument("--model", default="smollm2-135m", help="a model pack (default: %(default)s)")
    parser.add_argument("--register", default="everyday", choices=[*REGISTER_NAMES, "none"])
    parser.add_argument("--limit", type=int, help="only so many texts of each file")
    parser.add_argument("--characters", type=int, help="only so many characters of each text")
    parser.add_argument("--seed", type=int, default=0, help="of the intervals (default: %(default)s)")
    for flag in ("--case-simple", "--predict-lower", "--strip-symbols", "--marks-apart"):
        parser.add_argument(flag, action="store_true", help="as in foreword eval words")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    samples = read_samples(arguments.files, limit=arguments.limit, characters=arguments.characters)
    counting = Counting(arguments.case_simple, arguments.predict_lower, arguments.strip_symbols, arguments.marks_apart)
    progress = TerminalProgress("steps")
    folder = locate(arguments.model, "decoder", Store.default(), progress=progress, say=progress.say)
    use_all_cores()
    predictor = Predictor(open_model(folder, name=arguments.model))
    defaults = CompletionSettings()
    settings = Settings(
        SLOTS, counting, arguments.register, None, AT_ONCE, defaults.minimum_probability, 0.0, defaults.keyboard
    )
    rows = run(make_source(predictor, settings), samples, arguments.minimum_saving, counting, arguments.seed)
    if arguments.json:
        print(json.dumps(rows))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()

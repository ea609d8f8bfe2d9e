"""Every shipped classifier beside a bag of words and beside a head on the frozen encoder, on texts held out.

Run ``python benchmarks/classifiers.py --data FOLDER``, where FOLDER holds the sets of the recipe
(``foreword_models/bert/training/shipped_data.py``). The split is the recipe's: no text was trained on or chosen by.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from foreword.cli.progress import TerminalProgress
from foreword_models.bert.calibration import Floats
from foreword_models.bert.classifier import shipped_classifiers
from foreword_models.bert.encoder import Encoder
from foreword_models.bert.opening import open_classifiers
from foreword_models.bert.training.baseline import bag_of_words, regression
from foreword_models.bert.training.heads import Outcome, from_logits, judged, plain_config, texts_of
from foreword_models.bert.training.reading import encode
from foreword_models.bert.training.shipped import ENCODER
from foreword_models.bert.training.shipped_data import shipped_tasks
from foreword_models.bert.training.tasks import Task
from foreword_models.errors import ForewordError
from foreword_models.evaluation.classification import Scores, score
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--frozen", type=int, default=4000, help="most texts the frozen encoder's head learns from")
    parser.add_argument("--only", nargs="*", help="these classifiers alone")
    options = parser.parse_args(argv)
    progress = TerminalProgress("steps")
    try:
        tasks = shipped_tasks(options.data)
        folder = locate(ENCODER, "encoder", Store.default(), say=progress.say)
        shipped = open_classifiers(shipped_classifiers(), lambda _: folder)
        plain = Encoder.load(folder, "auto")
    except ForewordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    console = Console()
    heading = "| classifier | held out | | accuracy | macro-F1 | MCC | ECE | shown: precision | recall |"
    console.print(heading, markup=False, soft_wrap=True)
    console.print("|---|---|---|---|---|---|---|---|---|")
    for task in tasks:
        if options.only and task.name not in options.only:
            continue
        encoder, head = shipped[task.name]
        vectors = encode(encoder, texts_of(task, task.parts.test), progress, f"Reading {task.name}")
        found = judged(task, head, vectors)
        row(console, task.name, "shipped", found.scores)
        config = plain_config(task, ENCODER)
        words = from_logits(task, config, *bag_of_words(task))
        row(console, task.name, "TF-IDF + LR", words.scores)
        frozen = from_logits(task, config, *frozen_head(task, plain, options.frozen, progress))
        row(console, task.name, "frozen encoder + LR", frozen.scores)
        systems = {"shipped": found, "TF-IDF + LR": words, "frozen encoder + LR": frozen}
        for group in found.by_group if len(found.by_group) > 1 else ():
            for name, each in systems.items():
                row(console, group, name, part(task, each, group))
    return 0


def part(task: Task, found: Outcome, group: str) -> Scores:
    """Return the scores on one set; of politeness on the two ends of its scale, as in the literature."""
    examples = [task.examples[index] for index in task.parts.test]
    chosen = np.array([example.group == group for example in examples])
    if task.name == "politeness":
        chosen &= np.array(["neutral" not in example.labels for example in examples])
    targets = task.targets()[task.parts.test].astype(bool)
    return score(found.classifier.config, found.probabilities[chosen], targets[chosen])


def frozen_head(task: Task, plain: Encoder, most: int, progress: TerminalProgress) -> tuple[Floats, Floats]:
    """Return logits, of the calibration and the test part, of a regression on the frozen encoder's vectors."""
    chosen = np.sort(np.random.default_rng(0).permutation(task.parts.train)[:most])
    task = replace(task, parts=replace(task.parts, train=chosen))
    parts = (task.parts.train, task.parts.calibration, task.parts.test)
    train, held, tested = (encode(plain, texts_of(task, part), progress, "Reading, frozen") for part in parts)
    return regression(task, train, held, tested)


def row(console: Console, what: str, name: str, scores: Scores) -> None:
    precision, recall = scores.shown
    values = [scores.accuracy, scores.macro_f1, scores.mcc, scores.calibration_error, precision, recall]
    cells = " | ".join("-" if value is None else f"{value:.3f}" for value in values)
    console.print(f"| {what} | {scores.examples:,} | {name} | {cells} |", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())

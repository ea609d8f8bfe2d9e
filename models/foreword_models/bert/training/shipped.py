"""The recipe of the shipped classifiers: one encoder adapted to six tasks at once, compacted, calibrated and scored.

``foreword train classifier --recipe shipped --data FOLDER`` runs it. A long training: an hour or more of two cores.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from foreword_models.bert.adapter import compact
from foreword_models.bert.classifier import Classifier
from foreword_models.bert.encoder import Encoder
from foreword_models.bert.training.baseline import bag_of_words
from foreword_models.bert.training.card import model_card
from foreword_models.bert.training.heads import (
    Outcome,
    calibrated,
    from_logits,
    head_alone,
    judged,
    plain_config,
    texts_of,
)
from foreword_models.bert.training.lexical import fit_lexical
from foreword_models.bert.training.loop import LoopOptions, fit
from foreword_models.bert.training.network import Network, make_network
from foreword_models.bert.training.reading import encode, tokenizer
from foreword_models.bert.training.shipped_data import SEED, shipped_tasks
from foreword_models.bert.training.shipped_notes import NOTES
from foreword_models.bert.training.steps import Steps, untold
from foreword_models.bert.training.tasks import Task, rows
from foreword_models.evaluation.classification import as_json
from foreword_models.zoo.progress import Progress, stage

ENCODER = "minilm-l6"

FROZEN_LAYERS = 2
"""Of six: what the lowest layers do serves every task as it is, and a step takes a sixth less time."""

OPTIONS = LoopOptions(batch_size=32, max_steps=2900, encoder_rate=1.5e-4, head_rate=1e-3, seed=SEED, save_steps=200)
"""What is shipped was trained so but for one thing: its rates began to fall towards step 4,245; the end was moved to
3,400 at step 2,200 and to 2,900 at step 2,400, because two busy cores were slow. A longer training is likely better."""


RANK = 32
ADAPTER = "adapter.safetensors"
NETWORK = "network.safetensors"
MARKS = {
    "emotion": ("anger", "annoyance", "disgust", "fear", "sadness"),
    "offensive": ("hate", "offensive"),
    "spam": ("spam",),
    "politeness": ("impolite",),
    "sentiment": ("negative",),
    "clickbait": ("clickbait",),
}
UNITS = {"spam": "message", "clickbait": "heading"}
"""What is read that is no sentence."""

REFITTED = ("clickbait",)
"""Heads that are fitted anew when the encoder is done: in the training together they see few of their texts."""

ENABLED = ("offensive", "sentiment")
"""What marks in an editor without having been turned on."""


def adapt(encoder: Path, tasks: list[Task], work: Path, step: Steps = untold) -> Network:
    """Train encoder and heads, or go on where that was stopped; what comes out is kept in ``work``."""
    torch.manual_seed(SEED)
    network = make_network(encoder, tasks, "full", frozen_layers=FROZEN_LAYERS)
    train = rows(tasks, tokenizer(encoder), SEED)
    fit(network, train, [], work / "checkpoints", OPTIONS, step=step)
    network.cpu()
    save_file({name: p.detach().contiguous() for name, p in network.named_parameters()}, work / NETWORK)
    return network


def finish(
    encoder: Path, tasks: list[Task], tensors: Mapping[str, Tensor], out: Path, progress: Progress
) -> dict[str, tuple[Outcome, Outcome]]:
    """Make the shipped folders of what was trained; return, by head, how right it is, and a bag of words.

    Parameters
    ----------
    encoder
        Folder of the encoder that was adapted.
    tensors
        The parameters of the trained `Network`, by name.
    out
        Folder of the adapter, with a folder for each head.
    """
    before = load_file(encoder / "model.safetensors")
    after = {name.removeprefix("encoder."): t for name, t in tensors.items() if name.startswith("encoder.")}
    out.mkdir(parents=True, exist_ok=True)
    compact(before, after, RANK).save(out / ADAPTER)
    reader = Encoder.load(encoder, "auto", adapter=out / ADAPTER)
    found = {}
    for number, task in enumerate(tasks):
        if task.name in REFITTED:
            weight, bias = head_alone(task, reader, progress)
        else:
            weight, bias = (tensors[f"heads.{number}.{part}"].double().numpy() for part in ("weight", "bias"))
        held, tested = (
            encode(reader, texts_of(task, part), progress, f"Reading {task.name}")
            for part in (task.parts.calibration, task.parts.test)
        )
        config = plain_config(
            task,
            ENCODER,
            adapter=f"../{ADAPTER}",
            marks=MARKS[task.name],
            enabled=task.name in ENABLED,
            unit=UNITS.get(task.name, "sentence"),
        )
        calibrated(task, config, weight, bias, held, lexical=fit_lexical(task)).save(out / task.name)
        # Scored as a user gets it: from the files.
        words = from_logits(task, config, *bag_of_words(task))
        found[task.name] = judged(task, Classifier.load(out / task.name), tested), words
    return found


def train_shipped(
    data: Path, encoder: Path, out: Path | None, *, progress: Progress, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train, calibrate, score and write all that is shipped; return the scores.

    A training that was stopped goes on where it was when the same is asked for again.

    Parameters
    ----------
    data
        Folder of the sets, see `foreword_models.bert.training.shipped_data`.
    encoder
        Folder of the encoder ``minilm-l6``.
    out
        Where to; by default the folder that comes with the package.

    Raises
    ------
    TrainingError
        A set is missing or damaged.
    """
    tasks = shipped_tasks(data)
    target = out or Path(__file__).resolve().parents[1] / "shipped"
    work = target.with_name(f"{target.name}.training")
    work.mkdir(parents=True, exist_ok=True)
    steps = OPTIONS.max_steps
    say(f"{steps:,} steps of {OPTIONS.batch_size} texts: about a quarter of a second each on two quiet cores.")
    if not (work / NETWORK).is_file():
        with stage(progress, "Training the shipped classifiers", steps) as update:
            adapt(encoder, tasks, work, step=lambda done, total: update(done))  # noqa: ARG005
    found = finish(encoder, tasks, load_file(work / NETWORK), target, progress)
    rows = []
    for task in tasks:
        head, words = found[task.name]
        card = model_card(task, NOTES[task.name], head, {"TF-IDF + logistic regression": words})
        (target / task.name / "README.md").write_text(card, encoding="utf-8", newline="\n")
        scores = words.scores
        rows.append(
            as_json(task.name, head.scores)
            | {"bag_of_words": {"accuracy": round(scores.accuracy, 4), "macro_f1": round(scores.macro_f1, 4)}}
        )
    shutil.rmtree(work)
    return {"classifiers": rows, "folder": str(target)}

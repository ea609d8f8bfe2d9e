"""Training a classifier on a table of the user's own: from a file to a folder that classifies."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from foreword_models.bert.adapter import Adapter, compact
from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.encoder import Encoder
from foreword_models.bert.training.baseline import bag_of_words
from foreword_models.bert.training.calibrate import calibrated_loss
from foreword_models.bert.training.card import CardText, model_card
from foreword_models.bert.training.examples import split
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
from foreword_models.bert.training.loop import LoopOptions, fit, training_device
from foreword_models.bert.training.network import Mode, Network, make_network, pad_batch
from foreword_models.bert.training.plots import draw_calibration, draw_confusion
from foreword_models.bert.training.reading import encode, tokenizer
from foreword_models.bert.training.steps import Steps
from foreword_models.bert.training.table import Table, check_trainable, read_table
from foreword_models.bert.training.tasks import Task, rows
from foreword_models.bert.training.work import WORK, claim, say_time
from foreword_models.evaluation.classification import as_json
from foreword_models.zoo.progress import Progress, stage

RANK = 16
RATES: dict[Mode, float] = {"head": 0.0, "lora": 8e-4, "full": 1e-4}
ADAPTER = "adapter.safetensors"


@dataclass(frozen=True)
class TrainOptions:
    """How to train on a table.

    Attributes
    ----------
    name
        Of the classifier.
    mode
        "head": a head on the encoder as it is; "lora": low-rank adapters too; "full": all layers.
    any_of
        Whether a text may have several labels.
    epochs
        At most; training stops when the calibration part has not got better for ``patience`` of them.
    weighted
        Whether an example of a rare label counts more: by the inverse root of the label's frequency.
    precision
        Share of right ones asked for among what is shown.
    adapter
        File of an adapter of the encoder to start from; None: the encoder as it is.
    """

    name: str
    mode: Mode = "lora"
    any_of: bool = False
    epochs: int = 5
    patience: int = 2
    batch_size: int = 32
    max_tokens: int = 128
    weighted: bool = True
    precision: float = 0.9
    seed: int = 0
    adapter: Path | None = None


def train_on_table(
    path: Path,
    encoder: Path,
    encoder_name: str,
    out: Path,
    options: TrainOptions,
    *,
    progress: Progress,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train a classifier on a table and write its folder; return its scores on the part held out.

    A training that was killed goes on where it was, if the same is asked for again.

    Parameters
    ----------
    path
        The table: see `foreword_models.bert.training.table`.
    encoder, encoder_name
        The folder of the encoder to start from, and what it is called in the settings of the classifier.
    out
        The folder to write.
    say
        Told what the user should know, the expected time first.

    Raises
    ------
    TrainingError
        The table cannot be trained on, or ``out`` holds something else.
    """
    table = read_table(path, any_of=options.any_of)
    check_trainable(path, table)
    for note in table.notes:
        say(note)
    task = task_of(table, options)
    claim(out, path, encoder, options, "classifier.json")
    head, found = learned(task, encoder, encoder_name, out, options, progress=progress, say=say)
    head.save(out)
    bag = from_logits(task, plain_config(task, encoder_name), *bag_of_words(task), options.precision)
    _write_report(task, found, bag, out, path, options)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return {
        **as_json(options.name, found.scores),
        "bag_of_words": {"accuracy": round(bag.scores.accuracy, 4), "macro_f1": round(bag.scores.macro_f1, 4)},
        "folder": str(out),
    }


def learned(
    task: Task,
    encoder: Path,
    encoder_name: str,
    out: Path,
    options: TrainOptions,
    *,
    progress: Progress,
    say: Callable[[str], None],
) -> tuple[Classifier, Outcome]:
    """Train a head, and what its mode says of the encoder; return it calibrated, and how right it is.

    What becomes of the encoder is written into ``out``; the other parameters are those of `train_on_table`.
    """
    config = plain_config(task, encoder_name)
    if options.mode == "head":
        reader = Encoder.load(encoder, "auto", adapter=options.adapter)
        if options.adapter is not None:
            shutil.copyfile(options.adapter, out / ADAPTER)
            config = replace(config, adapter=ADAPTER)
        say_time(say, _time_to_read(reader, task), "reading every text once")
        weight, bias = head_alone(task, reader, progress)
    else:
        network = _adapted(task, encoder, out, options, progress, say)
        weight, bias = (getattr(network.heads[0], part).detach().double().numpy() for part in ("weight", "bias"))
        config = replace(config, **_save_encoder(network, encoder, out, options))
        adapter = None if config.adapter is None else out / config.adapter
        reader = Encoder.load(out / "encoder" if options.mode == "full" else encoder, "auto", adapter=adapter)
    held, tested = (
        encode(reader, texts_of(task, part), progress, f"Reading the {name} part")
        for name, part in (("calibration", task.parts.calibration), ("test", task.parts.test))
    )
    head = calibrated(task, config, weight, bias, held, options.precision, fit_lexical(task))
    return head, judged(task, head, tested)


def task_of(table: Table, options: TrainOptions) -> Task:
    """Return what a table is to teach, divided into its parts."""
    labels = table.labels()
    share = 0.1 if len(table.examples) >= 1000 else 0.2
    parts = split(table.examples, calibration=share, test=share, seed=options.seed)
    counts = {label: sum(label in example.labels for example in table.examples) for label in labels}
    usual = len(table.examples) / len(labels)
    weights = {label: float(min(5.0, (usual / count) ** 0.5)) for label, count in counts.items()}
    return Task(
        options.name,
        "sigmoid" if options.any_of else "softmax",
        labels,
        table.examples,
        parts,
        label_weights=weights if options.weighted else {},
        max_tokens=options.max_tokens,
    )


def _adapted(
    task: Task, encoder: Path, out: Path, options: TrainOptions, progress: Progress, say: Callable[[str], None]
) -> Network:
    torch.manual_seed(options.seed)
    before = None if options.adapter is None else Adapter.load(options.adapter)
    network = make_network(encoder, [task], options.mode, rank=RANK, adapter=before).to(training_device())
    tokenize = tokenizer(encoder)
    train = rows([task], tokenize, options.seed)
    held = Task(**(vars(task) | {"parts": replace(task.parts, train=task.parts.calibration)}))
    loop = LoopOptions(
        epochs=options.epochs,
        batch_size=options.batch_size,
        encoder_rate=RATES[options.mode],
        patience=options.patience,
        seed=options.seed,
    )
    steps = -(-len(train) // options.batch_size) * options.epochs
    say_time(
        say,
        _time_of_step(network, train, options.batch_size) * steps,
        f"{steps:,} steps; it ends earlier when it no longer gets better",
    )
    with stage(progress, f"Training {options.name}", steps) as update:
        fit(
            network,
            train,
            rows([held], tokenize, options.seed),
            out / WORK / "checkpoints",
            loop,
            criterion=partial(calibrated_loss, task.kind),
            step=_steps(update),
        )
    return network


def _steps(update: Callable[[int], None]) -> Steps:
    def step(done: int, total: int) -> None:  # noqa: ARG001
        update(done)

    return step


def _save_encoder(network: Network, encoder: Path, out: Path, options: TrainOptions) -> dict[str, Any]:
    """Write what became of the encoder; return where the configuration is to say that it is."""
    trained: Any = network.encoder
    if options.mode == "full":
        folder = out / "encoder"
        trained.save_pretrained(folder)
        shutil.copyfile(encoder / "tokenizer.json", folder / "tokenizer.json")
        return {"encoder": "./encoder"}
    merged: nn.Module = trained.merge_and_unload()
    before = {_plain(name): tensor for name, tensor in load_file(encoder / "model.safetensors").items()}
    after = {_plain(name): tensor for name, tensor in merged.state_dict().items() if _plain(name) in before}
    # Two changes of a weight, one after the other, are one of both their ranks.
    rank = RANK + (0 if options.adapter is None else Adapter.load(options.adapter).rank)
    compact(before, after, rank).save(out / ADAPTER)
    return {"adapter": ADAPTER}


def _plain(name: str) -> str:
    for prefix in ("bert.", "distilbert."):
        name = name.removeprefix(prefix)
    return name


def _write_report(task: Task, found: Outcome, words: Outcome, out: Path, path: Path, options: TrainOptions) -> None:
    how = {
        "head": "the encoder as it is",
        "lora": f"the encoder with low-rank adapters (rank {RANK})",
        "full": "the encoder, fine-tuned as a whole",
    }[options.mode]
    if options.adapter is not None:
        how += ", having been adapted before for the classifiers that come with Foreword"
    config: ClassifierConfig = found.classifier.config
    text = CardText(
        about=f"Says which of {len(task.labels)} labels "
        f"{'hold for' if options.any_of else 'fits'} a text: a linear head on the mean-pooled vector of {how}"
        f"{'' if options.mode == 'full' else f', `{config.encoder}`'}"
        f"{'' if config.words is None else '; added to its logits are those of a linear model of the words'}.",
        data=f"The table `{path.name}`.",
        limits=(
            "The scores are those of text like the table's: of other text they may be lower.",
            f"Of a text the first {options.max_tokens} tokens were trained on, 512 are read.",
            "Each text is read on its own: what stands before it is not seen.",
            "A label with few examples in the test part has scores that say little.",
        ),
        again=f"    foreword train classifier {path.name} --name {options.name} --mode {options.mode} "
        f"--seed {options.seed}{' --any-of' if options.any_of else ''}"
        f"{'' if options.adapter is None else ' --start shipped'}",
        precision=options.precision,
    )
    card = model_card(task, text, found, {"TF-IDF + logistic regression": words})
    pictures = "\n![What is taken for what](confusion.png)\n![Calibration](calibration.png)\n"
    (out / "README.md").write_text(card + pictures, encoding="utf-8", newline="\n")
    draw_confusion(found.scores, out / "confusion.png")
    targets = task.targets()[task.parts.test].astype(bool)
    draw_calibration(found.probabilities, targets, out / "calibration.png")


def _time_of_step(network: Network, train: list[dict[str, Any]], batch_size: int) -> float:
    """Return the seconds of a step on this machine, of three batches of usual lengths; nothing is changed."""
    by_length = sorted(train, key=lambda row: int(row["length"]))
    times = []
    device = next(network.parameters()).device
    network.train()
    for share in (0.5, 0.25, 0.5, 0.85):  # the first is for warming up
        start = min(int(share * len(by_length)), max(0, len(by_length) - batch_size))
        batch = {name: each.to(device) for name, each in pad_batch(by_length[start : start + batch_size]).items()}
        began = time.perf_counter()
        loss = network(**batch)["loss"]
        loss.backward()
        loss.detach().item()  # waits for the device
        times.append(time.perf_counter() - began)
    network.zero_grad(set_to_none=True)
    return float(np.mean(times[1:]))


def _time_to_read(reader: Encoder, task: Task) -> float:
    sample = texts_of(task, task.parts.train[:64])
    reader.encode(sample[:8])
    began = time.perf_counter()
    reader.encode(sample)
    return (time.perf_counter() - began) * len(task.examples) / len(sample)

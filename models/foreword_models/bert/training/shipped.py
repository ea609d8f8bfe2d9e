"""The recipe of the shipped classifiers: one encoder adapted to six tasks at once, compacted, calibrated and scored.

``foreword train classifier --recipe shipped --data FOLDER`` runs it. A long training: an hour or more of two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from foreword_models.bert.training.loop import LoopOptions, fit
from foreword_models.bert.training.network import Network, make_network
from foreword_models.bert.training.shipped_data import SEED
from foreword_models.bert.training.steps import Steps, untold
from foreword_models.bert.training.tasks import Task, rows
from foreword_models.bert.weights import read_config, read_tokenizer

FROZEN_LAYERS = 2
"""Of six: what the lowest layers do serves every task as it is, and a step takes a sixth less time."""

OPTIONS = LoopOptions(batch_size=32, encoder_rate=1.5e-4, head_rate=1e-3, seed=SEED, save_steps=200)


def adapt(encoder: Path, tasks: list[Task], work: Path, step: Steps = untold) -> Network:
    """Train encoder and heads, or go on where that was stopped; what comes out is kept in ``work``."""
    torch.manual_seed(SEED)
    network = make_network(encoder, tasks, "full", frozen_layers=FROZEN_LAYERS)
    train = rows(tasks, tokenizer(encoder), SEED)
    fit(network, train, [], work / "checkpoints", OPTIONS, step=step)
    save_file({name: p.detach().contiguous() for name, p in network.named_parameters()}, work / "network.safetensors")
    return network


def tokenizer(encoder: Path) -> Callable[[list[str], int], list[list[int]]]:
    """Return what makes token ids of texts, at most so many of each."""
    made = read_tokenizer(encoder, read_config(encoder))

    def tokenize(texts: list[str], most: int) -> list[list[int]]:
        made.enable_truncation(most)
        found: list[Any] = made.encode_batch_fast([text[: 16 * most] for text in texts])
        return [encoding.ids for encoding in found]

    return tokenize

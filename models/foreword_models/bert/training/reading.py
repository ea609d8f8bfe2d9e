"""Texts to token ids for the loop, and to vectors for calibration, with a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foreword_models.bert.calibration import Floats
from foreword_models.bert.encoder import Encoder
from foreword_models.bert.weights import read_config, read_tokenizer
from foreword_models.zoo.progress import Progress, stage


def tokenizer(encoder: Path) -> Callable[[list[str], int], list[list[int]]]:
    """Return what makes token ids of texts, at most so many of each, and no more than the encoder has positions for."""
    config = read_config(encoder)
    made = read_tokenizer(encoder, config)

    def tokenize(texts: list[str], most: int) -> list[list[int]]:
        made.enable_truncation(min(most, config.max_position_embeddings))
        found: list[Any] = made.encode_batch_fast([text[: 16 * most] for text in texts])
        return [encoding.ids for encoding in found]

    return tokenize


def encode(encoder: Encoder, texts: list[str], progress: Progress, what: str) -> Floats:
    """Return the pooled vectors of texts, float64 (n, hidden), telling how far it is."""
    step = 200
    parts = []
    with stage(progress, what, len(texts)) as update:
        for start in range(0, len(texts), step):
            parts.append(encoder.encode(texts[start : start + step]))
            update(min(start + step, len(texts)))
    return torch.cat(parts).double().numpy() if parts else np.zeros((0, encoder.hidden_size))

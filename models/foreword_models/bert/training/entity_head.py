"""A head that tags words, trained on vectors that an encoder made once, and calibrated on sentences held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from foreword_models.bert.bio import tags_of_spans
from foreword_models.bert.calibration import choose_threshold
from foreword_models.bert.encoder import Encoder, Layers
from foreword_models.bert.entities import EntityTagger, TaggerConfig, features
from foreword_models.bert.training.calibrate import SUPPORT, calibrate_softmax
from foreword_models.bert.training.conll import Tagged, joined
from foreword_models.bert.training.steps import Steps, untold
from foreword_models.bert.words import FEATURES
from foreword_models.evaluation.entities import EntityScores, Guess, score
from foreword_models.zoo.progress import Progress, stage

HIDDEN = 256
EPOCHS, LEAST_STEPS = 8, 500
"""How often each word is seen; of a small file, as often as makes so many steps."""
_BATCH = 512  # words
_RATE = 1e-3
_DROPOUT = 0.3
_SENTENCES_AT_ONCE = 128


@dataclass(frozen=True)
class Vectors:
    """Sentences as a head reads them: the inputs of all their words, float16 (words, inputs), and their numbers."""

    sentences: Sequence[Tagged]
    inputs: Tensor
    words: Sequence[int]


def read_vectors(
    encoder: Encoder, sentences: Sequence[Tagged], layers: Layers, progress: Progress, what: str
) -> Vectors:
    """Read sentences once; of one that is longer than the encoder reads, the rest is left out."""
    parts: list[Tensor] = []
    words: list[int] = []
    with stage(progress, what, len(sentences)) as update:
        for start in range(0, len(sentences), _SENTENCES_AT_ONCE):
            some = [joined(each.tokens) for each in sentences[start : start + _SENTENCES_AT_ONCE]]
            found = encoder.token_vectors([text for text, _ in some], layers=layers)
            for (text, places), vectors in zip(some, found, strict=True):
                own = [place for place in places if place[0] < vectors.end]
                parts.append(features(vectors, text, own).half())
                words.append(len(own))
            update(min(start + _SENTENCES_AT_ONCE, len(sentences)))
    return Vectors(sentences, torch.cat(parts), words)


def train_head(config: TaggerConfig, train: Vectors, seed: int, *, step: Steps = untold) -> EntityTagger:
    """Train a head by gradient descent on the words' tags; it is not calibrated yet."""
    torch.manual_seed(seed)
    inputs = train.inputs
    targets = torch.from_numpy(_tags(config, train))
    mean, spread = _moments(inputs)
    hidden, output = nn.Linear(inputs.shape[1], HIDDEN), nn.Linear(HIDDEN, config.tags)
    network = nn.Sequential(nn.Dropout(_DROPOUT), hidden, nn.GELU(), nn.Dropout(_DROPOUT), output).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    batches = -(-len(inputs) // _BATCH)
    epochs = max(EPOCHS, -(-LEAST_STEPS // batches))
    total = epochs * batches
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total)
    done = 0
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), _BATCH):
            rows = order[start : start + _BATCH]
            batch = (inputs[rows].float() - mean) / spread
            loss = nn.functional.cross_entropy(network(batch), targets[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            done += 1
            step(done, total)
    with torch.no_grad():  # the head reads vectors as they are
        weight = hidden.weight / spread
        head = {
            "hidden.weight": weight,
            "hidden.bias": hidden.bias - weight @ mean,
            "output.weight": output.weight.detach(),
            "output.bias": output.bias.detach(),
        }
    return EntityTagger(config, _rounded(head))


def calibrate_tagger(tagger: EntityTagger, held: Vectors, precision: float) -> EntityTagger:
    """Return the tagger with honest probabilities, and with a threshold for each type.

    The tags' scores are scaled and shifted so that the held-out tags are most likely; then, for each type, the least
    probability is taken from which on so many of the entities that are found are right, with one standard error to
    spare.

    Parameters
    ----------
    precision
        Share of right ones asked for among what is shown.
    """
    config = tagger.config
    targets = np.eye(config.tags, dtype=bool)[_tags(config, held)]
    scales, shifts, _ = calibrate_softmax([tagger.scores(held.inputs.float()).double().numpy()], targets)
    scale, shift = float(scales[0]), torch.from_numpy(shifts).float()
    head = {
        **tagger.head,
        "output.weight": tagger.head["output.weight"] * scale,
        "output.bias": tagger.head["output.bias"] * scale + shift,
    }
    scaled = EntityTagger(config, _rounded(head))
    found = found_in(scaled, held)
    thresholds: dict[str, float | None] = {}
    for kind in config.types:
        own = [
            (guess.probability, guess.span in sentence.spans)
            for sentence, guesses in zip(held.sentences, found, strict=True)
            for guess in guesses
            if guess.span[0] == kind
        ]
        limit = None
        if own:
            probabilities, right = (np.array(column) for column in zip(*own, strict=True))
            limit = choose_threshold(probabilities, right, precision=precision, support=SUPPORT)
        # Rounded up, so that it lets no more through.
        thresholds[kind] = None if limit is None else float(min(1.0, np.ceil(limit * 1e4) / 1e4))
    return EntityTagger(replace(config, thresholds=thresholds), scaled.head)


def found_in(tagger: EntityTagger, read: Vectors) -> list[list[Guess]]:
    """Return the entities that a tagger finds in sentences that were read for it."""
    found, row = [], 0
    scores = tagger.scores(read.inputs.float()).double().numpy()
    for count in read.words:
        spans = tagger.spans(scores[row : row + count])
        found.append([Guess((kind, start, end), probability, shown) for kind, start, end, probability, shown in spans])
        row += count
    return found


def judged(tagger: EntityTagger, read: Vectors) -> EntityScores:
    """Score a tagger on sentences that were read for it."""
    return score(tagger.config.types, [each.spans for each in read.sentences], found_in(tagger, read))


def _tags(config: TaggerConfig, read: Vectors) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    number = {name: index for index, name in enumerate(config.types)}
    tags: list[int] = []
    for sentence, count in zip(read.sentences, read.words, strict=True):
        spans = [(number[kind], start, end) for kind, start, end in sentence.spans]
        tags += tags_of_spans(spans, len(sentence.tokens))[:count]
    return np.array(tags, dtype=np.int64)


def _moments(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each input, by parts: all of it in float32 would be large."""
    total, squares = (torch.zeros(inputs.shape[1], dtype=torch.float64) for _ in range(2))
    for start in range(0, len(inputs), 4096):
        part = inputs[start : start + 4096].double()
        total += part.sum(0)
        squares += part.square().sum(0)
    mean = total / len(inputs)
    spread = ((squares / len(inputs) - mean.square()).clamp_min(0).sqrt() + 1e-2).float()
    mean = mean.float()
    # What a word looks like is 0 or 1 already, and a rare look would be blown up.
    mean[-FEATURES:], spread[-FEATURES:] = 0, 1
    return mean, spread


def _rounded(head: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the head as its file will have it, so that what is measured is what is used."""
    return {name: tensor.detach().half().float() for name, tensor in head.items()}

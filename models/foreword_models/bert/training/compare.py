"""What is worth training on a table: ways from a bag of words to a fine-tuned encoder, on the same parts of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreword_models.bert.encoder import Encoder
from foreword_models.bert.training.baseline import bag_of_words, regression
from foreword_models.bert.training.heads import Outcome, from_logits, plain_config, texts_of
from foreword_models.bert.training.own import TrainOptions, learned, task_of
from foreword_models.bert.training.reading import encode
from foreword_models.bert.training.table import check_trainable, read_table
from foreword_models.bert.training.tasks import Task
from foreword_models.evaluation.classification import as_json
from foreword_models.static.features import word_features
from foreword_models.static.vectors import WordVectors
from foreword_models.zoo.progress import Progress

WAYS: Mapping[str, str] = {
    "tfidf": "bag of words (TF-IDF), logistic regression",
    "vectors": "mean of word vectors, logistic regression",
    "encoder": "frozen encoder, logistic regression",
    "head": "frozen encoder and words (--mode head)",
    "lora": "low-rank adapters and words (--mode lora)",
    "full": "fine-tuned as a whole, and words (--mode full)",
}
"""What can be compared, in the order of what it costs."""


@dataclass(frozen=True)
class Sources:
    """What the ways start from.

    Attributes
    ----------
    encoder, encoder_name
        Folder of the encoder, and what it is called.
    vectors
        Finds the packed word vectors; asked only if they are compared.
    """

    encoder: Path
    encoder_name: str
    vectors: Callable[[], Path]


def compare(
    path: Path,
    ways: Sequence[str],
    sources: Sources,
    options: TrainOptions,
    *,
    progress: Progress,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train on a table in several ways; return how right each is on the part held out. No classifier is written.

    Parameters
    ----------
    path
        The table: see `foreword_models.bert.training.table`.
    ways
        Keys of `WAYS`.
    options
        As for `foreword_models.bert.training.own.train_on_table`; the mode is each way's own.

    Raises
    ------
    TrainingError
        The table cannot be trained on.
    """
    table = read_table(path, any_of=options.any_of)
    check_trainable(path, table)
    for note in table.notes:
        say(note)
    task = task_of(table, options)
    rows = []
    for way in WAYS:
        if way in ways:
            say(f"{WAYS[way]} ...")
            began = time.perf_counter()
            found = _try(way, task, sources, options, progress, say)
            rows.append({"way": way, "seconds": round(time.perf_counter() - began, 1), **as_json(way, found.scores)})
    parts = {name: len(getattr(task.parts, name)) for name in ("train", "calibration", "test")}
    return {"table": path.name, "parts": parts, "ways": rows}


def _try(
    way: str,
    task: Task,
    sources: Sources,
    options: TrainOptions,
    progress: Progress,
    say: Callable[[str], None],
) -> Outcome:
    config = plain_config(task, sources.encoder_name)
    parts = (task.parts.train, task.parts.calibration, task.parts.test)
    if way == "tfidf":
        return from_logits(task, config, *bag_of_words(task), options.precision)
    if way == "vectors":
        vectors = WordVectors.load(sources.vectors())
        features = [word_features(texts_of(task, part), vectors) for part in parts]
        return from_logits(task, config, *regression(task, *features), options.precision)
    if way == "encoder":
        reader = Encoder.load(sources.encoder, "auto", adapter=options.adapter)
        features = [encode(reader, texts_of(task, part), progress, "Reading") for part in parts]
        return from_logits(task, config, *regression(task, *features), options.precision)
    mode: Any = way
    with tempfile.TemporaryDirectory() as folder:
        _, found = learned(
            task,
            sources.encoder,
            sources.encoder_name,
            Path(folder),
            replace(options, mode=mode),
            progress=progress,
            say=say,
        )
    return found

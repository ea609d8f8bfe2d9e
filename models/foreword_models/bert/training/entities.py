"""Training a tagger on the user's own sentences with entities: from a file to a folder that finds them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file

from foreword_models.bert.encoder import Encoder
from foreword_models.bert.entities import CONFIG, EntityTagger, TaggerConfig
from foreword_models.bert.training.conll import Tagged, joined, read_conll, type_counts
from foreword_models.bert.training.entity_card import EntityCardText, entity_card
from foreword_models.bert.training.entity_head import Vectors, calibrate_tagger, judged, read_vectors, train_head
from foreword_models.bert.training.examples import Example, identity, split
from foreword_models.bert.training.table import FEWEST
from foreword_models.bert.training.work import WORK, claim, say_time
from foreword_models.errors import TrainingError
from foreword_models.evaluation.entities import as_json
from foreword_models.zoo.progress import Progress, stage

LAYERS: Literal["concat-4"] = "concat-4"
_SHARE = 0.1
_FEW = 1000  # sentences, below which twice as large a share is held out


@dataclass(frozen=True)
class EntityOptions:
    """How to train on a file of entities: the tagger's name, and the share of right ones asked for among what shows."""

    name: str
    precision: float = 0.9
    seed: int = 0


@dataclass(frozen=True)
class Divided:
    """Sentences to train on, to calibrate with, and to report scores of."""

    train: Sequence[Tagged]
    calibration: Sequence[Tagged]
    test: Sequence[Tagged]


def train_on_conll(
    path: Path,
    encoder: Path,
    encoder_name: str,
    out: Path,
    options: EntityOptions,
    *,
    progress: Progress,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train a tagger on a file and write its folder; return its scores on the part held out.

    A training that was killed goes on from the sentences it had read, if the same is asked for again.

    Parameters
    ----------
    path
        The file: see `foreword_models.bert.training.conll`.
    encoder, encoder_name
        The folder of the encoder to read with, and what it is called in the settings of the tagger.
    out
        The folder to write.
    say
        Told what the user should know, the expected time first.

    Raises
    ------
    TrainingError
        The file cannot be trained on, or ``out`` holds something else.
    """
    sentences = without_repeated(read_conll(path), say)
    types = check_types(path, sentences)
    parts = divided(sentences, options.seed)
    if not all(vars(parts).values()):
        raise TrainingError(
            f"{path} has {len(sentences)} sentences, too few to calibrate with some and to score on others; add more."
        )
    claim(out, path, encoder, options, CONFIG)
    reader = Encoder.load(encoder, "auto")
    texts = [joined(each.tokens)[0] for each in sentences[:64]]
    reader.encode(texts[:8])
    began = time.perf_counter()
    reader.token_vectors(texts, layers=LAYERS)
    seconds = (time.perf_counter() - began) * len(sentences) / len(texts)
    say_time(say, 2 * seconds, "reading every sentence once, and a head on what was read")
    read = {
        name: _once(out / WORK / f"{name}.safetensors", reader, part, progress, f"Reading the {name} part")
        for name, part in vars(parts).items()
    }
    config = TaggerConfig(options.name, types, dict.fromkeys(types), encoder_name, LAYERS)
    tagger = trained(config, read, options.seed, options.precision, progress)
    tagger.save(out)
    scores = judged(tagger, read["test"])
    text = EntityCardText(
        about=f"Finds {', '.join(types)} in a sentence: a head on the vectors of `{encoder_name}` as it is.",
        data=f"The file `{path.name}`.",
        limits=(
            "The scores are those of text like the file's: of other text they may be lower.",
            "Each sentence is read on its own: what stands before it is not seen.",
            "A type with few entities in the test part has scores that say little.",
        ),
        again=f"    foreword train entities {path.name} --name {options.name} --seed {options.seed}",
        precision=options.precision,
    )
    card = entity_card(options.name, text, parts_of(parts), tagger.config.thresholds, {"the test part": scores})
    (out / "README.md").write_text(card, encoding="utf-8", newline="\n")
    shutil.rmtree(out / WORK, ignore_errors=True)
    return {"tagger": options.name, "sentences": len(parts.test), **as_json(scores), "folder": str(out)}


def trained(
    config: TaggerConfig, read: Mapping[str, Vectors], seed: int, precision: float, progress: Progress
) -> EntityTagger:
    """Train a head on the part "train", and calibrate it on the part "calibration"."""
    with stage(progress, f"Training {config.name}", 0) as update:
        tagger = train_head(config, read["train"], seed, step=lambda done, total: update(done))  # noqa: ARG005
    return calibrate_tagger(tagger, read["calibration"], precision)


def divided(sentences: Sequence[Tagged], seed: int) -> Divided:
    """Divide sentences, each type of entity in about the same proportions."""
    share = _SHARE if len(sentences) >= _FEW else 2 * _SHARE
    examples = [
        Example(joined(each.tokens)[0], tuple(dict.fromkeys(kind for kind, _, _ in each.spans)) or ("",))
        for each in sentences
    ]
    parts = split(examples, calibration=share, test=share, seed=seed)
    return Divided(
        *([sentences[index] for index in part.tolist()] for part in (parts.train, parts.calibration, parts.test))
    )


def parts_of(parts: Divided) -> dict[str, Sequence[Tagged]]:
    """Return the parts by what a card calls them."""
    return {"train on": parts.train, "calibrate with": parts.calibration, "test on": parts.test}


def without_repeated(sentences: Sequence[Tagged], say: Callable[[str], None] = lambda _: None) -> list[Tagged]:
    """Return the sentences whose text was not there before, so that none is both learned from and scored on."""
    first: dict[str, Tagged] = {}
    for sentence in sentences:
        first.setdefault(identity(joined(sentence.tokens)[0]), sentence)
    if repeats := len(sentences) - len(first):
        say(f"{repeats:,} sentences repeat the text of an earlier one: each counts once.")
    return list(first.values())


def check_types(path: Path, sentences: Sequence[Tagged]) -> tuple[str, ...]:
    """Return the types of entities, the most frequent first.

    Raises
    ------
    TrainingError
        There is none, or there are too few entities of one.
    """
    counts = type_counts(sentences)
    if not counts:
        raise TrainingError(f"{path} has no entities: every tag is O; give those that are to be found B- and I- tags.")
    for kind, count in counts.items():
        rows = [each.row for each in sentences if any(own == kind for own, _, _ in each.spans)]
        if count < FEWEST:
            where = f"the sentence{'s' if len(rows) > 1 else ''} at row {', '.join(map(str, rows))}"
            raise TrainingError(
                f"{path} has only {count} entities of the type {kind!r} (in {where}): add some, {FEWEST} are the "
                "fewest, or give these another type."
            )
    return tuple(sorted(counts, key=lambda kind: (-counts[kind], kind)))


def _once(file: Path, reader: Encoder, part: Sequence[Tagged], progress: Progress, what: str) -> Vectors:
    """Read a part, or take what a training that was stopped had read of it."""
    if file.is_file():
        kept = load_file(file)
        return Vectors(part, kept["inputs"], kept["words"].tolist())
    read = read_vectors(reader, part, LAYERS, progress, what)
    unfinished = file.with_suffix(".part")
    save_file({"inputs": read.inputs, "words": torch.tensor(read.words)}, unfinished)
    unfinished.rename(file)
    return read

"""The sets that the shipped heads are trained on, from the files of a data folder to tasks.

The folder holds one folder a set, as published or as TSV with a header ``label<TAB>text``; README.md of each shipped
head says where its sets come from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreword_models.bert.training.examples import Example, Parts, split, without_repeats
from foreword_models.bert.training.tasks import Kind, Task
from foreword_models.errors import TrainingError

SEED = 2014
CALIBRATION = TEST = 0.1

SENTIMENT_CUT = 0.5
"""A mean rating less than this from zero is neutral: it rounds to the zero of the raters' scale."""

Label = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """How one shipped head is trained: where its examples are, and how often each is seen."""

    kind: Kind
    labels: tuple[str, ...]
    sets: tuple[str, ...]
    passes: dict[str, float]
    max_tokens: int = 128
    cased: bool = False


# fmt: off
EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)
# fmt: on

SOURCES = {
    "emotion": Source(
        "sigmoid", EMOTIONS, ("goemotions",), {"goemotions": 2.25, "goemotions/neutral": 0.6}, max_tokens=48
    ),
    "offensive": Source(
        "softmax",
        ("hate", "offensive", "neither"),
        ("davidson",),
        {"davidson/hate": 3.0, "davidson/neither": 2.0, "davidson/offensive": 0.8},
        max_tokens=80,
    ),
    "spam": Source(
        "softmax", ("spam", "ham"), ("sms_spam", "spamassassin"), {"sms_spam": 2.5, "spamassassin": 1.25}, max_tokens=80
    ),
    "politeness": Source(
        "softmax",
        ("polite", "neutral", "impolite"),
        ("politeness_wikipedia", "politeness_stack_exchange"),
        {
            "politeness_wikipedia": 4.0,
            "politeness_stack_exchange": 2.0,
            "politeness_wikipedia/neutral": 1.0,
            "politeness_stack_exchange/neutral": 1.0,
        },
        max_tokens=80,
    ),
    "sentiment": Source(
        "softmax",
        ("negative", "neutral", "positive"),
        (
            "rated_sentiment_amazonReviewSnippets",
            "rated_sentiment_movieReviewSnippets",
            "rated_sentiment_nytEditorialSnippets",
            "rated_sentiment_tweets",
        ),
        {
            "rated_sentiment_amazonReviewSnippets": 1.25,
            "rated_sentiment_movieReviewSnippets": 1.0,
            "rated_sentiment_nytEditorialSnippets": 1.25,
            "rated_sentiment_tweets": 1.25,
        },
        max_tokens=64,
    ),
    "clickbait": Source(
        "softmax", ("clickbait", "news"), ("clickbait",), {"clickbait": 0.3}, max_tokens=48, cased=True
    ),
}
"""By name of the head. Long and plentiful sets are seen less often than short and hard ones."""


def shipped_tasks(folder: Path) -> list[Task]:
    """Read every set of `SOURCES`, and divide it: the same files give the same parts.

    Raises
    ------
    TrainingError
        A set is not there, or a line of it is not what it should be.
    """
    return [_task(folder, name, source) for name, source in SOURCES.items()]


def _task(folder: Path, name: str, source: Source) -> Task:
    found = [example for part in source.sets for example in _read(folder / part, part)]
    unknown = {label for example in found for label in example.labels} - set(source.labels)
    if unknown:
        raise TrainingError(f"{folder} has labels that {name} does not: {', '.join(sorted(unknown))}.")
    dev_file = folder / source.sets[0] / "dev.tsv"
    if dev_file.is_file():  # a split that others report on too
        dev = without_repeats(_tsv(dev_file, source.sets[0], _comma_separated))
        examples = without_repeats(found, dev)
        parts = split(examples, calibration=CALIBRATION, test=0, seed=SEED)
        parts = Parts(parts.train, parts.calibration, np.arange(len(examples), len(examples) + len(dev)))
        examples = examples + dev
    else:
        examples = without_repeats(found)
        parts = split(examples, calibration=CALIBRATION, test=TEST, seed=SEED)
    return Task(
        name,
        source.kind,
        source.labels,
        examples,
        parts,
        source.passes,
        max_tokens=source.max_tokens,
        cased=source.cased,
    )


def _read(folder: Path, name: str) -> list[Example]:
    if name == "spamassassin":
        return list(_spamassassin(folder / "train.jsonl"))
    path = folder / "train.tsv"
    if name == "goemotions":
        return list(_tsv(path, name, _comma_separated))
    if name.startswith("rated_sentiment_"):
        return list(_tsv(path, name, lambda text: (_sentiment(float(text)),)))
    if name.startswith("politeness_"):
        return list(_tsv(path, name, _politeness(path)))
    return list(_tsv(path, name, lambda text: (text,)))


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _sentiment(rating: float) -> str:
    return "negative" if rating <= -SENTIMENT_CUT else "positive" if rating >= SENTIMENT_CUT else "neutral"


def _politeness(path: Path) -> Label:
    """The quarter at each end of one set's scores, as Danescu-Niculescu-Mizil et al. (2013) have it."""
    scores = [float(label) for label, _ in _lines(path)]
    low, high = np.quantile(scores, [0.25, 0.75])

    def label(text: str) -> tuple[str, ...]:
        score = float(text)
        return ("impolite" if score <= low else "polite" if score >= high else "neutral",)

    return label


def _tsv(path: Path, group: str, label: Label) -> Iterator[Example]:
    for text, sentence in _lines(path):
        try:
            labels = label(text)
        except ValueError:
            raise TrainingError(f"{path} has a label that is not a number: mend the file.") from None
        yield Example(sentence, labels, group)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}): name the folder of the sets.") from error
    for number, line in enumerate(lines[1:], start=2):
        if line:
            label, tab, text = line.rstrip("\r").partition("\t")
            if not tab:
                raise TrainingError(f"{path}, line {number}, is not a label, a tab and a text: mend the line.")
            yield label, text


def _spamassassin(path: Path) -> Iterator[Example]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error.strerror}): name the folder of the sets.") from error
    for line in lines:
        if line:
            mail = json.loads(line)
            yield Example(mail["text"], (mail["label"],), path.parent.name)


def counts(task: Task) -> Counter[str]:
    """Return how many examples have each label."""
    return Counter(label for example in task.examples for label in example.labels)

"""Train the shipped ``sentiment`` classifier: negative, neutral or positive, a linear head on frozen MiniLM vectors.

Run ``python models/recipes/sentiment.py --data FOLDER``, where FOLDER holds ``rated_sentiment_*/train.tsv``: a header
``label<TAB>text``, then a mean human rating from -4 to 4 and a sentence on each line (Hutto and Gilbert 2014). Needs
the ``train`` extra. The same data, libraries and machine give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sklearn
import torch
from rich.console import Console
from rich.progress import track
from sentiment_card import Report, Source, System, model_card
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score, matthews_corrcoef
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, import-not-found, unused-ignore]

from foreword_models.bert.calibration import (
    Booleans,
    Floats,
    Integers,
    choose_threshold,
    expected_calibration_error,
    fit_temperature,
    softmax,
)
from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.encoder import Encoder
from foreword_models.errors import ForewordError

LABELS = ("negative", "neutral", "positive")
MARKS = ("negative",)
ENCODER = "minilm-l6"

# A rating within half a point of zero is neutral: what rounds to the zero of the raters' scale. It is also where the
# ratings of tweets and of film and product reviews, which fall into two heaps, have their trough.
CUT = 0.5

SEED = 2014
HELD_OUT = 0.15  # and as much for development
PRECISION = 0.9
STRENGTHS = {"head": (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0), "words": (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)}
SHIPPED = Path(__file__).resolve().parents[1] / "foreword_models" / "bert" / "shipped" / "sentiment"


@dataclass(frozen=True)
class Example:
    """A sentence, the mean of its ratings, and the set it comes from."""

    text: str
    rating: float
    source: str


@dataclass(frozen=True)
class Split:
    """Indices of the examples of each part."""

    train: Integers
    dev: Integers
    held_out: Integers


def read_examples(folder: Path) -> list[Example]:
    """Read the rated sentences, each text once: of a text rated more than once the ratings are averaged."""
    paths = sorted(folder.glob("rated_sentiment_*/train.tsv"))
    if not paths:
        raise ForewordError(f"{folder} holds no rated_sentiment_*/train.tsv: name the folder that does with --data.")
    found: dict[str, list[Example]] = {}
    for path in paths:
        source = path.parent.name.removeprefix("rated_sentiment_")
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines[1:], start=2):
            if not line:
                continue
            rating, tab, text = line.rstrip("\r").partition("\t")
            try:
                value = float(rating)
            except ValueError:
                value = float("nan")
            if not tab or not -4 <= value <= 4:
                raise ForewordError(f"{path}, line {number}, is not a rating, a tab and a sentence: mend the line.")
            found.setdefault(" ".join(text.casefold().split()), []).append(Example(text, value, source))
    return [Example(g[0].text, float(np.mean([e.rating for e in g])), g[0].source) for g in found.values()]


def label_of(rating: float) -> int:
    """Return the index of the label that a mean rating stands for."""
    return 0 if rating <= -CUT else 2 if rating >= CUT else 1


def split(examples: Sequence[Example]) -> Split:
    """Divide the examples, every label of every set in the same proportions."""
    strata = np.array([f"{e.source} {label_of(e.rating)}" for e in examples])
    everything = np.arange(len(examples))
    train, rest = train_test_split(everything, test_size=2 * HELD_OUT, random_state=SEED, stratify=strata)
    dev, held_out = train_test_split(rest, test_size=0.5, random_state=SEED, stratify=strata[rest])
    return Split(np.sort(train), np.sort(dev), np.sort(held_out))


def encode(encoder: Encoder, texts: Sequence[str]) -> torch.Tensor:
    """Return the mean-pooled vectors of all texts, with a progress bar on stderr."""
    step = 500
    parts = track(range(0, len(texts), step), "Reading sentences", console=Console(stderr=True))
    return torch.cat([encoder.encode(texts[start : start + step]) for start in parts])


def fit(train: Floats, dev: Floats, y: Integers, parts: Split, strengths: Sequence[float]) -> LogisticRegression:
    """Return the regression whose inverse regularization gives the best macro-F1 on the development part."""
    models = [LogisticRegression(C=c, max_iter=5000).fit(train, y[parts.train]) for c in strengths]
    return max(models, key=lambda model: f1_score(y[parts.dev], model.predict(dev), average="macro"))


def thresholds_for(probabilities: Floats, targets: Integers) -> dict[str, float | None]:
    """Choose each label's threshold on the development part; rounded up, so that none lets through more."""
    best = probabilities.argmax(1)
    result: dict[str, float | None] = {}
    for index, label in enumerate(LABELS):
        own = best == index
        threshold = choose_threshold(probabilities[own, index], targets[own] == index, precision=PRECISION)
        result[label] = None if threshold is None else float(np.ceil(threshold * 1e4) / 1e4)
    return result


def judge(probabilities: Floats, targets: Integers, thresholds: Mapping[str, float | None]) -> System:
    """Score one system on the held-out part."""
    best, confidence = probabilities.argmax(1), probabilities.max(1)
    correct = best == targets
    limits = np.array([2.0 if (t := thresholds[label]) is None else t for label in LABELS])
    shown = confidence >= limits[best]
    return System(
        accuracy=float(correct.mean()),
        macro_f1=float(f1_score(targets, best, average="macro")),
        mcc=float(matthews_corrcoef(targets, best)),
        calibration_error=expected_calibration_error(confidence, correct, bins=15),
        label_f1=tuple(f1_score(targets, best, average=None).tolist()),
        confusion=tuple(map(tuple, confusion_matrix(targets, best).tolist())),
        shown=tuple(int(shown[best == index].sum()) for index in range(len(LABELS))),
        shown_correct=tuple(int((shown & correct)[best == index].sum()) for index in range(len(LABELS))),
        count=tuple(np.bincount(targets, minlength=len(LABELS)).tolist()),
    )


def unseen(features: Floats, y: Integers, parts: Split, own: Booleans, strength: float) -> float:
    """Return the accuracy on the held-out sentences of one set (``own``) of a head trained without that set."""
    others, rest = parts.train[~own[parts.train]], parts.held_out[own[parts.held_out]]
    model = LogisticRegression(C=strength, max_iter=5000).fit(features[others], y[others])
    return float((model.predict(features[rest]) == y[rest]).mean())


def macro_f1_interval(ours: Integers, theirs: Integers, targets: Integers) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the difference in macro-F1, over 1,000 resamples of the held-out part."""
    random = np.random.default_rng(SEED)
    gains = []
    for _ in range(1000):
        rows = random.integers(0, len(targets), len(targets))
        score = [f1_score(targets[rows], best[rows], average="macro") for best in (ours, theirs)]
        gains.append(score[0] - score[1])
    low, high = np.percentile(gains, [2.5, 97.5])
    return float(low), float(high)


def train(examples: Sequence[Example], encoder_folder: Path, out: Path) -> str:
    """Train, calibrate, score and write the classifier; return its model card."""
    texts = [e.text for e in examples]
    y = np.array([label_of(e.rating) for e in examples])
    parts = split(examples)
    vectors = torch.nn.functional.normalize(encode(Encoder.load(encoder_folder), texts), dim=-1)
    features = vectors.double().numpy()

    model = fit(features[parts.train], features[parts.dev], y, parts, STRENGTHS["head"])
    logits = model.decision_function(features[parts.dev])
    temperature = fit_temperature(logits, y[parts.dev])
    config = ClassifierConfig(
        name="sentiment",
        kind="softmax",
        labels=LABELS,
        temperature=temperature,
        thresholds=thresholds_for(softmax(logits / temperature), y[parts.dev]),
        encoder=ENCODER,
        pooling="mean",
        normalize=True,
        marks=MARKS,
    )
    Classifier(config, torch.tensor(model.coef_).float(), torch.tensor(model.intercept_).float()).save(out)
    # Scored as a user would get it: from the files.
    probabilities = Classifier.load(out).probabilities(vectors[parts.held_out]).double().numpy()

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    rows = [vectorizer.fit_transform([texts[i] for i in parts.train])]
    rows += [vectorizer.transform([texts[i] for i in part]) for part in (parts.dev, parts.held_out)]
    words = fit(rows[0], rows[1], y, parts, STRENGTHS["words"])
    words_dev, words_held_out = words.decision_function(rows[1]), words.decision_function(rows[2])
    words_temperature = fit_temperature(words_dev, y[parts.dev])
    words_thresholds = thresholds_for(softmax(words_dev / words_temperature), y[parts.dev])

    targets = y[parts.held_out]
    sources = np.array([e.source for e in examples])
    own = sources[parts.held_out]
    best, words_best = probabilities.argmax(1), words_held_out.argmax(1)
    card = model_card(
        Report(
            labels=LABELS,
            cut=CUT,
            precision=PRECISION,
            thresholds=config.thresholds,
            temperature=temperature,
            marks=MARKS,
            strengths=(float(model.C), float(words.C)),
            sizes=(len(parts.train), len(parts.dev), len(parts.held_out)),
            seed=SEED,
            head=judge(probabilities, targets, config.thresholds),
            words=judge(softmax(words_held_out / words_temperature), targets, words_thresholds),
            gain=macro_f1_interval(best, words_best, targets),
            sources={
                source: Source(
                    counts=tuple(np.bincount(y[sources == source], minlength=len(LABELS)).tolist()),
                    head=float((best == targets)[own == source].mean()),
                    words=float((words_best == targets)[own == source].mean()),
                    unseen=unseen(features, y, parts, sources == source, float(model.C)),
                )
                for source in sorted(set(sources))
            },
            encoder_sha256=hashlib.sha256((encoder_folder / "model.safetensors").read_bytes()).hexdigest(),
            versions=f"Python {platform.python_version()}, torch {torch.__version__}, "
            f"scikit-learn {sklearn.__version__}",
        )
    )
    (out / "README.md").write_text(card, encoding="utf-8", newline="\n")
    return card


def encoder_pack() -> Path:
    """Return the folder of the encoder's model pack, pulled if it is not there."""
    from foreword_models.zoo import registry
    from foreword_models.zoo.pull import require
    from foreword_models.zoo.store import Store

    return require(registry.pack(ENCODER), Store.default(), say=lambda message: print(message, file=sys.stderr))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train the shipped sentiment classifier.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds rated_sentiment_*/train.tsv")
    parser.add_argument("--encoder", type=Path, help=f"folder of the encoder (default: the model pack {ENCODER})")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write (default: the one in the package)")
    options = parser.parse_args(argv)
    # One thread: the same sums in the same order however many cores there are.
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            examples = read_examples(options.data)
            print(train(examples, options.encoder or encoder_pack(), options.out))
    except (ForewordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

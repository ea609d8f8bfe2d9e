"""The model card of the ``sentiment`` classifier, from the numbers of one training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """Scores of one system on the held-out part; the tuples are by label, ``confusion`` by right, then given label."""

    accuracy: float
    macro_f1: float
    mcc: float
    calibration_error: float
    label_f1: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    shown: tuple[int, ...]
    shown_correct: tuple[int, ...]
    count: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """One of the data's sets: its label counts, and the held-out accuracies on it.

    ``unseen`` is that of a head trained without this set.
    """

    counts: tuple[int, ...]
    head: float
    words: float
    unseen: float


@dataclass(frozen=True)
class Report:
    """What a run was and what it found; ``gain`` is the interval of the head's lead over the words in macro-F1."""

    labels: tuple[str, ...]
    cut: float
    precision: float
    thresholds: Mapping[str, float | None]
    temperature: float
    marks: tuple[str, ...]
    strengths: tuple[float, float]
    sizes: tuple[int, int, int]
    seed: int
    head: System
    words: System
    gain: tuple[float, float]
    sources: Mapping[str, Source]
    encoder_sha256: str
    versions: str


KINDS = {
    "amazonReviewSnippets": "sentences of product reviews",
    "movieReviewSnippets": "sentences of film reviews",
    "nytEditorialSnippets": "sentences of newspaper editorials",
    "tweets": "tweets",
}

CARD = """# sentiment

Says of an English sentence whether it reads as negative, neutral or positive: a linear head on the mean-pooled,
length-normalized vector of the frozen encoder `minilm-l6` (all-MiniLM-L6-v2). In an editor it marks: {marks}.

## Data

C. J. Hutto and E. Gilbert, *VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text*,
ICWSM 2014: sentences rated by about twenty people each from -4 (extremely negative) to 4 (extremely positive).
Licence MIT, copyright (c) 2016 C.J. Hutto. No sentence of the data is in this folder.
The encoder is Apache-2.0 (`model.safetensors`, SHA-256
`{encoder_sha256}`).

The mean rating becomes a label: {cut} or more is positive, -{cut} or less is negative, what lies between is neutral.
That is what rounds to the zero of the raters' scale, about two standard errors of such a mean, and where the ratings
of reviews and tweets, which fall into two heaps, have their trough.

| set | {label_columns} |
|---|{label_rules}|
{source_rows}

Texts equal but for case and spacing were merged first, their ratings averaged, so that no text is on two sides.
Split with seed {seed}, every label of every set in the same proportions:
{train:,} to train, {dev:,} for development, {held_out:,} held out.
The development part chose the regularization (C = {strength:g}; best macro-F1), the temperature
({temperature:.3f}; best likelihood) and the thresholds; the held-out part chose none of them. Before that, scaling the
vectors to length one and the caution of the thresholds were settled on other random splits of the same sentences, so
the scores below may flatter a little.

## Scores on the held-out part

Both systems had the same split, the same choices on the same development part, and the same calibration.

| | accuracy | macro-F1 | MCC | F1 {f1_columns} | ECE, 15 bins |
|---|---|---|---|---|---|
{score_rows}

{verdict}

| set, accuracy | this classifier | TF-IDF | this classifier, trained without that set |
|---|---|---|---|
{domain_rows}

| right label, as labelled | {label_columns} |
|---|{label_rules}|
{confusion_rows}

## When it speaks

A label is shown when it is the sentence's most probable one and its calibrated probability reaches a threshold,
chosen on the development part so that {precision:.0%} of what is shown is right, with one standard error to spare, and
never on fewer than 50 sentences.
Precision: of the sentences shown with the label, those that have it. Recall: of the sentences with the label, those
shown with it.

| label | threshold | shown | precision | recall | TF-IDF: precision | recall |
|---|---|---|---|---|---|---|
{shown_rows}

## Limits

- The encoder is frozen and was trained for similarity of meaning, not of feeling: opposites on one subject lie close
  together. Adapting the encoder is known to give much better heads; this one is a first.
- Neutral is the weak label: it is what is left between two cut-offs on a scale.
- On a kind of text that it was not trained on it is less accurate: the column "trained without that set" is what to
  expect on text of your own.
- English only. Reviews, editorials and tweets of 2014 and before: mail, chat, fiction, technical prose and the words
  of today were not measured. Each sentence is read on its own: irony, quotation and what went before are not seen.
- What reads as negative is the raters' to say, and not a judgement of the writer.
- The precision promised is that of text like this data; of other text it may be lower.

## Again

    python models/recipes/sentiment.py --data FOLDER

With {versions}; the same bytes on the same machine.
TF-IDF is 1-2 grams, sublinear, with logistic regression, C = {words_strength:g}.
"""


def model_card(report: Report) -> str:
    """Return the model card in Markdown."""
    head, words, labels = report.head, report.words, report.labels
    return CARD.format(
        marks=", ".join(report.marks),
        encoder_sha256=report.encoder_sha256,
        cut=report.cut,
        label_columns=" | ".join(labels),
        label_rules="|".join("---" for _ in labels),
        source_rows="\n".join(
            f"| {KINDS.get(name, name)} | " + " | ".join(f"{count:,}" for count in source.counts) + " |"
            for name, source in report.sources.items()
        ),
        seed=report.seed,
        train=report.sizes[0],
        dev=report.sizes[1],
        held_out=report.sizes[2],
        strength=report.strengths[0],
        words_strength=report.strengths[1],
        temperature=report.temperature,
        f1_columns=" / ".join(labels),
        score_rows="\n".join(
            f"| {name} | {s.accuracy:.3f} | {s.macro_f1:.3f} | {s.mcc:.3f} | "
            f"{' / '.join(f'{value:.3f}' for value in s.label_f1)} | {s.calibration_error:.3f} |"
            for name, s in (("this classifier", head), ("TF-IDF + logistic regression", words))
        ),
        verdict=_verdict(report),
        domain_rows="\n".join(
            f"| {KINDS.get(name, name)} | {source.head:.3f} | {source.words:.3f} | {source.unseen:.3f} |"
            for name, source in report.sources.items()
        ),
        confusion_rows="\n".join(
            f"| {label} | {' | '.join(map(str, row))} |" for label, row in zip(labels, head.confusion, strict=True)
        ),
        precision=report.precision,
        shown_rows="\n".join([*_shown_rows(report), _shown_row("all", "", head, words, range(len(labels)))]),
        versions=report.versions,
    )


def _verdict(report: Report) -> str:
    low, high = report.gain
    difference = report.head.macro_f1 - report.words.macro_f1
    interval = f"macro-F1 {difference:+.3f}, 95 % bootstrap interval {low:+.3f} to {high:+.3f}"
    if low > 0:
        behind = [KINDS.get(name, name) for name, source in report.sources.items() if source.head < source.words]
        but = f", but the bag of words is ahead on {' and '.join(behind)}" if behind else ""
        return f"The classifier beats the bag of words ({interval}){but}."
    if high < 0:
        return f"**The bag of words wins** ({interval}): the frozen encoder does not earn its place here."
    return f"Neither the classifier nor the bag of words is clearly better ({interval})."


def _shown_rows(report: Report) -> list[str]:
    rows = []
    for index, label in enumerate(report.labels):
        threshold = report.thresholds[label]
        text = "never" if threshold is None else f"{threshold:.4f}"
        rows.append(_shown_row(label, text, report.head, report.words, [index]))
    return rows


def _shown_row(label: str, threshold: str, head: System, words: System, over: Sequence[int]) -> str:
    cells = []
    for system in (head, words):
        shown, right, count = (
            sum(part[i] for i in over) for part in (system.shown, system.shown_correct, system.count)
        )
        cells.append((shown, f"{right / shown:.3f}" if shown else "-", f"{right / count:.3f}" if count else "-"))
    (shown, precision, recall), (_, words_precision, words_recall) = cells
    return f"| {label} | {threshold} | {shown} | {precision} | {recall} | {words_precision} | {words_recall} |"

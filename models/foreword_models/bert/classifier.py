"""From a sentence's vector to labels: a linear head, calibrated, that knows when to keep silent.

A classifier is a folder with ``head.safetensors`` (``weight`` (labels, hidden) and ``bias`` (labels,)),
``classifier.json`` (what the head is and how it is to be read) and ``README.md`` (its model card); with it may come
``words.safetensors`` (what the text's words add to that, `foreword_models.bert.lexical`) and ``adapter.safetensors``
(what was changed in the encoder), or an encoder of its own. Any number of classifiers read the same vectors; the
encoder runs once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from safetensors.torch import save as serialize
from torch import Tensor

from foreword_models.bert.lexical import Lexical
from foreword_models.bert.weights import read_json, read_tensors
from foreword_models.errors import CorruptModelError, UnsupportedModelError

SUPPORTED_KINDS = ("softmax", "sigmoid")
_POOLINGS = ("mean", "cls")
_LAYERS = ("last", "sum-4", "concat-4")
_UNITS = ("sentence", "message", "heading")


@dataclass(frozen=True, slots=True)  # there are forty of them for each sentence
class LabelProbability:
    """One label of one sentence.

    ``probability`` is calibrated on held-out data. ``shown`` says that the label may be told to the user: it reaches
    its threshold, chosen on held-out data for a stated precision, and where only one label can hold it is the most
    probable one.
    """

    label: str
    probability: float
    shown: bool


@dataclass(frozen=True)
class ClassifierConfig:
    """What ``classifier.json`` holds, key by key.

    Attributes
    ----------
    name
        The classifier's name.
    kind
        "softmax": exactly one of the labels holds; "sigmoid": any of them.
    labels
        In the order of the head's rows.
    temperature
        What logits are divided by before the softmax or sigmoid (Guo et al. 2017).
    thresholds
        For each label the least probability at which it is shown; None: it is never shown.
    encoder
        The encoder whose vectors the head was trained on: the name of a model pack, or, where it starts with ``./`` or
        ``../`` or is absolute, a folder.
    pooling
        How the encoder makes one vector of a sentence: "mean" or "cls".
    normalize
        Whether the head reads vectors at Euclidean length one; the classifier then scales them itself.
    marks
        The labels that are worth a mark in an editor.
    layers
        Of which layers the encoder's vectors are: "last", "sum-4" or "concat-4".
    adapter
        The file of what was changed in the encoder, from this folder; None: nothing was.
    decisions
        What is said where one must decide. Of a "sigmoid" head, for each label the probability from which on it is
        taken to hold; of a "softmax" head, what its probability is multiplied by before the largest is taken (None:
        nothing).
    enabled
        Whether it marks in an editor without having been turned on.
    words
        The file of what the text's words add to the logits; None: nothing.
    unit
        What it was trained to read: a "sentence", a whole "message", or a "heading"; of other text it says little.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    temperature: float
    thresholds: Mapping[str, float | None]
    encoder: str
    pooling: str
    normalize: bool
    marks: tuple[str, ...]
    layers: str = "last"
    adapter: str | None = None
    decisions: Mapping[str, float] | None = None
    enabled: bool = True
    words: str | None = None
    unit: str = "sentence"


class Classifier:
    """A head on pooled vectors, and on the words of the texts where it has been given them to learn from.

    Attributes
    ----------
    config
        Name, labels, calibration and thresholds.
    weight
        float32, (labels, hidden).
    bias
        float32, (labels,).
    lexical
        What the words add; None where ``config.words`` is.
    """

    def __init__(self, config: ClassifierConfig, weight: Tensor, bias: Tensor, lexical: Lexical | None = None) -> None:
        self.config = config
        self.weight = weight
        self.bias = bias
        self.lexical = lexical

    @classmethod
    def load(cls, folder: Path) -> Classifier:
        """Load a classifier's folder.

        Raises
        ------
        UnsupportedModelError
            If the head is of a kind other than ``SUPPORTED_KINDS``.
        CorruptModelError
            If a file is missing or damaged, or its parts do not fit together.
        """
        folder = Path(folder)
        config = parse_config(read_json(folder / "classifier.json"), folder / "classifier.json")
        path = folder / "head.safetensors"
        weight, bias = read_tensors(path, lambda get: (get("weight"), get("bias")))
        count = len(config.labels)
        if weight is None or bias is None or weight.ndim != 2 or len(weight) != count or bias.shape != (count,):
            raise CorruptModelError(
                f"{path} does not hold a weight ({count}, hidden) and a bias ({count},) as its {count} labels ask for: "
                "train or fetch the classifier again."
            )
        lexical = None if config.words is None else Lexical.load(folder / config.words, count)
        # Copied out of the file, which a new training may then replace.
        return cls(config, weight.to(torch.float32, copy=True), bias.to(torch.float32, copy=True), lexical)

    def save(self, folder: Path) -> None:
        """Write the classifier's files into ``folder``; the same head gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.lexical is not None and self.config.words is not None:
            self.lexical.save(folder / self.config.words)
        # Written by us: safetensors' own save_file makes files that only their owner can read.
        head = serialize({"weight": self.weight.contiguous(), "bias": self.bias.contiguous()})
        (folder / "head.safetensors").write_bytes(head)
        text = json.dumps(asdict(self.config), indent=2, ensure_ascii=False)
        (folder / "classifier.json").write_text(text + "\n", encoding="utf-8", newline="\n")

    def probabilities(self, vectors: Tensor, texts: Sequence[str]) -> Tensor:
        """Return calibrated probabilities, float32 (n, labels).

        Parameters
        ----------
        vectors
            Pooled by the classifier's encoder in the classifier's way, (n, hidden).
        texts
            What they are of, n.

        Raises
        ------
        CorruptModelError
            If the vectors are not of the length that the head was trained on.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.weight.shape[1]:
            raise CorruptModelError(
                f"the classifier {self.config.name!r} reads vectors of shape (n, {self.weight.shape[1]}), not "
                f"{tuple(vectors.shape)}: use it with the encoder it was trained on, {self.config.encoder!r}."
            )
        with torch.no_grad():
            vectors = vectors.float()
            if self.config.normalize:
                vectors = F.normalize(vectors, dim=-1)
            logits = F.linear(vectors, self.weight, self.bias)
            if self.lexical is not None:
                logits += self.lexical.logits(texts)
            logits /= self.config.temperature
            return logits.softmax(-1) if self.config.kind == "softmax" else logits.sigmoid()

    def classify(self, vectors: Tensor, texts: Sequence[str]) -> list[list[LabelProbability]]:
        """Return every label of every text, most probable first; parameters and errors as for `probabilities`."""
        return [self._read(row) for row in self.probabilities(vectors, texts).tolist()]

    def _read(self, probabilities: Sequence[float]) -> list[LabelProbability]:
        ranked = sorted(zip(self.config.labels, probabilities, strict=True), key=lambda pair: -pair[1])
        result = []
        for rank, (label, probability) in enumerate(ranked):
            threshold = self.config.thresholds[label]
            may_hold = rank == 0 or self.config.kind == "sigmoid"
            shown = may_hold and threshold is not None and probability >= threshold
            result.append(LabelProbability(label, probability, shown))
        return result


def parse_config(value: Mapping[str, Any], path: Path) -> ClassifierConfig:
    """Check the contents of a ``classifier.json``; ``path`` is for the messages.

    Raises
    ------
    UnsupportedModelError
        If ``kind`` is not one of ``SUPPORTED_KINDS``.
    CorruptModelError
        If a key is missing, of the wrong type, or at odds with another.
    """

    def wrong(what: str) -> CorruptModelError:
        return CorruptModelError(f"{path}: {what}; train or fetch the classifier again.")

    def number(candidate: object) -> TypeGuard[int | float]:
        return isinstance(candidate, int | float) and not isinstance(candidate, bool)

    if isinstance(kind := value.get("kind"), str) and kind not in SUPPORTED_KINDS:
        raise UnsupportedModelError(f"{path} describes a {kind!r} head: the kinds supported are {SUPPORTED_KINDS}.")
    for key in ("name", "kind", "encoder", "pooling"):
        if not isinstance(value.get(key), str):
            raise wrong(f'"{key}" must be a string')
    if value["pooling"] not in _POOLINGS:
        raise wrong(f'"pooling" must be one of {_POOLINGS}')
    for key in ("labels", "marks"):
        names = value.get(key)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise wrong(f'"{key}" must be a list of strings')
    labels, marks = tuple(value["labels"]), tuple(value["marks"])
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise wrong('"labels" must be two or more different names')
    if not set(marks) <= set(labels):
        raise wrong('"marks" must be among the labels')
    if not isinstance(normalize := value.get("normalize", False), bool):
        raise wrong('"normalize" must be true or false')
    temperature = value.get("temperature")
    # "not (0 < x)" also refuses NaN, which JSON as Python reads it may hold.
    if not number(temperature) or not (0 < temperature < float("inf")):
        raise wrong('"temperature" must be a positive number')
    thresholds = value.get("thresholds")
    if not isinstance(thresholds, dict) or set(thresholds) != set(labels):
        raise wrong('"thresholds" must name every label once')
    decisions = value.get("decisions")
    if decisions is not None and (
        not isinstance(decisions, dict)
        or set(decisions) != set(labels)
        or not all(number(limit) and 0 <= limit <= 1 for limit in decisions.values())
    ):
        raise wrong('"decisions" must name every label once, with a probability')
    if value["kind"] == "sigmoid" and decisions is None:
        raise wrong('"decisions" are missing')
    if (layers := value.get("layers", "last")) not in _LAYERS:
        raise wrong(f'"layers" must be one of {_LAYERS}')
    adapter = value.get("adapter")
    if adapter is not None and not isinstance(adapter, str):
        raise wrong('"adapter" must be the name of a file, or null')
    words = value.get("words")
    if words is not None and not isinstance(words, str):
        raise wrong('"words" must be the name of a file, or null')
    if not isinstance(enabled := value.get("enabled", True), bool):
        raise wrong('"enabled" must be true or false')
    if (unit := value.get("unit", "sentence")) not in _UNITS:
        raise wrong(f'"unit" must be one of {_UNITS}')
    for label, threshold in thresholds.items():
        if threshold is not None and not (number(threshold) and 0 <= threshold <= 1):
            raise wrong(f'the threshold of "{label}" must be a probability or null')
    return ClassifierConfig(
        name=value["name"],
        kind=value["kind"],
        labels=labels,
        temperature=float(temperature),
        thresholds={label: thresholds[label] for label in labels},
        encoder=value["encoder"],
        pooling=value["pooling"],
        normalize=normalize,
        marks=marks,
        layers=layers,
        adapter=adapter,
        decisions=None if decisions is None else {label: float(decisions[label]) for label in labels},
        enabled=enabled,
        words=words,
        unit=unit,
    )


def shipped_classifiers() -> dict[str, Path]:
    """Return the folders of the classifiers that come with the package, by name."""
    folder = Path(__file__).parent / "shipped"
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/classifier.json"))}


def shipped_adapter() -> Path:
    """Return the file of what the shipped classifiers changed in their encoder."""
    return Path(__file__).parent / "shipped" / "adapter.safetensors"

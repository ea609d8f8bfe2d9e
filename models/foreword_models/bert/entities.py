"""From the vectors of a sentence's tokens to its entities: a head for each word, calibrated, that may keep silent.

A tagger is a folder with ``entities.json`` (what it finds and how it is to be read), ``head.safetensors`` (two layers:
``hidden.weight`` (size, inputs) and ``hidden.bias``, ``output.weight`` (tags, size) and ``output.bias``) and
``README.md`` (its model card). It reads the vector of each word's first token (Devlin et al. 2019), and what the words
look like. Tags and their rule: `foreword_models.bert.bio`. Where it reads the encoder that the classifiers read, one
forward serves them all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from safetensors.torch import save as serialize
from torch import Tensor

from foreword_models.bert.bio import best_spans, span_probabilities
from foreword_models.bert.calibration import Floats
from foreword_models.bert.encoder import TokenVectors
from foreword_models.bert.weights import read_json, read_tensors
from foreword_models.bert.words import looks, word_places
from foreword_models.errors import CorruptModelError

CONFIG = "entities.json"
_HEAD = "head.safetensors"
_PARTS = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")
_LAYERS = ("last", "sum-4", "concat-4")


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity of a sentence, from ``start`` to ``end`` in code points.

    ``probability`` is that of exactly this entity, calibrated on held-out data. ``shown`` says that it may be told to
    the user: it reaches the threshold of its type, chosen on held-out data for a stated precision.
    """

    type: str
    start: int
    end: int
    probability: float
    shown: bool


@dataclass(frozen=True)
class TaggerConfig:
    """What ``entities.json`` holds, key by key.

    Attributes
    ----------
    types
        Of entities, in the order of the head's rows.
    thresholds
        For each type the least probability at which an entity is shown; None: it is never shown.
    encoder
        As in `foreword_models.bert.classifier.ClassifierConfig`.
    layers
        Of which layers the encoder's vectors are: "last", "sum-4" or "concat-4".
    adapter, adapter_sha256
        The file of what was changed in the encoder, from this folder, and its digest; None: nothing was. A head that
        shares the file with others is of no use once it is another.
    """

    name: str
    types: tuple[str, ...]
    thresholds: Mapping[str, float | None]
    encoder: str
    layers: str = "concat-4"
    adapter: str | None = None
    adapter_sha256: str | None = None

    @property
    def tags(self) -> int:
        """The number of tags: O, and B and I of each type."""
        return 1 + 2 * len(self.types)


class EntityTagger:
    """Finds entities in sentences.

    Attributes
    ----------
    config
        Name, types and thresholds.
    head
        Its tensors, float32, by the names that their file has.
    """

    def __init__(self, config: TaggerConfig, head: Mapping[str, Tensor]) -> None:
        self.config = config
        self.head = dict(head)

    @classmethod
    def load(cls, folder: Path) -> EntityTagger:
        """Load a tagger's folder.

        Raises
        ------
        CorruptModelError
            If a file is missing or damaged, or its parts do not fit together.
        """
        folder = Path(folder)
        config = parse_config(read_json(folder / CONFIG), folder / CONFIG)
        path = folder / _HEAD
        tensors = read_tensors(path, lambda get: [get(part) for part in _PARTS])
        if any(tensor is None for tensor in tensors):
            raise CorruptModelError(f"{path} lacks a part of the head: train or fetch the tagger again.")
        first, first_bias, last, last_bias = (
            tensor.to(torch.float32, copy=True) for tensor in tensors if tensor is not None
        )
        size = len(first)
        shapes = first.ndim == 2, first_bias.shape == (size,), last.shape == (config.tags, size)
        if not all(shapes) or last_bias.shape != (config.tags,):
            raise CorruptModelError(
                f"{path} does not hold a head with {config.tags} tags, as its {len(config.types)} types ask for: "
                "train or fetch the tagger again."
            )
        return cls(config, dict(zip(_PARTS, (first, first_bias, last, last_bias), strict=True)))

    def save(self, folder: Path) -> None:
        """Write the tagger's files into ``folder``, the head in float16; the same head gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        # Written by us: safetensors' own save_file makes files that only their owner can read.
        head = serialize({part: self.head[part].half().contiguous() for part in _PARTS})
        (folder / _HEAD).write_bytes(head)
        text = json.dumps(asdict(self.config), indent=2, ensure_ascii=False)
        (folder / CONFIG).write_text(text + "\n", encoding="utf-8", newline="\n")

    def find(self, vectors: Sequence[TokenVectors], texts: Sequence[str]) -> list[list[Entity]]:
        """Return the entities of each text, in its order.

        Parameters
        ----------
        vectors
            Of the tagger's encoder and layers, those of each text; words that were not read have no entities.

        Raises
        ------
        CorruptModelError
            If the vectors are not of the length that the head was trained on.
        """
        places = [word_places(text) for text in texts]
        return [
            [
                Entity(kind, own[start][0], own[end - 1][1], probability, shown)
                for kind, start, end, probability, shown in spans
            ]
            for own, spans in zip(places, self.find_in_words(vectors, texts, places), strict=True)
        ]

    def find_in_words(
        self, vectors: Sequence[TokenVectors], texts: Sequence[str], places: Sequence[Sequence[tuple[int, int]]]
    ) -> list[list[tuple[str, int, int, float, bool]]]:
        """Return the entities of texts whose words are given, as for `find` but counted in words."""
        read = [[place for place in own if place[0] < each.end] for own, each in zip(places, vectors, strict=True)]
        inputs = [features(each, text, own) for each, text, own in zip(vectors, texts, read, strict=True)]
        if not inputs:
            return []
        scores = self.scores(torch.cat(inputs)).double().numpy()
        result, row = [], 0
        for own in read:
            result.append(self.spans(scores[row : row + len(own)]))
            row += len(own)
        return result

    def spans(self, scores: Floats) -> list[tuple[str, int, int, float, bool]]:
        """Return the entities of a sentence from the `scores` of its words: type, words, probability, whether shown."""
        best = best_spans(scores)
        return [
            (self.config.types[kind], start, end, probability, self._is_shown(kind, probability))
            for (kind, start, end), probability in zip(best, span_probabilities(scores, best), strict=True)
        ]

    def scores(self, inputs: Tensor) -> Tensor:
        """Return the log-probability of each tag of each word, (words, tags), from its `features`."""
        first = self.head["hidden.weight"]
        if inputs.shape[1] != first.shape[1]:
            raise CorruptModelError(
                f"the tagger {self.config.name!r} reads vectors of another encoder: use it with the one it was trained "
                f"on, {self.config.encoder!r}."
            )
        with torch.no_grad():
            inner = F.gelu(F.linear(inputs, first, self.head["hidden.bias"]))
            return F.linear(inner, self.head["output.weight"], self.head["output.bias"]).log_softmax(-1)

    def _is_shown(self, kind: int, probability: float) -> bool:
        threshold = self.config.thresholds[self.config.types[kind]]
        return threshold is not None and probability >= threshold


def features(vectors: TokenVectors, text: str, places: Sequence[tuple[int, int]]) -> Tensor:
    """Return what the head reads of each word: its first token's vector and its looks, (words, inputs).

    Parameters
    ----------
    places
        Of the words in the text.
    """
    return torch.cat([vectors.first_of(places), looks([text[start:end] for start, end in places])], 1)


def digest(path: Path) -> str:
    """Return the digest of a file, as ``adapter_sha256`` has it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parse_config(value: Mapping[str, Any], path: Path) -> TaggerConfig:
    """Check the contents of an ``entities.json``; ``path`` is for the messages.

    Raises
    ------
    CorruptModelError
        If a key is missing, of the wrong type, or at odds with another.
    """

    def wrong(what: str) -> CorruptModelError:
        return CorruptModelError(f"{path}: {what}; train or fetch the tagger again.")

    def is_probability(limit: object) -> bool:
        return isinstance(limit, int | float) and not isinstance(limit, bool) and 0 <= limit <= 1

    for key in ("name", "encoder"):
        if not isinstance(value.get(key), str):
            raise wrong(f'"{key}" must be a string')
    types = value.get("types")
    if not isinstance(types, list) or not types or not all(isinstance(name, str) for name in types):
        raise wrong('"types" must be a list of names')
    if len(set(types)) != len(types):
        raise wrong('"types" must be different names')
    thresholds = value.get("thresholds")
    if not isinstance(thresholds, dict) or set(thresholds) != set(types):
        raise wrong('"thresholds" must name every type once')
    if not all(limit is None or is_probability(limit) for limit in thresholds.values()):
        raise wrong("a threshold must be a probability or null")
    if value.get("layers") not in _LAYERS:
        raise wrong(f'"layers" must be one of {_LAYERS}')
    for key in ("adapter", "adapter_sha256"):
        if not isinstance(value.get(key), str | None):
            raise wrong(f'"{key}" must be a string or null')
    return TaggerConfig(
        value["name"],
        tuple(types),
        {name: thresholds[name] for name in types},
        value["encoder"],
        value["layers"],
        value.get("adapter"),
        value.get("adapter_sha256"),
    )


def shipped_tagger() -> Path | None:
    """Return the folder of the tagger that comes with the package."""
    folder = Path(__file__).parent / "shipped" / "entities"
    return folder if (folder / CONFIG).is_file() else None

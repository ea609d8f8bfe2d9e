"""Sentences to labels and entities: one forward for all heads on an encoder, and what was read remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from foreword_models.bert.classifier import Classifier, LabelProbability
from foreword_models.bert.encoder import Encoder, Layers, Pooling, TokenVectors
from foreword_models.bert.entities import Entity, EntityTagger

Labels = Mapping[str, Sequence[LabelProbability]]

CACHE_BYTES = 8 * 2**20
_ENTRY_BYTES = 4500  # what one sentence and its labels take, roughly; a text that is much longer is not remembered
_MANY = 256  # texts between two words of progress
_CHUNK = 128  # sentences after which what was read is remembered, whatever interrupts the rest


@dataclass(frozen=True)
class _Reading:
    """The classifiers that read the same vectors."""

    encoder: Encoder
    pooling: Pooling
    layers: Layers
    classifiers: dict[str, Classifier]


@dataclass(frozen=True)
class Found:
    """What was read in a sentence; of entities None, if nobody asked for them."""

    labels: Labels
    entities: Sequence[Entity] | None = None


class Reader:
    """Classifies sentences and finds entities in them; an unchanged sentence costs no forward a second time.

    Parameters
    ----------
    classifiers
        By name, each with the encoder that it was trained on; those with the same one share its forwards.

    Attributes
    ----------
    tagger
        What finds entities, and its encoder; if that is one of the classifiers' too, its forwards are shared.
    """

    def __init__(self, classifiers: Mapping[str, tuple[Encoder, Classifier]]) -> None:
        self.classifiers = {name: classifier for name, (_, classifier) in classifiers.items()}
        self._readings: list[_Reading] = []
        for name, (encoder, classifier) in classifiers.items():
            pooling, layers = classifier.config.pooling, classifier.config.layers
            for reading in self._readings:
                if (reading.encoder, reading.pooling, reading.layers) == (encoder, pooling, layers):
                    reading.classifiers[name] = classifier
                    break
            else:
                reading = _Reading(encoder, cast(Pooling, pooling), cast(Layers, layers), {name: classifier})
                self._readings.append(reading)
        self.tagger: tuple[Encoder, EntityTagger] | None = None
        self._known: LRUCache[str, Found] = LRUCache(CACHE_BYTES // _ENTRY_BYTES)

    @property
    def encoders(self) -> list[Encoder]:
        """Those of the classifiers."""
        return [reading.encoder for reading in self._readings]

    def read(self, texts: Iterable[str], *, checkpoint: Callable[[], None] = lambda: None) -> dict[str, Labels]:
        """Labels of each distinct text, by classifier; the most probable label first.

        Parameters
        ----------
        checkpoint
            Called between forwards; may raise to abandon. What was read until then is kept.
        """
        return {text: found.labels for text, found in self.find(texts, checkpoint=checkpoint).items()}

    def entities(
        self, texts: Iterable[str], *, checkpoint: Callable[[], None] = lambda: None
    ) -> dict[str, Sequence[Entity]]:
        """Return the entities of each distinct text, in its order; for a reader with a `tagger`."""
        found = self.find(texts, entities=True, checkpoint=checkpoint)
        return {text: each.entities or () for text, each in found.items()}

    def find(
        self, texts: Iterable[str], *, entities: bool = False, checkpoint: Callable[[], None] = lambda: None
    ) -> dict[str, Found]:
        """Return what is read in each distinct text, of the same forwards; parameters as for `read`."""
        entities = entities and self.tagger is not None
        result: dict[str, Found] = {}
        unread: list[str] = []
        for text in dict.fromkeys(texts):
            known = self._known.get(text)
            if known is None or (entities and known.entities is None):
                unread.append(text)
            else:
                result[text] = known
        # In the order of the text rather than by length: what is seen first is known first.
        for start in range(0, len(unread), _CHUNK):
            chunk = unread[start : start + _CHUNK]
            for text, found in zip(chunk, self._read(chunk, entities, checkpoint), strict=True):
                result[text] = found
                if len(text) < _ENTRY_BYTES:
                    self._known[text] = found
            checkpoint()
        return result

    def shed(self) -> None:
        """Forget what was read, because memory is short."""
        self._known.clear()

    def probabilities(
        self, name: str, texts: Sequence[str], update: Callable[[int], None] = lambda _: None
    ) -> NDArray[np.float64]:
        """Return one classifier's calibrated probabilities, (n, labels), in the order of its labels.

        Parameters
        ----------
        update
            Told how many texts are read.
        """
        reading = next(reading for reading in self._readings if name in reading.classifiers)
        rows = [np.zeros((0, len(self.classifiers[name].config.labels)))]
        for start in range(0, len(texts), _MANY):
            part = texts[start : start + _MANY]
            vectors = reading.encoder.encode(part, pooling=reading.pooling, layers=reading.layers)
            rows.append(reading.classifiers[name].probabilities(vectors, part).double().numpy())
            update(min(start + _MANY, len(texts)))
        return np.concatenate(rows)

    def _read(self, texts: list[str], entities: bool, checkpoint: Callable[[], None]) -> list[Found]:
        labels: dict[str, list[list[LabelProbability]]] = {}
        encoder, tagger = self.tagger if entities and self.tagger is not None else (None, None)
        tokens: list[TokenVectors] | None = None
        for reading in self._readings:
            if reading.encoder is encoder and tokens is None and _shares(reading, tagger):
                vectors, tokens = encoder.encode_with_tokens(
                    texts,
                    pooling=reading.pooling,
                    layers=cast(Literal["last", "concat-4"], reading.layers),
                    checkpoint=checkpoint,
                )
            else:
                vectors = reading.encoder.encode(
                    texts, pooling=reading.pooling, layers=reading.layers, checkpoint=checkpoint
                )
            labels |= {name: classifier.classify(vectors, texts) for name, classifier in reading.classifiers.items()}
        found: Sequence[Sequence[Entity] | None] = [None] * len(texts)
        if encoder is not None and tagger is not None:
            if tokens is None:
                layers = cast(Layers, tagger.config.layers)
                tokens = encoder.token_vectors(texts, layers=layers, checkpoint=checkpoint)
            found = tagger.find(tokens, texts)
        return [
            Found({name: rows[index] for name, rows in labels.items()}, found[index]) for index in range(len(texts))
        ]


def _shares(reading: _Reading, tagger: EntityTagger | None) -> bool:
    """Whether the classifiers' vectors and the tagger's come out of the same forward."""
    return tagger is not None and tagger.config.layers == "concat-4" and reading.layers in ("last", "concat-4")

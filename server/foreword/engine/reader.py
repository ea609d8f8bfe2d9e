"""Sentences to labels: one forward for all classifiers that share an encoder, and what was read remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from foreword_models.bert.classifier import Classifier, LabelProbability
from foreword_models.bert.encoder import Encoder, Layers, Pooling

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


class Reader:
    """Classifies sentences; an unchanged sentence costs no forward a second time.

    Parameters
    ----------
    classifiers
        By name, each with the encoder that it was trained on; those with the same one share its forwards.
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
        self._known: LRUCache[str, Labels] = LRUCache(CACHE_BYTES // _ENTRY_BYTES)

    def read(self, texts: Iterable[str], *, checkpoint: Callable[[], None] = lambda: None) -> dict[str, Labels]:
        """Labels of each distinct text, by classifier; the most probable label first.

        Parameters
        ----------
        checkpoint
            Called between forwards; may raise to abandon. What was read until then is kept.
        """
        result: dict[str, Labels] = {}
        unread: list[str] = []
        for text in dict.fromkeys(texts):
            known = self._known.get(text)
            if known is None:
                unread.append(text)
            else:
                result[text] = known
        # In the order of the text rather than by length: what is seen first is known first.
        for start in range(0, len(unread), _CHUNK):
            chunk = unread[start : start + _CHUNK]
            for text, labels in zip(chunk, self._classify(chunk, checkpoint), strict=True):
                result[text] = labels
                if len(text) < _ENTRY_BYTES:
                    self._known[text] = labels
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

    def _classify(self, texts: list[str], checkpoint: Callable[[], None]) -> list[Labels]:
        labels: dict[str, list[list[LabelProbability]]] = {}
        for reading in self._readings:
            vectors = reading.encoder.encode(
                texts, pooling=reading.pooling, layers=reading.layers, checkpoint=checkpoint
            )
            labels |= {name: classifier.classify(vectors, texts) for name, classifier in reading.classifiers.items()}
        return [{name: rows[index] for name, rows in labels.items()} for index in range(len(texts))]

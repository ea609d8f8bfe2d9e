"""Sentences to labels: one encoder, any number of classifiers, and what was read remembered by its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from cachetools import LRUCache

from foreword_models.bert.classifier import Classifier, LabelProbability
from foreword_models.bert.encoder import Encoder, Pooling

Labels = Mapping[str, Sequence[LabelProbability]]

CACHE_BYTES = 8 * 2**20
_ENTRY_BYTES = 2000  # what one sentence and its labels take, roughly; a text that is much longer is not remembered
_CHUNK = 32  # sentences after which what was read is remembered, whatever interrupts the rest


class Reader:
    """Classifies sentences; an unchanged sentence costs no forward a second time.

    Parameters
    ----------
    classifiers
        By name; all of them read the same encoder's vectors.
    """

    def __init__(self, encoder: Encoder, classifiers: Mapping[str, Classifier]) -> None:
        self._encoder = encoder
        self.classifiers = dict(classifiers)
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

    def _classify(self, texts: list[str], checkpoint: Callable[[], None]) -> list[Labels]:
        by_pooling = {
            pooling: self._encoder.encode(texts, pooling=cast(Pooling, pooling), checkpoint=checkpoint)
            for pooling in {classifier.config.pooling for classifier in self.classifiers.values()}
        }
        labels = {
            name: classifier.classify(by_pooling[classifier.config.pooling])
            for name, classifier in self.classifiers.items()
        }
        return [{name: rows[index] for name, rows in labels.items()} for index in range(len(texts))]

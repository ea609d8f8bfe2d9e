"""Reading sentences: what was read is not read again, and an interruption loses little."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from foreword.engine.reader import Reader
from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.encoder import Encoder


class FakeEncoder:
    """One-dimensional vectors, the lengths of the texts; remembers what it was given."""

    def __init__(self) -> None:
        self.forwards: list[tuple[str, list[str]]] = []

    def encode(self, texts: list[str], *, pooling: str, layers: str, checkpoint: Any) -> torch.Tensor:
        assert layers == "last"
        checkpoint()
        self.forwards.append((pooling, list(texts)))
        return torch.tensor([[float(len(text))] for text in texts])

    @property
    def texts(self) -> list[str]:
        return [text for _, texts in self.forwards for text in texts]


def classifier(name: str, pooling: str = "mean") -> Classifier:
    config = ClassifierConfig(
        name=name,
        kind="softmax",
        labels=("short", "long"),
        temperature=1.0,
        thresholds={"short": 0.5, "long": 0.5},
        encoder="fake",
        pooling=pooling,
        normalize=False,
        marks=("long",),
    )
    return Classifier(config, torch.tensor([[-1.0], [1.0]]), torch.tensor([5.0, -5.0]))


def reader_of(*classifiers: Classifier) -> tuple[Reader, FakeEncoder]:
    encoder = FakeEncoder()
    return Reader({made.config.name: (cast(Encoder, encoder), made) for made in classifiers}), encoder


def test_labels_by_text_and_classifier_the_most_probable_first() -> None:
    reader, _ = reader_of(classifier("length"), classifier("size"))
    labels = reader.read(["a", "a" * 20])
    assert labels["a"]["length"][0].label == "short"
    assert labels["a" * 20]["length"][0].label == "long"
    assert labels["a"]["size"] == labels["a"]["length"]
    assert list(labels) == ["a", "a" * 20]


def test_an_unchanged_text_costs_no_forward() -> None:
    reader, encoder = reader_of(classifier("length"))
    first = reader.read(["one.", "two.", "one."])
    assert encoder.texts == ["one.", "two."]
    assert reader.read(["two.", "one."]) == first
    assert reader.read(["one.", "three."]).keys() == {"one.", "three."}
    assert encoder.texts == ["one.", "two.", "three."]


def test_classifiers_of_one_pooling_share_a_forward() -> None:
    reader, encoder = reader_of(classifier("a"), classifier("b"), classifier("c", "cls"))
    labels = reader.read(["one."])
    assert sorted(encoder.forwards) == [("cls", ["one."]), ("mean", ["one."])]
    assert set(labels["one."]) == {"a", "b", "c"}


def test_classifiers_of_another_encoder_have_forwards_of_their_own() -> None:
    one, other = FakeEncoder(), FakeEncoder()
    reader = Reader({"a": (cast(Encoder, one), classifier("a")), "b": (cast(Encoder, other), classifier("b"))})
    assert set(reader.read(["one."])["one."]) == {"a", "b"}
    assert one.texts == other.texts == ["one."]


def test_nothing_to_read_costs_nothing() -> None:
    reader, encoder = reader_of(classifier("length"))
    assert reader.read([]) == {}
    assert encoder.forwards == []


def test_what_was_read_before_an_interruption_is_kept() -> None:
    class InterruptionError(Exception):
        pass

    reader, encoder = reader_of(classifier("length"))
    texts = [f"{number}." for number in range(300)]
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        reader.read(texts, checkpoint=checkpoint)
    begun = len(encoder.texts)
    assert 0 < begun < len(texts)
    assert list(reader.read(texts)) == texts
    assert encoder.texts == texts  # each of them once


def test_a_very_long_text_is_read_but_not_remembered() -> None:
    reader, encoder = reader_of(classifier("length"))
    for _ in range(2):
        assert reader.read(["x" * 100_000])["x" * 100_000]["length"][0].label == "long"
    assert len(encoder.forwards) == 2


def test_what_was_read_is_forgotten_when_memory_is_short() -> None:
    reader, encoder = reader_of(classifier("length"))
    reader.read(["It rains."])
    reader.shed()
    reader.read(["It rains."])
    assert encoder.texts == ["It rains."] * 2

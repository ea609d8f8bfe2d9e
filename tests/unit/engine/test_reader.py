"""Reading sentences: what was read is not read again, and an interruption loses little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
import torch

from foreword.engine.reader import Reader
from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.encoder import Encoder, TokenVectors
from foreword_models.bert.entities import Entity, EntityTagger, TaggerConfig


class FakeEncoder:
    """One-dimensional vectors, the lengths of the texts; remembers what it was given."""

    def __init__(self) -> None:
        self.forwards: list[tuple[str, list[str]]] = []

    def encode(self, texts: list[str], *, pooling: str, layers: str, checkpoint: Any) -> torch.Tensor:
        assert layers == "last"
        checkpoint()
        self.forwards.append((pooling, list(texts)))
        return torch.tensor([[float(len(text))] for text in texts])

    def encode_with_tokens(self, texts: list[str], **options: Any) -> tuple[torch.Tensor, list[TokenVectors]]:
        return self.encode(texts, **options), [TokenVectors([], torch.zeros(0, 1))] * len(texts)

    def token_vectors(self, texts: list[str], *, layers: str, **_: Any) -> list[TokenVectors]:
        self.forwards.append((f"tokens, {layers}", list(texts)))
        return [TokenVectors([], torch.zeros(0, 1))] * len(texts)

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


class FakeTagger(EntityTagger):
    """Finds the whole text."""

    def __init__(self, layers: str = "concat-4") -> None:
        super().__init__(TaggerConfig("names", ("name",), {"name": 0.5}, "fake", layers), {})

    def find(self, vectors: Sequence[TokenVectors], texts: Sequence[str]) -> list[list[Entity]]:
        assert len(vectors) == len(texts)
        return [[Entity("name", 0, len(text), 0.9, True)] for text in texts]


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


def test_one_forward_serves_labels_and_entities() -> None:
    reader, encoder = reader_of(classifier("length"), classifier("size"))
    reader.tagger = (cast(Encoder, encoder), FakeTagger())
    found = reader.find(["a", "bb"], entities=True)
    assert encoder.forwards == [("mean", ["a", "bb"])]
    assert found["bb"].entities == [Entity("name", 0, 2, 0.9, True)]
    assert set(found["bb"].labels) == {"length", "size"}
    assert reader.read(["a"])["a"] == found["a"].labels
    assert reader.entities(["bb"])["bb"] == found["bb"].entities
    assert len(encoder.forwards) == 1


def test_entities_are_looked_for_only_when_asked() -> None:
    reader, encoder = reader_of(classifier("length"))
    reader.tagger = (cast(Encoder, encoder), FakeTagger())
    assert reader.find(["a"])["a"].entities is None
    assert reader.entities(["a"])["a"]
    assert encoder.texts == ["a", "a"]


def test_a_tagger_of_another_encoder_has_a_forward_of_its_own() -> None:
    reader, encoder = reader_of(classifier("length"))
    other = FakeEncoder()
    reader.tagger = (cast(Encoder, other), FakeTagger("last"))
    assert reader.find(["a"], entities=True)["a"].entities
    assert (encoder.forwards, other.forwards) == ([("mean", ["a"])], [("tokens, last", ["a"])])

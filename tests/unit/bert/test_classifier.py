from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from foreword_models.bert.classifier import Classifier, ClassifierConfig, LabelProbability, shipped_classifiers
from foreword_models.errors import CorruptModelError, UnsupportedModelError

CONFIG = ClassifierConfig(
    name="weather",
    kind="softmax",
    labels=("rain", "sun", "wind"),
    temperature=2.0,
    thresholds={"rain": 0.5, "sun": None, "wind": 0.0},
    encoder="tiny",
    pooling="mean",
    normalize=False,
    marks=("rain",),
)
TEXTS = ["It rains.", "The sun shines.", "What a wind!", "", "Rain and sun."]


def classifier(**changes: Any) -> Classifier:
    config = ClassifierConfig(**(vars(CONFIG) | changes))
    return Classifier(config, torch.eye(3, 4), torch.tensor([0.0, 0.0, -1.0]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    classifier().save(tmp_path)
    return tmp_path


def test_round_trip(folder: Path) -> None:
    loaded = Classifier.load(folder)
    assert loaded.config == CONFIG
    vectors = torch.randn(5, 4)
    assert loaded.classify(vectors, TEXTS[:5]) == classifier().classify(vectors, TEXTS[:5])


def test_the_same_head_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        classifier().save(tmp_path / name)
    for file in ("head.safetensors", "classifier.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_probabilities_are_the_softmax_at_the_temperature() -> None:
    vector = torch.tensor([[3.0, 1.0, 2.0, 9.0]])
    expected = torch.softmax(torch.tensor([3.0, 1.0, 1.0]) / 2.0, 0)
    torch.testing.assert_close(classifier().probabilities(vector, TEXTS[:1])[0], expected)


def test_a_label_is_shown_only_on_top_and_over_its_threshold() -> None:
    def top(*vector: float) -> LabelProbability:
        found = classifier().classify(torch.tensor([[*vector, 0.0]]), TEXTS[:1])[0]
        assert not any(each.shown for each in found[1:])
        return found[0]

    assert top(9, 0, 0).probability == pytest.approx(0.982, abs=1e-3)
    assert (top(9, 0, 0).label, top(9, 0, 0).shown) == ("rain", True)
    assert (top(1, 0.9, 0).label, top(1, 0.9, 0).shown) == ("rain", False), "under its threshold"
    assert (top(0, 9, 0).label, top(0, 9, 0).shown) == ("sun", False), "a label that is never shown"
    assert (top(0, 0, 2).label, top(0, 0, 2).shown) == ("wind", True)


@given(st.lists(st.lists(st.floats(-50, 50, width=32), min_size=4, max_size=4), max_size=4))
def test_every_label_once_most_probable_first(rows: list[list[float]]) -> None:
    found = classifier().classify(torch.tensor(rows).reshape(-1, 4), TEXTS[: len(rows)])
    assert len(found) == len(rows)
    for labels in found:
        assert {each.label for each in labels} == set(CONFIG.labels)
        probabilities = [each.probability for each in labels]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_a_head_on_normalized_vectors_scales_them_itself() -> None:
    head, vectors = classifier(normalize=True), torch.randn(3, 4)
    torch.testing.assert_close(head.probabilities(vectors, TEXTS), head.probabilities(vectors * 17, TEXTS))


def test_vectors_of_another_encoder_are_refused() -> None:
    with pytest.raises(CorruptModelError, match="'tiny'"):
        classifier().classify(torch.randn(2, 5), TEXTS[:2])


@pytest.mark.parametrize("name", ["classifier.json", "head.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]"])
def test_missing_and_damaged_files(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(CorruptModelError, match=name):
        Classifier.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"kind": None},
        {"encoder": None},
        {"pooling": "max"},
        {"labels": ["rain"]},
        {"labels": ["rain", "rain", "sun"]},
        {"labels": "rain"},
        {"marks": ["snow"]},
        {"marks": None},
        {"normalize": 1},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": "warm"},
        {"thresholds": {"rain": 0.5}},
        {"thresholds": {"rain": 0.5, "sun": None, "wind": 2}},
        {"thresholds": {"rain": 0.5, "sun": None, "wind": True}},
        {"thresholds": None},
        {"decisions": {"rain": 0.5}},
        {"kind": "sigmoid"},
        {"layers": "first"},
        {"adapter": 3},
        {"enabled": "yes"},
        {"unit": "book"},
    ],
)
def test_a_config_that_makes_no_sense(folder: Path, change: dict[str, object]) -> None:
    path = folder / "classifier.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptModelError, match=f'"{next(iter(change))}"|threshold|decisions'):
        Classifier.load(folder)


def test_another_kind_of_head_is_named(folder: Path) -> None:
    path = folder / "classifier.json"
    path.write_text(path.read_text().replace("softmax", "forest"))
    with pytest.raises(UnsupportedModelError, match="forest"):
        Classifier.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"weight": torch.zeros(2, 4)},
        {"weight": torch.zeros(3)},
        {"bias": torch.zeros(4)},
        {"bias": torch.zeros(3, 1)},
        {"bias": None},
    ],
)
def test_a_head_that_does_not_fit_its_labels(folder: Path, change: dict[str, torch.Tensor | None]) -> None:
    path = folder / "head.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()} | change
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)
    with pytest.raises(CorruptModelError, match=r"3 labels"):
        Classifier.load(folder)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("clickbait", {"clickbait", "news"}),
        ("offensive", {"hate", "offensive", "neither"}),
        ("politeness", {"polite", "neutral", "impolite"}),
        ("sentiment", {"negative", "neutral", "positive"}),
        ("spam", {"spam", "ham"}),
    ],
)
def test_what_is_shipped(name: str, labels: set[str]) -> None:
    assert set(Classifier.load(shipped_classifiers()[name]).config.labels) == labels


def test_all_emotions_are_shipped() -> None:
    config = Classifier.load(shipped_classifiers()["emotion"]).config
    assert (config.kind, len(config.labels)) == ("sigmoid", 28)


def test_few_mark_without_having_been_turned_on() -> None:
    on = {name for name, folder in shipped_classifiers().items() if Classifier.load(folder).config.enabled}
    assert on == {"offensive", "sentiment"}


def test_what_does_not_read_sentences_says_so() -> None:
    units = {name: Classifier.load(folder).config.unit for name, folder in shipped_classifiers().items()}
    assert {name: unit for name, unit in units.items() if unit != "sentence"} == {
        "clickbait": "heading",
        "spam": "message",
    }


def test_any_of_n_shows_every_label_over_its_threshold() -> None:
    head = classifier(kind="sigmoid", decisions=dict.fromkeys(CONFIG.labels, 0.5))
    found = head.classify(torch.tensor([[4.0, 4.0, 4.0, 0.0]]), TEXTS[:1])[0]
    assert {label.label: label.shown for label in found} == {"rain": True, "sun": False, "wind": True}
    assert sum(label.probability for label in found) > 1


@pytest.mark.parametrize("name", sorted(shipped_classifiers()))
def test_a_shipped_classifier_is_consistent(name: str) -> None:
    folder = shipped_classifiers()[name]
    head = Classifier.load(folder)
    assert head.config.name == name
    assert head.config.encoder == "minilm-l6"
    assert head.weight.shape == (len(head.config.labels), 384)
    assert head.weight.isfinite().all()
    assert head.bias.isfinite().all()
    # The top label of a softmax has at least this much.
    least = 1 / len(head.config.labels) if head.config.kind == "softmax" else 0
    assert all(t is None or least <= t <= 1 for t in head.config.thresholds.values())
    assert all(head.config.thresholds[label] is not None for label in head.config.marks), "a mark that never shows"
    card = (folder / "README.md").read_text(encoding="utf-8")
    for threshold in head.config.thresholds.values():
        assert threshold is None or f"{threshold:.4f}" in card, "the card tells of another training"

"""What words say by themselves: hashed n-grams, the same on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.bert.classifier import Classifier, ClassifierConfig
from foreword_models.bert.lexical import CASE, CHARACTERS, Lexical, case_features, features
from foreword_models.errors import CorruptModelError

IT_RAINS = [9480, 11897, 17108, 27085, 29276, 30516, 34271, 34653, 35612, 35913]
IT_RAINS += [36513, 42640, 45066, 46992, 49478, 51266, 55499, 57922, 59791, 60983]


@given(st.text())
def test_any_text_is_a_vector_of_length_one(text: str) -> None:
    buckets, values = features(text, 64)
    assert len(buckets) == len(set(buckets.tolist())) == len(values) > 0
    assert ((buckets >= 0) & (buckets < 64)).all()
    assert (values**2).sum() == pytest.approx(1, abs=1e-4)


def test_buckets_are_the_same_in_every_process() -> None:
    buckets, _ = features("It rains.")
    assert sorted(buckets.tolist()) == IT_RAINS


def test_order_and_repetition_count_but_not_capitals() -> None:
    def as_dict(text: str) -> dict[int, float]:
        return dict(zip(*(part.tolist() for part in features(text)), strict=True))

    assert as_dict("Rain falls") == as_dict("rain FALLS")
    assert as_dict("rain falls") != as_dict("falls rain")
    assert as_dict("rain rain") != as_dict("rain")


def test_of_a_long_text_the_beginning_counts() -> None:
    text = "rain " * CHARACTERS
    for one, other in zip(features(text), features(text + "and sun"), strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.text())
def test_capitals_are_a_short_vector_of_their_own(text: str) -> None:
    buckets, values = case_features(text, 64)
    assert len(buckets) == len(set(buckets.tolist())) == len(values) > 0
    assert np.sqrt((values**2).sum()) == pytest.approx(CASE, abs=1e-4)


def test_capitals_are_seen_and_the_words_under_them_are_not() -> None:
    def buckets(text: str) -> list[int]:
        found: list[int] = case_features(text)[0].tolist()
        return found

    assert buckets("Rain Falls in 3 Towns!") == buckets("Snow Melts on 8 Hills!")
    assert buckets("Rain Falls") != buckets("Rain falls")


def test_capitals_count_where_they_are_asked_for(tmp_path: Path) -> None:
    weight = torch.randn(2**16, 2)
    texts = ["It Rains", "It rains"]
    plain, cased = Lexical(weight), Lexical(weight, cased=True)
    assert plain.logits(texts)[0].equal(plain.logits(texts)[1])
    assert not cased.logits(texts)[0].equal(cased.logits(texts)[1])
    for model in (plain, cased):
        model.save(tmp_path / "words.safetensors")
        assert Lexical.load(tmp_path / "words.safetensors", 2).cased is model.cased


def test_logits_are_sums_of_weights() -> None:
    weight = torch.randn(128, 2)
    buckets, values = features("It rains.", 128)
    expected = (weight[buckets] * torch.from_numpy(values)[:, None]).sum(0)
    found = Lexical(weight).logits(["", "It rains."])
    assert found.shape == (2, 2)
    torch.testing.assert_close(found[1], expected)


def test_a_classifier_with_words(tmp_path: Path) -> None:
    config = ClassifierConfig(
        name="weather",
        kind="softmax",
        labels=("rain", "sun"),
        temperature=1.0,
        thresholds={"rain": None, "sun": None},
        encoder="tiny",
        pooling="mean",
        normalize=False,
        marks=(),
        words="words.safetensors",
    )
    weight = torch.zeros(256, 2)
    for label, text in enumerate(("rain", "sun")):
        buckets, values = features(text, 256)
        weight[buckets, label] += 10 * torch.from_numpy(values)
    Classifier(config, torch.zeros(2, 4), torch.zeros(2), Lexical(weight)).save(tmp_path)
    loaded = Classifier.load(tmp_path)
    found = loaded.classify(torch.zeros(2, 4), ["sun", "rain"])
    assert [labels[0].label for labels in found] == ["sun", "rain"]
    (tmp_path / "words.safetensors").unlink()
    with pytest.raises(CorruptModelError, match=r"words\.safetensors"):
        Classifier.load(tmp_path)


def test_a_model_of_other_labels(tmp_path: Path) -> None:
    Lexical(torch.zeros(8, 3)).save(tmp_path / "words.safetensors")
    with pytest.raises(CorruptModelError, match="2 labels"):
        Lexical.load(tmp_path / "words.safetensors", 2)

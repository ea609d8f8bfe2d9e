"""Senses with a tiny random encoder: which words are looked at, and where the answer stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from foreword.engine.meaning import load_senses
from foreword_models.bert.encoder import Encoder
from foreword_models.errors import Cancelled, CorruptModelError, UnknownWordError
from foreword_models.static import packing, senses
from foreword_models.static.senses import Senses, alone_vectors, frequent, load_alone, save_alone
from foreword_models.static.vectors import WordVectors
from foreword_models.zoo.progress import Silent
from foreword_models.zoo.store import Store
from tests.unit.bert import tiny

WORDS = ["the", "rain", ",", "Rain", "raining", "sun", "it", "wind", "cloud", "x1"]


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    tiny.save(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> Encoder:
    return Encoder.load(encoder_folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = np.random.default_rng(1).normal(size=(len(WORDS), 4)).astype(np.float32)
    packing.write(tmp_path, len(WORDS), 4, [(WORDS, rows)], tmp_path, lambda _: None)
    return tmp_path


@pytest.fixture
def finder(folder: Path, encoder: Encoder) -> Senses:
    vectors = WordVectors.load(folder)
    return Senses(vectors, encoder, alone_vectors(encoder, frequent(vectors)[1]))


def test_frequent_words_are_words_once_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = WordVectors.load(folder)
    rows, words = frequent(vectors)
    assert words == ["the", "rain", "raining", "sun", "wind", "cloud"]
    assert [vectors.word(row) for row in rows] == words
    monkeypatch.setattr(senses, "WORDS", 2)
    assert frequent(vectors)[1] == ["the", "rain"]


def test_neither_the_word_nor_its_sentence_is_an_answer(finder: Senses) -> None:
    found = finder.near("The rain and the wind.", 4, 8)
    assert {each.word for each in found} == {"sun", "cloud"}
    similarities = [each.similarity for each in found]
    assert similarities == sorted(similarities, reverse=True)
    assert all(-1.001 <= each <= 1.001 for each in similarities)
    assert len(finder.near("The rain and the wind.", 4, 8, 1)) == 1


def test_the_sentence_counts(finder: Senses) -> None:
    one, other = finder.near("a rain z", 2, 6), finder.near("q rain, q q", 2, 6)
    assert [each.similarity for each in one] != [each.similarity for each in other]


def test_far_away_text_does_not_count(finder: Senses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senses, "_AROUND", 20)
    far = "x " * 10
    assert finder.near(far + "rain" + far, 20, 24) == finder.near("y " * 30 + far + "rain" + far + "y", 80, 84)


def test_only_words_that_are_near_by_static_vectors(finder: Senses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senses, "_NEAR", 3)
    found = finder.near("a rain z", 2, 6)
    assert sum(each.similarity > -1 for each in found) <= 3


@pytest.mark.parametrize(("start", "end"), [(0, 0), (1, 2), (3, 4), (50, 60)])
def test_no_word_there(finder: Senses, start: int, end: int) -> None:
    with pytest.raises(UnknownWordError, match="range of"):
        finder.near("a  , rain", start, end)


def test_any_characters_are_read(finder: Senses) -> None:
    assert finder.near("\ud800 rain 🙂", 2, 6)
    assert finder.near("x" * 5000, 0, 5000) is not None


def test_a_table_of_another_encoder_is_refused(folder: Path, encoder: Encoder) -> None:
    with pytest.raises(CorruptModelError, match="shape"):
        Senses(WordVectors.load(folder), encoder, torch.zeros(3, 3))


def test_the_table_is_made_once_and_again_when_it_is_damaged(
    folder: Path, encoder_folder: Path, encoder: Encoder, tmp_path: Path
) -> None:
    store = Store(tmp_path / "cache")

    def load() -> Senses:
        return load_senses(folder, encoder_folder, encoder, store, Silent())

    first = load().near("a rain z", 2, 6)
    (table,) = (store.root / "senses").iterdir()
    made = table.stat().st_mtime_ns
    assert load().near("a rain z", 2, 6) == first
    assert table.stat().st_mtime_ns == made
    table.write_bytes(b"{}")
    assert load().near("a rain z", 2, 6) == first


def test_making_the_table_can_be_abandoned(folder: Path, encoder: Encoder) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        alone_vectors(encoder, ["rain", "sun"], checkpoint=stop)


def test_the_table_survives_its_file(tmp_path: Path) -> None:
    table = torch.randn(3, 4)
    save_alone(table, tmp_path / "new" / "table.safetensors")
    torch.testing.assert_close(load_alone(tmp_path / "new" / "table.safetensors"), table, atol=1e-2, rtol=1e-2)
    with pytest.raises(CorruptModelError, match="missing"):
        load_alone(tmp_path / "nothing")

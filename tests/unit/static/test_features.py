"""Sentences as rows of numbers: one for each text, and none that depends on the texts beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foreword_models.errors import MissingExtraError, UnknownPackError
from foreword_models.static import packing
from foreword_models.static.features import sentence_features, tfidf_features, word_features
from foreword_models.static.vectors import WordVectors
from tests.unit.static.conftest import matrix


def test_word_vectors_are_averaged(vectors: WordVectors) -> None:
    rows = word_features(["The cat, unknown.", "dog", "", "unknown"], vectors)
    expected = matrix()
    np.testing.assert_allclose(rows[0], (expected[0] + expected[1]) / 2, atol=1e-6)
    np.testing.assert_allclose(rows[1], expected[2], atol=1e-6)
    assert not rows[2:].any()
    assert rows.dtype == np.float32


def test_a_contraction_is_read_in_its_parts(tmp_path: Path) -> None:
    words = ["do", "n't", "it", "'s"]
    packing.write(tmp_path, 4, 4, [(words, np.eye(4, dtype=np.float32))], tmp_path, lambda _: None)
    rows = word_features(["Don’t", "it's"], WordVectors.load(tmp_path))
    np.testing.assert_allclose(rows, [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])


def test_a_file_and_a_name(text_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path / "cache"))
    assert sentence_features(["cat", "dog"], str(text_file)).shape == (2, 4)
    with pytest.raises(UnknownPackError, match="no-such"):
        sentence_features(["cat"], "no-such-vectors")


def test_a_bag_of_words_knows_the_training_texts_only() -> None:
    pytest.importorskip("sklearn")
    rows = tfidf_features(["a cat", "a bird"], ["one cat", "two cats", "one cat"])
    assert rows.shape == (2, 3)  # one, cat, one cat
    assert rows.toarray()[1].sum() == 0
    assert sentence_features(["one cat", "one cat"], "tfidf").shape == (2, 3)


def test_without_scikit_learn_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(MissingExtraError, match="pip install scikit-learn"):
        sentence_features(["a"], "tfidf")

"""Words and their neighbours: found by binary search, ranked by cosine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError, UnknownWordError
from foreword_models.static import packing
from foreword_models.static.vectors import WordVectors
from tests.unit.static.conftest import WORDS, matrix


def test_neighbours_are_ranked_by_cosine(vectors: WordVectors) -> None:
    rows = matrix().astype(np.float64)
    cat = rows[1]
    expected = {
        word: row @ cat / max(np.linalg.norm(row) * np.linalg.norm(cat), 1e-12)
        for word, row in zip(WORDS, rows, strict=True)
        if word != "cat"
    }
    (found,) = vectors.near(["cat"], 20)
    assert [each.word for each in found] == sorted(expected, key=lambda word: -expected[word])
    assert [each.similarity for each in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-6)


def test_many_at_once_equal_one_by_one(vectors: WordVectors) -> None:
    words = ["cat", "dog", "the"]
    together = vectors.near(words, 3)
    for word, found in zip(words, together, strict=True):
        (alone,) = vectors.near([word], 3)
        assert [each.word for each in found] == [each.word for each in alone]
        assert len(found) == 3
    assert vectors.near([], 3) == []


def test_no_spelling_of_the_word_itself_is_a_neighbour(vectors: WordVectors) -> None:
    for word in ("stick", "Stick", "STICK"):
        assert "stick" not in {each.word.lower() for each in vectors.near([word], 20)[0]}


def test_only_the_first_words_are_candidates(vectors: WordVectors) -> None:
    assert {each.word for each in vectors.near(["cat"], 20, among=3)[0]} == {"the", "dog"}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("stick", "stick"),
        ("Stick", "Stick"),
        ("STICK", "stick"),
        ("paris", "Paris"),
        ("PARIS", "Paris"),
        ("It’s", "it's"),
        ("NAÏVE", "naïve"),
        ("nothing", None),
        ("", None),
        ("\ud800", None),
    ],
)
def test_case_and_apostrophes(vectors: WordVectors, written: str, found: str | None) -> None:
    row = vectors.row(written)
    assert (None if row is None else vectors.word(row)) == found


def test_a_word_without_a_vector_is_told(vectors: WordVectors) -> None:
    with pytest.raises(UnknownWordError, match="'nothing'"):
        vectors.near(["cat", "nothing"], 3)


@given(st.sets(st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=5), min_size=1))
def test_every_word_is_found_where_it_is(tmp_path_factory: pytest.TempPathFactory, words: set[str]) -> None:
    out = tmp_path_factory.mktemp("words")
    listed = sorted(words, key=hash)
    packing.write(out, len(listed), 2, [(listed, np.ones((len(listed), 2), np.float32))], out, lambda _: None)
    found = WordVectors.load(out)
    assert [found.row(word) for word in listed] == list(range(len(listed)))
    assert list(found) == listed


@pytest.mark.parametrize("name", packing.FILES)
@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_missing_and_damaged_files(vectors: WordVectors, tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / "packed" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(CorruptModelError, match=name):
        WordVectors.load(tmp_path / "packed")


def test_parts_of_different_vectors_are_refused(vectors: WordVectors, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    packing.write(other, 1, 2, [(["cat"], np.ones((1, 2), np.float32))], other, lambda _: None)
    (other / packing.VECTORS).replace(tmp_path / "packed" / packing.VECTORS)
    with pytest.raises(CorruptModelError, match="different word vectors"):
        WordVectors.load(tmp_path / "packed")
    assert torch.is_tensor(vectors.units([0]))

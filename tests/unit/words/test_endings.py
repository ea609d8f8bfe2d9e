"""How often words end behind a token: measured on a tiny model, kept, and found again by the vocabulary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foreword_models.gpt.model import LanguageModel, open_model
from foreword_models.words import endings
from foreword_models.words.endings import measure, save, shipped, vocabulary_digest
from foreword_models.words.predictor import Predictor
from foreword_models.words.search import Budget
from foreword_models.words.vocabulary import Vocabulary
from tests.unit.gpt.tiny import save_model

TEXTS = ["We should talk about the schedule", "", "word", "  ", "x y z " * 100]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, "llama", context=512)
    return open_model(folder, precision="float32")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(endings, "SHIPPED", tmp_path)
    return tmp_path


def test_what_is_measured_is_what_the_model_says(model: LanguageModel) -> None:
    measured = measure(model, [], plain=["We should "])
    decoder, vocabulary = model.decoder, Vocabulary(model.tokenizer.token_bytes)
    node = decoder.extend(decoder.root, [decoder.config.start_token, *model.tokenizer.encode("We should ")])
    assert measured.shape == (decoder.config.vocabulary,)
    going_on = vocabulary.order[vocabulary.continuing]
    for token in range(5, decoder.config.vocabulary, 7):
        if model.tokenizer.token_bytes[token].endswith((b"'", b"-")):
            continue
        after = decoder.logits(decoder.extend(node, [token])).softmax(-1).numpy()
        assert measured[token] == pytest.approx(1 - after[going_on].sum(), abs=1e-4)


def test_likely_tokens_are_looked_at_in_texts(model: LanguageModel) -> None:
    alone, with_texts = measure(model, []), measure(model, TEXTS)
    assert (with_texts >= 0).all()
    assert (with_texts <= 1).all()
    changed = np.flatnonzero(abs(alone - with_texts) > 1e-5)
    assert 0 < len(changed) < len(alone)
    assert measure(model, TEXTS) == pytest.approx(with_texts, abs=1e-4)


def test_a_table_is_found_by_its_vocabulary(model: LanguageModel, folder: Path) -> None:
    tokens = model.tokenizer.token_bytes
    assert shipped(tokens) is None
    table = np.linspace(0, 1, len(tokens), dtype=np.float32)
    save(table, tokens, folder / "sub" / "tiny.safetensors", model="tiny")
    (folder / "sub" / "tiny.safetensors").rename(folder / "tiny.safetensors")
    endings._tables.cache_clear()
    found = shipped(tokens)
    assert found is not None
    words = table >= 0.31
    assert found[words] == pytest.approx(table[words], abs=1 / 255)
    assert not found[table < 0.29].any()  # fragments
    assert shipped([*tokens, b"more"]) is None
    assert vocabulary_digest([b"ab", b"c"]) != vocabulary_digest([b"a", b"bc"])


def test_a_damaged_table_is_as_good_as_none(model: LanguageModel, folder: Path) -> None:
    (folder / "tiny.safetensors").write_bytes(b"not a table")
    endings._tables.cache_clear()
    assert shipped(model.tokenizer.token_bytes) is None


def test_with_a_table_answers_take_no_forward(model: LanguageModel, folder: Path) -> None:
    assert Predictor(model).answer == Budget(forwards=1, rescue=1)
    tokens = model.tokenizer.token_bytes
    save(np.full(len(tokens), 0.9, np.float32), tokens, folder / "tiny.safetensors")
    endings._tables.cache_clear()
    predictor = Predictor(model)
    assert predictor.answer == Budget(forwards=0, rescue=1, estimate=True)
    predictor.predict("We should ", 3, budget=predictor.answer)  # reads the text
    again = predictor.predict("We should ", 3, budget=predictor.answer)
    assert again.words
    assert again.forwards == 0
    assert not again.certainty.exact


def test_the_shipped_table_tells_words_from_fragments() -> None:
    for path in endings._tables(endings.SHIPPED).values():
        assert path.stat().st_size < 500_000

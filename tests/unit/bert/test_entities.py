"""A tagger's folder, and what it finds with a tiny encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from foreword_models.bert.encoder import Encoder
from foreword_models.bert.entities import (
    CONFIG,
    EntityTagger,
    TaggerConfig,
    digest,
    features,
    parse_config,
    shipped_tagger,
)
from foreword_models.bert.opening import open_tagger
from foreword_models.bert.words import FEATURES, word_places
from foreword_models.errors import CorruptModelError
from tests.unit.bert.tiny import save

TYPES = ("person", "place")
TEXTS = ["The rain, Anna.", "a", "Rome the rain"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder")
    save(path, num_hidden_layers=4)
    return path


def tagger(seed: int = 0, **changes: object) -> EntityTagger:
    torch.manual_seed(seed)
    config = TaggerConfig("names", TYPES, dict.fromkeys(TYPES, 0.2), "./encoder")
    size, inputs, tags = 8, 4 * 32 + FEATURES, 1 + 2 * len(TYPES)
    head = {
        "hidden.weight": torch.randn(size, inputs),
        "hidden.bias": torch.randn(size),
        "output.weight": torch.randn(tags, size),
        "output.bias": torch.randn(tags),
    }
    head = {name: tensor.half().float() for name, tensor in head.items()}
    return EntityTagger(replace(config, **changes), head)  # type: ignore[arg-type]


def test_what_is_saved_is_what_is_loaded(tmp_path: Path, folder: Path) -> None:
    made = tagger()
    made.save(tmp_path)
    loaded = EntityTagger.load(tmp_path)
    assert loaded.config == made.config
    vectors = Encoder.load(folder).token_vectors(TEXTS, layers="concat-4")
    assert loaded.find(vectors, TEXTS) == made.find(vectors, TEXTS)


def test_entities_are_words_of_the_text_and_shown_from_the_threshold_on(folder: Path) -> None:
    vectors = Encoder.load(folder).token_vectors(TEXTS, layers="concat-4")
    seen = 0
    for seed in range(5):
        for text, entities in zip(TEXTS, tagger(seed).find(vectors, TEXTS), strict=True):
            starts, ends = (set(column) for column in zip(*word_places(text), strict=True))
            for entity in entities:
                seen += 1
                assert entity.start in starts
                assert entity.end in ends
                assert entity.shown == (entity.probability >= 0.2)
    assert seen
    never = tagger(thresholds=dict.fromkeys(TYPES)).find(vectors, TEXTS)
    assert not any(entity.shown for entities in never for entity in entities)


def test_a_word_has_the_vector_of_its_first_token(folder: Path) -> None:
    (vectors,) = Encoder.load(folder).token_vectors(["xyz the"], layers="concat-4")
    found = features(vectors, "xyz the", [(0, 3), (4, 7)])
    assert found[:, : 4 * 32].equal(vectors.vectors[[0, 3]])
    assert not vectors.first_of([(7, 9)]).any()


def test_one_forward_serves_both(folder: Path) -> None:
    encoder = Encoder.load(folder)
    for layers in ("last", "concat-4"):
        pooled, tokens = encoder.encode_with_tokens(TEXTS, layers=layers)
        assert pooled.allclose(encoder.encode(TEXTS, layers=layers), atol=1e-5)
        for one, other in zip(tokens, encoder.token_vectors(TEXTS, layers="concat-4"), strict=True):
            assert one.spans == other.spans
            assert one.vectors.allclose(other.vectors, atol=1e-5)


def test_words_behind_what_is_read_have_no_entities(folder: Path) -> None:
    encoder = Encoder.load(folder)
    text = "ab " * 300
    (vectors,) = encoder.token_vectors([text], layers="concat-4")
    assert 0 < vectors.end < len(text)
    (entities,) = tagger().find([vectors], [text])
    assert all(entity.end <= vectors.end for entity in entities)
    assert tagger().find([], []) == []


def test_vectors_of_another_encoder_are_refused(folder: Path) -> None:
    vectors = Encoder.load(folder).token_vectors(TEXTS, layers="last")
    with pytest.raises(CorruptModelError, match="another encoder"):
        tagger().find(vectors, TEXTS)


def test_a_head_is_not_used_on_another_adapter(tmp_path: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(b"new")
    tagger(adapter="../adapter.safetensors", adapter_sha256="old").save(tmp_path / "names")
    with pytest.raises(CorruptModelError, match="has changed since"):
        open_tagger(tmp_path / "names", lambda _: tmp_path)


def test_an_encoder_that_is_loaded_is_used(tmp_path: Path, folder: Path) -> None:
    tagger(encoder="minilm").save(tmp_path)
    loaded = Encoder.load(folder)
    assert open_tagger(tmp_path, lambda _: folder, [loaded])[0] is loaded
    assert open_tagger(tmp_path, lambda _: folder, precision="float32")[0] is not loaded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, '"name" must be a string'),
        ({"types": []}, '"types" must be a list'),
        ({"types": ["a", "a"]}, "different names"),
        ({"thresholds": {"person": 0.5}}, "every type once"),
        ({"thresholds": {"person": 2, "place": None}}, "a probability or null"),
        ({"layers": "first"}, '"layers" must be one of'),
        ({"adapter": 1}, '"adapter" must be'),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    tagger().save(tmp_path)
    value = json.loads((tmp_path / CONFIG).read_text(encoding="utf-8"))
    with pytest.raises(CorruptModelError, match=message):
        parse_config(value | change, tmp_path / CONFIG)


def test_a_head_of_another_size_is_refused(tmp_path: Path) -> None:
    made = tagger()
    made.head["output.bias"] = torch.zeros(3)
    made.save(tmp_path)
    with pytest.raises(CorruptModelError, match="5 tags"):
        EntityTagger.load(tmp_path)


def test_the_shipped_tagger_belongs_to_the_shipped_adapter() -> None:
    """If not: ``foreword train entities --recipe shipped`` anew."""
    shipped = shipped_tagger()
    assert shipped is not None
    config = EntityTagger.load(shipped).config
    assert config.adapter is not None
    assert digest(shipped / config.adapter) == config.adapter_sha256

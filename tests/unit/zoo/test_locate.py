"""From a model's name to its folder: what is converted, when again, and what is used where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from foreword_models.errors import ModelError, UnknownPackError, UnsupportedModelError
from foreword_models.zoo.convert import DECODER_FILES
from foreword_models.zoo.locate import locate, ready
from foreword_models.zoo.store import Store
from tests.unit.gpt.tiny import save_model


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", "gpt2")
    return tmp_path / "model"


def test_a_transformers_directory_is_converted_once_for_each_state(raw: Path, store: Store) -> None:
    assert ready(str(raw), "decoder", store) is None
    folder = locate(str(raw), "decoder", store)
    assert {path.name for path in folder.iterdir()} == set(DECODER_FILES)
    made = (folder / "weights.safetensors").stat().st_mtime_ns
    (raw / "README.md").touch()
    assert locate(str(raw), "decoder", store) == ready(str(raw), "decoder", store) == folder
    assert (folder / "weights.safetensors").stat().st_mtime_ns == made
    os.utime(raw / "config.json", ns=(1, 1))
    assert ready(str(raw), "decoder", store) is None
    assert locate(str(raw), "decoder", store) != folder


def test_what_is_packed_already_is_used_where_it_is(raw: Path, store: Store) -> None:
    folder = locate(str(raw), "decoder", store)
    assert locate(str(folder), "decoder", store) == folder
    assert ready(str(folder), "decoder", store) == folder


def test_an_encoders_directory_is_used_where_it_is(tmp_path: Path, store: Store) -> None:
    assert locate(str(tmp_path), "encoder", store) == tmp_path


def test_a_directory_without_a_model_leaves_nothing(raw: Path, store: Store) -> None:
    config = json.loads((raw / "config.json").read_text())
    (raw / "config.json").write_text(json.dumps(config | {"model_type": "other"}))
    with pytest.raises(ModelError, match="other"):
        locate(str(raw), "decoder", store)
    assert ready(str(raw), "decoder", store) is None
    assert list((store.root / "converted").iterdir()) == []


def test_names_of_nothing_and_of_the_other_kind(store: Store) -> None:
    for find in (locate, ready):
        with pytest.raises(UnknownPackError):
            find("no-such-model", "decoder", store)
        with pytest.raises(UnsupportedModelError, match="is of kind encoder"):
            find("minilm-l6", "decoder", store)

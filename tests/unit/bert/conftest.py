"""One tiny random BERT for all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import BertModel

from foreword_models.bert.encoder import Encoder
from tests.unit.bert import tiny


@pytest.fixture(scope="package")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BertModel]:
    folder = tmp_path_factory.mktemp("bert")
    return folder, tiny.save(folder)


@pytest.fixture(scope="package")
def encoder(tiny_bert: tuple[Path, BertModel]) -> Encoder:
    return Encoder.load(tiny_bert[0])

"""Ways of training compared on a table, on a tiny random encoder and a handful of word vectors."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("peft")

from transformers import BertModel

from foreword_models.bert.training.compare import WAYS, Sources, compare
from foreword_models.bert.training.own import TrainOptions
from foreword_models.static import packing
from foreword_models.zoo.progress import Silent


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "weather.tsv"
    lines = [f"rain\tthe rain {n}" for n in range(40)] + [f"sun\txyz zyx {n}" for n in range(40)]
    path.write_text("label\ttext\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_way(tiny_bert: tuple[Path, BertModel], table: Path, tmp_path: Path) -> None:
    text = tmp_path / "vectors.txt"
    text.write_text("the 1 0\nrain 1 0.5\nxyz -1 0\nzyx -1 0.5\n", encoding="utf-8")

    def packed() -> Path:
        (tmp_path / "packed").mkdir()
        packing.pack(text, tmp_path / "packed", lambda _: None)
        return tmp_path / "packed"

    said: list[str] = []
    options = TrainOptions("weather", epochs=1, batch_size=8)
    before = {path.name for path in tmp_path.iterdir()}
    result = compare(
        table,
        list(WAYS),
        Sources(tiny_bert[0], "tiny", packed),
        options,
        progress=Silent(),
        say=said.append,
    )
    assert [row["way"] for row in result["ways"]] == list(WAYS)
    assert result["parts"] == {"train": 48, "calibration": 16, "test": 16}
    assert result["ways"][0]["accuracy"] == result["ways"][1]["accuracy"] == 1
    assert all(row["examples"] == 16 for row in result["ways"])
    assert {path.name for path in tmp_path.iterdir()} - before == {"packed"}, "nothing is written"


def test_only_what_is_asked_for(tiny_bert: tuple[Path, BertModel], table: Path) -> None:
    def never() -> Path:
        raise AssertionError("no word vectors were asked for")

    sources = Sources(tiny_bert[0], "tiny", never)
    result = compare(table, ["encoder"], sources, TrainOptions("weather"), progress=Silent(), say=lambda _: None)
    assert [row["way"] for row in result["ways"]] == ["encoder"]

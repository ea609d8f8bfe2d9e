"""``foreword eval words``: what is wrong with its arguments is said before a model is loaded; what it prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from foreword.cli import app
from foreword.cli.evaluate_table import print_words
from foreword.engine.models import Models
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from tests.unit.gpt.tiny import save_model


@pytest.fixture
def phrases(tmp_path: Path) -> Path:
    file = tmp_path / "phrases.txt"
    file.write_text("We should talk.\nI don't know\n", encoding="utf-8")
    return file


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["foreword", "eval", "words", *map(str, arguments)])
    return app.run()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--slots", "0"], "from 1"),
        (["--slots", "1,many"], "from 1"),
        (["--slots", "51"], "from 1"),
        (["--register", "novel"], "novel"),
        (["--plot", "plot.pdf"], ".svg"),
        (["--plot", "no/such/folder/plot.svg"], "folder"),
        (["--jobs", "0"], "jobs"),
        (["--limit", "0"], "limit"),
    ],
)
def test_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    phrases: Path,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, phrases, *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG")
    assert run(monkeypatch, tmp_path / "picture") == 1
    assert "not UTF-8" in capsys.readouterr().err
    assert run(monkeypatch, tmp_path / "none") == 2


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    save_model(folder, "llama", context=512)
    monkeypatch.setattr(Models, "predictor", lambda _: Predictor(open_model(folder, precision="float32", name="tiny")))


@pytest.mark.usefixtures("tiny")
def test_json_and_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], phrases: Path, tmp_path: Path
) -> None:
    documents = tmp_path / "documents.jsonl"
    documents.write_text('{"paragraphs": ["the author will be there and I know it", "and you know it too"]}')
    arguments = (phrases, documents, "--slots", "3,1", "--forwards", "1", "--strip-symbols", "--register", "none")
    assert run(monkeypatch, *arguments, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["keystroke_savings"]) == ["1", "3"]
    assert result["counting"]["strip_symbols"] is True
    assert result["budget"]["forwards"] == 1
    assert result["budget"]["thinking"] == 2
    assert result["phrases"] == 3
    assert result["characters"] == sum(row["characters"] for row in result["per_file"].values())
    print_words(result)
    printed = capsys.readouterr().out
    assert "documents.jsonl" in printed
    assert "10-24" in printed
    assert "strip-symbols" in printed
    # Nothing of the texts is printed.
    assert "author" not in printed + json.dumps(result)

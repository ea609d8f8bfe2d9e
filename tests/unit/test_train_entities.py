"""``foreword train entities``, ``eval entities`` and ``classify`` with what comes out, with a tiny random encoder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("matplotlib")

from foreword.cli import app
from tests.unit.bert import tiny

SENTENCES = [
    f"the O\n{chr(65 + number % 26)}xy B-name\n{f'{chr(65 + number // 26)}z I-name' if number % 2 else 'rain O'}\n. O\n"
    for number in range(120)
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an encoder and a file of entities."""
    tiny.save(tmp_path / "encoder", num_hidden_layers=4)
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "names.conll").write_text("\n".join(SENTENCES), encoding="utf-8")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["foreword", *map(str, arguments)])
    return app.run()


def test_from_a_file_to_entities(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out, encoder = place / "names.conll", place / "names", place / "encoder"
    assert run(monkeypatch, "train", "entities", file, "--encoder", encoder, "--out", out, "--json") == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert result["tagger"] == "names"
    assert set(result) >= {"precision", "recall", "f1", "per_type", "folder"}
    assert "This will take about" in said.err

    assert run(monkeypatch, "eval", "entities", out, file, "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores["per_type"]) == ["name"]
    assert scores["f1"] > 0.9
    assert run(monkeypatch, "eval", "entities", out, file) == 0
    assert "precision of it" in capsys.readouterr().out

    assert run(monkeypatch, "classify", "So it is. The Axy.", "--classifier", out, "--json") == 0
    first, second = json.loads(capsys.readouterr().out)["sentences"]
    assert (first["labels"], second["start"]) == ([], 10)
    for entity in second["entities"]:
        assert entity["text"] == "So it is. The Axy."[entity["start"] : entity["end"]]
        assert set(entity) == {"text", "type", "start", "end", "probability", "shown"}
    assert run(monkeypatch, "classify", "The Axy.", "--classifier", out) == 0
    assert capsys.readouterr().out.startswith("The Axy.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "entities"], "name a file, or a recipe"),
        (["train", "entities", "--recipe", "shipped"], "a recipe needs the folder"),
        (["train", "entities", "names.conll", "--name", "a/b"], "a name is made of letters"),
    ],
)
def test_wrong_usage(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(place)
    assert run(monkeypatch, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_bad_row_and_a_classifier_are_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "bad.conll").write_text("A O\nB\n", encoding="utf-8")
    arguments = ("train", "entities", place / "bad.conll", "--encoder", place / "encoder", "--out", place / "o")
    assert run(monkeypatch, *arguments) == 1
    assert "row 2, has no tag" in capsys.readouterr().err
    assert run(monkeypatch, "eval", "entities", "sentiment", place / "names.conll") == 1
    assert "'sentiment' finds no entities" in capsys.readouterr().err

"""``foreword train classifier``, ``classify`` and ``eval classifier`` on a table, with a tiny random encoder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")
pytest.importorskip("matplotlib")

from transformers import BertModel

from foreword.cli import app
from foreword_models.bert.classifier import shipped_classifiers
from tests.unit.bert import tiny

TABLE = "label\ttext\n" + "".join(
    f"{label}\t{word} {chr(97 + n)}\n" for n in range(20) for label, word in (("rain", "the rain"), ("sun", "xyz"))
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    model: BertModel = tiny.save(folder)
    assert model is not None
    return folder


@pytest.fixture
def place(tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table, of a user whose encoder is the tiny one."""
    (tmp_path / "config.toml").write_text(f"[model]\nencoder = '{encoder}'\n", encoding="utf-8")
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "weather.tsv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["foreword", *map(str, arguments)])
    return app.run()


def test_from_a_table_to_labels(
    place: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(*arguments: object) -> dict[str, Any]:
        code = run(monkeypatch, *arguments, "--json")
        printed = capsys.readouterr()
        assert code == 0, printed.err
        answer: dict[str, Any] = json.loads(printed.out)
        return answer

    folder = place / "weather"
    trained = answer(
        "train", "classifier", place / "weather.tsv", "--mode", "head", "--out", folder, "--encoder", encoder
    )
    assert trained["classifier"] == "weather"
    assert set(trained["bag_of_words"]) == {"accuracy", "macro_f1"}
    (sentence,) = answer("classify", "The rain.", "--classifier", folder)["sentences"]
    assert {label["classifier"] for label in sentence["labels"]} == {"weather"}
    assert {label["label"] for label in sentence["labels"]} == {"rain", "sun"}
    scores = answer("eval", "classifier", folder, place / "weather.tsv")
    assert scores["examples"] == 40
    assert scores["accuracy"] == 1
    assert set(scores["shown"]) == {"precision", "recall"}


def test_ways_of_training_are_compared(
    place: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "classifier", place / "weather.tsv", "--compare", "--features", "tfidf,encoder"]
    assert run(monkeypatch, *arguments, "--encoder", encoder) == 0
    printed = capsys.readouterr().out
    assert "bag of words" in printed
    assert "8 texts held out, 24 to train on" in printed
    assert not (place / "weather").exists()


def test_a_label_that_training_never_saw_is_named(
    place: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place / "weather"
    assert run(monkeypatch, "train", "classifier", place / "weather.tsv", "--mode", "head", "--out", folder,
               "--encoder", encoder) == 0  # fmt: skip
    (place / "other.tsv").write_text("label\ttext\nrain\tIt pours.\nsnow\tIt snows.\n", encoding="utf-8")
    capsys.readouterr()
    assert run(monkeypatch, "eval", "classifier", folder, place / "other.tsv") == 1
    said = capsys.readouterr().err
    assert "row 3" in said
    assert "'snow'" in said
    assert said.count("\n") <= 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a table"),
        (["weather.tsv", "--mode", "quick"], "head, lora, full"),
        (["weather.tsv", "--start", "anywhere"], "plain, shipped"),
        (["weather.tsv", "--start", "shipped", "--encoder", "other"], "minilm-l6 alone"),
        (["weather.tsv", "--name", "a/b"], "letters, digits"),
        (["weather.tsv", "--recipe", "shipped"], "name a table"),
        (["weather.tsv", "--compare", "--features", "tfidf,dreams"], "there is no dreams"),
        (["--recipe", "other", "--data", "."], "one of shipped"),
        (["--recipe", "shipped"], "folder of its sets"),
        (["none.tsv"], "none.tsv"),
    ],
)
def test_wrong_usage(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(place)
    assert run(monkeypatch, "train", "classifier", *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_recipe_without_its_sets(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoder: Path
) -> None:
    monkeypatch.setattr("foreword.cli.train_classifier.locate", lambda *_, **__: encoder)
    monkeypatch.chdir(place)
    assert run(monkeypatch, "train", "classifier", "--recipe", "shipped", "--data", place, "--out", "out") == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not (place / "out").exists()


def test_a_classifier_that_is_not_there(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "eval", "classifier", "nothing", place / "weather.tsv") == 1
    said = capsys.readouterr().err
    assert "'nothing'" in said
    assert all(name in said for name in shipped_classifiers())

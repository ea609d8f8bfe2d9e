"""Training a tagger on a file, to a folder that finds entities, on a tiny random encoder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("scipy")

from transformers import BertModel

from foreword_models.bert.opening import open_tagger
from foreword_models.bert.training import entities
from foreword_models.bert.training.entities import EntityOptions, train_on_conll
from foreword_models.errors import EvaluationError, TrainingError
from foreword_models.evaluation.entity_files import evaluate
from foreword_models.zoo.progress import Silent
from tests.unit.bert.tiny import save

OPTIONS = EntityOptions("names")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder")
    model = save(path, num_hidden_layers=4)
    assert isinstance(model, BertModel)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences in which a word with a capital is a name, and two of them in a row are one."""
    path = tmp_path_factory.mktemp("file") / "names.conll"
    sentences = []
    for number in range(150):
        first, last = chr(65 + number % 26) + "xyz", chr(65 + number // 26) + "yz"
        rows = ["the O", f"{first} B-PER", *([f"{last} I-PER"] if number % 2 else ["rain O"]), f"{number} O", ". O"]
        sentences.append("\n".join(rows))
    path.write_text("\n\n".join(sentences), encoding="utf-8")
    return path


def train(file: Path, encoder: Path, out: Path, said: list[str]) -> dict[str, object]:
    return train_on_conll(file, encoder, str(encoder), out, OPTIONS, progress=Silent(), say=said.append)


def test_the_folder_finds_entities(encoder: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    result = train(file, encoder, tmp_path / "n", said)
    assert any(line.startswith("This will take about") for line in said)
    assert {path.name for path in (tmp_path / "n").iterdir()} == {"entities.json", "head.safetensors", "README.md"}
    assert result["f1"] == 1.0  # case tells all of it
    opened = open_tagger(tmp_path / "n", lambda _: encoder, precision="float32")
    scores, notes = evaluate(*opened, file, Silent())
    assert (scores.all.entities, notes) == (150, [])
    assert scores.all.f1 > 0.95
    card = (tmp_path / "n" / "README.md").read_text(encoding="utf-8")
    assert "| PER |" in card
    assert "xyz" not in card, "no text of the user's"

    # The same again gives the same bytes, and a training that was stopped reads nothing twice.
    before = (tmp_path / "n" / "head.safetensors").read_bytes()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(entities, "trained", stop)
        with pytest.raises(KeyboardInterrupt):
            train(file, encoder, tmp_path / "n", [])
    with monkeypatch.context() as patched:
        patched.setattr(entities, "read_vectors", stop)
        train(file, encoder, tmp_path / "n", [])
    assert (tmp_path / "n" / "head.safetensors").read_bytes() == before


def test_types_that_differ_are_named(encoder: Path, file: Path, tmp_path: Path) -> None:
    train(file, encoder, tmp_path / "n", [])
    opened = open_tagger(tmp_path / "n", lambda _: encoder, precision="float32")
    other = tmp_path / "other.conll"
    other.write_text("The O\nLee B-PER\nRome B-LOC\n", encoding="utf-8")
    scores, notes = evaluate(*opened, other, Silent())
    assert list(scores.per_type) == ["PER"]
    assert notes == ["names does not know these types of other.conll, they count as no entities: LOC (1)."]
    other.write_text("Rome B-LOC\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match="has the types LOC, of which names knows none; it knows PER"):
        evaluate(*opened, other, Silent())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a O\n\nb O\n", "has no entities"),
        ("A B-x\nb O\n" * 8, "has 1 sentences, too few"),
        ("A B-x\n\nb O\nC B-x\n", "only 2 entities of the type 'x' .in the sentences at row 1, 3."),
    ],
)
def test_too_little_is_said(encoder: Path, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "f.conll").write_text(content, encoding="utf-8")
    with pytest.raises(TrainingError, match=message):
        train(tmp_path / "f.conll", encoder, tmp_path / "n", [])
    assert not (tmp_path / "n").exists()


def test_another_folder_is_left_alone(encoder: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "classifier.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(TrainingError, match="holds something else"):
        train(file, encoder, tmp_path, [])


def test_repeated_sentences_count_once(encoder: Path, file: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.conll"
    content = file.read_text(encoding="utf-8")
    twice.write_text(content + "\n\n" + content.split("\n\n")[0], encoding="utf-8")
    said: list[str] = []
    train(twice, encoder, tmp_path / "n", said)
    assert "1 sentences repeat the text of an earlier one: each counts once." in said

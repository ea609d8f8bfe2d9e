"""Training on a table, from the file to a folder that classifies, in each mode, on a tiny random encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

pytest.importorskip("peft")
pytest.importorskip("matplotlib")

import torch
from safetensors.torch import load_file
from transformers import BertModel

from foreword_models.bert.adapter import Adapter, compact
from foreword_models.bert.opening import open_classifiers
from foreword_models.bert.training import own
from foreword_models.bert.training.network import Mode
from foreword_models.bert.training.own import TrainOptions, train_on_table
from foreword_models.errors import TrainingError
from foreword_models.zoo.progress import Silent

QUICK = TrainOptions("weather", "head", epochs=2, batch_size=8)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "weather.tsv"
    lines = [f"rain\tthe rain {'the rain ' * (n % 3)}{chr(97 + n % 26)}{n // 26}" for n in range(40)]
    lines += [f"sun\txyz zyx {'yz ' * (n % 3)}{chr(97 + n % 26)}{n // 26}" for n in range(40)]
    path.write_text("label\ttext\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def train(table: Path, encoder: Path, out: Path, said: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    options = TrainOptions(**(vars(QUICK) | changes))
    say = print if said is None else said.append
    return train_on_table(table, encoder, str(encoder), out, options, progress=Silent(), say=say)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_folder_classifies(
    tiny_bert: tuple[Path, BertModel],
    table: Path,
    tmp_path: Path,
    mode: Mode,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []
    result = train(table, tiny_bert[0], tmp_path / "w", said, mode=mode)
    assert any(line.startswith("This will take about") for line in said)
    assert capfd.readouterr().out == "", "standard output is the command's"
    assert result["examples"] == 16
    files = {path.name for path in (tmp_path / "w").iterdir()}
    expected = {
        "classifier.json",
        "head.safetensors",
        "words.safetensors",
        "README.md",
        "confusion.png",
        "calibration.png",
    }
    assert files == expected | {"lora": {"adapter.safetensors"}, "full": {"encoder"}}.get(mode, set())
    encoder, classifier = open_classifiers({"w": tmp_path / "w"}, lambda _: tiny_bert[0], "float32")["w"]
    texts = ["the rain the rain", "xyz zyx"]
    found = classifier.classify(encoder.encode(texts), texts)
    if mode == "head":  # a tiny random encoder tells these apart without any training of its own
        assert [labels[0].label for labels in found] == ["rain", "sun"]
        assert result["accuracy"] == 1
    card = (tmp_path / "w" / "README.md").read_text(encoding="utf-8")
    assert "TF-IDF + logistic regression" in card
    assert "xyz" not in card, "no text of the user's"


@pytest.mark.parametrize("mode", ["head", "lora"])
def test_from_an_adapted_encoder(tiny_bert: tuple[Path, BertModel], table: Path, tmp_path: Path, mode: Mode) -> None:
    before = load_file(tiny_bert[0] / "model.safetensors")
    name = "encoder.layer.0.output.dense.weight"
    changed = before | {name: before[name] + torch.ones_like(before[name])}
    compact(before, changed, 2).save(tmp_path / "a.safetensors")
    train(table, tiny_bert[0], tmp_path / "w", mode=mode, adapter=tmp_path / "a.safetensors")
    found = Adapter.load(tmp_path / "w" / "adapter.safetensors")
    reached = found.apply(name, before[name]) - before[name]
    assert reached.mean() == pytest.approx(1, abs=0.02), "what was learned before is still there"
    open_classifiers({"w": tmp_path / "w"}, lambda _: tiny_bert[0], "float32")


@pytest.mark.parametrize("mode", ["head", "lora"])
def test_a_text_of_any_length(tiny_bert: tuple[Path, BertModel], table: Path, tmp_path: Path, mode: Mode) -> None:
    path = tmp_path / "t.tsv"
    long = "".join(f"{label}\t{n}{' xyz' * 25_000}\n" for n, label in enumerate(["rain", "sun"] * 5))
    path.write_text(table.read_text(encoding="utf-8") + long, encoding="utf-8")
    said: list[str] = []
    assert train(path, tiny_bert[0], tmp_path / "w", said, mode=mode, epochs=1)["examples"] == 18
    assert any("10 texts are very long (the first is in row 82)" in line for line in said)


def test_any_of(tiny_bert: tuple[Path, BertModel], tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    rows = [f"{'rain,wind' if n % 2 else 'sun'}\t{'the rain' if n % 2 else 'xyz'} {n}" for n in range(60)]
    path.write_text("label\ttext\n" + "\n".join(rows), encoding="utf-8")
    train(path, tiny_bert[0], tmp_path / "w", any_of=True)
    config = json.loads((tmp_path / "w" / "classifier.json").read_text(encoding="utf-8"))
    assert config["kind"] == "sigmoid"
    assert set(config["decisions"]) == {"rain", "wind", "sun"}


def test_a_training_that_was_killed_goes_on(
    tiny_bert: tuple[Path, BertModel], table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def killed(_update: Any) -> Any:
        def step(done: int, total: int) -> None:
            if done > total // 2:
                raise KilledError

        return step

    with monkeypatch.context() as patched:
        patched.setattr(own, "_steps", killed)
        with pytest.raises(KilledError):
            train(table, tiny_bert[0], tmp_path / "w", mode="lora")
    with pytest.raises(TrainingError, match="other data or options"):
        train(table, tiny_bert[0], tmp_path / "w", mode="lora", seed=7)
    steps: list[int] = []
    monkeypatch.setattr(own, "_steps", lambda _: lambda done, _total: steps.append(done))
    train(table, tiny_bert[0], tmp_path / "w", mode="lora")
    assert steps[0] > 1, "it began anew"


def test_a_folder_with_something_else_is_left_alone(
    tiny_bert: tuple[Path, BertModel], table: Path, tmp_path: Path
) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "novel.txt").write_text("mine")
    with pytest.raises(TrainingError, match="holds something else"):
        train(table, tiny_bert[0], tmp_path / "w")
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["novel.txt"]

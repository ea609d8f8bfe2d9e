"""``foreword train register``: what is wrong is said before anything is loaded; what it writes is found by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from foreword.cli import app
from foreword_models.words import learned
from tests.unit.gpt.tiny import save_model
from tests.unit.words.test_register_training import sentences


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["foreword", "train", "register", *map(str, arguments)])
    return app.run()


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(sentences(200)), encoding="utf-8")
    return file


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    save_model(folder, "llama", context=512)
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["novel", "{texts}"], "novel"), (["chat", "no-such-file"], "no-such-file"), (["chat"], "TEXT")],
)
def test_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], texts: Path, arguments: list[str], said: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, *(argument.format(texts=texts) for argument in arguments)) == 2
    assert said in capsys.readouterr().err


def test_too_few_texts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    (tmp_path / "few.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    assert run(monkeypatch, "chat", tmp_path / "few.txt", "--model", model) == 1
    assert "too few" in capsys.readouterr().err


def test_a_register_is_learned_and_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], texts: Path, model: Path
) -> None:
    assert run(monkeypatch, "chat", texts, "--model", model, "--steps", 40, "--also", texts, "--json") == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert "min at most" in said.err
    assert result["register"] == "chat"
    assert set(result["bits_per_character"]) == {"held out", "texts.txt"}
    gained = result["bits_per_character"]["held out"]
    assert gained["learned"] < gained["preamble"]
    file = Path(result["file"])
    assert file.parent.parent == learned.own_folder()
    about = learned.LearnedRegister.read(file, "chat", learned_digest(model))
    assert learned.find("chat", about.digest, [learned.own_folder()]) is not None
    assert "foreword train register chat texts.txt" in (file.parent / "README.md").read_text(encoding="utf-8")


def learned_digest(model: Path) -> str:
    from foreword_models.gpt.packing import digest
    from foreword_models.zoo.locate import locate
    from foreword_models.zoo.store import Store

    return digest(locate(str(model), "decoder", Store.default()))

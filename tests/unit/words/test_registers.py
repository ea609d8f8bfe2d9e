"""Registers: which one a document has, and what it does to the words."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import REGISTER_NAMES, REGISTERS, Register, register_of
from tests.unit.gpt.tiny import save_model

SHORT = Register("mail", "Dear Sir,\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, "llama", context=512)
    return folder


@pytest.mark.parametrize(
    ("language", "path", "name"),
    [
        ("plaintext", "notes.txt", "everyday"),
        ("", "", "everyday"),
        ("Markdown", "README.md", "technical"),
        ("git-commit", "x", "commit"),
        ("plaintext", "/repository/.git/COMMIT_EDITMSG", "commit"),
        ("plaintext", "/tmp/answer.eml", "mail"),
    ],
)
def test_the_register_of_a_document(language: str, path: str, name: str) -> None:
    assert register_of(language, path).name == name


def test_every_register_ends_its_last_line() -> None:
    assert set(REGISTERS) == set(REGISTER_NAMES)
    for name, register in REGISTERS.items():
        assert register.name == name
        assert register.preamble.endswith("\n")


def test_a_register_counts_as_text_before_the_text(folder: Path) -> None:
    # Of words, it would be the document's own words as text; and for everyday texts there is an n-gram, too.
    marks = Register("technical", "-- :: .. ;;\n")
    for text in ("", "We", "We should ", "We should sche"):
        one, other = (
            Predictor(open_model(folder, precision="float32")),
            Predictor(open_model(folder, precision="float32")),
        )
        got, want = one.predict(text, 5, register=marks), other.predict(marks.preamble + text, 5)
        assert [word.text for word in got.words] == [word.text for word in want.words]
        wanted = [pytest.approx(word.probability, abs=1e-4) for word in want.words]
        assert [word.probability for word in got.words] == wanted
        assert got.words != one.predict(text, 5).words


def test_a_register_is_read_once_and_stays(folder: Path) -> None:
    predictor = Predictor(open_model(folder, precision="float32"))
    decoder = predictor.model.decoder
    predictor.predict("We should ", register=SHORT)
    held = decoder.pinned_bytes
    predictor.close("")
    decoder.forget()
    reused = decoder.reused_tokens
    predictor.predict("They ", register=SHORT)
    assert 0 < decoder.pinned_bytes <= held
    predictor.phrase("They talk ", register=SHORT)
    assert decoder.reused_tokens >= reused


def test_a_register_that_leaves_no_room_for_the_text_is_left_out(folder: Path) -> None:
    predictor = Predictor(open_model(folder, precision="float32"))
    long = Register("chat", "We should talk about the schedule. " * 50)
    assert predictor.predict("We ", 5, register=long).words == predictor.predict("We ", 5).words

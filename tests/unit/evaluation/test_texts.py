"""Phrases and documents are read from the user's files, and what is wrong with a file is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.errors import EvaluationError
from foreword_models.evaluation.texts import read_samples


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_phrases_and_documents(tmp_path: Path) -> None:
    phrases = write(tmp_path / "a.txt", "\ufeffGo home.\r\n\n  {not json}\u2028 \n")
    documents = write(
        tmp_path / "b.jsonl",
        '{"paragraphs": ["One.", "Two \u2028."], "id": 1}\n\n{"paragraphs": [" "]}\n{"paragraphs": ["\\ud83d"]}\n',
    )
    samples = read_samples([phrases, documents])
    assert [sample.paragraphs for sample in samples] == [
        ("Go home.",),
        ("{not json}",),
        ("One.", "Two \u2028."),
        ("\ufffd",),
    ]
    assert [sample.file for sample in samples] == ["a.txt"] * 2 + ["b.jsonl"] * 2


def test_files_of_the_same_name_keep_their_folders(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    files = [write(tmp_path / "a.txt", "a"), write(tmp_path / "x" / "a.txt", "b")]
    assert [sample.file for sample in read_samples(files)] == list(map(str, files))


def test_limits(tmp_path: Path) -> None:
    phrases = write(tmp_path / "a.txt", "one two three\nfour\nfive\n")
    documents = write(tmp_path / "b.jsonl", '{"paragraphs": ["one two", "three four", "five"]}')
    read = read_samples([phrases, documents], limit=2, characters=12)
    assert [sample.paragraphs for sample in read] == [("one two",), ("four",), ("one two", "three")]
    exactly = read_samples([phrases], limit=1, characters=7)
    assert exactly[0].paragraphs == ("one two",)
    assert read_samples([write(tmp_path / "c.txt", "abcdef")], characters=3)[0].paragraphs == ("abc",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no text"),
        (b" \n\n", "no text"),
        (b'{"paragraphs": []}', "no text"),
        (b"caf\xe9", "not UTF-8"),
        (b'{"paragraphs": ["a"]}\nplain', "line 2"),
        (b'{"paragraphs": ["a"]}\n{"paragraphs": "a"}', "line 2"),
        (b'{"paragraphs": ["a"]}\n{"paragraphs": [1]}', "line 2"),
        (b'{"paragraphs": ["a"]}\n{"text": "a"}', "line 2"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=said) as raised:
        read_samples([file])
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_samples([tmp_path / "none"])

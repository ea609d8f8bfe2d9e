"""Tables of the user's own: whatever is wrong with one is said with the row's number."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.bert.training.table import check_trainable, read_rows, read_table
from foreword_models.errors import TrainingError

GOOD = "".join(f"{label}\ttext {label} {n}\n" for n in range(6) for label in ("sun", "rain"))


def write(folder: Path, content: str, name: str = "weather.tsv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


def trainable(path: Path) -> None:
    check_trainable(path, read_table(path))


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    tables = [
        read_table(write(tmp_path, "label\ttext\nsun\tIt is, well, warm.\nrain\tIt pours.\n")),
        read_table(write(tmp_path, 'text,label\r\n"It is, well, warm.",sun\r\nIt pours.,rain\r\n', "weather.csv")),
        read_table(
            write(
                tmp_path,
                '{"text": "It is, well, warm.", "label": "sun"}\n{"label": "rain", "text": "It pours."}\n',
                "weather.jsonl",
            )
        ),
    ]
    assert tables[0].examples == tables[1].examples == tables[2].examples
    assert tables[0].labels() == ("rain", "sun")


def test_quotes_mean_nothing_in_tsv(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'label\ttext\nsun\t"warm" and "dry\nrain\twet\n'))
    assert [example.text for example in table.examples] == ['"warm" and "dry', "wet"]


def test_any_of(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "label\ttext\nsun,wind\tone\nwind\ttwo\n"), any_of=True)
    assert [example.labels for example in table.examples] == [("sun", "wind"), ("wind",)]
    listed = read_table(write(tmp_path, '{"text": "one", "labels": ["sun", "wind"]}', "w.jsonl"), any_of=True)
    assert listed.examples == table.examples[:1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must begin with a header that names the columns text and label"),
        ("sentence\tclass\nIt rains.\train\n", "must begin with a header that names the columns text and label"),
        ("label\ttext\n", "has no rows"),
        ("label\ttext\nsun\tone\nrain\t  \n", "row 3, has no text"),
        ("label\ttext\nsun\tone\n\ttwo\n", "row 3, has no label"),
        ("label\ttext\nsun\tone\nrain\n", "row 3, has 1 columns where the header has 2"),
        ("label\ttext\nsun\tone\nrain\tOne \n", "rows 2 and 3, have the same text and different labels"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        read_table(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label\ttext\n" + "".join(f"sun\ttext {n}\n" for n in range(9)), "one label only, 'sun'"),
        ("label\ttext\n" + GOOD + "snow\tone\nsnow\ttwo\n", r"only 2 examples of the label 'snow' \(rows 14, 15\)"),
    ],
)
def test_too_little_to_learn_from(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        trainable(write(tmp_path, content))


def test_a_text_counts_once_and_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "label\ttext\n" + GOOD + "sun\tTEXT  sun 0\n")
    table = read_table(path)
    assert len(table.examples) == 12
    assert any("the first is row 14" in note for note in table.notes)
    assert len(read_rows(path)) == 13, "for scoring, every row counts"


def test_a_few_texts_of_two_minds_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "label\ttext\n" + GOOD + "rain\ttext  SUN 0\nrain\ttext rain 1\n"))
    assert len(table.examples) == len(table.rows) == 11
    assert all(example.text != "text sun 0" for example in table.examples)
    left, repeated = table.notes
    assert "rows 2 and 14" in left
    assert "row 15" in repeated


def test_a_very_long_text_is_read_and_that_is_said(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "label\ttext\nsun\t" + "warm " * 20_000 + "\nrain\twet\n"))
    assert len(table.examples[0].text) >= 99_999
    assert any("in row 2" in note for note in table.notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.txt", b"label\ttext\n", "must end in .tsv, .csv or .jsonl"),
        ("w.tsv", b"label\ttext\nsun\t\xff\n", "not UTF-8"),
        ("w.jsonl", b"{\n", "row 1, is not JSON"),
        ("w.jsonl", b'{"text": "one"}\n', 'row 1, is no object with "text" and "label"'),
        ("w.jsonl", b'{"text": 3, "label": "sun"}\n', "row 1, has no text"),
        ("w.jsonl", b'{"text": "one", "label": null}\n', "row 1, has no label"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=message):
        read_table(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_table(tmp_path / "none.tsv")

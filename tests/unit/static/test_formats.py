"""Files of word vectors: all three formats say the same, and what is wrong in one is told in a sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError, ModelError, UnsupportedModelError
from foreword_models.static import formats, packing
from foreword_models.static.vectors import WordVectors
from foreword_models.zoo import convert
from foreword_models.zoo.locate import locate, ready
from foreword_models.zoo.store import Store
from tests.unit.static.conftest import WORDS, matrix


def packed(path: Path, out: Path) -> WordVectors:
    out.mkdir()
    packing.pack(path, out, lambda _: None)
    return WordVectors.load(out)


def test_all_formats_say_the_same(text_file: Path, binary_file: Path, tmp_path: Path) -> None:
    with_header = tmp_path / "header.vec"
    with_header.write_text(f"{len(WORDS)} 4\n" + text_file.read_text(encoding="utf-8"), encoding="utf-8")
    for number, path in enumerate((text_file, binary_file, with_header)):
        found = packed(path, tmp_path / str(number))
        assert (list(found), found.width) == (WORDS, 4)
        rows = found.vectors(range(len(WORDS)))
        torch.testing.assert_close(rows, torch.from_numpy(matrix()), atol=1e-6, rtol=1e-5)


def test_word2vecs_own_habits(tmp_path: Path) -> None:
    trailing = tmp_path / "trailing.txt"
    trailing.write_bytes(b"2 2\r\ncat 1 2 \r\ndog 3 4 ")
    assert list(packed(trailing, tmp_path / "a")) == ["cat", "dog"]
    unterminated = tmp_path / "unterminated.bin"
    row = np.ones(2, "<f4").tobytes()
    unterminated.write_bytes(b"2 2\ncat " + row + b"dog " + row)
    assert list(packed(unterminated, tmp_path / "b")) == ["cat", "dog"]


def test_a_word_may_hold_blanks(tmp_path: Path) -> None:
    path = tmp_path / "spaced.txt"
    path.write_text("cat 1 2\n. . . 3 4\nat name 5 6\n")
    assert list(packed(path, tmp_path / "out")) == ["cat", ". . .", "at name"]


def test_pieces_join(text_file: Path, binary_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_ROWS", 2)
    for number, path in enumerate((text_file, binary_file)):
        assert list(packed(path, tmp_path / str(number))) == WORDS


GOOD = b"cat 1 2\ndog 3 4\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin with a word and its numbers"),
        (b"no numbers here\n", "does not begin with a word"),
        (GOOD + b"bird 5\n", "not one word and 2 numbers in row 3"),
        (GOOD + b"bird 5 6 7\n", "not one word and 2 numbers in row 3"),
        (b"cat 1 2 3\ndog 1 2\nbird 1 2 3 4\n", "not one word and 3 numbers in row 2"),
        (GOOD + b"bird 5 six\n", "not one word and 2 numbers in row 3"),
        (GOOD + b" 5 6\n", "no word in row 3"),
        (GOOD + b"\xff\xfe 5 6\n", "not UTF-8 in row 3"),
        (GOOD + b"bird nan 6\n", "not finite in row 3"),
        (GOOD + b"cat 5 6\n", "word of row 1 a second time in row 3"),
        (b"cat 1 2\ncat 3 4\n", "word of row 1 a second time in row 2"),
        (b"0 2\n", "holds nothing"),
        (b"3 2\n" + GOOD, "ends after 2 of its 3 words"),
        (b"1 2\n" + GOOD, "goes on after the 1 words"),
        (b"2 3\n" + GOOD, "in row 1|ends after"),
        (b"2 2\ncat " + bytes(8) + b"\ndog " + bytes(7), "ends after 1 of its 2 words"),
        (b"2 2\ncat " + bytes(8) + b"\n", "ends after 1 of its 2 words"),
        (b"1 2\ncat " + bytes(8) + b"\ndog " + bytes(8), "goes on after the 1 words"),
        (b"1 2\n\xff\xff " + bytes(8), "not UTF-8 in row 1"),
        (b"1 2\n" + bytes(5000), "no word of at most"),
        (b"1 2\ncat " + np.array([np.inf, 0], "<f4").tobytes(), "not finite in row 1"),
    ],
)
def test_a_bad_file_is_told_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(CorruptModelError, match=message) as caught:
        packed(path, tmp_path / "out")
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "zip"), (b"\x80\x04\x95", "pickles are never opened")],
)
def test_what_is_no_such_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(content + bytes(100))
    with pytest.raises(UnsupportedModelError, match=message):
        packed(path, tmp_path / "out")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CorruptModelError, match="cannot be read"):
            formats.VectorFile.open(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    with contextlib.suppress(ModelError):
        assert len(packed(path, path.with_name("out"))) > 0


def test_a_file_is_converted_once_into_the_cache(
    text_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "cache")
    assert ready(str(text_file), "vectors", store) is None
    folder = locate(str(text_file), "vectors", store)
    assert ready(str(text_file), "vectors", store) == locate(str(folder), "vectors", store) == folder
    assert list(WordVectors.load(folder)) == WORDS
    text_file.write_bytes(GOOD)
    assert locate(str(text_file), "vectors", store) != folder


def test_the_pack_is_made_of_a_matrix_and_a_table(tmp_path: Path) -> None:
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet

    members, out = tmp_path / "members", tmp_path / "out"
    members.mkdir()
    out.mkdir()
    np.save(members / "matrix.npy", matrix())
    table = Table.from_pydict({"index": Array(WORDS, type=DataType.utf8())})
    write_parquet(table, members / "words.parquet")
    converter = convert.CONVERTERS["vectors"]
    converter.run(members, out, lambda _: None)
    assert {path.name for path in out.iterdir()} == set(converter.files) == set(packing.FILES)
    assert converter.format == packing.FORMAT
    assert list(WordVectors.load(out)) == WORDS
    np.save(members / "matrix.npy", matrix(3))
    with pytest.raises(CorruptModelError, match="9 words"):
        converter.run(members, out, lambda _: None)
    (members / "words.parquet").unlink()
    with pytest.raises(CorruptModelError, match="needs one"):
        converter.run(members, out, lambda _: None)

"""Reading files of sentences with entities."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.bert.training.conll import Tagged, joined, read_conll, renamed, spans_of
from foreword_models.errors import TrainingError


def read(tmp_path: Path, content: str) -> list[Tagged]:
    path = tmp_path / "f.conll"
    path.write_text(content, encoding="utf-8", newline="")
    return read_conll(path)


@pytest.mark.parametrize("separator", ["\t", " ", " NNP B-NP "])
def test_columns(tmp_path: Path, separator: str) -> None:
    rows = [("Ann", "B-PER"), ("Lee", "I-PER"), ("left", "O")]
    content = "".join(f"{token}{separator}{tag}\r\n" for token, tag in rows) + "\t\r\nRome" + separator + "B-LOC"
    assert read(tmp_path, content) == [
        Tagged(("Ann", "Lee", "left"), (("PER", 0, 2),), 1),
        Tagged(("Rome",), (("LOC", 0, 1),), 5),
    ]


def test_universal_ner(tmp_path: Path) -> None:
    content = "# sent_id = 1\n# text = Ann left O\n1\tAnn\tB-PER\t-\tx\n2\tleft\tO\t-\t-\n\n"
    assert read(tmp_path, content) == [Tagged(("Ann", "left"), (("PER", 0, 1),), 3)]


def test_a_number_in_the_columns_of_conll_2003_is_a_token(tmp_path: Path) -> None:
    assert read(tmp_path, "1996 CD I-NP O\nRome NNP I-NP B-LOC\n") == [Tagged(("1996", "Rome"), (("LOC", 1, 2),), 1)]


def test_documents_are_parted_and_comments_passed_over(tmp_path: Path) -> None:
    content = "-DOCSTART- -X- O\n\n# a comment\n# O\nA O\n\n-DOCSTART- O\n\n-DOCSTART- O\n\n#tag\tB-x\n"
    first, second = read(tmp_path, content)
    assert (first.tokens, first.document) == (("#", "A"), 0)
    assert (second.tokens, second.document, second.spans) == (("#tag",), 1, (("x", 0, 1),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("A O\nB\n", "row 2, has no tag"),
        ("A O\nB X-PER\n", "row 2, has the tag 'X-PER'"),
        ("A B-\n", "row 1, has the tag 'B-'"),
        ("\n\n", "has no sentences"),
        ("", "has no sentences"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        read(tmp_path, content)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"A\xff O\n")
    with pytest.raises(TrainingError, match="not UTF-8"):
        read_conll(tmp_path / "f")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_conll(tmp_path / "none")


def test_tags_without_a_beginning() -> None:
    tags = ["I-a", "I-a", "I-b", "O", "I-b", "B-b", "I-a"]
    assert list(spans_of(tags)) == [("a", 0, 2), ("b", 2, 3), ("b", 4, 5), ("b", 5, 6), ("a", 6, 7)]


@given(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=8))
def test_every_tag_but_o_is_in_one_entity(tags: list[str]) -> None:
    covered = [word for _, start, end in spans_of(tags) for word in range(start, end)]
    assert covered == [word for word, tag in enumerate(tags) if tag != "O"]


def test_renamed_and_joined() -> None:
    sentence = Tagged(("A", "b", "C"), (("PER", 0, 1), ("MISC", 2, 3)), 1)
    assert renamed([sentence], {"PER": "person"})[0].spans == (("person", 0, 1),)
    assert joined(sentence.tokens) == ("A b C", [(0, 1), (2, 3), (4, 5)])

"""Comments and docstrings are the prose of code; after any edits it is as if the code were read anew."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.code import _GRAMMARS
from foreword.text.document import Document
from tests.unit.text.cut import sentences_of

PYTHON = """\"\"\"What it
    does.\"\"\"


def f(x):
    \"\"\"Do `it`. See >.

    >>> f(1)
    \"\"\"
    # One
    # two.
    y = "no"  # Three.
"""
# fmt: off
WORDS = [
    "# ", "a ", '"""', "'", '"', "\n", "    ", "def f():\n", "x = 1\n", ":", "(", "/*", "*/", "// ", "`", "{", "}", "é",
    "😀", "\r", "\r\n",
]
# fmt: on
texts = st.lists(st.sampled_from([*WORDS, "\0", "\ud800"]), max_size=25).map("".join)
numbers = st.integers(0, 10)
ranges = st.tuples(st.tuples(numbers, numbers), st.tuples(numbers, numbers))


def document(text: str, language: str = "python") -> Document:
    return Document("untitled:1", language, 1, text, "utf-32")


def prose(text: str, language: str = "python") -> list[str]:
    return [text[start:end] for start, end in document(text, language).prose.regions()]


def test_python() -> None:
    expected = ["What it", "does.", "Do ", ". See >.", "One", "two.", "Three."]
    assert prose(PYTHON) == expected
    assert [sentence.text for sentence in sentences_of(document(PYTHON))][-2:] == ["One\n    # two.", "Three."]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("// It rains.\nint x; /* A\n * day. */", "c"),
        ("/** It rains. */\nfunction f() { return /'/ }", "javascript"),
        ("/// It rains.\nfn f() {}\n", "rust"),
        ("# It rains.\nx=$((1 # 2))\n", "bash"),
    ],
)
def test_markers_are_not_prose(text: str, language: str) -> None:
    assert prose(text, language)[0].strip() == "It rains."


@pytest.mark.parametrize("language", sorted(_GRAMMARS))
def test_every_grammar_loads(language: str) -> None:
    assert document("x\n", language).prose.regions() == []


@pytest.mark.parametrize("text", ["# a wo|", "# |", "def f():\n    '''Do |'''\n"])
def test_the_cursor_is_in_prose(text: str) -> None:
    offset = text.index("|")
    looked_at = document(text.replace("|", ""))
    at = looked_at.position(offset)
    assert looked_at.prose.at(*at)


@pytest.mark.parametrize("text", ["x = |1", "x = 'a|'", "|# a"])
def test_the_cursor_is_in_code(text: str) -> None:
    looked_at = document(text.replace("|", ""))
    assert not looked_at.prose.at(*looked_at.position(text.index("|")))


def test_a_model_reads_the_comments_without_the_code() -> None:
    looked_at = document("# First.\nx = 1\n# Second\n# thi\n")
    assert looked_at.prose.before(3, 5, 4000) == "First.\n\nSecond\nthi"
    assert document("x = 1").prose.before(0, 5, 4000) == ""


@given(texts, st.lists(st.tuples(ranges, texts), max_size=6), st.sampled_from(["python", "javascript", "c", "rust"]))
def test_after_any_edits_it_is_as_if_read_anew(text: str, script: list, language: str) -> None:
    edited = document(text, language)
    for change, new in script:
        edited.prose.at(0, 0)
        edited.apply(change, new)
    regions = edited.prose.regions()
    assert regions == document(edited.text, language).prose.regions()
    assert all(0 <= start < end <= len(edited.text) for start, end in regions)
    assert all(before[1] <= after[0] for before, after in pairwise(regions))
    sentences_of(edited)

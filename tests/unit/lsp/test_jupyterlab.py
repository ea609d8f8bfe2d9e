"""What JupyterLab is given to insert, and where it is given nothing because it would insert it elsewhere."""

from __future__ import annotations

import pytest
from lsprotocol import types

from foreword.lsp.features.jupyterlab import MARKDOWN, as_it_inserts
from foreword.text.document import Document


def inserted(text: str, prefix: str, *labels: str, line: int = 0, language: str = MARKDOWN) -> list[str | None]:
    """Return what is to be inserted at the end of a line, or where a ``|`` is in it."""
    rows = text.split("\n")
    column = rows[line].find("|") if "|" in rows[line] else len(rows[line])
    rows[line] = rows[line].replace("|", "")
    document = Document("file:///letter.md", language, 1, "\n".join(rows), "utf-16")
    items = [types.CompletionItem(label=label) for label in labels]
    return [item.insert_text for item in as_it_inserts(items, document, types.Position(line, column), prefix)]


def test_the_rest_of_the_word_is_inserted() -> None:
    assert inserted("We should sche", "sche", "schedule", "scheme") == ["dule", "me"]
    assert inserted("We should ", "", "schedule") == ["schedule"]


def test_what_does_not_go_on_from_the_letters_is_left_out() -> None:
    assert inserted("my libary", "libary", "library", "libary", "libaryx") == ["x"]


@pytest.mark.parametrize(
    "text", ["We should sche| it.", "We should sche|\nall of it.", "We should sche|\n  all of it."]
)
def test_within_a_paragraph_there_is_nothing(text: str) -> None:
    assert inserted(text, "sche", "schedule") == []


@pytest.mark.parametrize(
    "text",
    [
        "We should sche|  ",
        "We should sche|\n\nMore.",
        "- We should sche|\n- More.",
        "We should sche|\n3. More.",
        "sche|\n",
    ],
)
def test_at_the_end_of_a_paragraph_there_are_words(text: str) -> None:
    assert inserted(text, "sche", "schedule") == ["dule"]


def test_other_editors_make_the_edit() -> None:
    assert inserted("We should sche| it.", "sche", "schedule", language="markdown") == [None]

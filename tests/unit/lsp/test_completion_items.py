"""What an item of a list of words holds, for words and for corrections, as the client can take it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from foreword.lsp.features.completion import edited_ranges, items
from foreword.text.document import Document
from foreword_models.words.certainty import Certainty
from foreword_models.words.predictor import Prediction, Word


def offered(line: str, column: int, prefix: str, word: str, *, replaces: bool = False) -> types.CompletionItem:
    document = Document("untitled:1", "markdown", 1, line, "utf-16")
    server: Any = SimpleNamespace(client_capabilities=types.ClientCapabilities())
    edit = edited_ranges(document, types.Position(0, column), replaces=replaces)(prefix)
    prediction = Prediction(prefix, (Word(word, 0.41),), 0, Certainty(lambda: (False, 0.0)))
    (item,) = items(server, document, prediction, edit, 7)
    return item


@pytest.mark.parametrize(
    ("typed", "word", "filtered_by"),
    [
        ("sche", "schedule", None),  # the label does
        ("", "the", None),
        ("libary", "library", "libary"),
        ("dont'", "don't", None),  # Neovim 0.7 would insert it behind what is typed
    ],
)
def test_only_a_correction_has_a_filter_text(typed: str, word: str, filtered_by: str | None) -> None:
    item = offered(f"to {typed}", 3 + len(typed), typed, word)
    assert item.filter_text == filtered_by
    assert item.label == word
    assert item.preselect is None
    assert item.commit_characters is None


@pytest.mark.parametrize(
    ("line", "column", "prefix", "end"),
    [
        ("We schdule it", 6, "sch", 10),
        ("don't", 2, "do", 5),
        ("no, so", 2, "no", 2),
        ("We it", 3, "", 3),
        ("a-", 1, "a", 1),
    ],
)
def test_the_rest_of_the_word_goes_if_the_client_lets_its_user_choose(
    line: str, column: int, prefix: str, end: int
) -> None:
    word = prefix + "x"
    insert = types.Range(types.Position(0, column - len(prefix)), types.Position(0, column))
    assert offered(line, column, prefix, word).text_edit == types.TextEdit(insert, word)
    edit = offered(line, column, prefix, word, replaces=True).text_edit
    if end == column:
        assert edit == types.TextEdit(insert, word)
    else:
        replace = types.Range(insert.start, types.Position(0, end))
        assert edit == types.InsertReplaceEdit(word, insert, replace)

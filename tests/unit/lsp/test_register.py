"""Which kind of text the model is told of: the setting's, at the beginning of a document only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from foreword.lsp.features.completion import CONTEXT, before_cursor, expected_register
from foreword.settings import parse
from foreword.text.document import Document


def expected(text: str, language: str, tree: dict[str, Any], uri: str = "file:///x") -> str | None:
    settings, problems = parse(tree)
    assert not problems
    document = Document(uri, language, 1, text, "utf-16")
    server: Any = SimpleNamespace(language=lambda _: settings.for_language(document.language_id))
    lines = text.split("\n")
    position = types.Position(len(lines) - 1, len(lines[-1]))
    found = expected_register(server, document, position, before_cursor(document, position))
    return found.name if found else None


@pytest.mark.parametrize(
    ("language", "tree", "name"),
    [
        ("plaintext", {}, "everyday"),
        ("markdown", {}, "technical"),
        ("markdown", {"register": "chat"}, "chat"),
        ("markdown", {"register": "none"}, None),
        ("markdown", {"languages": {"markdown": {"register": "mail"}}}, "mail"),
    ],
)
def test_the_setting_decides(language: str, tree: dict[str, Any], name: str | None) -> None:
    assert expected("Hello ", language, tree) == name


def test_a_file_name_says_more_than_a_language() -> None:
    assert expected("", "plaintext", {}, "file:///r/.git/COMMIT_EDITMSG") == "commit"


def test_deep_in_a_document_the_text_speaks_for_itself() -> None:
    assert expected("word " * (CONTEXT // 5), "plaintext", {}) == "everyday"
    assert expected("word " * (CONTEXT // 4), "plaintext", {}) is None

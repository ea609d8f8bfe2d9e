"""``textDocument/hover``: how a sentence reads, in numbers."""

from __future__ import annotations

import pytest

from tests.lsp.client import Client, at, range_of, replaced


def test_the_labels_of_the_sentence_with_their_probabilities(server: Client) -> None:
    uri = server.open("So.\nIt rains here. It pours")
    hover = server.call("textDocument/hover", at(uri, 1, 4))
    assert hover["range"] == range_of((1, 0), (1, 14))
    assert hover["contents"]["kind"] == "plaintext"
    assert hover["contents"]["value"].startswith("sentiment: ")
    assert "%" in hover["contents"]["value"]
    assert server.call("textDocument/hover", at(uri, 0, 1))["range"] == range_of((0, 0), (0, 3))
    server.change(uri, replaced((1, 23), (1, 23), "."))
    assert server.call("textDocument/hover", at(uri, 1, 18))["range"] == range_of((1, 15), (1, 24))


def test_nothing_where_there_is_no_finished_sentence(server: Client) -> None:
    uri = server.open("It rains\n\n")
    assert server.call("textDocument/hover", at(uri, 2, 0)) is None
    assert server.call("textDocument/hover", at(server.open("It pours"), 0, 3)) is None


@pytest.mark.parametrize("language", ["rust", "python"])
def test_nothing_in_a_language_that_is_not_prose(server: Client, language: str) -> None:
    assert server.call("textDocument/hover", at(server.open("It rains.", language), 0, 3)) is None
    assert server.call("textDocument/hover", at("untitled:nowhere", 0, 3)) is None

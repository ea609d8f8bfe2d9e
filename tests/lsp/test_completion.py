"""``textDocument/completion``: the form of the list, and when it is empty."""

from __future__ import annotations

import pytest

from tests.lsp.client import Client, range_of, replaced


def test_the_form_of_every_item(server: Client) -> None:
    uri = server.open("Tomorrow.\nWe should sche")
    server.items(uri, 1, 14)
    answer = server.complete(uri, 1, 14)
    assert answer["isIncomplete"] is True
    items = answer["items"]
    assert 1 <= len(items) <= 10
    for rank, item in enumerate(items):
        word = item["label"]
        assert word.startswith("sche")
        assert word != "sche"
        description = item["labelDetails"]["description"]
        assert description.endswith(" %")
        assert item == {
            "label": word,
            "labelDetails": {"description": description},
            "kind": 1,
            "sortText": f"{rank:02}",
            "textEdit": {"range": range_of((1, 10), (1, 14)), "newText": word},
        }
    assert len({item["label"] for item in items}) == len(items)


def test_after_a_space_the_range_is_empty(server: Client) -> None:
    uri = server.open("We should ")
    items = server.items(uri, 0, 10)
    assert all(item["textEdit"]["range"] == range_of((0, 10), (0, 10)) for item in items)


def test_inside_a_word_what_is_behind_the_cursor_stays(server: Client) -> None:
    uri = server.open("We schedule")
    items = server.items(uri, 0, 5)
    assert all(item["textEdit"]["range"] == range_of((0, 3), (0, 5)) for item in items)
    assert all(item["label"].startswith("sc") for item in items)


def test_the_list_follows_the_word_as_it_is_typed(server: Client) -> None:
    uri = server.open("We ")
    for number, letter in enumerate("schedul"):
        server.change(uri, replaced((0, 3 + number), (0, 3 + number), letter), version=number + 2)
        typed = "schedul"[: number + 1]
        for item in server.items(uri, 0, 4 + number):
            # A model of random weights expects nothing: it may take what is typed for a slip.
            assert item["label"].startswith(typed) or item["filterText"] == typed


@pytest.mark.parametrize("language", ["rust", "python", "json", "no-such-language"])
def test_a_language_that_is_not_prose_gets_nothing(server: Client, language: str) -> None:
    uri = server.open("We should sche", language)
    assert server.complete(uri, 0, 14) == {"isIncomplete": False, "items": []}


@pytest.mark.parametrize("language", ["markdown", "plaintext", "", "gitcommit", "LaTeX"])
def test_prose_gets_words(server: Client, language: str) -> None:
    uri = server.open("We should sche", language)
    assert server.items(uri, 0, 14)


def test_a_document_that_is_not_open_gets_nothing(server: Client) -> None:
    assert server.complete("untitled:nowhere", 0, 0) == {"isIncomplete": False, "items": []}


def test_a_text_longer_than_the_models_context(server: Client) -> None:
    uri = server.open("schedule \U0001f600" * 3000 + "\nWe sche")
    labels = [item["label"] for item in server.items(uri, 1, 7)]
    assert all(label.startswith("sche") for label in labels)

"""``textDocument/completion`` and ``completionItem/resolve``: the form of the list, and when it is empty."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lsp.client import Client, range_of, replaced
from tests.lsp.conftest import Start


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
        assert item["detail"].endswith(" %")
        assert item == {
            "label": word,
            "detail": item["detail"],
            "kind": 1,
            "sortText": f"{rank:02}",
            "textEdit": {"range": range_of((1, 10), (1, 14)), "newText": word},
            "command": {"title": "Taken", "command": "foreword.accepted", "arguments": [{"uri": uri, "text": word}]},
            "data": {"list": items[0]["data"]["list"], "rank": rank},
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


def test_a_client_that_can_show_more_is_sent_more(start: Start, options: dict[str, Any]) -> None:
    client = start()
    item = {"labelDetailsSupport": True, "insertReplaceSupport": True}
    client.initialize(options, {"textDocument": {"completion": {"completionItem": item}}})
    uri = client.open("We \U0001f600 sche, schedule and so on")
    for start_, end, rest in ((6, 10, 10), (12, 16, 20)):
        for found in client.items(uri, 0, end):
            assert found["labelDetails"]["description"].endswith(" %")
            assert "detail" not in found
            edit, before = found["textEdit"], range_of((0, start_), (0, end))
            if rest == end:
                assert edit == {"newText": found["label"], "range": before}
            else:
                replace = range_of((0, start_), (0, rest))
                assert edit == {"newText": found["label"], "insert": before, "replace": replace}
    assert client.shut_down() == 0


def test_a_word_is_explained_when_it_is_looked_at(server: Client) -> None:
    uri = server.open("We should sche")
    older = server.items(uri, 0, 14)[0]
    item = server.items(uri, 0, 14)[0]
    resolved = server.call("completionItem/resolve", item)
    documentation = resolved.pop("documentation")
    assert resolved == item
    assert "% likely here." in documentation
    # Of another list, or of none, nothing is known.
    for stale in (older, item | {"data": 3}, item | {"data": {"list": [], "rank": -1}}, {"label": "word"}):
        assert server.call("completionItem/resolve", stale) == stale
    other = server.open("We should sche")
    closed = server.items(other, 0, 14)[0]
    server.close(other)
    assert server.call("completionItem/resolve", closed) == closed
    # Looking does not disturb the search: the list is the same.
    again = server.items(uri, 0, 14)
    assert [found["label"] for found in again][:1] == [item["label"]]


def test_taking_a_word_is_told_by_its_command(server: Client) -> None:
    command = server.items(server.open("We should sche"), 0, 14)[0]["command"]
    assert server.call("workspace/executeCommand", command) is None
    assert server.call("workspace/executeCommand", {"command": "foreword.accepted"}) is None


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

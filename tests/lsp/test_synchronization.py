"""The server's copy of a document follows every edit, told by the words it offers and the sentences it marks."""

from __future__ import annotations

import time

import pytest

from tests.lsp.client import Client, at, range_of, replaced


def check_prefix(client: Client, uri: str, line: int, character: int, prefix: str) -> None:
    """See that exactly `prefix` is typed of a word at a position."""
    for item in client.items(uri, line, character):
        assert item["textEdit"]["range"] == range_of((line, character - len(prefix)), (line, character))
        assert item["textEdit"]["newText"].startswith(prefix)


def test_changes_of_one_notification_are_applied_one_after_the_other(server: Client) -> None:
    uri = server.open("one two\nthree\n")
    server.change(
        uri,
        replaced((0, 3), (0, 7), ""),
        replaced((0, 0), (0, 0), "We "),
        replaced((0, 6), (1, 5), " should"),
        replaced((0, 13), (1, 0), " sche"),
    )
    check_prefix(server, uri, 0, 18, "sche")
    server.change(uri, {"text": "new"}, replaced((0, 3), (0, 3), " th"))
    check_prefix(server, uri, 0, 6, "th")


def test_typing_letter_by_letter(server: Client) -> None:
    uri = server.open("")
    for number, letter in enumerate("We sche"):
        server.change(uri, replaced((0, number), (0, number), letter), version=number + 2)
    check_prefix(server, uri, 0, 7, "sche")


@pytest.mark.parametrize("beyond", [(0, 1000), (5, 0), (2**31 - 1, 2**31 - 1)])
def test_a_range_beyond_the_end_means_the_end(server: Client, beyond: tuple[int, int]) -> None:
    uri = server.open("We should")
    server.change(uri, replaced((0, 9), beyond, " th"))
    check_prefix(server, uri, 0, 12, "th")
    server.change(uri, replaced(beyond, beyond, "e"))
    check_prefix(server, uri, 0, 13, "the")


def test_a_position_beyond_the_end_means_the_end(server: Client) -> None:
    uri = server.open("We sche")
    assert all(item["textEdit"]["newText"].startswith("sche") for item in server.items(uri, 7, 70))


def test_an_empty_document(server: Client) -> None:
    uri = server.open("")
    check_prefix(server, uri, 0, 0, "")
    server.change(uri, replaced((0, 0), (0, 0), ""))
    server.change(uri, replaced((0, 0), (0, 0), "s"))
    check_prefix(server, uri, 0, 1, "s")
    server.change(uri, replaced((0, 0), (0, 1), ""))
    check_prefix(server, uri, 0, 0, "")


@pytest.mark.parametrize(
    "text", ["\ud83d sche", "\ude00\ud83d sche", "\0 sche", "\0\0\ufffe\uffff sche", "\ufeff sche"]
)
def test_characters_that_are_none(server: Client, text: str) -> None:
    uri = server.open(text)
    check_prefix(server, uri, 0, len(text), "sche")
    server.change(uri, replaced((0, 1), (0, 1), "\ude00\0"))
    check_prefix(server, uri, 0, len(text) + 2, "sche")
    params = at(uri, 0, 1) | {"context": {"triggerKind": 1}}
    assert "items" in server.call("textDocument/inlineCompletion", params)
    server.change(uri, {"text": "\ud83d. \ude00! \0."}, version=3)
    marks = server.wait(lambda: [m for m in server.params("textDocument/publishDiagnostics") if m["uri"] == uri])
    assert marks[-1]["version"] in (1, 2, 3)
    check_prefix(server, uri, 0, 0, "")


def test_a_megabyte_on_one_line(server: Client) -> None:
    size = 1_000_000
    uri = server.open("word " * (size // 5))
    started = time.monotonic()
    server.change(uri, replaced((0, size), (0, size), "sche"))
    for version in range(3, 23):
        server.change(uri, replaced((0, size // 2), (0, size // 2), "x"), version=version)
    check_prefix(server, uri, 0, size + 24, "sche")
    server.close(uri)
    assert time.monotonic() - started < 20


def test_a_change_that_comes_late_is_told_of_and_corrupts_nothing(server: Client) -> None:
    uri = server.open("We should")
    server.change(uri, replaced((0, 9), (0, 9), " sche"), version=7)
    server.change(uri, replaced((0, 0), (0, 9), ""), version=6)
    check_prefix(server, uri, 0, 14, "sche")
    told = server.wait(
        lambda: [m["message"] for m in server.params("window/showMessage") if "out of order" in m["message"]]
    )
    assert len(told) == 1
    server.change(uri, replaced((0, 10), (0, 14), "th"), version=7)  # of one that does not count
    check_prefix(server, uri, 0, 12, "th")
    server.change(uri, {"text": "We the"}, version=1)  # the whole text is right, whenever it comes
    check_prefix(server, uri, 0, 6, "the")


def test_a_document_may_be_opened_again(server: Client) -> None:
    uri = server.open("one")
    server.close(uri)
    assert server.complete(uri, 0, 3) == {"isIncomplete": False, "items": []}
    server.notify(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "mail", "version": 1, "text": "We sche"}}
    )
    check_prefix(server, uri, 0, 7, "sche")

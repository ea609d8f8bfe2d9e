"""Positions: the encoding agreed upon, characters outside the basic plane, and what ends a line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lsp.client import Client, range_of, replaced
from tests.lsp.conftest import ENCODINGS

Servers = Callable[[str], Client]

UNITS = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_that_the_client_names_first_is_taken(servers: Servers, encoding: str) -> None:
    assert servers(encoding).answers(1)[0]["result"]["capabilities"]["positionEncoding"] == encoding


def check_word(client: Client, uri: str, line: int, before: str, word: str, encoding: str) -> None:
    """See, from the words offered, that the server has `before` and then `word` in front of the cursor."""
    units = UNITS[encoding]
    start, end = units(before), units(before + word)
    items = client.items(uri, line, end)
    for item in items:
        assert item["textEdit"]["range"] == range_of((line, start), (line, end))
        assert item["textEdit"]["newText"].startswith(word)
        assert len(item["textEdit"]["newText"]) > len(word)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_edits_behind_and_between_emoji(servers: Servers, encoding: str) -> None:
    client, units = servers(encoding), UNITS[encoding]
    uri = client.open("\U0001f600 née \U0001f469\u200d\U0001f680 we\nshould \U0001f600 sche")
    check_word(client, uri, 1, "should \U0001f600 ", "sche", encoding)
    head = "\U0001f600 née "
    client.change(uri, replaced((0, units(head)), (0, units(head + "\U0001f469\u200d\U0001f680")), "\U0001f680"))
    check_word(client, uri, 0, head + "\U0001f680 ", "we", encoding)
    tail = "should \U0001f600"
    client.change(uri, replaced((1, units("should ")), (1, units(tail)), "\U0001f600\U0001f600"))
    client.change(uri, replaced((1, 0), (1, units("should ")), "é"))
    check_word(client, uri, 1, "é\U0001f600\U0001f600 ", "sche", encoding)
    client.close(uri)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_ends_a_line_for_python_only_ends_none(servers: Servers, encoding: str) -> None:
    mark = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    client, units = servers(encoding), UNITS[encoding]
    uri = client.open(f"one{mark} sche\nthe sch\r\nfour\r th")
    check_word(client, uri, 0, f"one{mark} ", "sche", encoding)
    check_word(client, uri, 3, " ", "th", encoding)
    start, end = units(f"one{mark} "), units(f"one{mark} sche")
    client.change(uri, replaced((0, start), (0, end), "th"), replaced((1, 0), (1, 3), "\U0001f600"))
    check_word(client, uri, 0, f"one{mark} ", "th", encoding)
    check_word(client, uri, 1, "\U0001f600 ", "sch", encoding)
    check_word(client, uri, 3, " ", "th", encoding)
    client.close(uri)

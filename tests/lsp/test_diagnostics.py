"""``textDocument/publishDiagnostics``: which sentences are marked, where, for which version, and until when.

The encoder is random and every label is to be marked, so that each finished sentence has one mark.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.lsp.client import Client, range_of, replaced
from tests.lsp.conftest import ENCODINGS


def published(client: Client, uri: str) -> list[Any]:
    return [params for params in client.params("textDocument/publishDiagnostics") if params["uri"] == uri]


def marks(client: Client, uri: str, version: int) -> list[Any]:
    """Wait for the marks of one version."""
    found = client.wait(lambda: [params for params in published(client, uri) if params.get("version") == version])
    assert isinstance(found[-1]["diagnostics"], list)
    return found[-1]["diagnostics"]


def ranges(client: Client, uri: str, version: int) -> list[Any]:
    return [mark["range"] for mark in marks(client, uri, version)]


def test_the_form_of_a_mark(server: Client) -> None:
    uri = server.open("It rains.\nIt rains again", version=7)
    (mark,) = marks(server, uri, 7)
    label = mark["code"].removeprefix("sentiment/")
    assert label in ("negative", "neutral", "positive")
    assert mark["message"].startswith(f"Reads as {label} (sentiment, ")
    assert mark == {
        "range": range_of((0, 0), (0, 9)),
        "severity": 4,
        "code": f"sentiment/{label}",
        "source": "foreword",
        "message": mark["message"],
        "codeDescription": mark["codeDescription"],
    }
    card = urlsplit(mark["codeDescription"]["href"])
    assert card.fragment == "when-it-speaks"
    assert "## When it speaks" in Path(url2pathname(card.path)).read_text(encoding="utf-8")


def test_a_sentence_is_marked_when_it_is_finished_and_the_version_is_told(server: Client) -> None:
    uri = server.open("")
    assert marks(server, uri, 1) == []
    server.change(uri, replaced((0, 0), (0, 0), "It rains"), version=2)
    assert marks(server, uri, 2) == []
    server.change(uri, replaced((0, 8), (0, 8), ". And"), version=3)
    assert ranges(server, uri, 3) == [range_of((0, 0), (0, 9))]
    server.change(uri, replaced((0, 13), (0, 13), " why?\n"), version=4)
    assert ranges(server, uri, 4) == [range_of((0, 0), (0, 9)), range_of((0, 10), (0, 18))]
    server.change(uri, replaced((0, 0), (0, 10), ""), version=5)
    assert ranges(server, uri, 5) == [range_of((0, 0), (0, 8))]


def test_only_the_last_of_many_quick_changes_is_read(server: Client) -> None:
    uri = server.open("It rains.", version=1)
    marks(server, uri, 1)
    for version in range(2, 30):
        server.change(uri, replaced((0, 0), (0, 0), "x"), version=version)
    marks(server, uri, 29)
    versions = [params["version"] for params in published(server, uri)]
    assert versions == sorted(versions)
    assert len(versions) < 29


def test_keys_are_answered_while_a_long_document_is_read(server: Client) -> None:
    long = server.open("".join(f"Sentence {number} is here.\n\n" for number in range(10_000)), version=5)
    uri = server.open("We should ")
    for number, letter in enumerate("sche"):
        server.change(uri, replaced((0, 10 + number), (0, 10 + number), letter), version=number + 2)
        assert server.items(uri, 0, 11 + number)
        server.change(long, replaced((2 * number, 0), (2 * number, 0), letter), version=6 + number)
        assert server.items(long, 2 * number, 1)
    assert not [params for params in published(server, long) if len(params["diagnostics"]) == 1000]
    server.close(long)
    server.wait(lambda: [params for params in published(server, long) if params == {"uri": long, "diagnostics": []}])


def test_a_close_clears_and_nothing_comes_after_it(server: Client) -> None:
    uri = server.open("It rains. It pours.")
    assert len(marks(server, uri, 1)) == 2
    server.change(uri, replaced((0, 0), (0, 0), "So. "))
    server.close(uri)
    server.wait(lambda: published(server, uri)[-1]["diagnostics"] == [])
    other = server.open("Later. ")
    time.sleep(0.1)  # longer than the delay, which a reading that was not stopped would wait for
    marks(server, other, 1)
    assert published(server, uri)[-1] == {"uri": uri, "diagnostics": []}


def test_no_marks_in_a_language_that_is_not_prose(server: Client) -> None:
    uri = server.open("It rains. It pours.", "rust")
    marks(server, server.open("It rains. It pours."), 1)
    assert all(params["diagnostics"] == [] for params in published(server, uri))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_ranges_are_in_the_encoding_agreed_upon(servers: Callable[[str], Client], encoding: str) -> None:
    client = servers(encoding)
    uri = client.open("\x0c\U0001f600 née. So!\r\n\r\nA\U0001f600.\n")
    smile, e_acute = {"utf-8": (4, 2), "utf-16": (2, 1), "utf-32": (1, 1)}[encoding]
    first = 1 + smile + 1 + 1 + e_acute + 1 + 1
    found = ranges(client, uri, 1)
    assert [(r["start"]["line"], r["end"]) for r in found[:2]] == [
        (0, {"line": 0, "character": first}),
        (0, {"line": 0, "character": first + 4}),
    ]
    assert found[1]["start"] == {"line": 0, "character": first + 1}
    assert found[2:] == [range_of((2, 0), (2, smile + 2))]


def test_a_close_while_the_model_loads_clears(loading: Client) -> None:
    uri = loading.open("It rains. It pours.")
    loading.close(uri)
    assert loading.wait(lambda: published(loading, uri)) == [{"uri": uri, "diagnostics": []}]


def test_diagnostics_that_are_turned_off_are_taken_away_and_come_back(server: Client) -> None:
    uri = server.open("It rains. It pours.")
    assert len(marks(server, uri, 1)) == 2
    try:
        server.notify("workspace/didChangeConfiguration", {"settings": {"diagnostics": {"enabled": False}}})
        server.wait(lambda: published(server, uri)[-1]["diagnostics"] == [])
    finally:
        server.notify("workspace/didChangeConfiguration", {"settings": None})
    server.wait(lambda: len(published(server, uri)[-1]["diagnostics"]) == 2)


def test_a_classifier_marks_what_its_settings_say(server: Client) -> None:
    uri = server.open("It rains.")
    (mark,) = marks(server, uri, 1)
    label = mark["code"].removeprefix("sentiment/")

    def seen(severities: list[int]) -> bool:
        return [mark["severity"] for mark in published(server, uri)[-1]["diagnostics"]] == severities

    others = sorted({"negative", "neutral", "positive"} - {label})
    for change, severities in (
        ({"severity": "warning"}, [2]),
        ({"labels": others}, []),
        ({"labels": [label], "severity": "error"}, [1]),
        ({"minimumProbability": 1}, []),
        ({"minimumProbability": 0, "severity": "information"}, [3]),
        ({"enabled": False}, []),
    ):
        server.notify(
            "workspace/didChangeConfiguration", {"settings": {"diagnostics": {"classifiers": {"sentiment": change}}}}
        )
        server.wait(functools.partial(seen, severities))
    server.notify("workspace/didChangeConfiguration", {"settings": None})

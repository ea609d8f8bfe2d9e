"""``textDocument/semanticTokens``: names coloured, only where the settings say so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lsp.client import TIMEOUT, Client, replaced
from tests.lsp.conftest import Start

STATIC = {"textDocument": {"semanticTokens": {"requests": {"full": True}}}}
DYNAMIC = {
    "textDocument": {"semanticTokens": {"dynamicRegistration": True, "requests": {"full": True}}},
    "workspace": {"semanticTokens": {"refreshSupport": True}},
}
METHOD = "textDocument/semanticTokens"
TEXT = "so it is.\nAnna Lee met Tom in Rome.\n\nAnd Rome met\nAnna Lee again. It pours"


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings with a tagger to which every word with a capital is a person."""
    from foreword_models.bert.classifier import shipped_classifiers
    from tests.unit.bert.tiny import save_tagger

    folder = tmp_path_factory.mktemp("tagger")
    adapter = shipped_classifiers()["sentiment"].parent / "adapter.safetensors"
    save_tagger(folder, "minilm-l6", hidden_size=384, adapter=adapter)
    return {"enabled": True, "path": str(folder)}


@pytest.fixture(scope="module")
def coloured(environment: dict[str, str], options: dict[str, Any], on: dict[str, Any]) -> Iterator[Client]:
    """A server that colours names from the start."""
    client = Client(environment)
    result = client.initialize({**options, "entities": on}, STATIC)
    assert result["capabilities"]["semanticTokensProvider"]["full"] is True
    yield client
    client.dispose()


def places(server: Client, uri: str, **range_: Any) -> list[tuple[int, int, int, str]]:
    """Line, first character, length and type of each token of a document."""
    kinds = ("class", "string", "function")
    kind = "range" if range_ else "full"
    data = server.call(f"{METHOD}/{kind}", {"textDocument": {"uri": uri}, **range_})["data"]
    assert len(data) % 5 == 0
    found, line, character = [], 0, 0
    for start in range(0, len(data), 5):
        down, right, length, place, modifiers = data[start : start + 5]
        line, character = line + down, right if down else character + right
        assert modifiers == 1 << place
        found.append((line, character, length, kinds[place]))
    return found


def settled(server: Client, uri: str, count: int = 8) -> list[tuple[int, int, int, str]]:
    """The tokens of a document, once there are as many as there should be: a model may take long to load."""
    deadline = time.monotonic() + TIMEOUT
    while len(found := places(server, uri)) != count and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_nothing_is_announced_or_answered_where_it_is_off(start: Start, options: dict[str, Any]) -> None:
    server = start()
    assert "semanticTokensProvider" not in server.initialize(options, STATIC)["capabilities"]
    assert places(server, server.open(TEXT)) == []


def test_names_are_tokens_of_one_line_each(coloured: Client) -> None:
    found = settled(coloured, coloured.open(TEXT))
    words = [TEXT.split("\n")[line][start : start + length] for line, start, length, _ in found]
    assert words == ["Anna", "Lee", "Tom", "Rome", "And", "Rome", "Anna", "Lee"]  # "It pours" is not finished
    assert {kind for *_, kind in found} == {"class"}
    assert found == sorted(found)


def test_a_range_has_those_of_its_lines(coloured: Client) -> None:
    uri = coloured.open(TEXT)
    whole = settled(coloured, uri)
    some = {"start": {"line": 3, "character": 0}, "end": {"line": 4, "character": 0}}
    assert places(coloured, uri, range=some) == [place for place in whole if place[0] in (3, 4)]


def test_an_edit_moves_them(coloured: Client) -> None:
    uri = coloured.open(TEXT)
    before = settled(coloured, uri)
    coloured.change(uri, replaced((0, 0), (0, 0), "oh.\n"))
    assert settled(coloured, uri) == [(line + 1, *rest) for line, *rest in before]


def test_other_languages_and_documents_have_none(coloured: Client) -> None:
    assert places(coloured, coloured.open(TEXT, "rust")) == []
    assert places(coloured, "untitled:nowhere") == []


def test_it_is_registered_when_it_is_turned_on_and_taken_back(
    start: Start, options: dict[str, Any], on: dict[str, Any]
) -> None:
    server = start()
    assert "semanticTokensProvider" not in server.initialize(options, DYNAMIC)["capabilities"]
    uri = server.open(TEXT)
    settings = {"foreword": {**options, "entities": on}}
    server.notify("workspace/didChangeConfiguration", {"settings": settings})
    (registration,) = server.wait(lambda: server.params("client/registerCapability"))[0]["registrations"]
    assert registration["method"] == METHOD
    assert registration["registerOptions"]["legend"]["tokenModifiers"] == ["person", "location", "organization"]
    server.wait(lambda: any(each.get("method") == "workspace/semanticTokens/refresh" for each in server.received))
    assert settled(server, uri)
    server.notify("workspace/didChangeConfiguration", {"settings": {"foreword": {**options, "entities": {}}}})
    gone = server.wait(lambda: server.params("client/unregisterCapability"))[0]
    assert gone["unregisterations"][0]["id"] == registration["id"]
    assert places(server, uri) == []


def test_names_need_no_marks(start: Start, options: dict[str, Any], on: dict[str, Any]) -> None:
    server = start()
    server.initialize({**options, "diagnostics": {"enabled": False}, "entities": on}, STATIC)
    assert settled(server, server.open(TEXT))
    assert not server.params("textDocument/publishDiagnostics")

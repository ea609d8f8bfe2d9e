"""``textDocument/inlineCompletion``: what is written behind the cursor, and its range."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.lsp.client import Client, at, range_of, replaced


def inline(client: Client, uri: str, line: int, character: int, **context: Any) -> Any:
    params = at(uri, line, character) | {"context": {"triggerKind": 2, **context}}
    return client.call("textDocument/inlineCompletion", params)


@pytest.fixture(scope="session")
def phrases(model_folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What the model itself has to say behind some lines: a phrase, or None."""
    from foreword_models.gpt.model import open_model
    from foreword_models.words.predictor import Predictor
    from foreword_models.zoo.locate import locate
    from foreword_models.zoo.store import Store

    packed = locate(str(model_folder), "decoder", Store(Path(environment["FOREWORD_CACHE"])))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    predictor = Predictor(open_model(packed))
    found: dict[str, Any] = {}
    for start, word in itertools.product(("We ", "\U0001f600 the ", ""), ("1", "sche", "sh", "m", "th", "author")):
        found[start + word] = predictor.phrase(f"Tomorrow.\n{start}{word}")
        if len(set(map(bool, found.values()))) == 2 and len(found) >= 6:
            break
    torch.set_num_threads(threads)
    assert any(found.values())
    return found


def test_it_is_the_models_phrase_with_an_explicit_range(server: Client, phrases: dict[str, Any]) -> None:
    for line, phrase in phrases.items():
        uri = server.open(f"Tomorrow.\n{line} and so on")
        end = len(line.encode("utf-16-le")) // 2
        items = inline(server, uri, 1, end)["items"]
        server.close(uri)
        if phrase is None:
            assert items == []
            continue
        written = phrase.prefix + phrase.text
        place = range_of((1, end - len(phrase.prefix)), (1, end))
        command = {"title": "Taken", "command": "foreword.accepted", "arguments": [{"uri": uri, "text": written}]}
        assert items == [{"insertText": written, "filterText": written, "range": place, "command": command}]
        assert line.endswith(phrase.prefix)


def test_what_follows_the_cursor_is_not_written_again(server: Client, phrases: dict[str, Any]) -> None:
    line, phrase = next((line, phrase) for line, phrase in phrases.items() if phrase)
    first = phrase.prefix + phrase.text.split()[0]
    end = len(line.encode("utf-16-le")) // 2
    uri = server.open(f"Tomorrow.\n{line} {phrase.text.split()[-1]} and so on")
    items = inline(server, uri, 1, end)["items"]
    server.close(uri)
    if len(phrase.text.split()) == 1:
        assert items == []
    else:
        assert items[0]["insertText"].startswith(first)
        assert phrase.text.split()[-1] not in items[0]["insertText"].split()


@pytest.fixture
def shown(server: Client, phrases: dict[str, Any]) -> tuple[str, int, str]:
    """A document with a phrase behind the cursor: its URI, where that is, and what the phrase would write there."""
    line, phrase = next((line, phrase) for line, phrase in phrases.items() if phrase is not None and line.isascii())
    uri = server.open(f"Tomorrow.\n{line}")
    (item,) = inline(server, uri, 1, len(line))["items"]
    written = item["insertText"]
    assert written == phrase.prefix + phrase.text
    return uri, len(line), written[len(phrase.prefix) :]


def test_each_letter_of_it_that_is_typed_leaves_the_rest(server: Client, shown: tuple[str, int, str]) -> None:
    uri, end, text = shown
    for number, letter in enumerate(text[:-1], 1):
        place = (1, end + number - 1)
        server.change(uri, replaced(place, place, letter), version=number + 1)
        (item,) = inline(server, uri, 1, end + number)["items"]
        typed = item["range"]["end"]["character"] - item["range"]["start"]["character"]
        assert item["range"]["end"] == {"line": 1, "character": end + number}
        assert item["insertText"][typed:].startswith(text[number:])
        text = text[:number] + item["insertText"][typed:]  # what follows may have grown, never changed


def test_it_is_another_one_where_something_else_is_typed(server: Client, shown: tuple[str, int, str]) -> None:
    uri, end, text = shown
    other = "!" if text[0] != "!" else "?"
    server.change(uri, replaced((1, end), (1, end), other))
    for item in inline(server, uri, 1, end + 1)["items"]:
        assert item["range"]["start"] == {"line": 1, "character": end + 1}


def test_nothing_while_the_list_is_open_on_another_word(server: Client, shown: tuple[str, int, str]) -> None:
    uri, end, _ = shown
    (item,) = inline(server, uri, 1, end)["items"]

    def with_selected(word: str) -> Any:
        return inline(server, uri, 1, end, selectedCompletionInfo={"range": item["range"], "text": word})["items"]

    assert with_selected(item["insertText"].split()[0]) == [item]
    assert with_selected("xyzzy") == []


@pytest.mark.parametrize("language", ["rust", "no-such-language"])
def test_a_language_that_is_not_prose_gets_nothing(server: Client, language: str) -> None:
    uri = server.open("We should sche", language)
    assert inline(server, uri, 0, 14) == {"items": []}


def test_a_document_that_is_not_open_gets_nothing(server: Client) -> None:
    assert inline(server, "untitled:nowhere", 0, 0) == {"items": []}

"""``textDocument/inlineCompletion``: what is written behind the cursor, and its range."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.lsp.client import Client, at, range_of


def inline(client: Client, uri: str, line: int, character: int) -> Any:
    params = at(uri, line, character) | {"context": {"triggerKind": 2}}
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
        assert items == [{"insertText": written, "filterText": written, "range": place}]
        assert line.endswith(phrase.prefix)


@pytest.mark.parametrize("language", ["rust", "no-such-language"])
def test_a_language_that_is_not_prose_gets_nothing(server: Client, language: str) -> None:
    uri = server.open("We should sche", language)
    assert inline(server, uri, 0, 14) == {"items": []}


def test_a_document_that_is_not_open_gets_nothing(server: Client) -> None:
    assert inline(server, "untitled:nowhere", 0, 0) == {"items": []}

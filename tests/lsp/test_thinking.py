"""What the server reads while nobody waits: once, the text that a long document's window will hop to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foreword.lsp.features.completion import CONTEXT, HOP
from foreword.text.cursor import context_window
from foreword.text.document import Document
from tests.lsp.client import TIMEOUT, Client, at, replaced
from tests.lsp.conftest import first_on_path
from tests.unit.gpt.tiny import CORPUS

TEXT = "".join(f"{sentence}\n\n" for _ in range(20) for sentence in CORPUS)
assert len(TEXT) > CONTEXT + HOP

# Writes down each text that the server's predictor has prepared.
WITNESS = """
import json, os
from foreword.engine.models import Models

load = Models._load_predictor

def load_watched(self):
    predictor = load(self)
    prepare = predictor.prepare
    def watched(text, **options):
        prepare(text, **options)
        with open(os.environ["WITNESS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(text) + "\\n")
    predictor.prepare = watched
    return predictor

Models._load_predictor = load_watched
"""


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("witness")
    (folder / "sitecustomize.py").write_text(WITNESS, encoding="utf-8")
    (folder / "prepared").touch()
    return folder


@pytest.fixture(scope="module")
def watched(environment: dict[str, str], options: dict[str, Any], witness: Path) -> Iterator[Client]:
    added = {"PYTHONPATH": first_on_path(witness), "WITNESS": str(witness / "prepared")}
    client = Client(environment | added)
    off = {"enabled": False}
    languages = {"plaintext": {"completion": off}, "latex": {"completion": off, "inlineCompletion": off}}
    client.initialize(options | {"languages": languages, "diagnostics": off})
    yield client
    client.dispose()


class Prepared:
    """What was prepared since."""

    def __init__(self, witness: Path) -> None:
        self._file = witness / "prepared"
        self._seen = len(self._lines())

    def texts(self, count: int) -> list[str]:
        """Look until there are so many texts; all there are."""
        deadline = time.monotonic() + TIMEOUT
        while len(lines := self._lines()[self._seen :]) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return [json.loads(line) for line in lines]

    def _lines(self) -> list[str]:
        return self._file.read_text(encoding="utf-8").splitlines()


def inline(client: Client, uri: str, line: int, character: int) -> Any:
    return client.call("textDocument/inlineCompletion", at(uri, line, character) | {"context": {"triggerKind": 2}})


def end(text: str) -> tuple[int, int]:
    return text.count("\n"), len(text) - text.rfind("\n") - 1


def opened(client: Client, text: str, language: str = "markdown") -> tuple[str, int, int]:
    return (client.open(text, language), *end(text))


def test_the_window_after_the_hop_is_prepared_before_it(watched: Client, witness: Path) -> None:
    prepared = Prepared(witness)
    far, near, nearer = CONTEXT - HOP // 4, CONTEXT - HOP // 4 + 10, CONTEXT - HOP // 4 + 100
    watched.items(*opened(watched, TEXT[:far]))
    uri, *place = opened(watched, TEXT[:near])
    watched.items(uri, *place)
    (first,) = prepared.texts(1)
    assert TEXT[:near].endswith(first)
    # Neither is it prepared again, nor after a few more keys.
    for length in (near, near + 20, near + 40):
        position = end(TEXT[:length])
        watched.change(uri, {"text": TEXT[:length]})
        watched.items(uri, *position)
        inline(watched, uri, *position)
    watched.change(uri, {"text": TEXT[:nearer]})
    watched.items(uri, *end(TEXT[:nearer]))
    assert prepared.texts(2) == [first, first + TEXT[near:nearer]]
    # Over the hop: the window is what was prepared and what was typed since.
    over = TEXT[: CONTEXT + 5]
    watched.change(uri, replaced(end(TEXT[:nearer]), end(TEXT[:nearer]), over[nearer:]))
    watched.items(uri, *end(over))
    window = context_window(Document(uri, "markdown", 1, over, "utf-16"), *end(over), CONTEXT, HOP)
    assert window == first + over[near:]
    watched.close(uri)


def test_a_phrase_is_reason_enough_where_words_are_off(watched: Client, witness: Path) -> None:
    prepared = Prepared(witness)
    text = TEXT[: CONTEXT - 1]
    for language in ("rust", "latex", "plaintext"):  # nothing is offered in the first two
        uri, *place = opened(watched, text, language)
        assert watched.complete(uri, *place) == {"isIncomplete": False, "items": []}
        inline(watched, uri, *place)
    assert len(prepared.texts(1)) == 1
    watched.items(*opened(watched, text + "n"))
    assert len(prepared.texts(2)) == 2

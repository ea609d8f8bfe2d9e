"""What further models know: asked for only where it is wanted, and loaded while nothing else is to be done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from lsprotocol import types

from foreword.engine.lookups import Lookups
from foreword.lsp.features import meaning
from foreword.lsp.features.hover import _around
from foreword.lsp.features.resolve import nearest
from foreword.lsp.server import ForewordServer
from foreword.text.document import Document
from foreword.text.sentences import Sentence
from foreword_models.errors import ModelError, UnknownWordError


@dataclass(frozen=True)
class Word:
    word: str


class Vectors:
    def near(self, words: Sequence[str], count: int) -> list[list[Word]]:
        if words == ["zzz"]:
            raise UnknownWordError("There is no vector for it.")
        return [[Word(f"{word}{number}") for number in range(count)] for word in words]


class Senses:
    def near(self, sentence: str, start: int, end: int, count: int) -> list[Word]:
        return [Word(f"{sentence[start:end]} of {sentence}")][:count]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ForewordServer]:
    monkeypatch.setattr(meaning, "QUIET", 0.0)
    server = ForewordServer()
    yield server
    assert server.engine.close(10)


def test_a_sense_comes_before_the_word_alone() -> None:
    vectors, senses = Vectors(), Senses()
    assert nearest(Lookups(), "a word", 2, 6) == []
    assert nearest(Lookups(neighbours=lambda: vectors), "a word", 2, 6) == [f"word{number}" for number in range(5)]
    both = Lookups(neighbours=lambda: vectors, senses=lambda: senses)
    assert nearest(both, "a word", 2, 6) == ["word of a word"]
    assert nearest(Lookups(neighbours=lambda: vectors), "a zzz", 2, 5) == []


def test_the_sentence_tells_what_a_word_means_or_else_the_line() -> None:
    document = Document("untitled:1", "markdown", 1, "So.\nIt rains\nhere. It", "utf-16")
    sentence = Sentence("It rains\nhere.", 4, 18, True)
    assert _around(document, types.Position(1, 4), sentence, (3, 8)) == (sentence.text, 3, 8)
    assert _around(document, types.Position(2, 1), sentence, (0, 4)) == (sentence.text, 9, 13)
    assert _around(document, types.Position(2, 7), None, (6, 8)) == ("here. It", 6, 8)


async def test_what_knows_words_is_loaded_once_and_on_the_inference_thread(server: ForewordServer) -> None:
    threads: list[str] = []
    server.lookups = Lookups(load_meaning=lambda: threads.append(threading.current_thread().name))
    for _ in range(3):
        meaning.load(server)
    await asyncio.gather(*server.background)
    assert threads == ["foreword-inference"]


async def test_what_cannot_be_loaded_is_not_told(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ModelError("It is damaged.")

    told: list[Any] = []
    monkeypatch.setattr(server, "tell", told.append)
    server.lookups = Lookups(load_meaning=broken)
    meaning.load(server)
    await asyncio.gather(*server.background)
    assert not told


async def test_the_finder_of_slips_is_fetched_apart_and_then_loaded(server: ForewordServer) -> None:
    done: list[tuple[str, str]] = []

    def note(what: str) -> Any:
        done.append((what, threading.current_thread().name))

    server.lookups = Lookups(grammar=lambda: note("load"), fetch_grammar=lambda: note("fetch"))
    await meaning.prepare_grammar(server)
    await meaning.prepare_grammar(server)
    assert done == [("fetch", "foreword-fetch"), ("load", "foreword-inference")]

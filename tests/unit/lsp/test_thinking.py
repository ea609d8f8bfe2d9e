"""When a text is prepared in the background and when not, in a server without a process."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from foreword.engine.allowance import WINDOW, Allowance
from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features import thinking
from foreword.lsp.server import ForewordServer
from foreword.settings import CompletionSettings, Settings, parse
from foreword.text.document import Document
from foreword_models.errors import CacheFullError
from foreword_models.words.certainty import Certainty
from foreword_models.words.predictor import Prediction

URI = "untitled:a.md"
TEXT = "some words " * 100
UNSURE = Certainty(lambda: (False, 1.0))


class Listener:
    """Stands for the models and the predictor: keeps what it is given to prepare, and what the user is told."""

    def __init__(self) -> None:
        self.decoder = None
        self.begun: list[str] = []
        self.prepared: list[str] = []
        self.told: list[Exception] = []
        self.error: Exception | None = None
        self.hold = False

    def predictor(self) -> Listener:
        return self

    def prepare(self, text: str, *, checkpoint: Checkpoint) -> None:
        self.begun.append(text)
        while self.hold:
            checkpoint()
        if self.error is not None:
            raise self.error
        self.prepared.append(text)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ForewordServer]:
    for pause in ("PAUSE", "ON_ITS_WAY", "LULL"):
        monkeypatch.setattr(thinking, pause, 0.0)
    server = ForewordServer()
    server.settings = Settings()
    server.documents[URI] = Document(URI, "markdown", 1, TEXT, "utf-16")
    yield server
    assert server.engine.close(10)


@pytest.fixture
def listener(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> Listener:
    listener = Listener()
    monkeypatch.setattr(server, "models", listener)
    monkeypatch.setattr(server, "fail", listener.told.append)
    return listener


def prepare(server: ForewordServer, text: str | None) -> None:
    thinking.prepare(server, server.documents[URI], text)


async def settled(server: ForewordServer) -> None:
    while server.background:
        await asyncio.wait(server.background, timeout=10)


async def begun(listener: Listener, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(listener.begun) < count:
            await asyncio.sleep(0.001)


async def test_a_text_is_prepared_once_and_again_when_it_has_grown(server: ForewordServer, listener: Listener) -> None:
    few, enough = TEXT + "x" * thinking.GROWTH, TEXT + "x" * (thinking.GROWTH + 1)
    for text in (None, TEXT, TEXT, few, TEXT[:-5], TEXT[:-5] + "other", enough, TEXT, "!" + TEXT):
        prepare(server, text)
        await settled(server)
    assert listener.prepared == [TEXT, enough, "!" + TEXT]


async def test_of_two_texts_at_once_one_is_prepared(server: ForewordServer, listener: Listener) -> None:
    listener.hold = True
    prepare(server, TEXT)
    await begun(listener)
    prepare(server, TEXT + "a")
    await begun(listener, 2)
    listener.hold = False
    await settled(server)
    assert listener.prepared == [TEXT + "a"]


async def test_a_key_goes_first(server: ForewordServer, listener: Listener) -> None:
    listener.hold = True
    prepare(server, TEXT)
    await begun(listener)
    assert await asyncio.wait_for(server.engine.run(Priority.COMPLETION, lambda _: "word"), 10) == "word"
    assert listener.prepared == []
    listener.hold = False
    await settled(server)
    assert listener.prepared == [TEXT]


async def test_a_closed_document_is_left(server: ForewordServer, listener: Listener) -> None:
    document = server.documents[URI]
    listener.hold = True
    prepare(server, TEXT)
    await begun(listener)
    del server.documents[URI]
    await settled(server)
    thinking.prepare(server, document, TEXT)
    await settled(server)
    assert listener.begun == [TEXT]
    assert listener.prepared == []
    assert listener.told == []


async def test_what_was_prepared_is_forgotten_with_its_document(server: ForewordServer, listener: Listener) -> None:
    prepare(server, TEXT)
    await settled(server)
    assert list(server.prepared.values()) == [TEXT]
    del server.documents[URI]
    async with asyncio.timeout(10):
        while len(server.prepared):  # until the inference thread has let go of its last job
            gc.collect()
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (["completion"], [TEXT]),
        (["inlineCompletion"], [TEXT]),
        (["completion", "inlineCompletion"], []),
    ],
)
async def test_nothing_is_prepared_where_nothing_is_offered(
    server: ForewordServer, listener: Listener, off: list[str], expected: list[str]
) -> None:
    server.settings, _ = parse({name: {"enabled": False} for name in off})
    prepare(server, TEXT)
    await settled(server)
    assert listener.prepared == expected


@pytest.mark.parametrize(("error", "told"), [(CacheFullError("no room"), 0), (ValueError("a bug"), 1)])
async def test_an_error_is_not_repeated_and_only_a_bug_is_told(
    server: ForewordServer, listener: Listener, error: Exception, told: int
) -> None:
    listener.error = error
    for _ in range(3):
        prepare(server, TEXT)
        await settled(server)
    assert listener.begun == [TEXT]
    assert len(listener.told) == told


async def test_another_model_has_prepared_nothing(server: ForewordServer, listener: Listener, monkeypatch: Any) -> None:
    listener.hold = True
    prepare(server, TEXT)
    await begun(listener)
    newer = Listener()
    monkeypatch.setattr(server, "models", newer)
    listener.hold = False
    await settled(server)
    prepare(server, TEXT)
    await settled(server)
    assert newer.prepared == [TEXT]


def certain(*, exact: bool) -> Certainty:
    return Certainty(lambda: (exact, 0.0))


def prediction(*, exact: bool) -> Prediction:
    return Prediction("", (), 0, certain(exact=exact))


async def test_a_search_goes_on_until_the_document_changes(server: ForewordServer) -> None:
    document, searched = server.documents[URI], 0

    def search(checkpoint: Checkpoint, _: int) -> Prediction:
        nonlocal searched
        searched += 1
        for _ in range(3):
            checkpoint()
        searched += 10
        return prediction(exact=True)

    thinking.refine(server, document, UNSURE, search)
    await settled(server)
    assert searched == 11

    def edited(checkpoint: Checkpoint, forwards: int) -> Prediction:
        document.revision += 1
        return search(checkpoint, forwards)

    thinking.refine(server, document, UNSURE, edited)
    await settled(server)
    assert searched == 12

    thinking.refine(server, document, UNSURE, search)
    document.revision += 1  # before its turn has come
    await settled(server)
    assert searched == 12


@pytest.mark.parametrize("exact", [True, False])
async def test_more_is_spent_in_a_lull_on_what_is_not_sure(server: ForewordServer, *, exact: bool) -> None:
    spent = []

    def search(_: Checkpoint, forwards: int) -> Prediction:
        spent.append(forwards)
        return prediction(exact=exact)

    thinking.refine(server, server.documents[URI], UNSURE, search)
    await settled(server)
    assert spent == [thinking.AT_ONCE] if exact else [thinking.AT_ONCE, thinking.IN_A_LULL]


@pytest.mark.parametrize(
    ("settings", "on_battery", "searches"),
    [
        (CompletionSettings(), False, True),
        (CompletionSettings(), True, False),
        (CompletionSettings(think_on_battery=True), True, True),
        (CompletionSettings(think_share=0.0), False, False),
    ],
)
async def test_a_search_goes_on_as_far_as_the_settings_allow(
    server: ForewordServer, settings: CompletionSettings, *, on_battery: bool, searches: bool
) -> None:
    server.settings = Settings(completion=settings)
    server.pool.allowance = Allowance(on_battery=lambda: on_battery)
    spent = []

    def search(_: Checkpoint, forwards: int) -> Prediction:
        spent.append(forwards)
        return prediction(exact=True)

    thinking.refine(server, server.documents[URI], UNSURE, search)
    await settled(server)
    assert bool(spent) is searches
    assert (server.pool.allowance.left(1.0) < WINDOW) is searches


async def test_a_search_that_fails_behind_an_answer_is_nobody_s_business(
    server: ForewordServer, listener: Listener
) -> None:
    def search(_: Checkpoint, __: int) -> Prediction:
        raise CacheFullError("no room")

    thinking.refine(server, server.documents[URI], UNSURE, search)
    await settled(server)
    assert listener.told == []

"""Which sentences are read, in which order, and which are not read again; in a server without a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from foreword.engine.engine import Priority
from foreword.engine.lookups import Lookups
from foreword.engine.reader import Found
from foreword.lsp import slices
from foreword.lsp.features import meaning, reading
from foreword.lsp.features.marks import MOST, marks_of
from foreword.lsp.server import ForewordServer
from foreword.settings import parse
from foreword.text.document import Document
from foreword_models.bert.classifier import LabelProbability
from foreword_models.errors import ModelError

URI = "untitled:a.md"


class Models:
    """Stands for the models: every sentence is sad, and is noted when it is read."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []
        config = SimpleNamespace(marks=("sad",), kind="softmax", enabled=True)
        self.classifiers = {"mood": SimpleNamespace(config=config)}

    def reader(self) -> Models:
        return self

    def find(self, texts: Iterable[str], *, entities: bool, checkpoint: Callable[[], None]) -> dict[str, Found]:
        assert not entities
        checkpoint()
        self.read_texts += texts
        labels = (LabelProbability("sad", 0.9, True), LabelProbability("glad", 0.1, False))
        return {text: Found({"mood": labels}) for text in texts}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ForewordServer]:
    monkeypatch.setattr(reading, "INTERVAL", -1.0)
    monkeypatch.setattr(meaning, "QUIET", 0.0)
    server = ForewordServer()
    monkeypatch.setattr(server, "models", Models())
    yield server
    assert server.engine.close(10)


def opened(server: ForewordServer, text: str) -> Document:
    server.documents[URI] = Document(URI, "markdown", 1, text, "utf-16")
    return server.documents[URI]


async def read(server: ForewordServer, document: Document) -> list[bool]:
    """Read a document to its end; what was told meanwhile."""
    told: list[bool] = []
    reading.begin(server, document, 0, told.append)
    task = server.readings[URI].task
    assert task is not None
    await asyncio.wait_for(task, 30)
    return told


def sentences(count: int) -> list[str]:
    return [f"Sentence {number} is here." for number in range(count)]


async def test_only_what_has_changed_is_read_again(server: ForewordServer) -> None:
    models: Any = server.models
    document = opened(server, "It rains. It pours. It rains.")
    assert (await read(server, document))[-1] is True
    assert models.read_texts == ["It rains.", "It pours."]
    document.apply(((0, 10), (0, 10)), "Now it snows. ")
    await read(server, document)
    assert models.read_texts[2:] == ["Now it snows."]
    assert set(server.readings[URI].known) == {"It rains.", "It pours.", "Now it snows."}
    document.apply(None, "It pours.")
    await read(server, document)
    assert len(models.read_texts) == 3
    assert set(server.readings[URI].known) == {"It pours."}  # what is gone from the text is not kept


async def test_what_is_near_to_the_last_edit_comes_first(server: ForewordServer) -> None:
    models: Any = server.models
    document = opened(server, "\n\n".join(sentences(200)))
    server.focus[document] = 2 * 100
    told = await read(server, document)
    first = [int(text.split()[1]) for text in models.read_texts[: reading.CHUNK]]
    assert max(abs(number - 100) for number in first) <= reading.CHUNK // 2
    assert told == [False] * (len(told) - 1) + [True]
    assert len(told) > 3  # what is found is shown as it comes


async def test_a_key_meets_a_slice_of_a_long_document_only(
    server: ForewordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", -1.0)
    monkeypatch.setattr(slices, "REST", 0.0)
    document = opened(server, "\n\n".join(sentences(50)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(others())
    await read(server, document)
    before, turns = turns, 0
    await marks_of(server, document)
    task.cancel()
    assert min(before, turns) >= 99  # a turn for each sentence that is cut and looked at; that is marked and written


async def test_a_change_ends_what_looks_at_the_text(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", -1.0)
    monkeypatch.setattr(slices, "REST", 0.0)
    document = opened(server, "\n\n".join(sentences(50)))
    task = asyncio.ensure_future(read(server, document))
    for _ in range(20):
        await asyncio.sleep(0)
    document.revision += 1
    assert await task == []
    assert server.readings[URI].revision == -1
    await read(server, document)
    assert len(server.readings[URI].sentences) == 50


async def test_another_encoder_reads_everything_again(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    document = opened(server, "It rains.")
    await read(server, document)
    other: Any = Models()
    monkeypatch.setattr(server, "models", other)
    await read(server, document)
    assert other.read_texts == ["It rains."]


async def test_marks_of_a_version_that_is_gone_are_not_shown(server: ForewordServer) -> None:
    document = opened(server, "It rains. It pours.")
    await read(server, document)
    marks = await marks_of(server, document)
    assert [mark["code"] for mark in marks or []] == ["mood/sad"] * 2
    document.revision += 1
    assert await marks_of(server, document) is None
    server.settings, _ = parse({"diagnostics": {"enabled": False}})
    assert await marks_of(server, document) == []


async def test_of_very_many_marks_the_nearest_are_shown(server: ForewordServer) -> None:
    document = opened(server, "\n".join(f"- {text}" for text in sentences(MOST + 200)))
    server.focus[document] = MOST + 100
    await read(server, document)
    lines = [mark["range"]["start"]["line"] for mark in await marks_of(server, document) or []]
    assert len(lines) == MOST
    assert lines == sorted(lines)
    assert lines[-1] == MOST + 199
    assert min(lines) >= 200


async def test_a_mark_looks_as_the_settings_say(server: ForewordServer) -> None:
    looks = {"severity": "hint", "tags": ["unnecessary", "deprecated"]}
    server.settings, _ = parse({"diagnostics": {"related": True, "classifiers": {"mood": looks}}})
    document = opened(server, " ".join(sentences(5)))
    await read(server, document)
    marks = await marks_of(server, document) or []
    assert [(mark["severity"], mark["tags"]) for mark in marks] == [(4, [1, 2])] * 5
    related = [[place["location"]["range"] for place in mark["relatedInformation"]] for mark in marks]
    ranges = [mark["range"] for mark in marks]
    assert related[0] == ranges[1:3]
    assert related[2] == [*ranges[:2], *ranges[3:]]
    server.settings, _ = parse({})
    assert not any("relatedInformation" in mark or "tags" in mark for mark in await marks_of(server, document) or [])


async def test_slips_are_marked_by_what_finds_them(server: ForewordServer) -> None:
    text = "He is taller then me. So it is is."
    edits = {
        "He is taller then me.": (SimpleNamespace(start=13, end=17, replacement="than", kind="sound"),),
        "So it is is.": (SimpleNamespace(start=8, end=11, replacement="", kind="double"),),
    }
    grammar: Any = SimpleNamespace(read=lambda texts, **_: {text: edits[text] for text in texts})
    server.lookups = Lookups(grammar=lambda: grammar)
    switches = {"mood": {"enabled": False}, "grammar": {"enabled": True}}
    server.settings, _ = parse({"diagnostics": {"classifiers": switches}})
    document = opened(server, text)
    await read(server, document)
    first, second = await marks_of(server, document) or []
    assert (first["code"], first["range"]["start"]["character"], first["range"]["end"]["character"]) == (
        "grammar/sound",
        13,
        17,
    )
    assert "tags" not in first
    assert (second["code"], second["tags"]) == ("grammar/double", [1])


async def test_what_keeps_slips_from_being_found_is_told_once_and_the_labels_stay(
    server: ForewordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Any:
        raise ModelError("Install onnxruntime.")

    told: list[str] = []
    monkeypatch.setattr(server, "tell", told.append)
    monkeypatch.setattr(server, "on_loop", lambda work: work())
    server.lookups = Lookups(grammar=missing)
    document = opened(server, "It rains.")
    await read(server, document)
    assert not told  # nobody has asked for it
    server.settings, _ = parse({"diagnostics": {"classifiers": {"grammar": {"enabled": True}}}})
    await read(server, document)
    assert [mark["code"] for mark in await marks_of(server, document) or []] == ["mood/sad"]
    assert told == ["Install onnxruntime."]


async def test_of_labels_that_may_hold_together_each_is_marked(server: ForewordServer) -> None:
    models: Any = server.models
    models.classifiers["mood"].config.kind = "sigmoid"
    server.settings, _ = parse(
        {"diagnostics": {"classifiers": {"mood": {"labels": ["sad", "glad"], "minimumProbability": 0.1}}}}
    )
    document = opened(server, "It rains.")
    await read(server, document)
    assert [mark["code"] for mark in await marks_of(server, document) or []] == ["mood/sad", "mood/glad"]
    server.hushed.add((URI, "mood", "sad"))
    assert [mark["code"] for mark in await marks_of(server, document) or []] == ["mood/glad"]


async def test_who_types_is_not_met_by_long_steps(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    document = opened(server, "\n\n".join(sentences(40)))
    sizes: list[int] = []
    models: Any = server.models
    find_many = models.find

    def noted(texts: Any, *, entities: bool, checkpoint: Any) -> Any:
        sizes.append(len(texts))
        return find_many(texts, entities=entities, checkpoint=checkpoint)

    monkeypatch.setattr(models, "find", noted)
    monkeypatch.setattr(reading, "LULL", 0.0)
    await server.engine.run(Priority.COMPLETION, lambda _: None)  # a key
    await read(server, document)
    assert sizes == [reading.FEW] * 20
    monkeypatch.setattr(reading, "AWAY", 0.0)
    server.readings.clear()
    await read(server, document)
    assert sizes[20:] == [reading.CHUNK, 40 - reading.CHUNK]


async def test_nothing_is_read_while_somebody_types_but_not_for_ever(
    server: ForewordServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def typed_just_now() -> float:
        nonlocal asked
        asked += 1
        return 0.0

    monkeypatch.setattr(server.engine, "since_urgent", typed_just_now)
    monkeypatch.setattr(reading, "LULL", 0.001)
    monkeypatch.setattr(reading, "STARVED", 0.05)
    models: Any = server.models
    await read(server, opened(server, "It rains."))
    assert asked > 1
    assert models.read_texts == ["It rains."]

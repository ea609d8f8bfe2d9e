"""Several engines, one after the other, at the same keys; one that fails does not spoil the rest."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from foreword.typing_turns import NEW_TOKENS, PeerTypist, Pressed, Typist, take_turns, texts_before
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.typing_report import Press
from foreword_models.evaluation.typing_script import script


class Fake:
    """Types at once, until it fails at a key."""

    def __init__(self, name: str, log: list[Any], fails: int = 10**9) -> None:
        self.name = name
        self._log = log
        self._fails = fails

    def type(self, first: int, last: int, pressed: Pressed) -> list[Press]:
        assert not gc.isenabled()
        if first <= self._fails < last:
            raise BenchmarkError(f"{self.name} is tired.")
        self._log.append((self.name, first, last))
        pressed(last - first)
        return [Press("in_word", float(number)) for number in range(first, last)]

    def rest(self) -> None:
        assert gc.isenabled()
        self._log.append(self.name)


class Engine:
    """A process that answers after some time."""

    name = "peer"

    def __init__(self, milliseconds: float) -> None:
        self.asked: list[dict[str, Any]] = []
        self._milliseconds = milliseconds

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return {"milliseconds": self._milliseconds, "decoded": 5, "generated": [1]}


def test_turns() -> None:
    log: list[Any] = []
    typists: list[Typist] = [Fake("a", log), Fake("b", log)]
    counted: list[int] = []
    found, failures = take_turns(typists, 7, 3, counted.append)
    turns = [(0, 3), (3, 6), (6, 7)]
    assert log == [item for first, last in turns for name in "ab" for item in ((name, first, last), name)]
    assert found["a"] == found["b"] == [Press("in_word", float(number)) for number in range(7)]
    assert failures == {}
    assert sum(counted) == 14


def test_a_peer_that_fails() -> None:
    found, failures = take_turns([Fake("a", [], fails=4), Fake("b", [])], 7, 3, lambda _: None)
    assert failures == {"a": "a is tired."}
    assert "a" not in found
    assert len(found["b"]) == 7


def test_where_ours_fails_so_does_the_benchmark() -> None:
    with pytest.raises(BenchmarkError, match="b is tired"):
        take_turns([Fake("a", []), Fake("b", [], fails=4)], 7, 3, lambda _: None)
    assert gc.isenabled()


def test_a_peer_is_asked_at_the_same_pace() -> None:
    text = "One two"
    engine, keys = Engine(2.5), script(text)
    texts = [text[:end] for end in range(1, 8)]
    started = time.perf_counter()
    typist = PeerTypist(engine, keys, [0.002, 0.01, 0.01, 0.002, 0.01, 0.01, 9.0], texts)  # type: ignore[arg-type]
    presses = typist.type(0, 7, lambda _: None)
    assert time.perf_counter() - started >= 0.044
    assert [request["text"] for request in engine.asked[1:]] == texts
    assert all(request["new"] == NEW_TOKENS for request in engine.asked)
    assert [press.late for press in presses] == [True, False, False, True, False, False, False]
    assert {press.milliseconds for press in presses} == {2.5}
    assert typist.decoded == 35
    typist.rest()


def test_without_gaps_nobody_is_late() -> None:
    typist = PeerTypist(Engine(1e6), script("ab"), None, ["a", "ab"])  # type: ignore[arg-type]
    assert not any(press.late for press in typist.type(0, 2, lambda _: None))


def test_the_text_before_each_key() -> None:
    text = "a b\nc d e f g h\n"
    keys = script(text, every=4, left_out=1)
    written = ""
    expected = []
    for key in keys:
        written = written[: key.offset] + key.written + written[key.offset :]
        expected.append(written[: key.offset + 1])
    assert texts_before(keys, lambda document, *at: document.text[: document.offset(*at)]) == expected

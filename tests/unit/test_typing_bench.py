"""The benchmark as a whole, with a server and peers that are quick to start; and what it prints."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from foreword import typing_bench, typing_replay
from foreword.cli import bench_typing_table
from foreword.cli.bench_typing_table import print_typing
from foreword.typing_bench import Measured, measure, report
from foreword.typing_client import ServerClient
from foreword_models.evaluation.typing_report import Press
from foreword_models.evaluation.typing_script import Key, script
from foreword_models.zoo.progress import Silent

SERVER = Path(__file__).with_name("typing_server.py")
PEER = """
import sys
from foreword_models.evaluation.engine_child import serve

class Peer:
    asked = 0
    def facts(self):
        return {"vocabulary": int(sys.argv[1]), "layers": 2, "context": 64, "version": "peer 1", "threads": 1}

def answer(peer, request):
    peer.asked += 1
    if peer.asked > int(sys.argv[2]): raise ValueError("tired")
    return {"milliseconds": 2.0, "decoded": 5, "generated": [1]}

serve(Peer, answer)
"""
TEXT = "One two three four five six seven.\n"


@pytest.fixture
def keys() -> list[Key]:
    return script(TEXT, every=4, left_out=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing_bench, "ServerClient", lambda: ServerClient([sys.executable, str(SERVER), "prompt"]))
    monkeypatch.setattr(typing_bench, "DecoderConfig", Sizes)
    monkeypatch.setattr(typing_bench, "TURN", 10)
    monkeypatch.setattr(typing_replay, "wait_until_quiet", lambda *_, **__: None)
    for constant in ("_PAUSE", "_IDLE_AFTER"):
        monkeypatch.setattr(typing_replay, constant, 0.0)
    monkeypatch.setattr(typing_replay, "_IDLE_WATCHED", 0.01)


class Sizes:
    """What a model's configuration says."""

    vocabulary, layers = 320, 2

    @classmethod
    def read(cls, _path: Path) -> Sizes:
        return cls()


def peer(tmp_path: Path, vocabulary: int = 320, most: int = 1000) -> list[str]:
    path = tmp_path / "peer.py"
    path.write_text(PEER)
    return [sys.executable, str(path), str(vocabulary), str(most)]


def run(keys: list[Key], tmp_path: Path, commands: dict[str, Any], **options: Any) -> Measured:
    return measure(keys, None, tmp_path, commands, steps=Silent(), typing=Silent(), **options)


def test_everybody_types_all_keys(keys: list[Key], tmp_path: Path) -> None:
    commands = {
        "llama.cpp": peer(tmp_path),
        "another model": peer(tmp_path, vocabulary=99),
        "tired": peer(tmp_path, most=15),
        "none": [str(tmp_path / "nothing")],
    }
    measured = run(keys, tmp_path, commands, starts=2)
    assert set(measured.presses) == {"foreword", "llama.cpp"}
    for presses in measured.presses.values():
        assert [press.kind for press in presses] == [key.kind for key in keys]
    assert len(measured.initialize) == len(measured.first_words) == 2
    assert measured.facts["llama.cpp"]["tokens_per_key"] == 5.0
    assert "vocabulary 99 instead of 320" in measured.missing["another model"]
    assert "ValueError: tired" in measured.missing["tired"]
    assert "could not be started" in measured.missing["none"]
    assert set(measured.facts) == {"llama.cpp"}
    if sys.platform == "linux":
        assert measured.rss


def whole(measured: Measured, *, human: bool = True) -> dict[str, Any]:
    machine = {"processor": "a processor", "cores": 2, "torch": "2", "python": "3"}
    pace = [60, 250] if human else None
    return {
        **report(measured, human=human),
        "keystrokes": 3,
        "gaps_milliseconds": pace,
        "model": "tiny",
        "machine": machine,
    }


@pytest.fixture
def measured() -> Measured:
    presses = [Press("in_word", 1.0), Press("in_word", 1.5), Press("word_boundary", 50.0, late=True, words=False)]
    facts = {"llama.cpp": {"version": "llama 1", "threads": 2, "tokens_per_key": 4.5}}
    slower = [Press(press.kind, 4 * press.milliseconds) for press in presses]
    return Measured(
        {"foreword": presses, "llama.cpp": slower},
        facts,
        missing={"transformers": "not asked for: --transformers"},
        complaints=["There is [no] model."],
        initialize=[0.2, 0.3, 0.1],
        first_words=[4.0, 5.0, 3.0],
        rss=500_000_000,
    )


def test_the_report(measured: Measured) -> None:
    result = whole(measured)
    json.dumps(result)
    assert result["initialize"] == 0.2
    assert result["first_completion_after_start"] == 4.0
    assert result["rss_megabytes"] == 500.0
    assert result["idle_cpu_percent"] is None
    assert result["milliseconds"]["in_word"]["p50"] == 1.0
    assert result["against"]["llama.cpp"]["in_word"]["p50"] == 4.0
    assert result["ratios"]["llama.cpp"]["all"]["p95"] == 0.25
    assert result["ratio_targets"]["llama.cpp"]["all"] == {
        "p50": {"target": 0.1, "met": False},
        "p95": {"target": 0.5, "met": True},
    }
    assert result["targets"]["word_boundary"]["p95"] == {"target": 45.0, "met": False}


def test_targets_are_for_the_pace_of_a_person(measured: Measured) -> None:
    result = whole(measured, human=False)
    assert result["targets"] == result["ratio_targets"] == {}


@pytest.mark.parametrize("human", [True, False])
def test_the_table(measured: Measured, human: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(bench_typing_table, "table_console", lambda: Console(file=out, width=132))
    print_typing(whole(measured, human=human))
    printed = out.getvalue()
    assert "llama 1, 2 threads, 4.5 tokens decoded a key" in printed
    assert ("<= 2: met" in printed) == human
    shares = "Share of llama.cpp's time, all keys: p50 0.25 (<= 0.10: missed), p95 0.25 (<= 0.50: met)"
    assert (shares in printed) == human
    assert "median and worst of 3 starts" in printed
    assert "4.00 s, 5.00 s" in printed
    assert "unknown here" in printed
    assert "There is [no] model." in printed
    assert "Not measured: transformers (not asked for: --transformers)" in printed

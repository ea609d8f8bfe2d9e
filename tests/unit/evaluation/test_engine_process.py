"""An engine's process may crash, hang or print nonsense: one sentence says so, and the next request starts it anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.engine_process import EngineProcess, child_command

CHILD = """
import os, sys, time
from foreword_models.evaluation.engine_child import serve

class Fake:
    def facts(self):
        print("a library prints this")
        return {"vocabulary": 10, "layers": 1, "context": 64}
    def prepare(self, prefix):
        if prefix == [1]: os.abort()
        if prefix == [2]: raise ValueError("two")
        if prefix == [3]: time.sleep(60)
        if prefix == [4]: sys.stderr.write("out of paper\\n"); sys.stderr.flush(); os._exit(3)
        self.prefix = prefix
    def run(self, keep, runs):
        self.last = [run[-1] for run in runs]
    def tops(self):
        return self.last

def make():
    if sys.argv[1:] == ["broken"]:
        raise ValueError("no such weights")
    return Fake()

serve(make)
"""


def question(*prefix: int) -> dict[str, Any]:
    return {"prefix": list(prefix), "warm": 0, "keep": 0, "repetitions": [[[5], [6]], [[7]]]}


@pytest.fixture
def child(tmp_path: Path) -> Path:
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return path


@pytest.fixture
def engine(child: Path) -> Any:
    process = EngineProcess("the fake", [sys.executable, str(child)], answer_seconds=2)
    yield process
    process.close()


def test_a_request_is_answered(engine: EngineProcess) -> None:
    assert engine.start() == {"vocabulary": 10, "layers": 1, "context": 64}
    answer = engine.ask(question(9))
    assert answer["tops"] == [[5, 6], [7]]
    assert len(answer["milliseconds"]) == 2
    assert answer["idle_seconds"] >= 0


@pytest.mark.skipif(os.name == "nt", reason="names a signal")
def test_a_crash_is_told_and_mended(engine: EngineProcess) -> None:
    engine.start()
    with pytest.raises(BenchmarkError, match="the fake ended by SIGABRT"):
        engine.ask(question(1))
    assert engine.ask(question(9))["tops"] == [[5, 6], [7]]


def test_an_exit_is_told_with_its_last_words(engine: EngineProcess) -> None:
    with pytest.raises(BenchmarkError, match="with exit code 3: out of paper"):
        engine.ask(question(4))


def test_an_exception_is_told(engine: EngineProcess) -> None:
    with pytest.raises(BenchmarkError, match="ValueError: two"):
        engine.ask(question(2))
    assert engine.ask(question(9))["tops"] == [[5, 6], [7]]


def test_silence_is_ended(child: Path) -> None:
    engine = EngineProcess("the fake", [sys.executable, str(child)], answer_seconds=0.3)
    try:
        with pytest.raises(BenchmarkError, match="no answer"):
            engine.ask(question(3))
    finally:
        engine.close()


def test_an_engine_that_cannot_work_says_why(child: Path) -> None:
    engine = EngineProcess("the fake", [sys.executable, str(child), "broken"])
    with pytest.raises(BenchmarkError, match="does not work here: ValueError: no such weights"):
        engine.start()


def test_no_such_interpreter(tmp_path: Path) -> None:
    engine = EngineProcess("the fake", [str(tmp_path / "python")])
    with pytest.raises(BenchmarkError, match="could not be started"):
        engine.start()


def test_nonsense_is_told() -> None:
    engine = EngineProcess("the fake", [sys.executable, "-c", "print('hello')"])
    with pytest.raises(BenchmarkError, match="not JSON"):
        engine.start()


def test_a_module_runs_in_an_interpreter_without_the_package(tmp_path: Path) -> None:
    """As llama.cpp's does: isolated, nothing on its path but the standard library, and the working folder is not."""
    (tmp_path / "json.py").write_text("raise SystemExit('the working folder was imported from')")
    command = child_command("foreword_models.evaluation.peer_llama_cpp", ["--gguf", "x", "--threads", "1"])
    command[1:1] = ["-I", "-S"]
    process = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert "llama_cpp" in json.loads(process.stdout)["failed"], process.stderr

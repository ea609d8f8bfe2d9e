"""``foreword bench typing`` in a real process: the real server, the real model, a few words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword_models.evaluation.typing_script import KINDS

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

TEXT = "I will be there in a few minutes, and then we can talk about it.\n"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foreword", "bench", "typing", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.md"
    path.write_text(TEXT)
    return str(path)


def test_json(pack: Callable[[str], Path], text: str) -> None:
    pack("smollm2-135m")
    # No interpreter of that name has llama_cpp: as if it were not installed, wherever the tests run.
    process = bench("--file", text, "--keys", "40", "--fast", "--json", "--llama-python", "no-such-python")
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert result["keystrokes"] == 40
    assert set(result["milliseconds"]) == {*KINDS, "all"}
    for row in result["milliseconds"].values():
        assert set(row) == {"p50", "p95", "p99"}
    for kind in ("in_word", "word_boundary", "all"):
        row, counts = result["milliseconds"][kind], result["counts"][kind]
        assert 0 < row["p50"] <= row["p95"] <= row["p99"]
        assert counts["late"] == 0
        assert counts["without_words"] < counts["keystrokes"]
    assert sum(result["counts"][kind]["keystrokes"] for kind in KINDS) == 40
    assert 0 < result["initialize"] < result["first_completion_after_start"]
    assert result["against"] == {}
    assert result["targets"] == {}
    assert result["gaps_milliseconds"] is None
    assert result["model"] == "smollm2-135m"
    assert result["complaints"] == []
    assert "GGUF" in result["not_measured"]["llama.cpp"]
    if sys.platform == "linux":
        assert 100 < result["rss_megabytes"] < 2000
        assert result["idle_cpu_percent"] < 20


def test_a_table_at_human_speed(pack: Callable[[str], Path], text: str) -> None:
    pack("smollm2-135m")
    process = bench("--file", text, "--keys", "12", "--gaps", "60-80")
    assert process.returncode == 0, process.stderr
    assert "a key every 60 to 80 ms" in process.stdout
    assert "inside a word" in process.stdout
    assert "<= 2: " in process.stdout
    assert "\x1b" not in process.stdout


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.md").touch()
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9")
    for wrong in (["--gaps", "250-60"], ["--gaps", "quick"], ["--keys", "0"], ["--file", str(tmp_path / "none")]):
        assert bench(*wrong).returncode == 2
    for arguments, told in (
        (["--file", str(tmp_path / "empty.md")], "empty"),
        (["--file", str(tmp_path / "latin1.txt")], "UTF-8"),
        (["--model", "no-such-model"], "no-such-model"),
    ):
        process = bench(*arguments)
        assert process.returncode == 1
        assert process.stderr.count("foreword: ") == 1
        assert told in process.stderr
        assert "Traceback" not in process.stderr

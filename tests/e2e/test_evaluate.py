"""``foreword eval words`` in a real process with the real model, on a few sentences written for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

PHRASES = [
    "Would you like a cup of tea?",
    "I will be there in a minute.",
    "Please close the window, it is cold in here.",
]
KEYS = {
    "phrases",
    "characters",
    "keystroke_savings",
    "confidence",
    "recall_at_word_start",
    "bits_per_character",
    "out_of_vocabulary",
    "milliseconds",
    "forwards_per_keystroke",
    "personal",
}
FLAGS = ("--case-simple", "--predict-lower", "--strip-symbols")


@pytest.fixture(autouse=True)
def packs(pack: Callable[[str], Path]) -> None:
    pack("smollm2-135m")


def evaluate(*arguments: object) -> Any:
    process = subprocess.run(
        [sys.executable, "-m", "foreword", "eval", "words", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "Typing" in process.stderr
    return json.loads(process.stdout)


@pytest.fixture
def phrases(tmp_path: Path) -> Path:
    file = tmp_path / "phrases.txt"
    file.write_text("\n".join(PHRASES) + "\n", encoding="utf-8")
    return file


def test_phrases(phrases: Path) -> None:
    result = evaluate(phrases, *FLAGS)
    assert set(result) >= KEYS
    assert result["phrases"] == len(PHRASES)
    assert result["characters"] == sum(len(phrase) for phrase in PHRASES) - 4  # three full stops and a comma
    savings = result["keystroke_savings"]
    assert list(savings) == ["1", "3", "5"]
    assert 30 < savings["1"] <= savings["3"] <= savings["5"] < 90
    for shown, (low, high) in result["confidence"].items():
        assert low <= savings[shown] <= high
    assert result["out_of_vocabulary"] == 0
    assert 0 < result["bits_per_character"] < 3
    assert set(result["milliseconds"]) >= {"p50", "p95", "p99"}
    assert result["personal"] is False
    assert result["model"] == "smollm2-135m"


def test_a_document_in_two_processes(tmp_path: Path) -> None:
    file = tmp_path / "documents.jsonl"
    lines = [{"paragraphs": PHRASES}, {"paragraphs": PHRASES[:1]}]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = evaluate(file, "--slots", "3", "--register", "none", "--jobs", "2")
    assert result["phrases"] == 2
    assert list(result["keystroke_savings"]) == ["3"]
    assert [row["context_words"] for row in result["by_context"]] == ["0-9", "10-24"]
    assert result["jobs"] == 2

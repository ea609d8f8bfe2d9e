"""``foreword bench decoder`` in a real process with the real model, one round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword_models.evaluation.decoder_rows import ROWS

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foreword", "bench", "decoder", *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_one_round_without_peers(pack: Callable[[str], Path]) -> None:
    pack("smollm2-135m")
    # No interpreter of that name has llama_cpp: as if it were not installed, wherever the tests run.
    process = bench("--rounds", "1", "--json", "--llama-python", "no-such-python")
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout)
    assert {row["name"] for row in result["rows"]} == {row.name for row in ROWS}
    for row in result["rows"]:
        assert row["milliseconds"] > 0
        assert row["floor_milliseconds"] > 0
        assert row["against"] == {}
    assert result["model"] == "smollm2-135m"
    assert result["cached_tokens"] == 2000
    assert result["load_seconds"] > 0
    assert result["import_seconds"] > 0
    assert result["machine"]["threads"] >= 1
    assert "GGUF" in result["not_measured"]["llama.cpp"]
    if sys.platform == "linux":
        assert 100 < result["rss_megabytes"] < 2000
    assert "Measuring" in process.stderr


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    assert bench("--device", "tpu").returncode == 2
    assert bench("--rounds", "0").returncode == 2
    assert bench("--gguf", str(tmp_path / "none.gguf")).returncode == 2
    process = bench("--model", "no-such-model")
    assert process.returncode == 1
    assert process.stderr.count("foreword: ") == 1
    assert "Traceback" not in process.stderr

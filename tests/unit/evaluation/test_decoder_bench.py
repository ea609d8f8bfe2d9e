"""Rounds and report: medians and ratios of interleaved measurements, and a peer that fails harms only itself."""

from __future__ import annotations

from typing import Any

import pytest

from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.decoder_bench import OURS, measure, report
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, TRANSFORMERS, Row
from foreword_models.zoo.progress import Silent

ROWS = (
    Row("one", "short", 4, 4, 1, repetitions=3, targets={LLAMA_CPP: 0.5, TRANSFORMERS: 0.5}),
    Row("many", "short", 4, 4, 1, branches=2),
)


class Fake:
    """Answers with times out of a list, one a request; an exception in it is raised."""

    def __init__(self, name: str, times: list[float | Exception], log: list[str] | None = None, top: int = 1) -> None:
        self.name = name
        self._times = iter(times)
        self._log = [] if log is None else log
        self._top = top
        self.asked: list[dict[str, Any]] = []

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._log.append(self.name)
        self.asked.append(request)
        time = next(self._times)
        if isinstance(time, Exception):
            raise time
        return {
            "milliseconds": [time] * len(request["repetitions"]),
            "tops": [[self._top] * len(runs) for runs in request["repetitions"]],
            "idle_seconds": 2.0,
            "idle_cpu_seconds": 0.5,
        }


def run(engines: list[Fake], rounds: int) -> dict[str, Any]:
    found = measure(engines, ROWS, rounds=rounds, vocabulary=50, progress=Silent(), pause=0)
    return report(found, ROWS, {engine.name: {"version": engine.name} for engine in engines}, 2.0)


def test_medians_ratios_and_targets() -> None:
    # A first round that does not count, then three; two rows each.
    ours = Fake(OURS, [99, 99, 4, 10, 6, 10, 40, 10])
    llama = Fake(LLAMA_CPP, [1, 1, 10, 40, 12, 40, 1000, 40])
    other = Fake(TRANSFORMERS, [1, 1, 20, 5, 10, 5, 10, 5], top=2)
    result = run([ours, llama, other], 3)
    one, many = result["rows"]
    assert (one["name"], one["milliseconds"], one["floor_milliseconds"], one["times_floor"]) == ("one", 6, 2.0, 3.0)
    assert one["against"][LLAMA_CPP]["milliseconds"] == 12
    assert one["against"][LLAMA_CPP]["ratio"] == 0.5
    assert one["against"][LLAMA_CPP]["met"] is True
    assert one["against"][LLAMA_CPP]["same_top_token"] == 1
    assert one["against"][TRANSFORMERS]["met"] is False
    assert one["against"][TRANSFORMERS]["same_top_token"] == 0
    assert many["against"][LLAMA_CPP]["ratio"] == 0.25
    assert "target" not in many["against"][LLAMA_CPP]
    assert many["quartiles"] == [10, 10]
    assert result["idle_cpu_percent"] == 25.0
    assert set(result["peers"]) == {LLAMA_CPP, TRANSFORMERS}


def test_all_engines_get_the_same_ids_in_turns_and_no_round_repeats_them() -> None:
    log: list[str] = []
    engines = [Fake(name, [1.0] * 8, log) for name in (OURS, LLAMA_CPP)]
    run(engines, 3)
    assert engines[0].asked == engines[1].asked
    assert len(log) == 16
    assert all({*log[i : i + 2]} == {OURS, LLAMA_CPP} for i in range(0, 16, 2))
    assert {log[i] for i in range(0, 16, 2)} == {OURS, LLAMA_CPP}  # neither is always first
    prefixes = {tuple(request["prefix"]) for request in engines[0].asked}
    assert len(prefixes) == 4


def test_a_failing_peer_loses_that_row_only() -> None:
    llama = Fake(LLAMA_CPP, [1, 1, 8, BenchmarkError("it broke"), 8, 8])
    result = run([Fake(OURS, [4.0] * 8), llama], 3)
    one, many = result["rows"]
    assert one["against"][LLAMA_CPP]["ratio"] == 0.5
    assert many["against"] == {}
    assert result["peers"][LLAMA_CPP]["failures"] == {"many": "it broke"}
    assert len(llama.asked) == 6


def test_our_own_failure_ends_the_benchmark() -> None:
    with pytest.raises(BenchmarkError, match="we broke"):
        run([Fake(OURS, [BenchmarkError("we broke")]), Fake(LLAMA_CPP, [1.0] * 8)], 1)

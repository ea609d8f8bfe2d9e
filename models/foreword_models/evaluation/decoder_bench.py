"""The rounds of `foreword bench decoder`, and its report: every engine does every row, round after round, interleaved.

Whatever slows the machine for a while slows all engines alike; the medians over the rounds are compared. Engines that
are not asked sleep.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Protocol

from foreword_models.errors import BenchmarkError
from foreword_models.evaluation import decoder_rows
from foreword_models.evaluation.decoder_rows import Row
from foreword_models.zoo.progress import Progress

OURS: Final = "foreword"
PAUSE: Final = 0.05
"""Seconds between two engines, in which the threads of the one before fall asleep."""

_WARM_UP = 1  # rounds that do not count


class Asked(Protocol):
    """An engine that can be asked; `engine_process.EngineProcess` is one."""

    name: str

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer as `engine_child` says, or raise `BenchmarkError`."""


@dataclass
class Measurements:
    """What came of the rounds.

    Attributes
    ----------
    milliseconds : dict
        Engine to row to one time a round: the median of that round's repetitions.
    tops : dict
        Engine to row to the most likely tokens, in the order asked.
    failures : dict
        Engine to row to a sentence.
    idle : dict
        Engine to seconds it was not asked, and seconds of processor time it spent in them.
    """

    milliseconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    tops: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    failures: dict[str, dict[str, str]] = field(default_factory=dict)
    idle: dict[str, tuple[float, float]] = field(default_factory=dict)


def measure(
    engines: Sequence[Asked],
    rows: Sequence[Row],
    *,
    rounds: int,
    vocabulary: int,
    progress: Progress,
    seed: int = 0,
    pause: float = PAUSE,
) -> Measurements:
    """Ask every engine for every row, `rounds` times, after a round that does not count.

    Parameters
    ----------
    engines
        The first is ours: where it fails, so does the benchmark. A peer's failure is noted, that row is not asked of it
        again, and the rest goes on.
    vocabulary
        Token ids are drawn below it; all engines get the same ones.
    """
    random = Random(seed)  # noqa: S311  (nothing secret)
    found = Measurements()
    for engine in engines:
        found.milliseconds[engine.name] = {row.name: [] for row in rows}
        found.tops[engine.name] = {row.name: [] for row in rows}
        found.failures[engine.name] = {}
        found.idle[engine.name] = (0.0, 0.0)
    progress.start("Measuring", (rounds + _WARM_UP) * len(rows) * len(engines))
    done = 0
    try:
        for number in range(-_WARM_UP, rounds):
            texts = decoder_rows.documents(tuple(rows), random, vocabulary)
            for row in rows:
                request = decoder_rows.request(row, texts[row.document], random, vocabulary)
                for turn in range(len(engines)):
                    # No engine always follows the same one.
                    engine = engines[(turn + number) % len(engines)]
                    if row.name not in found.failures[engine.name]:
                        time.sleep(pause)
                        _ask(engine, row, request, found, counts=number >= 0, ours=engine is engines[0])
                    done += 1
                    progress.update(done)
    finally:
        progress.finish()
    return found


def _ask(engine: Asked, row: Row, request: dict[str, Any], found: Measurements, *, counts: bool, ours: bool) -> None:
    try:
        answer = engine.ask(request)
    except BenchmarkError as error:
        if ours:
            raise
        found.failures[engine.name][row.name] = str(error)
        return
    if not counts:
        return
    found.milliseconds[engine.name][row.name].append(statistics.median(answer["milliseconds"]))
    found.tops[engine.name][row.name] += [top for tops in answer["tops"] for top in tops]
    waited, busy = found.idle[engine.name]
    found.idle[engine.name] = (waited + answer["idle_seconds"], busy + answer["idle_cpu_seconds"])


def report(
    found: Measurements, rows: Sequence[Row], facts: Mapping[str, dict[str, Any]], floor_milliseconds: float
) -> dict[str, Any]:
    """Put the medians side by side.

    Parameters
    ----------
    facts
        Engine to what it said when it was ready; the engines of `found`, ours first.
    floor_milliseconds
        Time to read once the weights that a forward of ours needs.

    Returns
    -------
    dict
        ``rows`` and ``peers``; every number that is not a median over the rounds says what it is by its key.
    """
    ours, *peers = facts
    result: list[dict[str, Any]] = []
    for row in rows:
        mine = found.milliseconds[ours][row.name]
        middle = statistics.median(mine)
        against: dict[str, dict[str, Any]] = {}
        for peer in peers:
            theirs = found.milliseconds[peer][row.name]
            if row.name in found.failures[peer] or not theirs:
                continue
            ratio = middle / statistics.median(theirs)
            against[peer] = {
                "milliseconds": round(statistics.median(theirs), 3),
                "quartiles": _quartiles(theirs),
                "ratio": round(ratio, 3),
                "same_top_token": round(_agreement(found.tops[ours][row.name], found.tops[peer][row.name]), 3),
            }
            if peer in row.targets:
                against[peer] |= {"target": row.targets[peer], "met": ratio <= row.targets[peer]}
        result.append(
            {
                "name": row.name,
                "milliseconds": round(middle, 3),
                "quartiles": _quartiles(mine),
                "floor_milliseconds": round(floor_milliseconds, 3),
                "times_floor": round(middle / floor_milliseconds, 2),
                "against": against,
            }
        )
    return {
        "rows": result,
        "peers": {
            peer: {**facts[peer], "failures": found.failures[peer], "idle_cpu_percent": _idle_percent(found.idle[peer])}
            for peer in peers
        },
        "idle_cpu_percent": _idle_percent(found.idle[ours]),
    }


def _quartiles(values: list[float]) -> list[float]:
    if len(values) == 1:
        return [round(values[0], 3)] * 2
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [round(low, 3), round(high, 3)]


def _agreement(ours: list[int], theirs: list[int]) -> float:
    """Return the share of measurements after which two engines hold the same token for the most likely one.

    Engines that do the same work on the same ids agree, except where quantization decides between near equals.
    """
    same = [a == b for a, b in zip(ours, theirs, strict=False)]
    return sum(same) / len(same) if same else 0.0


def _idle_percent(idle: tuple[float, float]) -> float:
    waited, busy = idle
    return round(100 * busy / waited, 1) if waited else 0.0

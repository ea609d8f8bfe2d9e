"""The child's half of a benchmark: an engine in a process of its own, asked over a pipe for one measurement at a time.

A line of JSON comes in on stdin, a line goes out on what was stdout when the process began; stdout itself is turned to
stderr, because libraries print. Standard library only: a peer's interpreter may have nothing else of ours.

    child  {"ready": {...facts...}}                  or {"failed": "sentence"}, and it ends
    parent {"prefix": [ids], "warm": id, "keep": n, "repetitions": [[[ids], ...], ...]}
    child  {"milliseconds": [...], "tops": [[id, ...], ...], "idle_seconds": s, "idle_cpu_seconds": s}
           or {"error": "sentence"}: what the engine holds is not to be trusted any more, and the parent ends it
    parent closes the pipe; the child ends.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol


class Engine(Protocol):
    """What is measured."""

    def facts(self) -> dict[str, Any]:
        """Return what the report says about the engine: at least ``vocabulary``, ``layers`` and ``context``."""

    def prepare(self, prefix: list[int]) -> None:
        """Hold exactly `prefix`, reusing what is held of it; not timed."""

    def run(self, keep: int, runs: list[list[int]]) -> None:
        """Crop what is held to `keep` tokens, continue it with each of `runs`, have the logits of each last token."""

    def tops(self) -> list[int]:
        """Return the most likely token after each run of the last `run`; not timed."""


class HasFacts(Protocol):
    """What can be served."""

    def facts(self) -> dict[str, Any]:
        """Return what the report says about the engine."""


def serve(make: Callable[[], HasFacts], answer: Callable[[Any, dict[str, Any]], dict[str, Any]] | None = None) -> None:
    """Make the engine and answer requests until the pipe is closed.

    Parameters
    ----------
    answer
        From the engine and a request to the answer; `measure` by default, whose engines are `Engine`.
    """
    work: Callable[[Any, dict[str, Any]], dict[str, Any]] = answer or measure
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", buffering=1)
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")

    try:
        engine = make()
        say({"ready": engine.facts()})
    except Exception as error:
        say({"failed": _sentence(error)})
        return
    idle, idle_cpu = time.perf_counter(), time.process_time()
    for line in sys.stdin:
        waited = {"idle_seconds": time.perf_counter() - idle, "idle_cpu_seconds": time.process_time() - idle_cpu}
        try:
            say({**work(engine, json.loads(line)), **waited})
        except Exception as error:
            say({"error": _sentence(error)})
        idle, idle_cpu = time.perf_counter(), time.process_time()


def measure(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Time each repetition of a request, in milliseconds."""
    prefix = request["prefix"]
    engine.prepare(prefix)
    # One token that does not count: threads wake up, and the weights come back into whatever cache they fit.
    engine.run(len(prefix), [[request["warm"]]])
    times: list[float] = []
    tops: list[list[int]] = []
    for runs in request["repetitions"]:
        engine.prepare(prefix)
        gc.collect()
        gc.disable()
        started = time.perf_counter()
        engine.run(request["keep"], runs)
        times.append(1000 * (time.perf_counter() - started))
        gc.enable()
        tops.append(engine.tops())
    return {"milliseconds": times, "tops": tops}


def common(one: list[int], other: list[int]) -> int:
    """Return how many leading ids two sequences share."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))  # noqa: B905


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]

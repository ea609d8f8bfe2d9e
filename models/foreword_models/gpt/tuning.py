"""Which precision and how many threads run a model fastest on this machine, found by measuring.

Which of a packed model's precisions is the quickest depends on the processor's instructions, on its caches and on what
else shares its memory, and cannot be looked up: every one that runs here is timed for a moment, at all threads, and the
quickest again with fewer of them. `measurements` keeps the result.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import prod
from pathlib import Path
from random import Random
from statistics import median
from typing import Final, Literal

import cattrs
import torch
from safetensors import safe_open

from foreword_models.errors import ModelError, UnsupportedModelError
from foreword_models.gpt import packing
from foreword_models.gpt.config import Precision
from foreword_models.gpt.decoder import CHUNK, Decoder, Node
from foreword_models.gpt.machine import load_per_core, most_threads
from foreword_models.gpt.model import open_model

_CACHED, _BRANCHES, _PREFILL = 256, 16, CHUNK
_REPETITIONS = {"token": 9, "branch": 5, "prefill": 3}
_STEP_SECONDS = 0.4  # after which no step of a kind is repeated
SECONDS: Final = 6.0  # after which no further candidate is begun, by default
_ALIKE = 1.05  # times this close are one time, and the lighter candidate is taken
_PATIENCE = 60.0  # seconds for a process to start, and to end the candidate in hand
_POLL = 0.02  # seconds between two looks at it
_LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from foreword_models.gpt import tuning; tuning.main()"

Memory = Literal["normal", "low"]


@dataclass(frozen=True)
class Timing:
    """One candidate: how it was run, and the milliseconds that its steps took (medians).

    Attributes
    ----------
    token
        One token after 256 cached ones.
    branch
        Sixteen branches of one token each, after the same.
    prefill
        A step of `decoder.CHUNK` new tokens.
    weight_bytes
        Memory that the weights take.
    """

    precision: Precision
    threads: int
    token: float
    branch: float
    prefill: float
    weight_bytes: int

    @property
    def word(self) -> float:
        """What a typed word costs, in milliseconds: the number that decides.

        One step for the word just finished, two expansions of the word search, and a share of the prefill that edits
        and newly opened documents take.
        """
        return self.token + 2 * self.branch + self.prefill / 4


@dataclass(frozen=True)
class Choice:
    """How to run a model here.

    Attributes
    ----------
    measured
        The candidates, in the order they were timed.
    made
        When, in UTC, as ISO 8601.
    load
        The system's load average just before, per core; None where the system has none.
    """

    precision: Precision
    threads: int
    device: str
    measured: tuple[Timing, ...]
    made: str
    load: float | None = None


def measure(
    folder: Path,
    device: str | torch.device = "cpu",
    *,
    memory: Memory = "normal",
    seconds: float = SECONDS,
    progress: Callable[[float], None] = lambda _: None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Choice:
    """Time the ways to run a packed model, and choose one.

    Takes a few seconds. The thread count of torch is as before afterwards.

    Parameters
    ----------
    folder
        A packed model.
    memory
        With ``"low"`` the candidate whose weights take the least memory is chosen, however slow.
    seconds
        After which no further candidate is begun: a slow machine, or a busy one, times less.
    progress
        Called with the share done, 0 to 1.
    checkpoint
        Called between steps; may raise to abandon.

    Raises
    ------
    ModelError
        The model cannot be loaded.
    UnsupportedModelError
        It is not packed.
    """
    device = torch.device(device)
    if not (folder / packing.WEIGHTS).is_file():
        raise UnsupportedModelError(
            f"{folder} is not a packed model, and only these are measured; name a pack, or a path to convert."
        )
    everything = packing.precisions(folder, device)
    possible = everything[:-1] if len(everything) > 1 else everything  # float32 wins only where it is all there is
    if memory == "normal":  # 4 bits alone are only to be shown then: they are what a slow machine leaves out
        possible.sort(key=lambda precision: precision == "int4")
    sizes = weight_bytes(folder)
    load = load_per_core()
    before = torch.get_num_threads()
    most = most_threads() if device.type == "cpu" else before
    fewer = sorted({max(1, most // 2), 1} - {most}, reverse=True) if device.type == "cpu" else []
    steps = len(possible) + 1
    started = time.monotonic()
    timings: list[Timing] = []

    def candidates(precision: Precision, threads: Sequence[int]) -> None:
        decoder = open_model(folder, precision=precision, device=device).decoder
        for count in threads:
            torch.set_num_threads(count)
            timings.append(_timed(decoder, precision, count, sizes[precision], checkpoint))
        del decoder
        gc.collect()  # the decoder and its nodes refer to each other; the next one needs the memory

    try:
        for done, precision in enumerate(possible):
            progress(done / steps)
            checkpoint()
            if timings and time.monotonic() - started > seconds:
                break
            torch.set_num_threads(most)
            candidates(precision, [most])
        progress(len(possible) / steps)
        if fewer and time.monotonic() - started <= seconds:
            torch.set_num_threads(most)
            candidates(choose(timings, memory).precision, fewer)
        progress(1.0)
    finally:
        torch.set_num_threads(before)
    best = choose(timings, memory)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Choice(best.precision, best.threads, device.type, tuple(timings), made, load)


def measure_apart(
    folder: Path,
    device: str = "cpu",
    *,
    memory: Memory = "normal",
    seconds: float = SECONDS,
    checkpoint: Callable[[], None] = lambda: None,
) -> Choice:
    """Do what `measure` does in a process of its own, whose memory is given back when it ends.

    A processor that a kernel crashes on ends that process only; a checkpoint that raises ends it, too.

    Raises
    ------
    ModelError
        The model cannot be loaded, or the process ended otherwise or took a minute more than it was given.
    """
    command = [sys.executable, "-c", _LAUNCH, str(Path(__file__).parents[2]), str(folder), device, memory, str(seconds)]
    try:
        return cattrs.structure(json.loads(_output(command, seconds + _PATIENCE, checkpoint)), Choice)
    except (OSError, ValueError, subprocess.SubprocessError, cattrs.BaseValidationError) as error:
        raise ModelError(
            f"How fast {folder.name} runs here could not be measured ({type(error).__name__}); "
            "set FOREWORD_PRECISION to choose for yourself."
        ) from error


def _output(command: Sequence[str], seconds: float, checkpoint: Callable[[], None]) -> bytes:
    """Return what a command prints, which fits a pipe; it does not outlive its time, nor a checkpoint that raises."""
    deadline = time.monotonic() + seconds
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing) as process:
        try:
            while process.poll() is None:
                checkpoint()
                if time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired(command, seconds)
                time.sleep(_POLL)
        except BaseException:
            process.kill()
            raise
        assert process.stdout is not None
        printed: bytes = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return printed


def main() -> None:
    """Measure what the arguments say, and print the choice as JSON: the child's end of `measure_apart`."""
    folder, device, memory, seconds = sys.argv[1:]
    choice = measure(Path(folder), device, memory="low" if memory == "low" else "normal", seconds=float(seconds))
    print(json.dumps(asdict(choice)))


def choose(timings: Sequence[Timing], memory: Memory = "normal") -> Timing:
    """Return the best of some candidates, at least one.

    The quickest; of those that are as quick up to five per cent the one that takes the least memory, then the fewest
    threads. Weights of 4 bits alone are only for where memory is short: on a batch they are slow, and a processor that
    was busy for a moment is not to leave anybody with them.
    """
    if memory == "low":
        least = min(timing.weight_bytes for timing in timings)
        able = [timing for timing in timings if timing.weight_bytes == least]
    else:
        able = [timing for timing in timings if timing.precision != "int4"] or list(timings)
    quickest = min(timing.word for timing in able)
    alike = [timing for timing in able if timing.word <= _ALIKE * quickest]
    return min(alike, key=lambda timing: (timing.weight_bytes, timing.threads, timing.word))


def weight_bytes(folder: Path) -> dict[Precision, int]:
    """Return the memory that a packed model's matrices take at each precision, from the file's header."""
    head = layers8 = layers4 = 0
    with safe_open(folder / packing.WEIGHTS, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118  (not a mapping)
            if name.endswith(".int8"):
                count = prod(file.get_slice(name).get_shape())
                head, layers8 = (count, layers8) if name.startswith("head.") else (head, layers8 + count)
            elif ".int4" in name:  # codes are bytes; scales and minima, of 16 bits each, stay so
                width = 1 if name.endswith(".int4") else 2
                layers4 += width * prod(file.get_slice(name).get_shape())
    return {
        "int4+int8": head + layers8 + layers4,
        "int8": head + layers8,
        "int4": head + layers4,
        "bfloat16": 2 * (head + layers8),
        "float32": 4 * (head + layers8),
    }


def _timed(decoder: Decoder, precision: Precision, threads: int, size: int, checkpoint: Callable[[], None]) -> Timing:
    """Time one decoder at the current thread count."""
    context, vocabulary = decoder.config.context, decoder.config.vocabulary
    cached, chunk = min(_CACHED, context // 2), min(_PREFILL, context // 4)
    random = Random(0)  # noqa: S311  (nothing secret)

    def fresh(count: int) -> list[int]:
        return random.choices(range(vocabulary), k=count)

    # Ids are random, and so hardly ever cached; what is decoded is dropped with its nodes.
    prefix = start = decoder.extend(decoder.root, fresh(1))
    for longer in decoder.steps(start, fresh(cached - 1)):
        checkpoint()
        prefix = longer
    steps: dict[str, Callable[[], list[Node]]] = {
        "token": lambda: decoder.branch([(prefix, fresh(1))]),
        "branch": lambda: decoder.branch([(prefix, fresh(1)) for _ in range(_BRANCHES)]),
        "prefill": lambda: decoder.branch([(start, fresh(chunk))]),
    }
    medians = {}
    for name, step in steps.items():
        times: list[float] = []
        step()  # touches memory for the first time
        while len(times) < _REPETITIONS[name] and sum(times) < 1000 * _STEP_SECONDS:
            checkpoint()
            began = time.perf_counter()
            for node in step():
                float(decoder.logits(node)[0])  # a device has finished
            times.append(1000 * (time.perf_counter() - began))
        medians[name] = round(median(times), 3)
    return Timing(precision, threads, **medians, weight_bytes=size)

"""Where the time of a decoder's step goes: matrix products, output layer, attention, small operators, Python.

    python benchmarks/step_profile.py --model smollm2-135m

Steps of each kind are timed as they are, and then again under torch.profiler, in turns over a few rounds. The profiler
slows a step down, the more the smaller its operators are: the columns after "profiled" add up to that one. An
operator's time is its self time, in a product or in attention together with what these call; what lies outside any
operator is Python, NumPy and the profiler's own work. Figures are medians over all steps.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final, Literal, Protocol, get_args

import torch
from rich.table import Table
from torch import Tensor
from torch.profiler import ProfilerActivity, profile, record_function

from foreword.cli.console import table_console
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import BenchmarkError, ForewordError
from foreword_models.gpt import machine, packing
from foreword_models.gpt.blocks import Stack
from foreword_models.gpt.config import PRECISIONS, Precision
from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.gpt.linear import Linear
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

Group = Literal["layers", "output layer", "attention", "everything else"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)

STEP, OUTPUT = "step", "output layer"  # ranges that are marked for the profiler
PRODUCTS = frozenset(
    {
        "quantized::linear_dynamic",
        "aten::_weight_int4pack_mm_for_cpu",
        "mkldnn::_linear_pointwise",
        "aten::linear",
    }
)  # the operators of `foreword_models.gpt.linear`
ATTENTION = "aten::scaled_dot_product_attention"


@dataclass(frozen=True)
class Kind:
    """A step: `branches` sequences continued by `new` tokens each, after the same `cached` ones."""

    name: str
    cached: int
    new: int = 1
    branches: int = 1


KINDS = (
    Kind("1 token at 256", 256),
    Kind("1 token at 1024", 1024),
    Kind("8 tokens at 256", 256, new=8),
    Kind("16 branches at 256", 256, branches=16),
    Kind("128 tokens at 256", 256, new=128),
)


class Event(Protocol):
    """What is read of torch's FunctionEvent; times in microseconds."""

    name: str
    cpu_parent: Any
    self_cpu_time_total: float
    cpu_time_total: float


@dataclass(frozen=True)
class Profile:
    """One profiled step: milliseconds as a whole and of each group, and the operators that Python called in each."""

    milliseconds: float
    groups: dict[Group, float]
    calls: dict[Group, int]

    @property
    def outside(self) -> float:
        """Milliseconds in no operator."""
        return self.milliseconds - sum(self.groups.values())


def group(name: str, above: Sequence[str]) -> Group:
    """Return the group of an operator, given the names of the operators and ranges that it was called in."""
    names = {name, *above}
    if ATTENTION in names:
        return "attention"
    if names & PRODUCTS:
        return "output layer" if OUTPUT in names else "layers"
    return "everything else"


def grouped(events: Iterable[Event]) -> list[Profile]:
    """Divide the profiler's events into steps, and each step's operators into groups.

    Raises
    ------
    BenchmarkError
        A step without a product: `PRODUCTS` has not the operator in use.
    """
    profiles: dict[int, Profile] = {}
    for event in events:
        ancestors = list(_ancestors(event))
        root = ancestors[-1] if ancestors else event
        if root.name != STEP:
            continue
        step = profiles.setdefault(
            id(root), Profile(root.cpu_time_total / 1000, dict.fromkeys(GROUPS, 0.0), dict.fromkeys(GROUPS, 0))
        )
        if event.name in (STEP, OUTPUT):
            continue
        kind = group(event.name, [ancestor.name for ancestor in ancestors])
        step.groups[kind] += event.self_cpu_time_total / 1000
        step.calls[kind] += ancestors[0].name in (STEP, OUTPUT)
    for step in profiles.values():
        if not (step.calls["layers"] and step.calls["output layer"]):
            raise BenchmarkError("A step had no matrix product; add the decoder's operator to PRODUCTS.")
    return list(profiles.values())


def _ancestors(event: Event) -> Iterator[Event]:
    while (parent := event.cpu_parent) is not None:
        yield parent
        event = parent


def marked(stack: Stack) -> Stack:
    """Mark the output layer, whose operator may be that of the layers too, as a range of its own."""

    def marking(head: Linear) -> Linear:
        def linear(x: Tensor) -> Tensor:
            with record_function(OUTPUT):
                return head(x)

        return linear

    return replace(stack, paths=tuple(replace(path, head=marking(path.head)) for path in stack.paths))


def stepper(decoder: Decoder, kind: Kind, random: Random) -> Callable[[], None]:
    """Return a step of a kind, ready to be repeated: its tokens are new each time, and dropped after it."""
    vocabulary = range(decoder.config.vocabulary)
    decoder.forget()  # no other sequence stands between this one and the slots after it
    prefix = decoder.extend(decoder.root, random.choices(vocabulary, k=kind.cached))

    def step() -> None:
        firsts = random.sample(vocabulary, kind.branches)
        runs: list[tuple[Node, list[int]]] = [
            (prefix, [first, *random.choices(vocabulary, k=kind.new - 1)]) for first in firsts
        ]
        with record_function(STEP):
            for node in decoder.branch(runs):
                float(decoder.logits(node)[0])

    return step


def timed(step: Callable[[], None], count: int, pause: float) -> list[float]:
    """Milliseconds of some steps, without the profiler, each after a pause in seconds."""
    times = []
    for _ in range(count):
        time.sleep(pause)
        started = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - started))
    return times


def profiled(step: Callable[[], None], count: int, pause: float) -> list[Profile]:
    """Run some steps under the profiler, each after a pause in seconds."""
    with _without_stderr(), profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(count):
            time.sleep(pause)
            step()
    return grouped(profiler.events() or ())


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Silence the process: torch 2.13 writes a line to stderr when profiling starts, and one when it stops."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def measure(
    decoder: Decoder,
    kinds: Sequence[Kind],
    *,
    rounds: int,
    steps: int,
    pause: float = 0.0,
    progress: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Return a row for each kind of step: medians over `rounds` times `steps` steps, with the profiler and without."""
    random = Random(0)
    walls: dict[Kind, list[float]] = {kind: [] for kind in kinds}
    profiles: dict[Kind, list[Profile]] = {kind: [] for kind in kinds}
    for done in range(rounds):
        for kind in kinds:
            step = stepper(decoder, kind, random)
            timed(step, 2, 0)  # touches memory for the first time
            walls[kind] += timed(step, steps, pause)
            profiles[kind] += profiled(step, steps, pause)
            del step  # and with it the prefix
        progress(done + 1)
    return [_row(kind, walls[kind], profiles[kind]) for kind in kinds]


def _row(kind: Kind, walls: Sequence[float], profiles: Sequence[Profile]) -> dict[str, Any]:
    whole = median(profile.milliseconds for profile in profiles)
    outside = median(profile.outside for profile in profiles)
    return {
        "step": kind.name,
        "milliseconds": round(median(walls), 3),
        "profiled_milliseconds": round(whole, 3),
        "groups": {
            name: {
                "milliseconds": round(median(profile.groups[name] for profile in profiles), 3),
                "calls": round(median(profile.calls[name] for profile in profiles)),
            }
            for name in GROUPS
        },
        "outside_milliseconds": round(outside, 3),
        "outside_share": round(outside / whole, 3),
    }


def print_table(result: dict[str, Any]) -> None:
    console = table_console()
    console.print(
        f"{result['model']} ({result['precision']}) on {result['processor']}: {result['cores']} cores, "
        f"{result['threads']} threads, torch {result['torch']}\nmedians of {result['steps']} steps of each kind, "
        f"{result['pause_milliseconds']:g} ms of sleep before each",
        highlight=False,
        markup=False,
    )
    table = Table(title="Milliseconds (operators that Python calls)")
    table.add_column("step", no_wrap=True)
    for heading in ("as it is", "profiled", *GROUPS, "outside operators"):
        table.add_column(heading, justify="right")
    for row in result["rows"]:
        cells = [f"{row['milliseconds']:.2f}", f"{row['profiled_milliseconds']:.2f}"]
        for name in GROUPS:
            cells.append(f"{row['groups'][name]['milliseconds']:.2f} ({row['groups'][name]['calls']})")
        cells.append(f"{row['outside_milliseconds']:.2f} ({100 * row['outside_share']:.0f} %)")
        table.add_row(row["step"], *cells)
    console.print(table)


def open_decoder(folder: Path, precision: Precision | None) -> Decoder:
    cpu = torch.device("cpu")
    return Decoder(marked(packing.read_packed(folder, precision or packing.precisions(folder, cpu)[0], cpu)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a pack's name or a path (default: %(default)s)")
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the quickest kind that runs here")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=8, help="of each kind, a round (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=0.0, metavar="MS", help="sleep before each step, milliseconds")
    parser.add_argument("--threads", type=int, default=machine.most_threads(), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    shown = TerminalProgress("steps")
    load = machine.load_per_core()
    if load is not None and load > machine.BUSY:
        shown.say(f"This machine is busy (load {load:.1f} a core): what is timed now means little.")
    decoder = open_decoder(locate(options.model, "decoder", Store.default()), options.precision)
    kinds = [kind for kind in KINDS if kind.cached + kind.new <= decoder.config.context]
    if not kinds:
        raise BenchmarkError(f"The model's context of {decoder.config.context} tokens is too short for every step.")
    shown.start("Timing, rounds", options.rounds)
    rows = measure(
        decoder,
        kinds,
        rounds=options.rounds,
        steps=options.steps,
        pause=options.pause / 1000,
        progress=shown.update,
    )
    shown.finish()
    result = {
        "model": options.model,
        "precision": decoder.precision,
        "processor": machine.processor_name(),
        "cores": machine.usable_cores(),
        "threads": options.threads,
        "torch": torch.__version__,
        "steps": options.rounds * options.steps,
        "pause_milliseconds": options.pause,
        "rows": rows,
    }
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print_table(result)


if __name__ == "__main__":
    try:
        main()
    except ForewordError as error:
        raise SystemExit(str(error)) from None

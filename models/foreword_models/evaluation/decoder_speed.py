"""Our own decoder, measured: the engine that stands beside the peers, its memory, and the floor that memory sets.

Run as a module it is a child process: ``python -m foreword_models.evaluation.decoder_speed --model FOLDER`` answers
requests (`engine_child`), with ``--rss`` it loads the model, caches tokens, prints one JSON object and ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from foreword_models.evaluation.engine_child import common, serve

if TYPE_CHECKING:
    from torch import Tensor

    from foreword_models.gpt.config import Precision
    from foreword_models.gpt.decoder import Decoder, Node
    from foreword_models.gpt.model import LanguageModel

CACHED = 2000
"""Tokens in the cache when resident memory is read."""

_STREAM_BYTES = 256 * 2**20


class DecoderEngine:
    """A decoder as an engine of the benchmark.

    Parameters
    ----------
    decoder
        Any decoder; only extend, branch, crop and logits are used.
    extra
        Facts to report beside those of the configuration.
    """

    def __init__(self, decoder: Decoder, extra: dict[str, Any] | None = None) -> None:
        self._decoder = decoder
        self._extra = extra or {}
        self._held: list[int] = []
        self._node: Node = decoder.root
        self._logits: list[Tensor] = []

    def facts(self) -> dict[str, Any]:
        """Return the model's sizes, the bytes of weights that a forward of one row reads, and the extra facts."""
        config = self._decoder.config
        return {
            "vocabulary": config.vocabulary,
            "layers": config.layers,
            "context": config.context,
            "precision": self._decoder.precision,
            "weight_bytes": self._decoder.weight_bytes,
            **self._extra,
        }

    def prepare(self, prefix: list[int]) -> None:
        """Hold the node of `prefix`."""
        self._logits = []
        shared = common(self._held, prefix)
        self._node = self._decoder.crop(self._node, shared)
        self._node = self._decoder.extend(self._node, prefix[shared:])
        self._held = list(prefix)

    def run(self, keep: int, runs: list[list[int]]) -> None:
        """Crop, decode, and read one number of each row of logits, so that a device has finished."""
        decoder, node = self._decoder, self._node
        if keep < len(node):
            node = decoder.crop(node, keep)
        single = len(runs) == 1
        nodes = [decoder.extend(node, runs[0])] if single else decoder.branch([(node, run) for run in runs])
        self._logits = [decoder.logits(node) for node in nodes]
        for row in self._logits:
            float(row[0])

    def tops(self) -> list[int]:
        """Return the most likely token after each run."""
        return [int(row.argmax()) for row in self._logits]


def bandwidth(device: str = "cpu", repetitions: int = 7) -> float:
    """Return the bytes a second at which torch sums a large float32 array, on its current number of threads.

    The best of a few passes over 256 MB: what the machine can do when nothing disturbs it. Where the last-level cache
    is of that order, part of it comes from there.
    """
    import torch

    array = torch.ones(_STREAM_BYTES // 4, dtype=torch.float32, device=device)
    best = float("inf")
    for _ in range(repetitions):
        started = time.perf_counter()
        float(array.sum())
        best = min(best, time.perf_counter() - started)
    return _STREAM_BYTES / best


def resident_bytes() -> dict[str, int]:
    """Return this process's resident memory in bytes: ``rss`` and, on Linux, how it divides into own and mapped pages.

    Notes
    -----
    Pages of mapped files count in full, although processes that map the same file share them.
    Elsewhere than on Linux, psutil is asked; without it the dictionary is empty.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines() if ":" in line)
        names = {"VmRSS": "rss", "RssAnon": "anonymous", "RssFile": "file"}
        return {name: 1024 * int(fields[key].split()[0]) for key, name in names.items() if key in fields}
    try:
        import psutil
    except ImportError:
        return {}
    return {"rss": psutil.Process().memory_info().rss}


def footprint(model: Path, threads: int | None, device: str, precision: Precision | None = None) -> dict[str, Any]:
    """Load the model in this process, which must be fresh, and cache `CACHED` tokens.

    Returns
    -------
    dict
        ``import_seconds``, ``load_seconds`` (after the import), ``first_logits_seconds`` (after the load: one token),
        ``cached_tokens``, ``resident`` as `resident_bytes` has it.
    """
    started = time.perf_counter()
    _set_threads(threads)
    import foreword_models.gpt.model  # noqa: F401  (its import is what is timed)

    imported = time.perf_counter()
    decoder = _open(model, device, precision).decoder
    loaded = time.perf_counter()
    random, size = Random(0), decoder.config.vocabulary  # noqa: S311  (nothing secret)
    node = decoder.extend(decoder.root, [random.randrange(size)])
    decoder.logits(node)
    answered = time.perf_counter()
    node = decoder.extend(node, random.choices(range(size), k=min(CACHED, decoder.config.context) - 1))
    decoder.logits(node)
    return {
        "import_seconds": imported - started,
        "load_seconds": loaded - imported,
        "first_logits_seconds": answered - loaded,
        "cached_tokens": len(node),
        "resident": resident_bytes(),
    }


def make_engine(model: Path, threads: int | None, device: str, precision: Precision | None = None) -> DecoderEngine:
    """Open the model and describe the machine as torch sees it."""
    import torch

    _set_threads(threads)
    # Measured before the model is there and its threads have work.
    speed = bandwidth(device)
    decoder = _open(model, device, precision).decoder
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    extra = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": name,
        "bytes_per_second": speed,
    }
    return DecoderEngine(decoder, extra)


def _set_threads(threads: int | None) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)


def _open(model: Path, device: str, precision: Precision | None) -> LanguageModel:
    from foreword_models.gpt.model import open_model

    return open_model(model, device=device, precision=precision)


def main(arguments: list[str]) -> None:
    """Serve measurements on stdin and stdout, or print the footprint."""
    parser = argparse.ArgumentParser(prog="decoder_speed", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision")
    parser.add_argument("--rss", action="store_true")
    options = parser.parse_args(arguments)
    where = options.model, options.threads, options.device, options.precision
    if options.rss:
        print(json.dumps(footprint(*where)))
    else:
        serve(lambda: make_engine(*where))


if __name__ == "__main__":
    main(sys.argv[1:])

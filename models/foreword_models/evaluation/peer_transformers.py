"""transformers as an engine of the benchmark: float32, `DynamicCache`, logits of the last token only."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreword_models.evaluation.engine_child import common, serve

if TYPE_CHECKING:
    from torch import Tensor


class TransformersEngine:
    """A causal language model of transformers.

    Parameters
    ----------
    model
        Of any decoder class, ready for inference.
    """

    def __init__(self, model: Any) -> None:
        from transformers import DynamicCache

        self._model = model
        self._cache: Any = DynamicCache()
        self._held: list[int] = []
        self._logits: Tensor | None = None

    def facts(self) -> dict[str, Any]:
        """Return the model's sizes and the library's version."""
        import torch
        import transformers

        config = self._model.config
        return {
            "vocabulary": config.vocab_size,
            "layers": config.num_hidden_layers,
            "context": config.max_position_embeddings,
            "version": f"transformers {transformers.__version__}, float32",
            "threads": torch.get_num_threads(),
            "device": str(self._model.device),
        }

    def prepare(self, prefix: list[int]) -> None:
        """Hold a cache of `prefix`."""
        from transformers import DynamicCache

        self._logits = None
        shared = common(self._held, prefix)
        if shared == 0:
            self._cache = DynamicCache()
        elif shared < len(self._held):
            self._cache.crop(shared - len(self._held))
        if prefix[shared:]:
            self._forward([prefix[shared:]], self._cache)
        self._held = list(prefix)

    def run(self, keep: int, runs: list[list[int]]) -> None:
        """Crop the cache, or repeat it for several runs, decode, and read one number of each row of logits."""
        cache = self._cache
        if keep < len(self._held):
            cache.crop(keep - len(self._held))
        if len(runs) > 1:
            # A shallow copy is enough: repeating makes new tensors, and those of the held cache stay as they are.
            cache = copy(self._cache)
            cache.layers = [copy(layer) for layer in self._cache.layers]
            cache.batch_repeat_interleave(len(runs))
        self._logits = self._forward(runs, cache)
        for row in self._logits:
            float(row[0])
        self._held = [*self._held[:keep], *(runs[0] if len(runs) == 1 else [])]

    def tops(self) -> list[int]:
        """Return the most likely token after each run."""
        assert self._logits is not None
        return [int(top) for top in self._logits.argmax(-1)]

    def _forward(self, runs: list[list[int]], cache: Any) -> Tensor:
        """Decode runs of equal length; returns the logits after each, shape (runs, vocabulary)."""
        import torch

        with torch.inference_mode():
            ids = torch.tensor(runs, device=self._model.device)
            logits: Tensor = self._model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
            return logits[:, -1]


def load(source: Path, cache: Path, device: str) -> Any:
    """Load a transformers directory or a GGUF file, in float32.

    Parameters
    ----------
    cache
        Folder that keeps what a GGUF file was converted into, once for each state of the file: transformers takes
        about a minute for that.
    """
    import torch
    from transformers import AutoModelForCausalLM

    if source.is_file():
        status = source.stat()
        identity = f"{source.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
        folder = cache / f"{source.stem}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        if not folder.is_dir():
            _convert(source, folder)
        source = folder
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    return model.eval().to(device)


def _convert(gguf: Path, folder: Path) -> None:
    """Write a GGUF file's weights, no longer quantized, as a transformers directory, which appears in one rename."""
    import torch
    import transformers

    options: dict[str, Any] = {"gguf_file": gguf.name, "dtype": torch.float32}
    if hasattr(transformers, "GgufConfig"):  # newer releases could leave the weights packed
        options["quantization_config"] = transformers.GgufConfig(gguf_file=gguf.name, dequantize=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, **options)
    quantizer = getattr(model, "hf_quantizer", None)
    if quantizer is not None:  # else it refuses to save what it still takes for quantized
        quantizer.remove_quantization_config(model)
    working = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        model.save_pretrained(working)
        if not folder.is_dir():
            working.rename(folder)
    finally:
        shutil.rmtree(working, ignore_errors=True)


def make_engine(source: Path, cache: Path, threads: int, device: str) -> TransformersEngine:
    """Load the model and make the engine, on so many threads."""
    import torch

    torch.set_num_threads(threads)
    return TransformersEngine(load(source, cache, device))


def main(arguments: list[str]) -> None:
    """Serve measurements on stdin and stdout."""
    parser = argparse.ArgumentParser(prog="peer_transformers", description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    serve(lambda: make_engine(options.source, options.cache, options.threads, options.device))


if __name__ == "__main__":
    main(sys.argv[1:])

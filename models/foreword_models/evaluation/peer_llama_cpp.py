"""llama.cpp as an engine of the benchmark, through the C interface of llama-cpp-python, by its own best calls.

Edits are `llama_memory_seq_rm`; branches are `llama_memory_seq_cp` over a unified cache, which copies no keys or
values, and one batch; logits are asked for only where they are wanted. Runs in an interpreter that has llama_cpp, which
need not be the one that has foreword.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from foreword_models.evaluation.engine_child import common, serve

_CONTEXT = 2048  # cells of the cache; the longest row takes 1,025
_BRANCHES = 16


class LlamaCppEngine:
    """A GGUF model in llama.cpp.

    Parameters
    ----------
    gguf
        Path of the file.
    threads
        For one token and for batches alike.
    gpu
        Whether to hand all layers to a GPU, where the library was built for one.
    """

    def __init__(self, gguf: str, threads: int, gpu: bool = False) -> None:
        import llama_cpp

        self._api: Any = llama_cpp
        api = self._api
        # Kept: the library calls it as long as it lives. Warnings and errors only.
        self._log = api.llama_log_callback(
            lambda level, text, _: sys.stderr.write(text.decode("utf-8", "replace")) if level in (3, 4) else None
        )
        api.llama_log_set(self._log, None)
        api.llama_backend_init()
        self._gpu = gpu and api.llama_supports_gpu_offload()
        model = api.llama_model_default_params()
        model.n_gpu_layers = 999 if self._gpu else 0
        self._model = api.llama_model_load_from_file(gguf.encode(), model)
        if not self._model:
            raise ValueError(f"llama.cpp cannot load {gguf}")
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = _CONTEXT
        params.n_seq_max = _BRANCHES + 1
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        self._context = api.llama_init_from_model(self._model, params)
        if not self._context:
            raise ValueError("llama.cpp cannot make a context for this model")
        self._memory = api.llama_get_memory(self._context)
        self._batch = api.llama_batch_init(_CONTEXT, 0, 1)
        self._vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self._model))
        self._threads = threads
        self._held: list[int] = []
        self._logits: list[Any] = []

    def facts(self) -> dict[str, Any]:
        """Return the model's sizes, the library's version and what it was built for."""
        api = self._api
        return {
            "vocabulary": self._vocabulary,
            "layers": api.llama_model_n_layer(self._model),
            "context": min(_CONTEXT, api.llama_model_n_ctx_train(self._model)),
            "version": f"llama-cpp-python {api.__version__}",
            "threads": self._threads,
            "device": "gpu" if self._gpu else "cpu",
            "weight_bytes": api.llama_model_size(self._model),
            "build": api.llama_print_system_info().decode(),
        }

    def prepare(self, prefix: list[int]) -> None:
        """Hold `prefix` as sequence 0, and nothing else."""
        api = self._api
        self._logits = []
        for sequence in range(1, _BRANCHES + 1):
            api.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        shared = common(self._held, prefix)
        api.llama_memory_seq_rm(self._memory, 0, shared, -1)
        self._held = self._held[:shared]
        if prefix[shared:]:
            self._decode([(0, prefix[shared:])], shared)
        self._held = list(prefix)

    def run(self, keep: int, runs: list[list[int]]) -> None:
        """Crop sequence 0, decode the runs in one batch, and read one number of each row of logits."""
        api = self._api
        if keep < len(self._held):
            api.llama_memory_seq_rm(self._memory, 0, keep, -1)
        if len(runs) == 1:
            sequences = [(0, runs[0])]
        else:
            sequences = list(enumerate(runs, start=1))
            for sequence, _ in sequences:
                api.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
        self._logits = self._decode(sequences, keep)
        for row in self._logits:
            row[0]
        self._held = [*self._held[:keep], *(runs[0] if len(runs) == 1 else [])]

    def tops(self) -> list[int]:
        """Return the most likely token after each run."""
        import numpy as np

        return [int(np.ctypeslib.as_array(row, (self._vocabulary,)).argmax()) for row in self._logits]

    def _decode(self, sequences: list[tuple[int, list[int]]], start: int) -> list[Any]:
        """Decode runs of tokens from position `start` on; returns the logits after the last of each."""
        batch, row, last = self._batch, 0, []
        for sequence, ids in sequences:
            for position, token in enumerate(ids, start):
                batch.token[row] = token
                batch.pos[row] = position
                batch.n_seq_id[row] = 1
                batch.seq_id[row][0] = sequence
                batch.logits[row] = 0
                row += 1
            batch.logits[row - 1] = 1
            last.append(row - 1)
        batch.n_tokens = row
        code = self._api.llama_decode(self._context, batch)
        if code:
            raise RuntimeError(f"llama_decode gave {code}")
        return [self._api.llama_get_logits_ith(self._context, row) for row in last]


def main(arguments: list[str]) -> None:
    """Serve measurements on stdin and stdout."""
    parser = argparse.ArgumentParser(prog="peer_llama_cpp", description=__doc__)
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    serve(lambda: LlamaCppEngine(options.gguf, options.threads, options.device != "cpu"))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Recorded steps: on a CUDA device a short step is one launch of a graph instead of some hundreds of kernels.

A graph repeats its kernels on the same memory, so a step is brought to one of a few sizes (`step.padded`) and copied
into the tensors that the graph of that size reads. Longer steps, whose kernels keep a device busy, are run as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from foreword_models.gpt.blocks import Stack
from foreword_models.gpt.kv_cache import KVCache
from foreword_models.gpt.network import Inputs, Network
from foreword_models.gpt.step import Step, padded
from foreword_models.gpt.workspace import Rows, Workspace

ROWS = (1, 2, 4, 8, 16, 32)  # tokens of a recorded step
_COLUMNS = 256  # least slots that a recorded step looks at; doubled for longer texts
_WARM_UPS = 3  # runs before recording, in which libraries choose kernels and take their memory


class _Recorded(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: Inputs
    room: Rows  # kept, because the graph writes into it
    logits: Tensor


class GraphedNetwork(Network):
    """A network on a CUDA device whose short steps are recorded when first needed, and repeated."""

    def __init__(self, stack: Stack, cache: KVCache) -> None:
        super().__init__(stack, cache)
        self._recorded: dict[tuple[int, int], _Recorded] = {}
        self._pool = torch.cuda.graph_pool_handle()  # recorded steps never run at once, and share what they compute in

    @torch.inference_mode()
    def forward(self, step: Step) -> Tensor:
        """Run a step as `Network.forward` does."""
        sizes = recorded_sizes(step, self.config.context)
        if sizes is None:
            return super().forward(step)
        inputs = self._inputs(padded(step, *sizes))
        recorded = self._recorded.get(sizes)
        if recorded is None:
            recorded = self._recorded[sizes] = self._record(inputs)
        for static, given in zip(recorded.inputs, inputs, strict=True):
            if isinstance(static, Tensor) and isinstance(given, Tensor):
                static.copy_(given)
        recorded.graph.replay()
        return recorded.logits[: len(step.rows)].clone()

    def _record(self, inputs: Inputs) -> _Recorded:
        """Record the step of these sizes; its own tokens are decoded several times over, to the same result."""
        inputs = inputs._replace(written=None)
        path = self._paths[self._path_index(len(inputs.slots))]
        # Not the workspace of other steps, which is taken anew when a longer one comes.
        workspace = Workspace(self.config, path.activations, self._arena.dtype, self.device)
        room = workspace.rows(len(inputs.slots))
        stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._run(inputs, path, room)
        torch.cuda.current_stream(self.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            logits = self._run(inputs, path, room)
        return _Recorded(graph, inputs, room, logits)


def recorded_sizes(step: Step, context: int) -> tuple[int, int] | None:
    """Return the tokens and slots of the recorded step that can do this one; None if it is too long."""
    rows = next((rows for rows in ROWS if rows >= len(step.tokens)), None)
    columns = _COLUMNS
    while columns < step.columns:
        columns *= 2
    return None if rows is None or columns > max(_COLUMNS, 2 * context) else (rows, columns)

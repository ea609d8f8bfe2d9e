"""Steps brought to fixed sizes, as recorded graphs need them: the same logits, whatever is added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.gpt.cuda_graphs import ROWS, recorded_sizes
from foreword_models.gpt.model import open_model
from foreword_models.gpt.network import Network
from foreword_models.gpt.step import Step, padded

from .tiny import FAMILIES, TOLERANCE, save_model


class Padding(Network):
    """A network that runs every short step in a fixed size, as `GraphedNetwork` does, but on the CPU."""

    sizes: set[tuple[int, int]]

    def forward(self, step: Step) -> torch.Tensor:
        sizes = recorded_sizes(step, self.config.context)
        if sizes is None:
            return super().forward(step)
        self.sizes.add(sizes)
        return super().forward(padded(step, *sizes))[: len(step.rows)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_padded_step_gives_the_same_logits(tmp_path: Path, family: str) -> None:
    save_model(tmp_path, family)
    plain, other = (open_model(tmp_path, precision="float32").decoder for _ in range(2))
    other._network.__class__ = Padding
    sizes: set[tuple[int, int]] = set()
    other._network.sizes = sizes  # type: ignore[attr-defined]
    results = []
    for decoder in (plain, other):
        node = decoder.extend(decoder.root, [0, *range(60, 83)])
        longer = decoder.extend(node, [5])
        branches = decoder.branch([(node, [7, 8, 9]), (longer, [1]), (decoder.crop(node, 3), [2, 4])])
        everything = decoder.all_logits(node, [11, 12, 13])
        again = decoder.logits(decoder.crop(longer, 20))
        results.append([decoder.logits(each) for each in (node, longer, *branches)] + [*everything, again])
    for got, want in zip(*results, strict=True):
        torch.testing.assert_close(got, want, atol=TOLERANCE["float32"][0], rtol=TOLERANCE["float32"][1])
    assert {rows for rows, _ in sizes} >= {1, 4, 8, 32}


@given(st.integers(1, 40), st.integers(1, 700), st.booleans())
def test_sizes_are_few_and_large_enough(tokens: int, slots: int, ranged: bool) -> None:
    ids = np.arange(tokens)
    step = Step(ids, ids, ids, slice(3, 3 + slots) if ranged else np.arange(slots), None, None, ids[-1:])
    sizes = recorded_sizes(step, context=512)
    if sizes is None:
        assert tokens > ROWS[-1]
        return
    rows, columns = sizes
    assert rows in ROWS
    assert columns in (256, 512, 1024)
    larger = padded(step, rows, columns)
    assert larger.mask is not None
    assert larger.mask.shape == (rows, columns)
    assert larger.mask[:, :slots].all()
    assert not larger.mask[:, slots:].any()
    assert len(larger.tokens) == len(larger.positions) == len(larger.slots) == len(larger.rows) == rows
    assert (larger.rows == tokens - 1).all()

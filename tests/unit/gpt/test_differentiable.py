"""The forward pass for training says what the decoder says, behind any prefix, and learns nothing but the prefix."""

from __future__ import annotations

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.gpt.blocks import float_stack
from foreword_models.gpt.decoder import Decoder
from foreword_models.gpt.differentiable import head, hidden_states
from foreword_models.gpt.prefix_tuning import Schedule, Tuning, total_bits
from foreword_models.gpt.transformers_folder import TransformersFolder
from foreword_models.gpt.weights import Weights, assemble

from .tiny import CONTEXT, FAMILIES, TOLERANCE, VOCABULARY, save_model

IDS = st.integers(0, VOCABULARY - 1)


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Weights, Decoder]:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, request.param)
    source = TransformersFolder(folder)
    weights = assemble(source.config(), dict(source.tensors()), torch.float32)
    return weights, Decoder(float_stack(weights))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**20),
    count=st.integers(1, 20),
    lines=st.lists(st.lists(IDS, min_size=1, max_size=20), min_size=1, max_size=4),
)
def test_logits_are_the_decoders(pair: tuple[Weights, Decoder], seed: int, count: int, lines: list[list[int]]) -> None:
    weights, decoder = pair
    config = weights.config
    shape = (config.layers, 2 * config.kv_heads, count, config.head_dim)
    prefix = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    node = decoder.prefix(prefix)
    longest = max(map(len, lines))
    states = hidden_states(weights, prefix, torch.tensor([[*line, *[0] * (longest - len(line))] for line in lines]))
    absolute, relative = TOLERANCE["float32"]
    for line, rows in zip(lines, states, strict=True):
        wanted = decoder.all_logits(node, line)
        torch.testing.assert_close(head(weights, rows[: len(line)]), wanted, atol=absolute, rtol=relative)


def bits_one_by_one(decoder: Decoder, prefix: torch.Tensor, last: int, lines: list[list[int]]) -> float:
    node, bits = decoder.prefix(prefix), 0.0
    for line in lines:
        shares = decoder.all_logits(node, [last, *line[:-1]]).log_softmax(-1)
        bits -= float(shares.gather(1, torch.tensor(line)[:, None]).sum()) / float(torch.tensor(2.0).log())
    return bits


def test_bits_are_those_of_every_line_on_its_own(pair: tuple[Weights, Decoder]) -> None:
    weights, decoder = pair
    start = decoder.keys_values(decoder.extend(decoder.root, [0, 5, 9]))
    lines = [[4, 5, 6], [7], [8, 9, 10, 11, 12] * 4]
    wanted = bits_one_by_one(decoder, start, 3, lines)
    assert total_bits(weights, start, 3, [*lines, []]) == pytest.approx(wanted, rel=1e-4)


def make(pair: tuple[Weights, Decoder], *, steps: int = 30, seed: int = 0) -> Tuning:
    weights, decoder = pair
    start = decoder.keys_values(decoder.extend(decoder.root, [0, 5, 9, 17, 30]))
    random = Random(1)
    lines = [[random.choice((50, 60, 70)) for _ in range(random.randint(1, 12))] for _ in range(40)]
    return Tuning(
        weights, start, 3, lines[:30], lines[30:], Schedule(steps=steps, lines=8, every=5, rate=0.05, seed=seed)
    )


def test_steps_lower_the_loss_and_leave_the_weights_alone(pair: tuple[Weights, Decoder]) -> None:
    weights, _ = pair
    before = weights.layers[0].qkv.weight.clone()
    tuning = make(pair)
    while not tuning.finished:
        tuning.advance()
    tuned = tuning.tuned()
    assert tuned.checks[0].step == 0
    assert tuned.best.bits < 0.9 * tuned.checks[0].bits
    assert tuned.prefix.shape[2] == 5
    assert torch.equal(before, weights.layers[0].qkv.weight)
    assert len(tuned.prefix) == weights.config.layers < CONTEXT


def test_a_training_goes_on_where_it_was_left(pair: tuple[Weights, Decoder]) -> None:
    whole, first = make(pair, steps=12), make(pair, steps=12)
    for _ in range(7):
        first.advance()
    second = make(pair, steps=12)
    second.restore(first.state())
    assert second.step == first.step
    for tuning in (whole, second):
        while not tuning.finished:
            tuning.advance()
    assert whole.tuned().checks == second.tuned().checks
    assert torch.equal(whole.tuned().prefix, second.tuned().prefix)


def test_learning_stops_when_it_no_longer_helps(pair: tuple[Weights, Decoder]) -> None:
    weights, decoder = pair
    start = decoder.keys_values(decoder.extend(decoder.root, [0, 5, 9]))
    schedule = Schedule(steps=1000, lines=4, every=1, patience=3, rate=0.5)
    tuning = Tuning(weights, start, 3, [[50, 50, 50, 50]] * 8, [[100, 101, 102]], schedule)
    while not tuning.finished:
        tuning.advance()
    assert tuning.step < 1000

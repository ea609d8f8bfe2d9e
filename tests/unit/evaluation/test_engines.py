"""The engines do the same work: after any requests, each holds the logits that a full recompute gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from foreword_models.evaluation.decoder_speed import DecoderEngine, bandwidth, parameters, resident_bytes, weight_bytes
from foreword_models.evaluation.engine_child import Engine, common, measure
from foreword_models.evaluation.peer_transformers import TransformersEngine, load
from foreword_models.gpt.model import open_model

from ..gpt.tiny import save_model

A, B = [5, 9, 200, 31, 77, 8, 100, 3], [5, 9, 200, 40, 41, 42]
REQUESTS = [
    {"prefix": [], "warm": 7, "keep": 0, "repetitions": [[A]]},
    {"prefix": A, "warm": 7, "keep": 8, "repetitions": [[[11]], [[12]], [[13, 14, 15]]]},
    {"prefix": A[:6], "warm": 7, "keep": 6, "repetitions": [[[i] for i in range(16)], [[i] for i in range(20, 36)]]},
    {"prefix": A, "warm": 7, "keep": 4, "repetitions": [[[99, *A[5:]]], [[98]]]},
    {"prefix": B, "warm": 7, "keep": 6, "repetitions": [[[1]]]},
    {"prefix": [], "warm": 7, "keep": 0, "repetitions": [[B], [A]]},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("llama")
    return folder, save_model(folder, "llama")


@pytest.fixture(params=["foreword", "transformers"])
def engine(request: pytest.FixtureRequest, model: tuple[Path, Any]) -> Engine:
    folder, _ = model
    if request.param == "foreword":
        return DecoderEngine(open_model(folder, dtype=torch.float32).decoder)
    return TransformersEngine(load(folder, folder, "cpu"))


def test_an_engine_does_what_is_asked(engine: Engine, model: tuple[Path, Any]) -> None:
    _, reference = model
    for question in REQUESTS:
        answer = measure(engine, question)
        assert len(answer["milliseconds"]) == len(question["repetitions"])
        assert min(answer["milliseconds"]) > 0
        for runs, tops in zip(question["repetitions"], answer["tops"], strict=True):
            kept = question["prefix"][: question["keep"]]
            with torch.inference_mode():
                expected = [int(reference(torch.tensor([[*kept, *run]])).logits[0, -1].argmax()) for run in runs]
            assert tops == expected


def test_facts(engine: Engine) -> None:
    facts = engine.facts()
    assert (facts["vocabulary"], facts["layers"], facts["context"]) == (320, 2, 64)


def test_parameters_are_those_of_the_matrices(model: tuple[Path, Any]) -> None:
    folder, reference = model
    decoder = open_model(folder, dtype=torch.float32).decoder
    matrices = {id(value): value.numel() for value in reference.parameters() if value.dim() == 2}
    assert parameters(decoder.config) == sum(matrices.values())  # tied: the embedding is the output projection
    assert weight_bytes(decoder) > 0


def test_the_shared_beginning() -> None:
    assert common([], [1]) == 0
    assert common([1, 2, 3], [1, 2]) == 2
    assert common([1, 2, 3], [1, 5, 3]) == 1


def test_what_the_machine_says() -> None:
    assert bandwidth(repetitions=1) > 1e8
    assert resident_bytes()["rss"] > 10**7

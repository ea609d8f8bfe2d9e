"""The engines do the same work: after any requests, each holds the logits that a full recompute gives."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from foreword_models.evaluation.decoder_rows import Row, documents, request
from foreword_models.evaluation.decoder_speed import DecoderEngine, bandwidth, resident_bytes
from foreword_models.evaluation.engine_child import Engine, common, measure
from foreword_models.evaluation.peer_transformers import TransformersEngine, load
from foreword_models.gpt.model import open_model
from tests.unit.gpt.tiny import save_model

A, B = [5, 9, 200, 31, 77, 8, 100, 3], [5, 9, 200, 40, 41, 42]
REQUESTS: list[dict[str, Any]] = [
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
        return DecoderEngine(open_model(folder, precision="float32").decoder)
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


def test_what_is_timed_was_not_cached(model: tuple[Path, Any]) -> None:
    """The decoder remembers sequences: of each run it has to decode every token."""
    decoder = open_model(model[0], precision="float32").decoder
    engine, random = DecoderEngine(decoder), Random(0)
    rows = (
        Row("prefill", "short", 0, 0, 20),
        Row("decode", "short", 20, 20, 3, repetitions=5),
        Row("branch", "short", 20, 20, 1, branches=8, repetitions=3),
        Row("edit", "short", 20, 10, 1, again=9, repetitions=3),
    )
    for _ in range(3):
        texts = documents(rows, random, 320)
        for row in rows:
            question = request(row, texts["short"], random, 320)
            for runs in question["repetitions"]:
                engine.prepare(question["prefix"])
                engine.run(len(question["prefix"]), [[question["warm"]]])
                engine.prepare(question["prefix"])
                held = decoder.match(question["prefix"][: row.keep])
                assert len(held) == row.keep
                for run in runs:
                    assert len(decoder.match([*question["prefix"][: row.keep], *run])) == row.keep
                engine.run(row.keep, runs)


def test_the_shared_beginning() -> None:
    assert common([], [1]) == 0
    assert common([1, 2, 3], [1, 2]) == 2
    assert common([1, 2, 3], [1, 5, 3]) == 1


def test_what_the_machine_says() -> None:
    assert bandwidth(repetitions=1) > 1e8
    assert resident_bytes()["rss"] > 10**7

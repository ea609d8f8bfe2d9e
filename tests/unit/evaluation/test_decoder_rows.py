"""What is asked of the engines: the work that each row's name promises, on ids that no cache can know."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from foreword_models.evaluation.decoder_rows import LLAMA_CPP, ROWS, TRANSFORMERS, Row, documents, fitting, request

VOCABULARY = 5000


def asked(name: str, seed: int = 0) -> dict[str, Any]:
    row = next(row for row in ROWS if row.name == name)
    random = Random(seed)
    texts = documents(ROWS, random, VOCABULARY)
    return request(row, texts[row.document], random, VOCABULARY)


def test_the_names_are_those_that_other_tools_read() -> None:
    assert {row.name for row in ROWS} == {
        "decode_1_at_256",
        "decode_1_at_1024",
        "decode_8_at_256",
        "prefill_256",
        "prefill_1024",
        "edit_middle_of_1000",
        "branch_16",
        "next_at_edit_of_1000",
    }
    assert {peer for row in ROWS for peer in row.targets} == {LLAMA_CPP, TRANSFORMERS}


@pytest.mark.parametrize(
    ("name", "prefix", "keep", "branches", "tokens"),
    [
        ("decode_1_at_256", 256, 256, 1, 1),
        ("decode_1_at_1024", 1024, 1024, 1, 1),
        ("decode_8_at_256", 256, 256, 1, 8),
        ("prefill_256", 0, 0, 1, 256),
        ("prefill_1024", 0, 0, 1, 1024),
        ("branch_16", 256, 256, 16, 1),
        ("next_at_edit_of_1000", 1000, 500, 1, 1),
        ("edit_middle_of_1000", 1000, 500, 1, 500),
    ],
)
def test_the_work_of_a_row(name: str, prefix: int, keep: int, branches: int, tokens: int) -> None:
    question = asked(name)
    assert len(question["prefix"]) == prefix
    assert question["keep"] == keep
    for runs in question["repetitions"]:
        assert len(runs) == branches
        assert {len(run) for run in runs} == {tokens}
        assert len({run[0] for run in runs}) == branches
        assert all(0 <= token < VOCABULARY for run in runs for token in run)


@pytest.mark.parametrize("seed", range(5))
def test_an_edit_replaces_one_token_and_keeps_what_follows(seed: int) -> None:
    question = asked("edit_middle_of_1000", seed)
    (((first, *rest),),) = question["repetitions"]
    assert first != question["prefix"][500]
    assert rest == question["prefix"][501:]


def test_a_repetition_decodes_what_no_other_did() -> None:
    random = Random(0)
    row = Row("row", "short", prefix=4, keep=4, new=6, repetitions=20)
    document = documents((row,), random, VOCABULARY)["short"]
    runs = [tuple(run) for _ in range(3) for (run,) in request(row, document, random, VOCABULARY)["repetitions"]]
    assert len(set(runs)) == len(runs)


def test_rows_of_a_document_share_its_beginning() -> None:
    random = Random(0)
    texts = documents(ROWS, random, VOCABULARY)
    questions = {row.name: request(row, texts[row.document], random, VOCABULARY) for row in ROWS}
    assert questions["prefill_256"]["repetitions"] == [[questions["decode_1_at_256"]["prefix"]]]
    assert questions["decode_8_at_256"]["prefix"] == questions["branch_16"]["prefix"]
    assert questions["decode_1_at_1024"]["prefix"][:1000] == questions["edit_middle_of_1000"]["prefix"]


def test_rows_that_the_context_cannot_hold_are_left_out() -> None:
    assert fitting(ROWS, 1025) == ROWS
    assert "decode_1_at_1024" not in {row.name for row in fitting(ROWS, 1024)}
    assert fitting(ROWS, 100) == ()

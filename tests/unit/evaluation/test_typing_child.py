"""A key at another engine: only what is not cached is decoded, and what is generated is what a full recompute gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.evaluation.peer_transformers import load
from foreword_models.evaluation.typing_child import KeyEngine, press
from foreword_models.evaluation.typing_transformers import TransformersTyping
from tests.unit.gpt.tiny import save_model


class Letters:
    """Each letter is a token; the most likely next token is the last one's successor, and 99 ends a text."""

    def __init__(self, context: int = 1000) -> None:
        self.context = context
        self.held: list[int] = []
        self.runs: list[int] = []

    def facts(self) -> dict[str, Any]:
        return {"vocabulary": 128, "layers": 1, "context": self.context}

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def ends(self, token: int) -> bool:
        return token == 99

    def prepare(self, prefix: list[int]) -> None:
        raise NotImplementedError

    def run(self, keep: int, runs: list[list[int]]) -> None:
        assert keep <= len(self.held)
        assert runs[0]
        self.held = [*self.held[:keep], *runs[0]]
        self.runs.append(len(runs[0]))
        assert len(self.held) <= self.context

    def tops(self) -> list[int]:
        return [self.held[-1] + 1]


def test_a_key_decodes_what_is_new() -> None:
    engine = Letters()
    keyed = KeyEngine(engine)
    assert keyed.press("AB", 4) == ([67, 68, 69, 70], 5)
    assert engine.runs == [2, 1, 1, 1]
    assert keyed.press("ABC", 4)[1] == 4  # the guess was right: its last token is decoded again, for its logits
    assert keyed.press("ABX", 2)[1] == 2
    assert keyed.press("AQ", 1)[1] == 1
    assert engine.held == [65, 81]


def test_a_generation_ends_with_its_text() -> None:
    assert KeyEngine(Letters()).press("a", 4) == ([98, 99], 2)


def test_nothing_is_asked_about_no_text() -> None:
    assert KeyEngine(Letters()).press("", 4) == ([], 0)


@given(st.lists(st.text("ABCD", max_size=60), max_size=8), st.integers(5, 30))
def test_it_holds_the_end_of_the_text_however_long(texts: list[str], context: int) -> None:
    engine = Letters(context)
    keyed = KeyEngine(engine)
    for text in texts:
        generated, decoded = keyed.press(text, 3)
        if text:
            ids = engine.encode(text)
            expected = [ids[-1] + 1, ids[-1] + 2, ids[-1] + 3]
            assert generated == expected
            assert engine.held[: -len(expected) + 1] == ids[-(len(engine.held) - len(expected) + 1) :]
            assert 3 <= decoded <= context


def test_typing_does_not_hop_at_every_key() -> None:
    """Where the text outgrows the context, its beginning is cut by a step, and the cache is of use in between."""
    engine = Letters(40)
    keyed = KeyEngine(engine)
    decoded = [keyed.press("AB" * 50 + "X" * number, 2)[1] for number in range(30)]
    assert sum(count > 3 for count in decoded) <= 5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder: Path = tmp_path_factory.mktemp("llama")
    return save_model(folder, "llama"), load(folder, folder, "cpu")


class Tokens:
    """A tokenizer of a tiny vocabulary."""

    def encode(self, text: str) -> list[int]:
        return [2 * (ord(letter) - 60) for letter in text]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text("ABCDEFGH", min_size=1, max_size=12), min_size=1, max_size=5))
def test_transformers_generates_what_a_full_recompute_does(model: tuple[Any, Any], texts: list[str]) -> None:
    reference, loaded = model
    engine = TransformersTyping(loaded, Tokens())  # type: ignore[arg-type]
    keyed = KeyEngine(engine)
    for text in texts:
        answer = press(keyed, {"text": text, "new": 4})
        ids = engine.encode(text)
        for token in answer["generated"]:
            with torch.inference_mode():
                assert int(reference(torch.tensor([ids])).logits[0, -1].argmax()) == token
            ids.append(token)
        assert answer["milliseconds"] > 0

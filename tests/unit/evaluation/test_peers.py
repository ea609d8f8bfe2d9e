"""The peers of the words benchmark: what they answer must not depend on what they were asked before."""

from __future__ import annotations

import ctypes
import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from foreword_models.gpt.tokenizer import Tokenizer
from tests.unit.gpt.tiny import VOCABULARY, make_reference, make_tokenizer

CONTEXTS = ["", "We", "We should ", "We should s", "I don't know ", "the author will be there ", "the author"]


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    return importlib.import_module("peers")


def test_greedy_decoding_is_that_of_generate(peers: Any) -> None:
    model = make_reference("llama")
    tokenizer = Tokenizer(make_tokenizer(), VOCABULARY)
    greedy = peers.Greedy(model, tokenizer, 0)
    for context in CONTEXTS:
        before = context.removesuffix(" ")
        ids = torch.tensor([[0, *tokenizer.encode(before)]])
        generated = model.generate(  # type: ignore[operator]
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, do_sample=False, eos_token_id=-1
        )[0, ids.shape[1] :]
        written = b"".join(tokenizer.token_bytes[token] for token in generated).decode("utf-8", "replace")
        for word in greedy.predict(context, 1):
            assert word
            assert written.startswith(context[len(before) :] + word)
        fresh = peers.Greedy(model, tokenizer, 0)
        assert fresh.predict(context, 1) == greedy.predict(context, 1)
    assert greedy.predict("We", 0) == []


def test_presage_learns_nothing(peers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        ctypes.CDLL("libpresage.so.1")
    except OSError:
        pytest.skip("presage is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    source = peers.Presage(tmp_path, 5)

    def typed(text: str) -> list[list[str]]:
        source.begin()
        return [source.predict(text[:end], 5) for end in range(len(text) + 1)]

    text = "zyx zyxo the zyx wvut"
    first = typed(text)
    assert first == typed(text) == typed(text)
    assert len(first[0]) == 5
    source.begin()
    assert "re" in source.predict("I will be the", 5) or "y" in source.predict("I will be the", 5)
    assert source.knows("The")
    assert not source.knows("zyxo")
    source.close()

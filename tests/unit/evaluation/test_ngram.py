"""The n-gram that the benchmark compares with: a true distribution, and the best words of all."""

from __future__ import annotations

import heapq
import importlib
from pathlib import Path
from typing import Any

import pytest

from foreword_models.evaluation.keystrokes import Counting

TEXTS = ["i will be there in a minute", "i will go home\nwill you be there", "you and i will be home in a minute"]


@pytest.fixture(params=[2, 3, 4])
def model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    return importlib.import_module("ngram").NGram(TEXTS, Counting(predict_lower=True), request.param)


HISTORIES = [("\n", "\n", "\n"), ("i", "will", "be"), ("a", "b", "c"), ("in", "a", "b"), ("b", "in", "a")]


@pytest.mark.parametrize("history", HISTORIES)
def test_probabilities_sum_to_one(model: Any, history: tuple[str, ...]) -> None:
    words = {word for text in TEXTS for word in text.split()}
    history = history[4 - model._order :]
    assert sum(model.probability(word, history) for word in words) == pytest.approx(1)


def test_the_best_words_are_offered(model: Any) -> None:
    words = {word for text in TEXTS for word in text.split()}
    for context, typed in (("", ""), ("I will ", ""), ("and then i w", "w"), ("Home in a m", "m"), ("x\ny", "y")):
        line = context[: len(context) - len(typed)].rpartition("\n")[2].lower().split()
        history = tuple((["\n"] * 4 + line)[-(model._order - 1) :])
        begun = [word for word in words if word.startswith(typed) and word != typed]
        best = heapq.nlargest(3, begun, key=lambda word: (model.probability(word, history), word))
        assert [typed + rest for rest in model.predict(context, 3)] == best


def test_it_knows_its_words(model: Any) -> None:
    assert model.knows("Will")
    assert not model.knows("schedule")
    assert model.predict("schedule", 3) == []

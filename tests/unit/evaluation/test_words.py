"""Words are measured on texts with a tiny random model, and what was measured is summed up."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from foreword_models.evaluation.keystrokes import Counting
from foreword_models.evaluation.model_source import ModelSource, text_bits
from foreword_models.evaluation.texts import Sample
from foreword_models.evaluation.words import measure, report
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import Register
from foreword_models.words.search import Budget
from tests.unit.evaluation.sources import Closed, Empty, Listed
from tests.unit.gpt.tiny import save_model

PLAIN = Counting()


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, "llama", context=256)
    return Predictor(open_model(folder, precision="float32"))


def samples(*texts: str, file: str = "a.txt") -> list[Sample]:
    return [Sample(file, (text,)) for text in texts]


def test_bits_are_those_of_one_token_at_a_time(predictor: Predictor) -> None:
    model = predictor.model
    text = "We should schedule the meeting on Monday."
    node = model.decoder.extend(model.decoder.root, [model.decoder.config.start_token])
    total = 0.0
    for token in model.tokenizer.encode(text):
        total -= float(torch.log_softmax(model.decoder.logits(node), -1)[token])
        node = model.decoder.extend(node, [token])
    assert text_bits(model, text) == pytest.approx(total / math.log(2), rel=1e-4)
    assert text_bits(model, "") == 0


def test_bits_of_a_text_longer_than_the_context(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "I don't know whether the author will be there. " * 40
    whole = text_bits(predictor.model, text)
    monkeypatch.setattr("foreword_models.evaluation.model_source._WINDOW", 32)
    assert text_bits(predictor.model, text) == pytest.approx(whole, rel=0.1)


def test_a_text_measures_the_same_wherever_it_stands(predictor: Predictor) -> None:
    source = ModelSource(predictor, budget=Budget(forwards=1))
    texts = samples("We should talk", "We should schedule", "the author")
    measure(source, samples("a"), (1,), PLAIN)  # the start token is decoded once
    forth = measure(source, texts, (1, 3), PLAIN)
    back = measure(source, texts[::-1], (1, 3), PLAIN)[::-1]
    for one, other in zip(forth, back, strict=True):
        assert one.count == other.count
        assert one.forwards == other.forwards
        assert one.bits == pytest.approx(other.bits, rel=1e-4)


def test_words_are_offered_as_what_is_still_to_be_typed(predictor: Predictor) -> None:
    source = ModelSource(predictor, budget=Budget())
    predicted = predictor.predict("We should sche", 3)
    source.begin()
    assert source.predict("We should sche", 3) == [word.text[4:] for word in predicted.words]
    assert source.forwards >= 1


def test_the_predictor_is_shown_the_window(predictor: Predictor) -> None:
    source = ModelSource(predictor, budget=Budget(), window=lambda text: text[-8:])
    whole = ModelSource(predictor, budget=Budget())
    assert source.predict("They know whether We sho", 3) == whole.predict("r We sho", 3)


def test_a_register_heads_a_text_until_it_outgrows_the_window(predictor: Predictor) -> None:
    register = Register("everyday", "I know, I know. ")
    bare = ModelSource(predictor, budget=Budget())
    headed = ModelSource(predictor, budget=Budget(), register=register, window=lambda text: text[-12:])
    assert headed.predict("We should ta", 5) == [
        word.text[2:] for word in predictor.predict("We should ta", 5, minimum_probability=0, register=register).words
    ]
    assert headed.predict(" We should talk a", 5) == bare.predict("hould talk a"[-12:], 5)
    assert headed.bits("the author") == pytest.approx(
        text_bits(predictor.model, "the author", predictor.head(register))
    )


def test_between_two_keys_the_search_goes_on(predictor: Predictor) -> None:
    measured = {}
    for thinking in (0, 2):
        source = ModelSource(predictor, budget=Budget(forwards=0), thinking=thinking)
        measured[thinking] = report(measure(source, samples("We should talk about it"), (3,), PLAIN), (3,))
    assert measured[0]["forwards_between_keystrokes"] == 0
    assert 0 < measured[2]["forwards_between_keystrokes"] <= 2
    assert measured[2]["keystroke_savings"]["3"] >= measured[0]["keystroke_savings"]["3"]


def test_the_report(predictor: Predictor) -> None:
    texts = [*samples("We should talk about it", "the"), *samples("I know", file="b.txt")]
    result = report(measure(ModelSource(predictor), texts, (1, 3), PLAIN), (1, 3))
    assert result["phrases"] == 3
    assert result["characters"] == 23 + 3 + 6
    assert result["words"] == 8
    for shown in ("1", "3"):
        low, high = result["confidence"][shown]
        assert low <= result["keystroke_savings"][shown] <= high
        assert 0 <= result["recall_at_word_start"][shown] <= 100
    assert result["keystroke_savings"]["1"] <= result["keystroke_savings"]["3"]
    assert result["bits_per_character"] > 0
    assert result["out_of_vocabulary"] == 0
    assert result["forwards_per_keystroke"] > 0
    assert result["forwards_between_keystrokes"] == 0
    assert 0 <= result["exact"] <= 100
    assert list(result["milliseconds"])[:3] == ["p50", "p95", "p99"]
    assert result["per_file"]["a.txt"]["phrases"] == 2
    assert result["per_file"]["b.txt"]["characters"] == 6
    assert [row["context_words"] for row in result["by_context"]] == ["0-9"]


def test_what_a_source_cannot_tell_is_none() -> None:
    result = report(measure(Empty(), samples("go home"), (1,), PLAIN), (1,))
    assert result["keystroke_savings"] == {"1": 0.0}
    assert result["forwards_per_keystroke"] is None
    assert result["bits_per_character"] is None
    assert result["exact"] is None


def test_savings_and_recall_are_sums_over_texts() -> None:
    result = report(measure(Closed("go", "home"), samples("go home", "we go", "now"), (1, 2), PLAIN), (1, 2))
    # 1 shown: [go ]h[ome], we [go], now; 2 shown: [go ][home], we [go], now.
    assert result["keystroke_savings"] == {"1": round(100 * 5 / 15, 2), "2": round(100 * 6 / 15, 2)}
    assert result["recall_at_word_start"] == {"1": 40.0, "2": 60.0}
    assert result["out_of_vocabulary"] == 40.0


def test_the_curve_over_words_of_context() -> None:
    text = " ".join(["no"] * 10 + ["home"] * 15 + ["no"] * 5)
    result = report(measure(Listed("home"), samples(text), (1,), PLAIN), (1,))
    curve = result["by_context"]
    assert [row["context_words"] for row in curve] == ["0-9", "10-24", "25-49"]
    assert [row["keystroke_savings"]["1"] for row in curve] == [0, 80, 0]
    assert sum(row["characters"] for row in curve) == len(text)
    assert result["beginning"] == {**result["beginning"], "words": 50, "characters": len(text)}
    assert result["beginning"]["keystroke_savings"] == result["keystroke_savings"]


def test_the_beginning_ends_after_fifty_words() -> None:
    text = " ".join(["home"] * 50 + ["no"] * 30)
    result = report(measure(Listed("home"), samples(text), (1,), PLAIN), (1,))
    assert result["beginning"]["characters"] == 50 * 5
    assert result["beginning"]["keystroke_savings"]["1"] == 80


def test_nothing_to_measure() -> None:
    strip = Counting(strip_symbols=True)
    result = report(measure(Empty(), samples("123", "..."), (1,), strip), (1,))
    assert result["phrases"] == 0
    assert result["keystroke_savings"] == {"1": 0.0}
    assert result["milliseconds"]["p50"] is None
    assert result["by_context"] == []


def test_progress_is_told_in_characters() -> None:
    class Told:
        def __init__(self) -> None:
            self.calls: list[tuple[str, object]] = []

        def start(self, description: str, total: int) -> None:
            self.calls.append((description, total))

        def update(self, done: int) -> None:
            self.calls.append(("update", done))

        def finish(self) -> None:
            self.calls.append(("finish", None))

    told = Told()
    measure(Empty(), samples("ab", "c"), (1,), PLAIN, progress=told)
    assert told.calls == [("Typing", 3), *(("update", done) for done in (0, 1, 2, 2, 3)), ("finish", None)]


def test_a_plot_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from foreword_models.evaluation.savings_plot import draw

    result = report(measure(Listed("home"), samples("go home", "we home"), (1, 3), PLAIN), (1, 3))
    for name in ("plot.svg", "plot.png"):
        draw({"a model": result, "none": {"keystroke_savings": {}, "confidence": {}}}, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


def test_without_matplotlib_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from foreword_models.errors import EvaluationError
    from foreword_models.evaluation.savings_plot import check

    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(EvaluationError, match="pip install matplotlib"):
        check()

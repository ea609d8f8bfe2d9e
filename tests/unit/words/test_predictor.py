"""The predictor on a tiny random model: any text gets an answer, and typing reuses what was decoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import Cancelled
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from foreword_models.words.search import Budget
from tests.unit.gpt.tiny import save_model


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, "llama", context=512)
    return Predictor(open_model(folder, precision="float32"))


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40) | st.text("ab '’-\n.\0\ud800中é😀", max_size=40))
def test_any_text_gets_words_that_begin_with_what_was_typed(predictor: Predictor, text: str) -> None:
    prediction = predictor.predict(text, 3, budget=Budget(forwards=1))
    assert text.replace("\ud800", "\ufffd").endswith(prediction.prefix)
    for word in prediction.words:
        assert word.text.startswith(prediction.prefix)
        assert word.text != prediction.prefix
        assert 0 < word.probability <= 1


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 10_000, "word " * 5000, "a\n" * 3000, " " * 2000])
def test_awkward_texts_are_answered(predictor: Predictor, text: str) -> None:
    predictor.predict(text, 3, budget=Budget(forwards=1))
    predictor.phrase(text)


def test_an_answer_does_not_depend_on_what_came_before(predictor: Predictor) -> None:
    text = "I don't know whether the sch"
    predictor.predict(text, 3)
    predictor.predict("something else", 3)
    again, fresh = predictor.predict(text, 3), Predictor(predictor.model).predict(text, 3)
    assert [word.text for word in again.words] == [word.text for word in fresh.words]
    for word, other in zip(again.words, fresh.words, strict=True):
        assert word.probability == pytest.approx(other.probability, abs=1e-4)


def test_typing_decodes_only_what_is_new(predictor: Predictor) -> None:
    predictor.predict("We should talk about the ", 3, budget=Budget(forwards=0))
    assert predictor.predict("We should talk about the ", 3, budget=Budget(forwards=0)).forwards == 0
    # The typed letters change nothing before the word: its beginning is walked over logits that are known.
    assert predictor.predict("We should talk about the s", 3, budget=Budget(forwards=0)).forwards == 0
    assert predictor.predict("We should talk about the schedule ", 3, budget=Budget(forwards=0)).forwards == 1


def test_a_word_that_was_a_candidate_costs_no_forward_when_it_is_taken(predictor: Predictor) -> None:
    prediction = predictor.predict("We should talk about the ", 3)
    taken = [
        word.text
        for word in prediction.words
        if len(predictor.model.tokenizer.encode("We should talk about the " + word.text))
        == 1 + len(predictor.model.tokenizer.encode("We should talk about the"))
    ]
    for word in taken[:1]:
        text = f"We should talk about the {word} "
        again = predictor.predict(text, 3, budget=Budget(forwards=0))
        assert again.forwards == 0
        fresh = Predictor(predictor.model).predict(text, 3, budget=Budget(forwards=0))
        assert [found.text for found in again.words] == [found.text for found in fresh.words]


def test_a_context_shorter_than_any_text(tmp_path: Path) -> None:
    save_model(tmp_path, "gpt2", context=16)
    short = Predictor(open_model(tmp_path, precision="float32"))
    for text in (
        "We should talk about the schedule and the meeting on Mon",
        "We should talk about the schedule " * 20,
        "a" * 90,
    ):
        short.predict(text, 3)
        short.phrase(text)


def test_going_back_is_free_but_for_one_token(predictor: Predictor) -> None:
    predictor.predict("We should talk about the schedule ", 3, budget=Budget(forwards=0))
    assert predictor.predict("We should talk ", 3, budget=Budget(forwards=0)).forwards <= 1


def test_an_abandoned_prediction_keeps_what_it_read(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreword_models.gpt.decoder.CHUNK", 4)
    steps = iter([None, None])

    def checkpoint() -> None:
        try:
            next(steps)
        except StopIteration:
            raise Cancelled from None

    text = "an entirely different beginning of a text that is quite long "
    with pytest.raises(Cancelled):
        predictor.predict(text, 3, budget=Budget(forwards=0), checkpoint=checkpoint)
    tokens = 1 + len(predictor.model.tokenizer.encode(text[:-1]))
    left = predictor.predict(text, 3, budget=Budget(forwards=0)).forwards
    assert left == -(-(tokens - 12) // 4)


def test_a_phrase_is_made_of_whole_words(predictor: Predictor, likely: None) -> None:
    for text in ("We should ", "I don", "The author "):
        phrase = predictor.phrase(text, words=3)
        if phrase is not None:
            assert text.endswith(phrase.prefix)
            assert len(phrase.text.split()) <= 3
            assert 0 < phrase.probability <= 1
            assert "\n" not in phrase.text


@pytest.fixture
def likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a random model, which is sure of nothing, speak."""
    monkeypatch.setattr("foreword_models.words.predictor._PHRASE_START", 0.0)
    monkeypatch.setattr("foreword_models.words.predictor._PHRASE_STEP", 0.0)


def test_a_closed_document_is_no_longer_kept(predictor: Predictor) -> None:
    decoder = predictor.model.decoder
    predictor.close("")
    before = decoder.pinned_bytes
    predictor.predict("Quite another beginning of a text, ", document="a")
    assert decoder.pinned_bytes > before
    predictor.close("a")
    assert decoder.pinned_bytes <= before


def test_a_prepared_text_is_not_read_again(predictor: Predictor) -> None:
    predictor.prepare("They will be there in a moment")
    reused, forwards = predictor.model.decoder.reused_tokens, predictor.model.decoder.forwards
    predictor.predict("They will be there in a moment ")
    assert predictor.model.decoder.reused_tokens - reused > 5
    assert predictor.model.decoder.forwards - forwards <= 5


def test_a_name_that_was_written_is_offered_again(predictor: Predictor) -> None:
    text = "Dear Zwanziger, we met. I hope that Zwa"
    assert "Zwanziger" in [word.text for word in predictor.predict(text, 3, document="letter").words]
    unread = predictor.predict("Dear Sir, we met. I hope that Zwa", 3, document="another")
    assert "Zwanziger" not in [word.text for word in unread.words]


def test_documents_do_not_hear_each_other(predictor: Predictor) -> None:
    predictor.predict("Zwanziger ", 3, document="letter")
    assert "Zwanziger" not in [word.text for word in predictor.predict("Zwa", 3, document="another").words]
    predictor.close("letter")
    assert "Zwanziger" not in [word.text for word in predictor.predict("Zwa", 3, document="letter").words]


def test_a_continuation_of_a_word_leaves_the_search_where_it_is(predictor: Predictor) -> None:
    text = "We should talk about the sch"
    words = predictor.predict(text, 3, budget=Budget(forwards=0)).words
    for word in words:
        written = predictor.continuation("We should talk about the " + word.text, words=3)
        assert len(written.split()) <= 3
    again = predictor.predict(text, 3, budget=Budget(forwards=0))
    assert again.forwards == 0
    assert again.words == words


def test_when_memory_is_short_what_is_cached_goes_and_the_answers_stay(predictor: Predictor) -> None:
    text = "We should talk about the weather "
    before = predictor.predict(text, 3, document="a")
    used = predictor.model.decoder.bytes_in_use
    predictor.shed()
    assert predictor.model.decoder.bytes_in_use < used / 2
    after = predictor.predict(text, 3, document="a")
    assert [word.text for word in after.words] == [word.text for word in before.words]

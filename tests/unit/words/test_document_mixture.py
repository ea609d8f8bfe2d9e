"""The sources of words in one document: decoder, the document's own words, and sentences of its kind."""

from __future__ import annotations

import pytest

from foreword_models.words.document_mixture import DocumentMixture
from foreword_models.words.ngram import NGram
from foreword_models.words.ngram_training import count
from foreword_models.words.opinion import Opinion

NOTHING = Opinion({}, 0.0)


@pytest.fixture(scope="module")
def ngram() -> NGram:
    return count(["Could you pass the salt?", "Could you pass the butter?", "Pass me the water."])


def test_without_an_ngram_the_decoder_is_heard_alone() -> None:
    mixture = DocumentMixture()
    mixture.read("Could you ")
    assert mixture.sentence_words(None, "p") == NOTHING
    assert mixture.mix("p", [("pass", 0.4), ("put", 0.3)], 0.1, NOTHING, NOTHING, 2) == [("pass", 0.4), ("put", 0.3)]


def test_what_people_say_next_comes_first_among_words_that_are_nearly_as_likely(ngram: NGram) -> None:
    mixture = DocumentMixture()
    mixture.read("Could you ")
    sentences = mixture.sentence_words(ngram, "p")
    assert "pass" in sentences.words
    mixed = mixture.mix("p", [("put", 0.4), ("pass", 0.38)], 0.1, NOTHING, sentences, 2)
    assert [word for word, _ in mixed] == ["pass", "put"]


def test_whoever_expected_the_letters_is_heard(ngram: NGram) -> None:
    mixture = DocumentMixture()
    mixture.read("Pass me the ")
    sentences = mixture.sentence_words(ngram, "bu")
    decoded = [("burning", 0.9)]
    assert mixture.mix("bu", decoded, 100 * sentences.belief, NOTHING, sentences, 1)[0][1] > 0.89
    assert mixture.mix("bu", decoded, sentences.belief / 100, NOTHING, sentences, 1)[0][0] == "butter"


def test_the_further_a_document_has_gone_the_less_is_said(ngram: NGram) -> None:
    shares = []
    for sentences in (0, 2, 4, 9):
        mixture = DocumentMixture()
        mixture.read("Pass it on to me. " * sentences + "Could you ")
        said = mixture.sentence_words(ngram, "")
        shares.append(dict(mixture.mix("", [("put", 0.5)], 1.0, NOTHING, said, 9)).get("pass", 0.0))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.05
    assert shares[2] < 0.02
    mixture.read("Pass it on to me. " * 20 + "Could you ")
    assert mixture.sentence_words(ngram, "") == NOTHING

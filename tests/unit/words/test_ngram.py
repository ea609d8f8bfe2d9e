"""Word n-grams: what is said next in the sentences that were counted, smoothed as Chen and Goodman describe it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError
from foreword_models.words import ngram
from foreword_models.words.ngram import NGram
from foreword_models.words.ngram_training import count

SENTENCES = [
    "Could you open the door?",
    "Could you open the window, please?",
    "Could you pass the salt?",
    "I'd like to see Anna on Tuesday.",
    "The door is open. I'd like it shut.",
    "Anna says the door is shut.",
]
WORDS = ["one", "two", "three", "four"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=1)


@pytest.fixture(scope="module")
def everyday() -> NGram:
    return count(SENTENCES)


def test_the_words_before_tell_the_next(everyday: NGram) -> None:
    words = everyday.opinion("Could you ", "", 2).words
    assert list(words) == ["open", "pass"]
    assert words["open"] > 0.2 > words["pass"]
    assert next(iter(everyday.opinion("could you open the ", "w", 3).words)) == "window"


def test_a_sentence_begins_with_a_capital_and_names_keep_theirs(everyday: NGram) -> None:
    assert set(everyday.opinion("", "", 2).words) <= {"Could", "I'd", "The", "Anna"}
    assert set(everyday.opinion("It is shut. ", "", 2).words) <= {"Could", "I'd", "The", "Anna"}
    assert list(everyday.opinion("I'd like to see ", "", 1).words) == ["Anna"]
    assert next(iter(everyday.opinion("Pass ", "", 1).words))[0].islower()


def test_behind_an_unknown_word_nothing_is_said(everyday: NGram) -> None:
    assert not everyday.opinion("Could xylem ", "", 5).words
    assert everyday.opinion("Xylem you ", "", 5).words


def test_letters_stay_as_they_were_typed(everyday: NGram) -> None:
    assert list(everyday.opinion("", "cO", 3).words) == ["cOuld"]
    assert list(everyday.opinion("", "I\u2019", 3).words) == ["I\u2019d"]


def test_a_beginning_that_nobody_expected_is_little_believed(everyday: NGram) -> None:
    assert everyday.opinion("Could you ", "o", 3).belief > 0.2
    assert everyday.opinion("Could you ", "Tu", 3).belief < 0.1
    assert everyday.opinion("Could you ", "x", 3).belief == 0.0


@pytest.mark.parametrize("text", ["", "xylem ", "Could xylem ", "Could you\n", "\ud800 ", "a" * 5000 + " ", "\u0130 "])
@pytest.mark.parametrize("typed", ["", "\ud800", "o", "don'", "O" * 300, "\u0130"])
def test_any_text_is_answered(everyday: NGram, text: str, typed: str) -> None:
    opinion = everyday.opinion(text, typed, 3)
    assert len(opinion.words) <= 3
    assert 0 <= opinion.belief <= 1


@given(TEXTS, st.lists(st.sampled_from([*WORDS, "five"]), max_size=3))
def test_probabilities_are_those_of_the_definition(texts: list[str], before: list[str]) -> None:
    counted, plain = count(texts), Reference(texts)
    words = counted.opinion(" ".join([*before, ""]).lstrip(), "", 9).words
    if before and before[-1] not in plain.vocabulary:
        assert not words
        return
    assert sum(words.values()) == pytest.approx(1, abs=1e-3)
    for word in plain.vocabulary:
        said = {each.lower(): share for each, share in words.items()}
        assert said.get(word, 0.0) == pytest.approx(plain.probability(word, before), abs=2e-3)


@given(TEXTS, st.sampled_from(["", "t", "tw", "f"]))
def test_typed_letters_leave_the_words_that_begin_so(texts: list[str], typed: str) -> None:
    counted = count(texts)
    everything, some = counted.opinion("one ", "", 9), counted.opinion("one ", typed, 9)
    assert all(word.startswith(typed) for word in some.words)
    for word, share in some.words.items():
        assert share * some.belief == pytest.approx(everything.words[word] * everything.belief, abs=1e-3)


def test_what_is_written_is_read_again(everyday: NGram, tmp_path: Path) -> None:
    everyday.write(tmp_path / "one", "about it")
    everyday.write(tmp_path / "two", "about it")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    again = NGram.read(tmp_path / "one")
    for before in ("", "Could you ", "the "):
        assert again.opinion(before, "", 5) == everyday.opinion(before, "", 5)


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chat.safetensors").write_bytes(b"damaged")
    with pytest.raises(CorruptModelError, match="not a word n-gram"):
        NGram.read(tmp_path / "chat.safetensors")
    monkeypatch.setattr(ngram, "SHIPPED", tmp_path)
    ngram.shipped.cache_clear()
    assert ngram.shipped("chat") is None
    assert ngram.shipped("mail") is None
    ngram.shipped.cache_clear()


def test_what_is_shipped_is_small_and_sound() -> None:
    shipped = ngram.shipped("everyday")
    assert shipped is not None
    assert (ngram.SHIPPED / "everyday.safetensors").stat().st_size < 2**19
    assert "help" in shipped.opinion("Can you ", "", 8).words


def test_texts_without_words_are_refused() -> None:
    with pytest.raises(ValueError, match="0 different words"):
        count(["...", ""])


class Reference:
    """The definition, word by word: texts are single sentences in small letters."""

    def __init__(self, texts: list[str]) -> None:
        triples = Counter(triple for text in texts for triple in self._triples(text.split()))
        pairs: Counter[tuple[str, ...]] = Counter()
        for triple, times in triples.items():
            pairs[triple[1:]] += times if triple[0] == triple[1] == "^" else 1
        singles = Counter(word for _, word in pairs)
        self.counts: list[Counter[tuple[str, ...]]] = [
            Counter({(word,): times for word, times in singles.items()}),
            pairs,
            Counter({(*triple,): times for triple, times in triples.items() if triple[:2] != ("^", "^")}),
        ]
        self.vocabulary = sorted(singles)

    @staticmethod
    def _triples(words: list[str]) -> list[tuple[str, str, str]]:
        padded = ["^", "^", *words]
        return list(zip(padded, padded[1:], padded[2:], strict=False))

    def probability(self, word: str, before: list[str]) -> float:
        known = [each if each in self.vocabulary else "?" for each in before][-2:]
        history = ["^"] * (2 - len(known)) + known
        probability = 1 / len(self.vocabulary)
        for length, counts in enumerate(self.counts):
            followers = {g: times for g, times in counts.items() if list(g[:-1]) == history[2 - length :]}
            if length and not followers:
                break
            total = sum(followers.values())
            taken = {g: self._discount(counts, times) for g, times in followers.items()}
            own = next((times - taken[g] for g, times in followers.items() if g[-1] == word), 0.0)
            probability = own / total + sum(taken.values()) / total * probability
        return probability

    @staticmethod
    def _discount(counts: Counter[tuple[str, ...]], times: int) -> float:
        one, two, three, four = (max(1, sum(min(each, 4) == n for each in counts.values())) for n in (1, 2, 3, 4))
        share = one / (one + 2 * two)
        if times == 1:
            return min(max(1 - 2 * share * two / one, 0.1), 0.9)
        if times == 2:
            return min(max(2 - 3 * share * three / two, 0.1), 1.9)
        return min(max(3 - 4 * share * four / three, 0.1), 2.9)

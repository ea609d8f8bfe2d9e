"""Words for what was typed with a slip, over distributions that say what the decoder expects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foreword_models.words import correction
from foreword_models.words.certainty import Certainty
from foreword_models.words.correction import with_corrections
from foreword_models.words.frontier import Found
from foreword_models.words.keyboards import keyboard
from foreword_models.words.search import Budget
from foreword_models.words.vocabulary import Vocabulary

WORDS = [" the", " then", " library", " meeting", " te", " lib", "h", "ary", "x", "."]
QWERTY = keyboard("qwerty")
UNSURE = Certainty(lambda: (False, 0.0))


class Expected:
    """Stands in for a search of which only the distribution at the boundary is known: by token."""

    def __init__(self, shares: dict[str, float]) -> None:
        self.shares = shares
        self.vocabulary = Vocabulary([word.encode() for word in WORDS])
        self.searched: list[str] = []

    def known_along(self, _typed: bytes) -> Iterator[tuple[int, float, Expected]]:
        yield 0, 1.0, self

    def mass(self, _vocabulary: Vocabulary, prefix: bytes) -> float:
        return sum(share for token, share in self.shares.items() if token.encode().startswith(prefix))

    def find(self, typed: bytes, count: int, *, budget: Budget, least: float = 0.0, whole: bool = False) -> Found:
        assert whole
        assert budget.forwards == budget.rescue == 0
        del least
        self.searched.append(typed.decode())
        begun = {word: share for word, share in self.shares.items() if word.encode().startswith(typed)}
        total = sum(begun.values())
        ranked = sorted(((word.strip(), share / total) for word, share in begun.items()), key=lambda item: -item[1])
        return Found(ranked[:count], total, 0, UNSURE)


def corrected(shares: dict[str, float], typed: str, found: Found, count: int = 3) -> list[tuple[str, float]]:
    return with_corrections(found, Expected(shares), " ", typed, QWERTY, count, 0.001)  # type: ignore[arg-type]


def found(mass: float, *words: tuple[str, float]) -> Found:
    return Found(list(words), mass, 0, UNSURE)


def test_the_word_that_was_meant_comes_first() -> None:
    words = corrected({" the": 0.2, " then": 0.01, " tea": 0.001}, "teh", found(1e-7, ("tehran", 0.1)))
    assert [word for word, _ in words][:2] == ["the", "then"]
    assert sum(share for _, share in words) <= 1


def test_what_was_expected_is_not_doubted() -> None:
    expected = found(2 * correction.EXPECTED, ("tehran", 0.5))
    assert corrected({" the": 0.2}, "teh", expected) == expected.words


def test_a_likelier_word_as_typed_stays_first() -> None:
    words = corrected({" the": 1e-3}, "teh", found(4e-4, ("tehran", 0.25)))
    assert [word for word, _ in words] == ["tehran", "the"]


def test_what_words_explain_is_not_doubted() -> None:
    sparse, rich = found(3e-4, ("tehran", 0.1)), found(3e-4, ("tehran", 0.9))
    assert "the" in [word for word, _ in corrected({" the": 0.01}, "teh", sparse)]
    assert corrected({" the": 0.01}, "teh", rich) == rich.words


@pytest.mark.parametrize("typed", ["te", "TEH", "te2"])
def test_exclusions(typed: str) -> None:
    assert corrected({" the": 0.9}, typed, found(1e-9)) == []


def test_nothing_likely_one_slip_away() -> None:
    as_typed = found(1e-6, ("qqqqq", 0.5))
    assert corrected({" meeting": 0.9}, "qqqq", as_typed) == as_typed.words


def test_a_list_is_no_longer_than_asked_for() -> None:
    assert len(corrected({" the": 0.2, " then": 0.1, " theme": 0.1}, "teh", found(1e-7), 2)) == 2

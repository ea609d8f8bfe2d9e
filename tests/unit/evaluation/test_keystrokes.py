"""Keystrokes are counted as the literature does: by hand-made examples, and by what must hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.evaluation.keystrokes import Counting, TextCount, cased, count, prepare, savings, wanted_words
from tests.unit.evaluation.sources import Closed, Empty, Listed, Perfect

PLAIN = Counting()
APART = Counting(marks_apart=True)
TEXTS = st.text(max_size=60) | st.text("ab 'é中,.\n-’I", max_size=60)


def typed(text: str, *words: str, slots: tuple[int, ...] = (1, 3), counting: Counting = PLAIN) -> TextCount:
    return count(text, Listed(*words), slots, counting)


def test_one_key_takes_the_word_and_the_space() -> None:
    # t-[there ]-[is]: "there" is first only behind "t", "is" before anything is typed.
    assert typed("there is", "is", "there").keystrokes == (3, 2)


def test_no_space_is_counted_behind_the_last_word() -> None:
    assert typed("go home", "go", "home", slots=(2,)).keystrokes == (2,)
    assert typed("go home ", "go", "home", slots=(2,)).keystrokes == (2,)
    assert typed("go home  ", "go", "home", slots=(2,)).keystrokes == (3,)


def test_a_word_that_is_not_offered_costs_a_key_a_character() -> None:
    assert typed("go home", "went").keystrokes == (7, 7)


def test_the_list_is_looked_at_before_every_key_in_order() -> None:
    source = Listed("home")
    counted = count("go home now", source, (1,), PLAIN)
    # A word's start and end too: behind "go" nothing can be saved, and the list is there all the same.
    assert source.asked == ["", "g", "go", "go ", "go home ", "go home n", "go home no"]
    assert counted.lists == counted.keystrokes[0] == 7


def test_a_list_is_asked_for_once_for_all_numbers_of_slots() -> None:
    source = Listed("ab", "home")
    counted = count("home home", source, (1, 2), PLAIN)
    assert counted.keystrokes == (4, 2)
    assert source.asked == ["", "h", "home ", "home h"]


def test_marks_belong_to_the_word_unless_they_stand_apart() -> None:
    text = "(tomorrow, perhaps)"
    assert typed(text, "tomorrow", "perhaps").keystrokes == (len(text), len(text))
    assert typed(text, "tomorrow,", "perhaps)", slots=(2,)).keystrokes == (1 + len("tomorrow, ") + 1,)

    class Letters(Listed):
        def predict(self, context: str, count: int) -> list[str]:
            return list(super().predict(context.replace("(", "( "), count))

    apart = count(text, Letters("tomorrow", "perhaps"), (2,), APART)
    # ( - [tomorrow] - , - space - [perhaps] - )
    assert apart.keystrokes == (6,)


def test_wanted_words() -> None:
    text = "It’s a “well-known” thing --\n3.5 km, e.g. --x- 中文"
    assert [text[start:end] for start, end in wanted_words(text, PLAIN)] == text.split()
    apart = [text[start:end] for start, end in wanted_words(text, APART)]
    assert apart == ["It’s", "a", "well-known", "thing", "3", "5", "km", "e", "g", "x", "中", "文"]


def test_lines_end_words_but_are_keys_of_their_own() -> None:
    assert typed("go\nhome", "go", "home", slots=(2,)).keystrokes == (3,)


def test_strip_symbols() -> None:
    strip = Counting(strip_symbols=True)
    assert prepare(["Well, 3 o'clock -- naïve?"], strip) == "Well o'clock na ve"
    assert prepare(["...", "Yes."], strip) == "Yes"
    assert prepare(["  a  b ", " ", "c"], PLAIN) == "a  b\nc"


def test_case_simple_shows_the_predictor_capitals_and_types_small_letters() -> None:
    simple = Counting(case_simple=True)
    text = prepare(["Hi Ann, I'm I"], simple)
    assert text == "hi ann, i'm i"
    assert cased(text) == "Hi ann, I'm i"
    assert cased("taxi i ") == "Taxi I "
    assert cased("yes\nno i'd i") == "Yes\nNo I'd i"
    source = Listed()
    count("i am", source, (1,), simple)
    assert source.asked == ["", "I", "I ", "I a"]


def test_predict_lower_compares_small_letters_and_shows_twins_once() -> None:
    lower = Counting(predict_lower=True)
    assert typed("the", "The", slots=(1,)).keystrokes == (3,)
    assert typed("the", "The", slots=(1,), counting=lower).keystrokes == (1,)
    # The list that all share holds three words, two of them twins: "he" is the second of what is shown.
    assert typed("he", "The", "the", "he", slots=(1, 2, 3), counting=lower).keystrokes == (2, 1, 1)
    assert typed("he", "The", "the", "he", slots=(1, 2), counting=lower).keystrokes == (2, 2)
    assert typed("The", "the", slots=(1,), counting=lower).keystrokes == (1,)


def test_recall_is_of_whole_words_with_nothing_typed() -> None:
    counted = typed("home we go home", "we", "go", "home", slots=(1, 3))
    assert [word.rank for word in counted.words] == [2, 0, 1, 2]


def test_each_word_has_its_keys_and_characters() -> None:
    counted = typed(" go home now", "home", slots=(1,))
    assert [word.characters for word in counted.words] == [4, 5, 3]
    assert [word.keystrokes for word in counted.words] == [(4,), (1,), (3,)]


def test_words_that_cannot_be_offered() -> None:
    assert [word.known for word in count("go home", Closed("go"), (1,), PLAIN).words] == [True, False]
    assert all(word.known for word in typed("go home", "go").words)


@pytest.mark.parametrize("counting", [PLAIN, APART])
@given(text=TEXTS)
def test_an_empty_predictor_saves_nothing(counting: Counting, text: str) -> None:
    counted = count(text, Empty(), (1, 5), counting)
    assert counted.keystrokes == (len(text), len(text))
    assert savings(len(text), counted.keystrokes[0]) == 0


@pytest.mark.parametrize("counting", [PLAIN, APART])
@given(text=TEXTS)
def test_a_perfect_predictor_saves_all_but_a_key_a_word(counting: Counting, text: str) -> None:
    words = wanted_words(text, counting)
    by_word = sum(end - start + (text[end : end + 1] == " ") for start, end in words)
    counted = count(text, Perfect(text, counting), (1,), counting)
    assert counted.keystrokes == (len(words) + len(text) - by_word,)
    assert all(word.rank == 0 for word in counted.words)
    sentence = " ".join(text.split())
    if sentence:
        counted = count(sentence, Perfect(sentence), (1,), PLAIN)
        assert savings(len(sentence), counted.keystrokes[0]) == pytest.approx(
            100 * (len(sentence) - len(sentence.split())) / len(sentence)
        )


@given(text=TEXTS, words=st.lists(st.text("ab'é", min_size=1, max_size=4), max_size=8), data=st.data())
def test_what_holds_for_any_predictor(text: str, words: list[str], data: st.DataObject) -> None:
    counting = Counting(*data.draw(st.tuples(*[st.booleans()] * 4)))
    text = prepare(text.split("\n"), counting)
    source = Listed(*words)
    counted = count(text, source, (1, 2, 5), counting)
    fewest, some, most = counted.keystrokes
    wanted = wanted_words(text, counting)
    assert most <= some <= fewest <= counted.characters == len(text)
    assert most >= len(wanted)
    lengths = [len(context) for context in source.asked]
    assert lengths == sorted(set(lengths))
    assert len(lengths) == counted.lists == fewest
    assert sum(word.characters for word in counted.words) == (len(text) if wanted else 0)
    for slots in range(3):
        assert sum(word.keystrokes[slots] for word in counted.words) == (counted.keystrokes[slots] if wanted else 0)
    if not counting.predict_lower:
        assert count(text, Listed(*words), (2,), counting).keystrokes == (some,)

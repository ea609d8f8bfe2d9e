"""Slips: what may have been meant by what was typed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foreword_models.words.keyboards import KEYBOARD_NAMES, KeyboardName, keyboard, named_keyboard
from foreword_models.words.typos import may_hold_slip, slips

QWERTY = keyboard("qwerty")
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)


def meant(typed: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for slip in slips(typed, QWERTY):
        found[slip.text] = found.get(slip.text, 0.0) + slip.probability
    return found


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("teh", "the"),
        ("libary", "library"),
        ("recieve", "receive"),
        ("definately", "definitely"),
        ("tommorow", "tomorow"),
        ("wprd", "word"),
        ("dont", "don't"),
        ("hhello", "hello"),
        ("Thsi", "This"),
        ("Hte", "The"),
        ("Ttoday", "Today"),
    ],
)
def test_one_slip_away(typed: str, wanted: str) -> None:
    assert meant(typed)[wanted] > 0


def test_likelier_slips() -> None:
    assert meant("wprd")["word"] > meant("wprd")["ward"]  # p lies beside o
    assert meant("definate")["definite"] > meant("definate")["definbte"]  # a vowel for a vowel
    assert meant("comitee")["committee"[:3] + "mitee"] > meant("comitee")["comxitee"]  # a letter no longer doubled
    assert meant("gello")["hello"] < meant("hrllo")["hello"]  # the first letter is rarely wrong


@pytest.mark.parametrize("typed", ["th", "NASA", "mp3", "v2ray", "", "a" * 100, "日本語", "iPhone", "a-b-c", "😀😀😀"])
def test_what_is_not_doubted(typed: str) -> None:
    assert not may_hold_slip(typed)


@pytest.mark.parametrize("typed", ["teh", "Teh", "dont'", "élv"])
def test_what_is_doubted(typed: str) -> None:
    assert may_hold_slip(typed)


@given(WORDS)
def test_slips_are_probabilities(typed: str) -> None:
    found = list(slips(typed, QWERTY))
    assert all(0 <= slip.probability < 1 for slip in found)
    assert all(slip.text != typed for slip in found)
    for slip in found:
        assert slip.text[: slip.same] == typed[: slip.same]
        assert abs(len(slip.text) - len(typed)) <= 1


@given(WORDS, st.integers(1, 6), st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
def test_what_was_meant_is_found_for_every_kind_of_slip(word: str, place: int, letter: str) -> None:
    assume(place < len(word))
    substituted = word[:place] + letter + word[place + 1 :]
    inserted = word[:place] + letter + word[place:]
    omitted = word[:place] + word[place + 1 :]
    swapped = word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :]
    for typed in (substituted, inserted, omitted, swapped):
        # A letter missed at the end is not looked for: more is to come anyway.
        if typed != word and not word.startswith(typed):
            assert word in meant(typed)


@pytest.mark.parametrize("name", KEYBOARD_NAMES)
def test_keyboards(name: KeyboardName) -> None:
    layout = keyboard(name)
    assert set("abcdefghijklmnopqrstuvwxyz") <= layout.letters
    for letter, beside in layout.neighbours.items():
        assert 1 <= len(beside) <= 6
        assert all(letter in layout.neighbours[other] for other in beside)
    assert "e" in keyboard("qwerty").neighbours["w"]
    assert "z" in keyboard("qwertz").neighbours["t"]
    assert "z" in keyboard("azerty").neighbours["a"]
    assert "o" in keyboard("dvorak").neighbours["a"]


def test_names_of_keyboards() -> None:
    assert named_keyboard("none") is None
    assert named_keyboard("azerty") is keyboard("azerty")
    with pytest.raises(ValueError, match="choose qwerty"):
        named_keyboard("colemak")

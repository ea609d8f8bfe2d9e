"""From tags to mends: exact offsets, the writer's own spelling, and hands off what is not the writer's."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.grammar.edits import Edit, apply, edits
from foreword_models.grammar.protected import protected
from foreword_models.grammar.tagger import Tag


def tagged(sentence: str, word: str, tag: str, probability: float = 0.995) -> list[Tag]:
    """Every occurrence of a word with the same tag."""
    return [Tag(*match.span(), tag, probability) for match in re.finditer(rf"\b{re.escape(word)}\b", sentence)]


def mended(sentence: str, word: str, tag: str, probability: float = 0.995) -> str:
    return apply(sentence, edits(sentence, tagged(sentence, word, tag, probability)))


@pytest.mark.parametrize(
    ("sentence", "word", "tag", "expected", "kind"),
    [
        ("He is taller then me.", "then", "$REPLACE_than", "He is taller than me.", "confusion"),
        ("Your late.", "Your", "$REPLACE_You're", "You're late.", "confusion"),
        ("Your late.", "Your", "$REPLACE_you're", "You're late.", "confusion"),
        ("so your late.", "your", "$REPLACE_You're", "so you're late.", "confusion"),
        ("You should of told me.", "of", "$REPLACE_have", "You should have told me.", "confusion"),
        ("I dont know.", "dont", "$REPLACE_don't", "I don't know.", "apostrophe"),
        ("And im sure.", "im", "$REPLACE_I'm", "And I'm sure.", "apostrophe"),
        ("And Im sure.", "Im", "$REPLACE_I'm", "And I'm sure.", "apostrophe"),
        ("Don’t, its mine.", "its", "$REPLACE_it's", "Don’t, it’s mine.", "confusion"),
        ("It lost it’s way.", "it’s", "$REPLACE_its", "It lost its way.", "confusion"),
        ("We was late.", "was", "$REPLACE_were", "We were late.", "agreement"),
        ("I have went home.", "went", "$REPLACE_gone", "I have gone home.", "form"),
        ("then i left", "i", "$CASE_CAPITAL", "then I left", "capital"),
        ("🙂 your late", "your", "$REPLACE_you're", "🙂 you're late", "confusion"),
    ],
)
def test_a_slip_is_mended(sentence: str, word: str, tag: str, expected: str, kind: str) -> None:
    (edit,) = edits(sentence, tagged(sentence, word, tag))
    assert apply(sentence, [edit]) == expected
    assert sentence[edit.start : edit.end] == word
    assert (edit.kind, edit.probability) == (kind, 0.995)


@pytest.mark.parametrize(
    ("sentence", "word", "tag"),
    [
        ("He looks up.", "looks", "$REPLACE_looked"),  # a tense is the writer's own
        ("After that we left.", "that", "$APPEND_,"),
        ("It is very very good.", "very", "$DELETE"),
        ("the end", "the", "$CASE_CAPITAL"),
        ("We saw the US team.", "US", "$REPLACE_us"),
        ("Ask May Then about it.", "Then", "$REPLACE_than"),  # a name
        ("It is by Kim Ill himself.", "Ill", "$REPLACE_I'll"),
        ("It is too late.", "too", "$REPLACE_to"),  # wrong as often as right
        ("ITS NOT HERE", "ITS", "$REPLACE_it's"),
        ("Its there.", "there", "$REPLACE_there"),
        ("Odd.", "Odd", "$SOMETHING_new"),
    ],
)
def test_what_is_no_certain_slip_is_passed_over(sentence: str, word: str, tag: str) -> None:
    assert mended(sentence, word, tag) == sentence


def test_an_edit_that_is_not_sure_enough_is_passed_over() -> None:
    assert mended("taller then me", "then", "$REPLACE_than", 0.5) == "taller then me"


@pytest.mark.parametrize(
    "sentence",
    [
        "Run `git add its` now.",
        "Type ``its`` here.",
        "See https://example.org/its for more.",
        "See www.example.org/its for more.",
        "Write to its@example.org soon.",
        "Look at [the page](its) first.",
        "Open ./docs/its now.",
        "Open docs\\its now.",
        "The file its.txt is gone.",
        "Call its() first.",
        "Pass --its to it.",
        "Ask @its or #its.",
        "He said “its late” and left.",
        'He said "its late" and left.',
        'He said "its late and left.',
        "He said «its late» and left.",
        "Er sagte „its late“ dazu.",
        "He said ‘its late, don’t go’ and left.",
        "He said 'its late, don't go' and left.",
        "Use \\emph{its} here.",
        "Let $its$ be one.",
        "An <its> element.",
    ],
)
def test_what_is_given_stays_as_it_was_given(sentence: str) -> None:
    assert mended(sentence, "its", "$REPLACE_it's") == sentence


@pytest.mark.parametrize("sentence", ["The dogs' home, its late.", "Rock 'n' roll, its dead.", "5 - its late", "(its)"])
def test_what_only_looks_like_a_quotation_is_read(sentence: str) -> None:
    assert mended(sentence, "its", "$REPLACE_it's") == sentence.replace("its", "it's")


@given(st.text(alphabet=st.sampled_from("aZ1_ .-/'\"“”‘’`$<>()[]@#:\\\n"), max_size=300))
def test_protected_ranges_are_in_order_and_not_empty(sentence: str) -> None:
    ranges = protected(sentence)
    assert all(start < end for start, end in ranges)
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))


def test_edits_are_made_from_the_end() -> None:
    both = [Edit(0, 3, "It's", 1, "confusion"), Edit(9, 13, "than", 1, "confusion")]
    assert apply("Its more then me", both) == "It's more than me"

"""Sentences and their ranges."""

from __future__ import annotations

import time

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from foreword.text.document import Document
from foreword.text.sentences import PIECE, Sentence, sentences
from tests.unit.text.cut import sentences_of


def prose_sentences(text: str, language_id: str) -> list[Sentence]:
    return sentences_of(Document("untitled:1", language_id, 1, text, "utf-16"))


def texts(text: str, language_id: str = "markdown") -> list[str]:
    return [sentence.text for sentence in prose_sentences(text, language_id)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("Dr. Smith is in the U.S. today. So am I.", ["Dr. Smith is in the U.S. today.", "So am I."]),
        ("😀 Fine. 👍 Next.", ["😀 Fine.", "👍 Next."]),
        ("The first\nline goes on.\nNext.", ["The first\nline goes on.", "Next."]),
        ("No stop\n\nNew one", ["No stop", "New one"]),
        ("No stop\r\n \t\r\nNew one", ["No stop", "New one"]),
        ("# A heading\nText", ["A heading", "Text"]),
        ("## Closed ##\nText", ["Closed", "Text"]),
        ("In C#\nText", ["In C#\nText"]),
        ("A heading\n=====\nText", ["A heading", "Text"]),
        ("Before\n\n---\n\nAfter", ["Before", "After"]),
        ("- one\n- two\n  goes on\n* three\n+ [x] four", ["one", "two\n  goes on", "three", "four"]),
        ("1. one\n2. two\n3) three", ["one", "two", "three"]),
        ("It was\n84. That is all", ["It was\n84.", "That is all"]),
        ("> quoted\n> on. And\n\nmine", ["quoted\n> on.", "And", "mine"]),
        ("Mine\n> theirs\n>> older", ["Mine", "theirs", "older"]),
        ("- > quoted item", ["quoted item"]),
        ("... !!! 1984. 12:30\n\n***", []),
        ("你好。我很好！", ["你好。", "我很好！"]),
        ("Vraiment\xa0? Oui\xa0. Fin\u2028.", ["Vraiment\xa0?", "Oui\xa0.", "Fin\u2028."]),
        ("A lone \ud800 one. Next\udc00.", ["A lone \ud800 one.", "Next\udc00."]),
        ("With \0 NUL. Next.", ["With \0 NUL.", "Next."]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("I am typ", [False]),
        ("Done. I am typ", [True, False]),
        ("Done.", [True]),
        ("She said “done.”", [True]),
        ("(Done!)", [True]),
        ("**Done.**", [True]),
        ("完。", [True]),
        ("No stop\n", [False]),
        ("No stop\n  ", [False]),
        ("No stop\n\n", [True]),
        ("No stop\n\nAnother", [True, False]),
        ("- item\n- ite", [True, False]),
        ("# Heading", [False]),
        ("# Heading\n", [True]),
        ("No stop\n```\n", [True]),
    ],
)
def test_an_unfinished_sentence_is_known(text: str, finished: list[bool]) -> None:
    assert [sentence.finished for sentence in prose_sentences(text, "markdown")] == finished


def test_fenced_code_is_not_prose() -> None:
    text = "Before.\n```py\nCode one. Code two.\n~~~\n```\nBetween.\n~~~~\nMore code.\n~~~\n~~~~~\nAfter."
    assert texts(text) == ["Before.", "Between.", "After."]


def test_a_fence_left_open_hides_the_rest() -> None:
    assert texts("Before.\n```\nCode one.\n\nCode two.") == ["Before."]


def test_three_backticks_around_inline_code_open_no_fence() -> None:
    assert texts("```x``` is code.\nNext.") == ["```x``` is code.", "Next."]


def test_comments_of_a_commit_message_are_not_prose() -> None:
    template = "Mend it\n\nBecause.\n# Please enter the message.\n#\n"
    assert texts(template, "gitcommit") == texts(template, "git-commit") == ["Mend it", "Because."]
    assert texts("# A heading", "markdown") == ["A heading"]


@given(
    st.text("ab. !?\n\r\t\xa0\u2028\u3000>-#*1`~“”'’。😀\ud800\0é", max_size=80) | st.text(max_size=80),
    st.sampled_from(["markdown", "gitcommit", "plaintext"]),
)
def test_ranges_are_exact_ordered_and_tight(text: str, language_id: str) -> None:
    end = 0
    for sentence in prose_sentences(text, language_id):
        assert end <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert any(map(str.isalpha, sentence.text))
        end = sentence.end


def test_a_long_paragraph_is_read_in_pieces_without_a_seam() -> None:
    sentence = "This is one sentence with a few words in it. "
    assert len(sentence) * 1000 > PIECE
    assert texts(sentence * 1000) == [sentence.strip()] * 1000


@pytest.mark.parametrize("unit", ["“(", "«", "'", "x", "word ", "- ", "> ", "1. ", "# ", "``` ", " ", "\n", "x\n"])
def test_the_cost_is_linear(unit: str) -> None:
    begun = time.thread_time()
    texts(unit * (100_000 // len(unit)))
    assert time.thread_time() - begun < 3  # seconds; reading it at once would take a minute where it is quadratic


def test_a_panic_of_the_library_leaves_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})

    def failing(language: str, text: str) -> list:
        raise panic("end byte index is not a char boundary")

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", failing)
    assert [sentence.text for sentence in sentences("One. Two.\n\nThree.")] == ["One. Two.", "Three."]


def test_other_errors_are_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(language: str, text: str) -> list:
        raise KeyboardInterrupt

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", failing)
    with pytest.raises(KeyboardInterrupt):
        sentences("One. Two.")

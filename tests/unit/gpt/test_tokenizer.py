"""A long text is encoded in pieces, and its ids are those of the whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from foreword_models.gpt.tokenizer import PIECE, Tokenizer

from .tiny import make_tokenizer

SIZE = 1000
PARTS = [
    "a",
    "the",
    " ",
    "  ",
    "\n",
    " we",
    "'s",
    "don't",
    "12",
    " é",
    "語",
    "😀",
    ".",
    "<|endoftext|>",
    "\ud800",
    "\t",
]
tokenizer = Tokenizer(make_tokenizer(), SIZE)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40), st.integers(1, 60))
def test_the_ids_are_those_of_the_whole(parts: list[str], times: int) -> None:
    text = "".join(parts) * times
    whole = make_tokenizer()
    whole.encode_special_tokens = True
    assert tokenizer.encode(text) == whole.encode(text.replace("\ud800", "\ufffd"), add_special_tokens=False).ids


def test_what_was_encoded_before_is_not_encoded_again() -> None:
    fresh = Tokenizer(make_tokenizer(), SIZE)
    text = "We should talk about it. " * 100
    for end in range(len(text) - 50, len(text)):
        fresh.encode(text[:end])
    told = fresh._piece.cache_info()
    assert told.misses <= len(text) // PIECE + 1
    assert told.hits > 40 * told.misses


def test_where_words_may_be_joined_a_text_stays_whole() -> None:
    normalizing = make_tokenizer()
    normalizing.normalizer = normalizers.NFC()
    unsplit = Backend(models.BPE())
    unsplit.decoder = decoders.ByteLevel()
    loose = make_tokenizer()
    loose.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    spaced = make_tokenizer()
    spaced.add_tokens([AddedToken("two words")])
    for backend in (normalizing, unsplit, loose, spaced):
        assert not Tokenizer(backend, SIZE)._is_cut
    assert tokenizer._is_cut


def with_newlines() -> Backend:
    """GPT-2's rules, digits one by one, and a token of two newlines, which are then learned in front of digits only."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=270, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator(["a\n\n1", "\t\t2", " a"] * 9, trainer)
    return backend


@pytest.mark.parametrize("text", ["", "We", "We.\n", "We.\n\n", "We.\n\n\n", "\t\t", "We \n\n ", "a\n\n(", "1.\n\n2"])
@pytest.mark.parametrize("space", ["", " "])
def test_a_text_before_a_word_is_cut_as_in_front_of_it(text: str, space: str) -> None:
    spaced = Tokenizer(with_newlines(), SIZE)
    whole, ids = spaced.encode(f"{text}{space}word"), spaced.encode_before_word(text, space)
    assert b"".join(spaced.token_bytes[token] for token in ids) == text.encode()
    if not text.endswith("We"):  # with no space, the word would not end there
        assert whole[: len(ids)] == ids


def test_two_newlines_are_one_token_in_front_of_a_digit_only() -> None:
    spaced = Tokenizer(with_newlines(), SIZE)
    assert spaced.encode("a\n\n1")[:2] == spaced.encode("a\n\n") != spaced.encode_before_word("a\n\n")
    assert spaced.encode("a\n\nb")[:3] == spaced.encode_before_word("a\n\n")


@pytest.mark.parametrize("text", ["", " ", "a" * 3000, "a b " * 1000])
def test_texts_of_any_shape(text: str) -> None:
    assert tokenizer.encode(text) == make_tokenizer().encode(text, add_special_tokens=False).ids

"""Text to token ids, and token ids to the bytes they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import tokenizers

from foreword_models.errors import CorruptModelError, UnsupportedModelError

PIECE = 256  # code points, at least, that are encoded and remembered as one
_PIECES = 64  # that are remembered: several long texts'
_BETWEEN_WORDS = re.compile(r"(?<=[A-Za-z]) (?=[A-Za-z])")


class Tokenizer:
    """A byte-level or SentencePiece-style BPE tokenizer.

    Parameters
    ----------
    backend
        The ``tokenizers`` object.
    size
        Number of ids the model knows; ids beyond the tokenizer's own stand for nothing.
    """

    def __init__(self, backend: tokenizers.Tokenizer, size: int) -> None:
        # What looks like a special token in the writer's text is text.
        backend.encode_special_tokens = True
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        self.size = size
        self._is_cut = _is_cut_between_words(backend)
        self._piece = lru_cache(maxsize=_PIECES)(self._encode)

    @classmethod
    def read(cls, path: Path, size: int) -> Tokenizer:
        """Read a ``tokenizer.json``."""
        try:
            return cls(tokenizers.Tokenizer.from_file(str(path)), size)
        except Exception as error:  # the library raises a bare Exception
            raise CorruptModelError(f"{path} is not a tokenizer ({error}); fetch or export the model again.") from error

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, without special tokens. Lone surrogates count as U+FFFD.

        Of a long text that was encoded before, but for its end, little is encoded again, where the tokenizer never
        joins what stands on both sides of a blank between two letters.
        """
        text = replace_surrogates(text)
        if not self._is_cut:
            return list(self._encode(text))
        ids: list[int] = []
        start = 0
        while (cut := _BETWEEN_WORDS.search(text, start + PIECE)) is not None:
            ids += self._piece(text[start : cut.start()])
            start = cut.start()
        return ids + list(self._encode(text[start:]))

    def encode_before_word(self, text: str, space: str = "") -> list[int]:
        """Token ids of `text` as they are where a word follows, or `space` and a word.

        White space in front of a letter is cut otherwise than at the end of a text. Where a paragraph is to begin,
        tokenizers like GPT-2's have two newlines of one token each; in front of a digit or of nothing they may have one
        token of two. A model that is shown that one expects a digit.
        """
        if text[-1:].isspace():
            word = space + "a"
            ids = self.encode(text + word)
            if self.token_bytes[ids[-1]] == word.encode():
                return ids[:-1]
        return self.encode(text)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._backend.encode(text, add_special_tokens=False).ids)

    @cached_property
    def token_bytes(self) -> tuple[bytes, ...]:
        """The bytes each id stands for, shape (size,); empty for special and unused ids."""
        # Asked for piece by piece: the description of the whole tokenizer takes a tenth of a second to write and read.
        special = {index for index, token in self._backend.get_added_tokens_decoder().items() if token.special}
        spelled = dict.fromkeys(range(self.size), b"")
        decode = _token_decoder(self._backend.decoder)
        for token, index in self._backend.get_vocab(with_added_tokens=True).items():
            if index not in special and index in spelled:
                spelled[index] = decode(token)
        return tuple(spelled.values())


def _is_cut_between_words(backend: tokenizers.Tokenizer) -> bool:
    """Whether a tokenizer surely begins a new token at a blank between two letters: GPT-2's, and those like it."""
    if backend.normalizer is not None or backend.pre_tokenizer is None:
        return False
    description = json.loads(backend.pre_tokenizer.__getstate__())
    steps = description.get("pretokenizers", [description])
    byte_level = [step for step in steps if step["type"] == "ByteLevel"]
    plain = all(step["type"] in ("ByteLevel", "Digits") for step in steps)
    added = backend.get_added_tokens_decoder().values()
    return plain and all(step["use_regex"] for step in byte_level) and not any(" " in token.content for token in added)


def replace_surrogates(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which have no UTF-8 form, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _token_decoder(decoder: Any) -> Callable[[str], bytes]:
    """Choose how the vocabulary spells bytes, from the tokenizer's own description of its decoder."""
    written = "" if decoder is None else decoder.__getstate__().decode("utf-8")
    if '"ByteLevel"' in written:
        return _byte_level
    if '"Metaspace"' in written or "\u2581" in written or "\\u2581" in written:
        return _sentencepiece
    raise UnsupportedModelError(
        "The model's tokenizer is neither byte-level BPE (GPT-2) nor SentencePiece BPE (Llama); "
        "choose a model of one of these kinds."
    )


def _byte_level(token: str) -> bytes:
    try:
        return token.translate(_byte_level_table()).encode("latin-1")
    except UnicodeEncodeError:  # an added token, spelled plainly
        return token.encode("utf-8")


def _sentencepiece(token: str) -> bytes:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return bytes([int(token[3:5], 16)])
    return token.replace("\u2581", " ").encode("utf-8")


@lru_cache(maxsize=1)
def _byte_level_table() -> dict[int, int]:
    """Inverse of GPT-2's spelling of bytes (Radford et al. 2019): printable ones as they are, the rest from U+0100.

    From code points to bytes; those that spell none become one that is no byte.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    table = dict.fromkeys(others, 0x100) | {byte: byte for byte in printable}
    table.update({256 + index: byte for index, byte in enumerate(others)})
    return table

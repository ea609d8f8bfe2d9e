"""From a sentence to an edit tag for each of its words: a token classifier (GECToR, Omelianchuk et al. 2020) in ONNX.

The tagger knows words and tags, and nothing of what is done with them. It needs onnxruntime, the extra ``grammar``,
which is imported when a tagger is loaded and not before.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from foreword_models.errors import CorruptModelError, MissingExtraError

MAX_TOKENS = 128
"""Tokens of a sentence that are read, as in the model's training; what stands behind them gets no tags."""

MAX_CHARACTERS = 4_000
"""Code points of a sentence that are looked at; far more than so many tokens have."""

KEEP = "$KEEP"

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|\.\.\.|[.!?]+|--+|[^\s\w]|\w")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST = 100  # letters of a word that the tokenizer still takes apart


@dataclass(frozen=True)
class Tag:
    """What is to become of one word: the tag, its probability, and the word's range in code points."""

    start: int
    end: int
    tag: str
    probability: float


class TagsWords(Protocol):
    """Anything that tags the words of a sentence."""

    def tags(self, sentence: str) -> list[Tag]:
        """Return the words' tags, in their order, all but those of words that are to be kept."""


class Tagger:
    """A tagger of edits.

    Parameters
    ----------
    session
        An onnxruntime session from ``input_ids`` and ``attention_mask``, int64 (1, tokens), to ``logits``, float32
        (1, tokens, tags).
    tokenizer
        Of whole words into the model's tokens.
    names
        The tags in the order of the logits.
    """

    def __init__(self, session: Any, tokenizer: Tokenizer, names: tuple[str, ...]) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._names = names

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Tagger:
        """Load a tagger from a folder.

        Parameters
        ----------
        folder
            Holds ``tagger.onnx``, ``tokenizer.json`` and ``tag_vocab.json``.
        threads
            For one sentence; a pool of torch has the other cores.

        Raises
        ------
        MissingExtraError
            onnxruntime is not installed.
        CorruptModelError
            A file is missing or damaged, or they do not fit together.
        """
        folder = Path(folder)
        require_onnxruntime()
        import onnxruntime

        names = _read_names(folder / "tag_vocab.json")
        tokenizer = _read_tokenizer(folder / "tokenizer.json")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # its warnings are for whoever made the file
        # Threads that wait by spinning would take a core from the writer for nothing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = folder / "tagger.onnx"
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has a class for each of its codes, and no common one
            raise CorruptModelError(f"{path} is missing or no sound ONNX model: fetch the model again.") from error
        inputs = {each.name for each in session.get_inputs()}
        outputs = {each.name: each.shape for each in session.get_outputs()}
        if inputs != {"input_ids", "attention_mask"} or outputs.get("logits", [0])[-1] != len(names):
            raise CorruptModelError(f"{path} does not give logits for the {len(names)} tags: fetch the model again.")
        return cls(session, tokenizer, names)

    def tags(self, sentence: str) -> list[Tag]:
        """Return the words' tags, in their order, all but those of words that are to be kept.

        One forward, of this sentence alone: the model's 8-bit activations are scaled over all that is in a forward, so
        that in company a sentence could be tagged differently from time to time.

        Parameters
        ----------
        sentence
            Any string; lone surrogates are read as U+FFFD. Of a long one the first `MAX_TOKENS` tokens are read.
        """
        sentence = _SURROGATE.sub("\ufffd", sentence[:MAX_CHARACTERS])
        words = [(match[0], *match.span()) for match in islice(_WORD.finditer(sentence), MAX_TOKENS)]
        if not words:
            return []
        # The model was trained with plain apostrophes.
        plain = [word[: _LONGEST + 1].replace("\u2019", "'") for word, _, _ in words]
        encoding = self._tokenizer.encode(plain, is_pretokenized=True)
        ids = np.array([encoding.ids], np.int64)
        (logits,) = self._session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        probabilities = _softmax(logits[0])  # (tokens, tags)
        found: list[Tag] = []
        before = None
        for token, word in enumerate(encoding.word_ids):
            if word is None or word == before:
                continue  # a word's first token speaks for it
            before = word
            best = int(probabilities[token].argmax())
            if self._names[best] != KEEP:
                _, start, end = words[word]
                found.append(Tag(start, end, self._names[best], float(probabilities[token, best])))
        return found


def require_onnxruntime() -> None:
    """See that onnxruntime can be imported.

    Raises
    ------
    MissingExtraError
        It cannot.
    """
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "Grammar marks need onnxruntime, which is not installed: run `python -m pip install onnxruntime`."
        ) from error


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials: NDArray[np.float32] = np.exp(logits - logits.max(-1, keepdims=True))
    exponentials /= exponentials.sum(-1, keepdims=True)
    return exponentials


def _read_names(path: Path) -> tuple[str, ...]:
    try:
        names = json.loads(path.read_text(encoding="utf-8"))["tags"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CorruptModelError(f"{path} holds no list of tags: fetch the model again.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or KEEP not in names:
        raise CorruptModelError(f"{path} holds no list of tags with {KEEP}: fetch the model again.")
    return tuple(names)


def _read_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
    except Exception as error:  # tokenizers raises the bare class
        raise CorruptModelError(f"{path} is missing or no tokenizer: fetch the model again.") from error
    return tokenizer

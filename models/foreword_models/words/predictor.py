"""Next words and phrases for a text, with everything decoded kept for the next key."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from foreword_models.gpt.decoder import Node
from foreword_models.gpt.model import LanguageModel
from foreword_models.gpt.tokenizer import replace_surrogates
from foreword_models.words.characters import is_word_character, partial_word
from foreword_models.words.search import LONGEST_WORD, Budget, WordSearch
from foreword_models.words.vocabulary import Vocabulary

Checkpoint = Callable[[], None]

_SENTENCE_END = frozenset(".!?\u2026\u3002\uff01\uff1f")
# Least probability of a phrase's first word and of each token after it: ghost text that is wrong is in the way.
_PHRASE_START, _PHRASE_STEP = 0.15, 0.25
_PHRASE_TOKENS = 24


@dataclass(frozen=True)
class Word:
    """A whole word and P(word | text, typed prefix)."""

    text: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """Words that may stand where the text ends.

    Attributes
    ----------
    prefix
        The typed beginning of the word, which every word begins with; empty at a word boundary.
    exact
        The list and its order are certain; else `bound` is the most that any probability can still gain.
    forwards
        Decoder forwards spent, including those that read new text.
    """

    prefix: str
    words: tuple[Word, ...]
    exact: bool
    bound: float
    forwards: int


@dataclass(frozen=True)
class Phrase:
    """A continuation of several words: `text` follows the typed text, `prefix` is what was typed of the first word."""

    prefix: str
    text: str
    probability: float


class Predictor:
    """Predicts words for one stream of texts, each usually a small change of the one before.

    Parameters
    ----------
    model
        Owned by the calling thread.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self._vocabulary = Vocabulary(model.tokenizer.token_bytes)
        self._trunk = model.decoder.root
        self._search: WordSearch | None = None

    def predict(
        self,
        text: str,
        count: int = 3,
        *,
        budget: Budget | None = None,
        minimum_probability: float = 0.001,
        checkpoint: Checkpoint = lambda: None,
    ) -> Prediction:
        """Predict the word that `text` ends in, or the next one if it ends at a boundary.

        Parameters
        ----------
        text
            Everything before the cursor that should count; any string.
        count
            Most words to return.
        budget
            What the word search may spend; reading new text is not part of it.
        minimum_probability
            Less probable words are left out.
        checkpoint
            Called between forwards; may raise to abandon. What was decoded until then is kept.
        """
        before = self.model.decoder.forwards
        text = replace_surrogates(text)
        prefix = partial_word(text)
        context = text[: len(text) - len(prefix)]
        # In BPE the space before a word belongs to the word's first token: it is held back and walked with the prefix.
        space = " " if context.endswith(" ") else ""
        search = self._at(context[: len(context) - len(space)], checkpoint)
        found = search.find(
            (space + prefix).encode(),
            count,
            budget=budget or Budget(),
            least=minimum_probability,
            checkpoint=checkpoint,
        )
        words = tuple(Word(word, share) for word, share in found.words)
        return Prediction(prefix, words, found.exact, found.bound, self.model.decoder.forwards - before)

    def phrase(self, text: str, *, words: int = 6, checkpoint: Checkpoint = lambda: None) -> Phrase | None:
        """Continue `text` by the most probable word and, greedily, by what surely follows it.

        Parameters
        ----------
        words
            Most words in the phrase.

        Returns
        -------
        Phrase or None
            Ends at a word's end, at the latest with its sentence; None when not even the first word is likely.
        """
        first = self.predict(text, 1, checkpoint=checkpoint)
        if not first.words or first.words[0].probability < _PHRASE_START:
            return None
        word = first.words[0]
        begun = word.text[len(first.prefix) :]
        continuation, log_probability = self._greedy(replace_surrogates(text) + begun, words - 1, checkpoint)
        return Phrase(first.prefix, begun + continuation, word.probability * math.exp(log_probability))

    def _greedy(self, text: str, words: int, checkpoint: Checkpoint) -> tuple[str, float]:
        """Most probable tokens after `text` while each is likely, cut back to whole words, at most `words` of them."""
        decoder, vocabulary = self.model.decoder, self.model.tokenizer.token_bytes
        node = self._read(self._ids(text), checkpoint)
        written, whole, whole_log, log_probability = b"", b"", 0.0, 0.0
        begun = 0
        for _ in range(_PHRASE_TOKENS):
            probability, token = torch.softmax(decoder.logits(node), -1).max(-1)
            piece = vocabulary[int(token)]
            decoded = piece.decode("utf-8", "replace")
            ends_word = not decoded or not is_word_character(decoded[0])
            if ends_word:
                whole, whole_log = written, log_probability
            if not piece or "\n" in decoded or float(probability) < _PHRASE_STEP:
                break
            if not whole and not written and not ends_word:
                break  # the model would rather go on with a word that the search has ended
            begun += decoded.startswith(" ")
            if begun > words:
                break
            written += piece
            log_probability += math.log(float(probability))
            if decoded[-1] in _SENTENCE_END:
                whole, whole_log = written, log_probability
                break
            if len(node) == decoder.config.context:
                break
            checkpoint()
            node = decoder.extend(node, [int(token)])
        return whole.decode("utf-8", "ignore").rstrip(" "), whole_log

    def _at(self, context: str, checkpoint: Checkpoint) -> WordSearch:
        """The search at the end of `context`, the same one as long as the context stays the same."""
        ids = self._ids(context)
        if self._search is not None:
            before = self._search.boundary.ids.tolist()
            # A word that was typed or taken has often been looked at as a candidate: its state is there already.
            if ids[: len(before)] == before and (advanced := self._search.advanced(ids[len(before) :])):
                self._search, self._trunk = advanced, advanced.boundary
        boundary = self._read(ids, checkpoint)
        if self._search is None or self._search.boundary is not boundary:
            self._search = WordSearch(self.model.decoder, self._vocabulary, boundary)
        return self._search

    def _ids(self, text: str) -> list[int]:
        """Token ids of a text, headed by the start token, cut at the front to leave room for words and phrases."""
        config = self.model.decoder.config
        room = config.context - 1 - min(_PHRASE_TOKENS + LONGEST_WORD, config.context // 2)
        return [config.start_token, *self.model.tokenizer.encode(text)[-room:]]

    def _read(self, ids: list[int], checkpoint: Checkpoint) -> Node:
        """Decode a text's ids, reusing the longest beginning shared with what was decoded last."""
        decoder = self.model.decoder
        if self._trunk.ids.tolist() == ids:
            return self._trunk
        shared = _common(self._trunk.ids.tolist(), ids)
        self._search = None  # its nodes hold slots that the new text may need
        self._trunk = decoder.crop(self._trunk, shared)
        for node in decoder.steps(self._trunk, ids[shared:]):
            self._trunk = node
            checkpoint()
        return self._trunk


def _common(a: list[int], b: list[int]) -> int:
    """Length of the common beginning of two lists."""
    length = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        length += 1
    return length

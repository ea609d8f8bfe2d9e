"""Next words and phrases for a text, with everything decoded kept for the next key."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from cachetools import LRUCache

from foreword_models.errors import CacheFullError
from foreword_models.gpt.decoder import Node
from foreword_models.gpt.model import LanguageModel
from foreword_models.gpt.tokenizer import replace_surrogates
from foreword_models.words import ngram
from foreword_models.words.certainty import Certainty
from foreword_models.words.characters import is_word_character, partial_word
from foreword_models.words.correction import with_corrections
from foreword_models.words.document_mixture import DocumentMixture
from foreword_models.words.endings import shipped
from foreword_models.words.frontier import LONGEST_WORD
from foreword_models.words.keyboards import Keyboard
from foreword_models.words.learned import SHIPPED, find
from foreword_models.words.registers import Register
from foreword_models.words.search import Budget, WordSearch
from foreword_models.words.vocabulary import Vocabulary

Checkpoint = Callable[[], None]

_SENTENCE_END = frozenset(".!?\u2026\u3002\uff01\uff1f")
# Least probability of a phrase's first word and of each token after it: ghost text that is wrong is in the way.
_PHRASE_START, _PHRASE_STEP = 0.15, 0.25
_PHRASE_TOKENS = 24
_TEXTS = 4  # whose tokens are remembered: inside a word, the text before it stays the same
_DOCUMENTS = 8  # whose cached text is kept from being dropped, and whose words are remembered


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
        The typed beginning of the word, empty at a word boundary. A word that does not begin with it corrects it.
    forwards
        Decoder forwards spent, including those that read new text.
    certainty
        Of what the decoder holds for likely of the words that begin so, and of its order; to be asked for before
        another context is.
    """

    prefix: str
    words: tuple[Word, ...]
    forwards: int
    certainty: Certainty = field(compare=False)


@dataclass(frozen=True)
class Phrase:
    """A continuation of several words: `text` follows the typed text, `prefix` is what was typed of the first word."""

    prefix: str
    text: str
    probability: float


def expected_saving(word: str, probability: float, prefix: str) -> float:
    """Return the keystrokes that a look at a word saves on average: its letters to come, if it is the wanted one.

    One key takes it, in place of its last letters and the space behind it. A word that corrects what was typed saves
    one key at least.
    """
    return probability * max(1, len(word) - len(prefix))


class Predictor:
    """Predicts words for texts that are each usually a small change of one before.

    A word's probability is a mixture of the decoder's, of what the document's own words say and of what is said in
    sentences of its register, where there is an n-gram of them.

    The last texts are kept from being dropped from the decoder's cache, and with them a document that was left a
    moment ago; older ones stay cached while there is room.

    Parameters
    ----------
    model
        Owned by the calling thread.
    learned
        Folders of learned registers, the first ones preferred.

    Attributes
    ----------
    answer : Budget
        What a search may spend while somebody waits: no forward if words can be told from fragments without one.
    """

    def __init__(self, model: LanguageModel, *, learned: Sequence[Path] = (SHIPPED,)) -> None:
        self.model = model
        self._learned = learned
        token_bytes = model.tokenizer.token_bytes
        endings = shipped(token_bytes)
        self._vocabulary = Vocabulary(token_bytes, endings)
        # Without the table, no word is known to be one before a forward has looked behind it.
        self.answer = Budget(1, rescue=1) if endings is None else Budget(0, rescue=1, estimate=True)
        self._pinned: LRUCache[str, Node] = LRUCache(_DOCUMENTS)  # where each document was last read to
        self._mixtures: LRUCache[str, DocumentMixture] = LRUCache(_DOCUMENTS)
        self._heads: dict[str, Node] = {}  # by register: the start token and what is put before a text
        self._certainty = Certainty(lambda: (False, 1.0))  # of the last prediction
        self._encoded: LRUCache[tuple[str, str], list[int]] = LRUCache(_TEXTS)
        self._search: WordSearch | None = None
        self._read_to: tuple[str, list[int]] = ("", [])  # the register and the ids before the search

    def predict(
        self,
        text: str,
        count: int = 3,
        *,
        budget: Budget | None = None,
        minimum_probability: float = 0.001,
        minimum_saving: float = 0.0,
        document: str = "",
        register: Register | None = None,
        keyboard: Keyboard | None = None,
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
        minimum_saving
            Words that save fewer keystrokes than this on average are left out: P(word) times its letters to come.
        document
            Any name of the document that the text is from: what is cached of each of the last few is kept.
        register
            What kind of text this is the beginning of; None where nothing is to be put before it.
        keyboard
            On which a slip may have happened; None where words are to begin as typed.
        checkpoint
            Called between forwards; may raise to abandon. What was decoded until then is kept.
        """
        before = self.model.decoder.forwards
        text = replace_surrogates(text)
        prefix = partial_word(text)
        context = text[: len(text) - len(prefix)]
        # In BPE the space before a word belongs to the word's first token: it is held back and walked with the prefix.
        space = " " if context.endswith(" ") else ""
        search = self._at(context[: len(context) - len(space)], space, register, document, checkpoint)
        found = search.find(
            (space + prefix).encode(),
            count,
            budget=budget or Budget(),
            least=minimum_probability,
            checkpoint=checkpoint,
        )
        mixture = self._mixtures.setdefault(document, DocumentMixture())
        mixture.read(context)
        decoded, own = found.words, mixture.own_words(prefix)
        if keyboard is not None and not own.words:
            decoded = with_corrections(found, search, space, prefix, keyboard, count, minimum_probability)
        sentences = mixture.sentence_words(ngram.shipped(register.name) if register else None, prefix)
        best = mixture.mix(prefix, decoded, found.mass, own, sentences, count)
        words = tuple(
            Word(word, share)
            for word, share in best
            if share >= minimum_probability and expected_saving(word, share, prefix) >= minimum_saving
        )
        self._certainty = found.certainty
        return Prediction(prefix, words, self.model.decoder.forwards - before, found.certainty)

    def behind_answer(self, forwards: int) -> Budget:
        """Return what the search of an answer may spend to go on, when nobody waits any more."""
        return replace(self.answer, forwards=forwards, rescue=0)

    def prepare(self, text: str, *, checkpoint: Checkpoint = lambda: None) -> None:
        """Read a text that may soon be asked about, so that a prediction then has only the rest to read."""
        decoder = self.model.decoder
        head = self.head(None, checkpoint)
        for _ in decoder.steps(head, self._ids(replace_surrogates(text), head)):
            checkpoint()

    def close(self, document: str) -> None:
        """Let what is cached of a document be dropped when room is needed."""
        self._pinned.pop(document, None)
        self._mixtures.pop(document, None)
        self._encoded.clear()
        self._certainty.expire()
        self._search = None

    def shed(self) -> None:
        """Drop all that is cached of every document, because memory is short; the next key decodes its text anew.

        What was learned of each document's own words is small, and stays.
        """
        self._certainty.expire()
        self._search = None
        self._pinned.clear()
        self.model.decoder.forget()

    def phrase(
        self,
        text: str,
        *,
        words: int = 6,
        document: str = "",
        register: Register | None = None,
        checkpoint: Checkpoint = lambda: None,
    ) -> Phrase | None:
        """Continue `text` by the most probable word and, greedily, by what surely follows it.

        Parameters
        ----------
        words
            Most words in the phrase.
        document, register, checkpoint
            As for `predict`.

        Returns
        -------
        Phrase or None
            Ends at a word's end, at the latest with its sentence; None when not even the first word is likely.
        """
        first = self.predict(text, 1, document=document, register=register, checkpoint=checkpoint)
        if not first.words or first.words[0].probability < _PHRASE_START:
            return None
        word = first.words[0]
        begun = word.text[len(first.prefix) :]
        head = self.head(register, checkpoint)
        node = self._read(head, self._ids(replace_surrogates(text) + begun, head), checkpoint)
        continuation, log_probability = self._greedy(node, words - 1, checkpoint)
        return Phrase(first.prefix, begun + continuation, word.probability * math.exp(log_probability))

    def continuation(
        self,
        text: str,
        *,
        words: int = 6,
        register: Register | None = None,
        checkpoint: Checkpoint = lambda: None,
    ) -> str:
        """Return what follows `text`, which ends with a whole word, while it is likely: at most `words` words.

        The search of the last prediction is left as it is: the next key finds it.
        """
        head = self.head(register, checkpoint)
        node = self._read(head, self._ids(replace_surrogates(text), head), checkpoint)
        return self._greedy(node, words, checkpoint)[0]

    def _greedy(self, node: Node, words: int, checkpoint: Checkpoint) -> tuple[str, float]:
        """Most probable tokens after `node` while each is likely, cut back to whole words, at most `words` of them."""
        decoder, vocabulary = self.model.decoder, self.model.tokenizer.token_bytes
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

    def _at(
        self, context: str, space: str, register: Register | None, document: str, checkpoint: Checkpoint
    ) -> WordSearch:
        """The search behind `context`, `space` held back, the same one as long as the context stays the same."""
        name = register.name if register else ""
        head = self.head(register, checkpoint)
        ids = self._ids(context, head, space)
        known, before = self._read_to
        if self._search is not None and known == name and ids[: len(before)] == before != ids:
            # A word that was typed or taken has often been looked at as a candidate: its state is there already.
            advanced = self._search.advanced(ids[len(before) :])
            if advanced is not None:
                self._certainty.expire()
                self.model.decoder.keep(advanced.boundary)
                self._search, before = advanced, ids
        if self._search is None or (known, before) != (name, ids):
            self._certainty.expire()
            self._search = None  # its nodes hold slots that the new text may need
            self._search = WordSearch(self.model.decoder, self._vocabulary, self._read(head, ids, checkpoint))
        self._read_to = (name, ids)
        self._pinned[document] = self._search.boundary
        return self._search

    def head(self, register: Register | None, checkpoint: Checkpoint = lambda: None) -> Node:
        """Return what every text of a register begins with: learned or decoded once, and held."""
        name = register.name if register else ""
        if name not in self._heads:
            decoder, tokenizer = self.model.decoder, self.model.tokenizer
            most = decoder.config.context // 8  # more would take the room of the text itself
            learned = find(register.name, self.model.digest, self._learned) if register else None
            if learned is not None and learned.prefix.shape[2] <= most:
                self._heads[name] = self._read(decoder.prefix(learned.prefix), [learned.last], checkpoint)
            else:
                preamble = tokenizer.encode_before_word(register.preamble) if register else []
                ids = [decoder.config.start_token, *(preamble if len(preamble) <= most else [])]
                self._heads[name] = self._read(decoder.root, ids, checkpoint)
        return self._heads[name]

    def _ids(self, text: str, head: Node, space: str = "") -> list[int]:
        """Token ids of a text between `head` and the next word, cut at the front to leave room for words and phrases.

        The cut moves by a quarter of the room at once: one token a key would leave nothing of the cache in use.
        """
        config = self.model.decoder.config
        room = config.context - len(head) - min(_PHRASE_TOKENS + LONGEST_WORD, config.context // 2)
        key = (text, space)
        if (ids := self._encoded.get(key)) is None:
            ids = self._encoded[key] = self.model.tokenizer.encode_before_word(text, space)
        hop = max(1, room // 4)
        return ids[-(-max(0, len(ids) - room) // hop) * hop :]

    def _read(self, head: Node, ids: list[int], checkpoint: Checkpoint) -> Node:
        """Decode ids after `head` as far as they are not cached."""
        decoder = self.model.decoder
        while True:
            try:
                node = head
                for longer in decoder.steps(head, ids):
                    node = longer
                    checkpoint()
                return node
            except CacheFullError:
                if not self._pinned:
                    raise
                self._pinned.popitem()  # the document that was left longest ago

"""Our own predictor as a source of words to be measured, and the bits that its model spends on a text."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from foreword_models.gpt.decoder import CHUNK, Node
from foreword_models.gpt.model import LanguageModel
from foreword_models.words.keyboards import Keyboard
from foreword_models.words.predictor import Prediction, Predictor
from foreword_models.words.registers import Register
from foreword_models.words.search import Budget

_DOCUMENT = "evaluation"
_WINDOW = 1024  # most tokens that bits per character are read with: about what an editor's text is cut to


class ModelSource:
    """Our own predictor as a source; nothing is carried over from one text to the next.

    Parameters
    ----------
    budget
        Of each prediction; by default that of an answer somebody waits for.
    thinking
        Forwards between two keys, for the next one.
    register
        What kind of texts these are. Nothing is said of it once a text has outgrown the window.
    keyboard
        Where slips are looked for; a word that corrects what was typed takes a slot like any other.
    window
        Gives of the text so far what the predictor is to be shown.

    Attributes
    ----------
    forwards, forwards_between, exact
        Forwards of the predictions and between them, and exact lists, since construction.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        budget: Budget | None = None,
        thinking: int = 0,
        minimum_probability: float = 0.0,
        minimum_saving: float = 0.0,
        register: Register | None = None,
        keyboard: Keyboard | None = None,
        window: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._predictor = predictor
        self._budget = budget or predictor.answer
        self._thinking = thinking
        self._least, self._least_saving = minimum_probability, minimum_saving
        self._register = register
        self._keyboard = keyboard
        self._window = window
        self._last: Callable[[Budget], Prediction] | None = None
        self.forwards = self.forwards_between = 0
        self.exact = 0

    def begin(self) -> None:
        """Drop what was decoded: the figures of a text must not depend on those before it."""
        self._predictor.close(_DOCUMENT)
        self._predictor.model.decoder.forget()

    def predict(self, context: str, count: int) -> list[str]:
        """Complete the word, as the server does."""
        prediction = self.ask(context, count)
        return [completion(prediction.prefix, word.text) for word in prediction.words]

    def ask(self, context: str, count: int) -> Prediction:
        """Return the prediction that `predict` has its words from."""
        shown = self._window(context)

        def search(budget: Budget, keyboard: Keyboard | None = None) -> Prediction:
            return self._predictor.predict(
                shown,
                count,
                budget=budget,
                minimum_probability=self._least,
                minimum_saving=self._least_saving,
                document=_DOCUMENT,
                register=self._register if len(shown) == len(context) else None,
                keyboard=keyboard,
            )

        prediction = search(self._budget, self._keyboard)
        self.forwards += prediction.forwards
        self.exact += prediction.certainty.exact
        self._last = None if prediction.certainty.exact else search
        return prediction

    def rest(self) -> None:
        """Go on with the last search, as the server does until the next key."""
        if self._last is not None and self._thinking:
            self.forwards_between += self._last(self._predictor.behind_answer(self._thinking)).forwards

    def bits(self, text: str) -> float:
        """Return -log2 of the probability of the text's usual tokens, headed as its predictions are."""
        return text_bits(self._predictor.model, text, self._predictor.head(self._register))


def completion(typed: str, word: str) -> str:
    """Return what writes a word at the end of what was typed of it, or of what was mistyped."""
    return word[len(typed) :] if word.startswith(typed) else "\b" * len(typed) + word


def text_bits(model: LanguageModel, text: str, head: Node | None = None) -> float:
    """Return -log2 P(tokens of a text | what heads it, or else the start token).

    Each token is told from at most the 1,024 before it, and from half of these where the window has just moved, which
    leaves the head behind.
    """
    decoder = model.decoder
    ids = model.tokenizer.encode(text)
    window = min(_WINDOW, decoder.config.context - 1, decoder.cache.slots // 2)
    total, start = 0.0, 0
    node = decoder.extend(decoder.root, [decoder.config.start_token]) if head is None else head
    if ids:
        total -= float(torch.log_softmax(decoder.logits(node), -1)[ids[0]])
    while start < len(ids) - 1:
        if len(node) >= window:
            node = decoder.extend(decoder.root, [decoder.config.start_token])
            node = decoder.extend(node, ids[max(0, start - window // 2) : start])
        run = ids[start : start + min(CHUNK, window - len(node))]
        wanted = torch.tensor(ids[start + 1 : start + 1 + len(run)])
        logits = decoder.all_logits(node, run)[: len(wanted)].cpu()
        total -= float(torch.log_softmax(logits, -1).gather(1, wanted[:, None]).sum())
        start += len(run)
        if start < len(ids) - 1:
            node = decoder.extend(node, run)
    return total / math.log(2)

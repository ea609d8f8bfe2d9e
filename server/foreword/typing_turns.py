"""Several engines type the same keys by turns, the real server beside what a user could run instead.

What is timed of another engine is its work alone, from the text to the last token: no protocol, and no waiting line:
where it is not ready when the next key is due, that key is held back. Both are in its favour.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from foreword.text.document import Document
from foreword_models.errors import BenchmarkError
from foreword_models.evaluation.engine_process import EngineProcess
from foreword_models.evaluation.typing_report import Press
from foreword_models.evaluation.typing_script import Key

NEW_TOKENS: Final = 4
"""Tokens that another engine generates at each key."""

WARM_UP: Final = "The "
"""What is asked about before the first key, so that whoever is asked is loaded and awake."""

Pressed = Callable[[int], None]


class Typist(Protocol):
    """One who types the keys, some at a time."""

    name: str

    def type(self, first: int, last: int, pressed: Pressed) -> list[Press]:
        """Press the keys from `first` up to, not including, `last`.

        After an answer, while no other is awaited, `pressed` is called with the number of keys that it answered.
        """

    def rest(self) -> None:
        """Wait until what the keys have set off is done."""


class PeerTypist:
    """Has another engine do at each key what a user would have it do.

    Parameters
    ----------
    engine
        A process that answers as `typing_child` says.
    keys, gaps
        As for `ServerTypist`.
    texts
        For each key the text before the cursor.
    """

    def __init__(
        self, engine: EngineProcess, keys: Sequence[Key], gaps: Sequence[float] | None, texts: Sequence[str]
    ) -> None:
        self.name = engine.name
        self.decoded = 0
        self._engine = engine
        self._keys = keys
        self._gaps = gaps
        self._texts = texts
        engine.ask({"text": WARM_UP, "new": NEW_TOKENS})

    def type(self, first: int, last: int, pressed: Pressed) -> list[Press]:
        """Press some keys; see `Typist`."""
        presses = []
        for number in range(first, last):
            began = time.perf_counter()
            answer = self._engine.ask({"text": self._texts[number], "new": NEW_TOKENS})
            gap = None if self._gaps is None else self._gaps[number]
            late = gap is not None and answer["milliseconds"] > 1000 * gap
            presses.append(Press(self._keys[number].kind, answer["milliseconds"], late, bool(answer["generated"])))
            self.decoded += answer["decoded"]
            pressed(1)
            if gap is not None and number < last - 1:
                sleep_until(began + gap)
        return presses

    def rest(self) -> None:
        """Do nothing: an engine that is not asked sleeps."""


def take_turns(
    typists: Sequence[Typist], keys: int, turn: int, pressed: Pressed, *, begin: int = 0
) -> tuple[dict[str, list[Press]], dict[str, str]]:
    """Let all type the same keys, `turn` keys at a time, so that a machine that slows down does so for all.

    Parameters
    ----------
    begin
        The first of the keys; those before it have been typed.

    Returns
    -------
    found : dict
        Name to what became of each key.
    failures : dict
        Name to a sentence, for those but the last that could not go on; nothing is found of them.

    Raises
    ------
    BenchmarkError
        The last typist, which is ours, could not go on.
    """
    found: dict[str, list[Press]] = {typist.name: [] for typist in typists}
    failures: dict[str, str] = {}
    for first in range(begin, keys, turn):
        for typist in typists:
            if typist.name in failures:
                continue
            try:
                with _no_collection():
                    found[typist.name] += typist.type(first, min(first + turn, keys), pressed)
                typist.rest()
            except BenchmarkError as error:
                if typist is typists[-1]:
                    raise
                failures[typist.name] = str(error)
                del found[typist.name]
    return found, failures


def texts_before(keys: Sequence[Key], window: Callable[[Document, int, int], str]) -> list[str]:
    """Return, for each key, the text that the server would read after it.

    Parameters
    ----------
    window
        From a document and a position in it to the text before.
    """
    document, texts = Document("", "", 1, "", "utf-16"), []
    for key in keys:
        here = document.position(key.offset)
        document.apply((here, here), key.written)
        texts.append(window(document, *document.position(key.offset + 1)))
    return texts


def sleep_until(when: float) -> None:
    """Sleep until a time of `time.perf_counter`, never less."""
    while (left := when - time.perf_counter()) > 0:
        time.sleep(left)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep this process from collecting garbage while it has to note times: that can take longer than a key."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""A document longer than the context window: how much of it is decoded anew, on a tiny model.

The window, its next hop and the decoder's cache of prefixes belong to three packages; here they meet.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.text.cursor import context_window, upcoming_window
from foreword.text.document import Document
from foreword_models.gpt.model import open_model
from foreword_models.words.predictor import Predictor
from foreword_models.words.search import Budget
from tests.unit.gpt.tiny import CORPUS, save_model

LIMIT, HOP = 400, 100
PROSE = "".join(f"{sentence}\n\n" for number in range(8) for sentence in [*CORPUS, str(number)])
KEY = 6  # tokens: the most that one key may decode, which is a short word spelled letter by letter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, "llama", context=512)
    return folder


class Writer:
    """A document, its cursor, and how many tokens each look at the words takes."""

    def __init__(self, folder: Path, text: str) -> None:
        self.predictor = Predictor(open_model(folder, precision="float32"))
        self.document = Document("file:///a.md", "markdown", 1, text, "utf-16")
        self.to(len(text))

    def to(self, offset: int) -> None:
        self.line, self.character = self.document.position(offset)

    def type(self, text: str) -> None:
        offset = self.document.offset(self.line, self.character)
        self.document.apply(((self.line, self.character),) * 2, text)
        self.to(offset + len(text))

    def window(self) -> str:
        return context_window(self.document, self.line, self.character, LIMIT, HOP)

    def look(self) -> int:
        """Ask for words; the number of tokens that had to be decoded."""
        before = self._decoded()
        self.predictor.predict(self.window(), budget=Budget(forwards=0), document=self.document.uri)
        return self._decoded() - before

    def think(self) -> int:
        """Prepare the next hop if one is near; the number of tokens that were decoded."""
        before = self._decoded()
        upcoming = upcoming_window(self.document, self.line, self.character, LIMIT, HOP)
        if upcoming is not None:
            self.predictor.prepare(upcoming)
        return self._decoded() - before

    def tokens(self, text: str) -> int:
        return len(self.predictor.model.tokenizer.encode(text))

    def _decoded(self) -> int:
        """Tokens in the cache, from which nothing is evicted here."""
        decoder = self.predictor.model.decoder
        return decoder.bytes_in_use // decoder.cache.bytes_per_slot


def test_typing_at_the_end_waits_for_no_hop_that_was_prepared(folder: Path) -> None:
    writer = Writer(folder, PROSE[:380])
    writer.look()
    thought = 0
    for letter in PROSE[380:605]:
        writer.type(letter)
        assert writer.look() <= KEY
        thought += writer.think()
    unprepared = Writer(folder, PROSE)
    hops = []
    for end in (LIMIT, LIMIT + HOP, LIMIT + 2 * HOP):
        unprepared.to(end)
        unprepared.look()
        unprepared.to(end + 1)
        hops.append(unprepared.look())
    # What it is good for: at each hop half a window or more would be read between two keys.
    assert min(hops) > writer.tokens(PROSE[: (LIMIT - HOP) // 2]) // 2
    # What it costs: no more than was saved, but for the last word, which is half typed, at each key.
    assert thought <= sum(hops) + 3 * HOP // 4 * KEY


def test_typing_on_from_a_prepared_hop_that_is_a_little_behind(folder: Path) -> None:
    writer = Writer(folder, PROSE[: LIMIT - 20])
    writer.look()
    assert writer.think() > KEY
    writer.type(PROSE[LIMIT - 20 : LIMIT + 1])
    assert writer.look() <= writer.tokens(PROSE[LIMIT - 20 : LIMIT + 1]) + 2


def test_nothing_is_decoded_twice_for_the_same_upcoming_text(folder: Path) -> None:
    writer = Writer(folder, PROSE[: LIMIT - 20])
    writer.think()
    forwards = writer.predictor.model.decoder.forwards
    assert writer.think() == 0
    assert writer.predictor.model.decoder.forwards == forwards


def test_the_cursor_moves_up_within_a_hop_at_no_cost(folder: Path) -> None:
    writer = Writer(folder, PROSE[:1100])
    writer.look()
    for offset in (1080, 1040, 1010, 1001):
        writer.to(offset)
        assert writer.look() <= 1  # the last word as far as it goes


def test_going_back_and_forth_between_the_end_and_the_middle_decodes_only_what_differs(folder: Path) -> None:
    end, middle = 1820, 830
    writer = Writer(folder, PROSE[:end])
    first = writer.look()
    writer.to(middle)
    assert writer.look() > first // 2  # another window
    for _ in range(3):
        writer.to(end)
        assert writer.look() == 0
        writer.to(middle)
        assert writer.look() == 0
    for word in ("by", " and", " by"):
        for letter in word:
            writer.type(letter)
            middle, end = middle + 1, end + 1
            assert writer.look() <= KEY
        writer.to(end)
        assert writer.look() == 0  # its window is far below what was typed, and has not moved
        writer.to(middle)


def test_an_edit_inside_the_window_decodes_what_follows_it(folder: Path) -> None:
    end, middle = 1080, 830
    writer = Writer(folder, PROSE[:end])
    writer.look()
    writer.to(middle)
    assert writer.look() <= 1 + len(writer.window())  # of an earlier window, with an earlier beginning
    writer.type("by ")
    assert writer.look() <= KEY
    writer.to(end + 3)
    below = writer.tokens(PROSE[middle:end])
    assert writer.look() <= below + KEY
    writer.to(middle + 3)
    assert writer.look() == 0
    writer.to(end + 3)
    assert writer.look() == 0

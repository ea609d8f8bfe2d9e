"""Keystroke savings: what a typist saves who looks at a list of words before every key. Pure counting; no model.

Counted as the literature on augmentative communication does (Vertanen and Gaines, TextSlinger's keystroke_savings.py):
the list is looked at before every key, at a word's start too. If the word that the typist wants, a run of characters
between spaces, is in one of the first N slots, one key writes the rest of it and the space that follows it in the text;
else one key writes one character. Behind the last word no space follows, and none is counted. Keystroke savings are
(characters - keystrokes) / characters x 100.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from foreword_models.words.characters import word_spans

_RUN = re.compile(r"\S+")
_PLAIN = re.compile(r"[A-Za-z']+")
_FIRST = re.compile(r"^[a-z]", re.MULTILINE)
_ALONE = re.compile(r"(?<!\S)i(?=(?:'(?:ll|ve|d|m))?\s)")


class WordSource(Protocol):
    """Whatever predicts words: a model of ours or a peer's, counted alike."""

    def begin(self) -> None:
        """Be told that a new text begins, which has nothing to do with those before."""

    def predict(self, context: str, count: int) -> Sequence[str]:
        """Return what may complete the word that `context` ends in: the rest of each word, the best first.

        At a word's start these are whole words. At most the first `count` are looked at.
        """


@runtime_checkable
class ClosedVocabulary(Protocol):
    """A source that can offer only words of a list."""

    def knows(self, word: str) -> bool:
        """Whether the word can ever be offered."""


@dataclass(frozen=True)
class Counting:
    """How texts are counted; the first three are flags of the same names of TextSlinger's keystroke_savings.py.

    Attributes
    ----------
    case_simple
        Letters are typed small, and capitals come back in the context by rule, as `cased` says.
    predict_lower
        What is offered and what is wanted are compared in small letters; words that are then the same take one slot,
        that of the first, and those behind them move up. No longer list is asked for because of that.
    strip_symbols
        Whatever is not a letter from A to Z or an apostrophe becomes a space, and neighbouring spaces one, before
        anything else: nothing then stands at a word but its letters.
    marks_apart
        Not of that tool: the wanted word ends where its letters and digits end, so that in ``tomorrow,`` a key takes
        ``tomorrow`` and another types the comma (and a third the space). By default the marks belong to the word, as
        in that tool: a predictor that offers ``tomorrow`` saves nothing there.
    """

    case_simple: bool = False
    predict_lower: bool = False
    strip_symbols: bool = False
    marks_apart: bool = False


@dataclass(frozen=True)
class WordCount:
    """One wanted word, with what follows it up to the next (the first: with what precedes it).

    Attributes
    ----------
    keystrokes
        For each number of slots, in their order.
    rank
        Slot, from 0, of the whole word in the list with nothing typed; None where it is not in the list.
    known
        Whether it can ever be offered.
    """

    characters: int
    keystrokes: tuple[int, ...]
    rank: int | None
    known: bool


@dataclass(frozen=True)
class TextCount:
    """What was counted in one text.

    Attributes
    ----------
    keystrokes
        For each number of slots, in their order.
    words
        In the order of the text.
    lists
        Lists asked for: the keystrokes of the typist with the fewest slots, who comes by wherever the others do.
    """

    characters: int
    keystrokes: tuple[int, ...]
    words: tuple[WordCount, ...]
    lists: int


def prepare(paragraphs: Sequence[str], counting: Counting) -> str:
    """Return the text that is to be typed: the paragraphs, each on a line, as the flags want them; blank ones dropped.

    Examples
    --------
    >>> prepare(["  Well-known, I said. "], Counting(strip_symbols=True))
    'Well known I said'
    """
    lines = [" ".join(_PLAIN.findall(line)) if counting.strip_symbols else line.strip() for line in paragraphs]
    text = "\n".join(line for line in lines if line)
    return text.lower() if counting.case_simple else text


def cased(text: str) -> str:
    """Put capitals into a text in small letters by rule: the first letter of a line, and the word *I*, once it is over.

    The tool whose flag this is capitalizes every *i* before a space, that of *hi* too; here it must be a word.

    Examples
    --------
    >>> cased("hi there i'm home and i am"), cased("so do i")
    ("Hi there I'm home and I am", 'So do i')
    """
    text = _FIRST.sub(lambda match: match[0].upper(), text)
    return _ALONE.sub("I", text)


def wanted_words(text: str, counting: Counting) -> list[tuple[int, int]]:
    """Return where the words that a typist wants begin and end.

    Examples
    --------
    >>> wanted_words("(well-known, he.", Counting())
    [(0, 12), (13, 16)]
    >>> wanted_words("(well-known, he.", Counting(marks_apart=True))
    [(1, 11), (13, 15)]
    """
    if counting.marks_apart:
        return list(word_spans(text))
    return [match.span() for match in _RUN.finditer(text)]


def count(
    text: str,
    source: WordSource,
    slots: Sequence[int],
    counting: Counting,
    progress: Callable[[int], None] = lambda _: None,
) -> TextCount:
    """Type a text once for several numbers of slots, which share the lists: the best N of a list are its beginning.

    Lists are asked for in the order of the text, and only where one of the typists stands, that is, before each of
    their keys.

    Parameters
    ----------
    text
        From `prepare`.
    slots
        Numbers of words shown, each at least 1.
    progress
        Called with each position at which a list was looked at.
    """
    source.begin()
    words = wanted_words(text, counting)
    starts = [start for start, _ in words]
    at = [0] * len(slots)
    keys = [0] * len(slots)
    keys_of = [[0] * len(slots) for _ in words]
    ranks: list[int | None] = [None] * len(words)
    lists = 0
    while (position := min(at)) < len(text):
        index = bisect_right(starts, position) - 1
        start, end = words[index] if index >= 0 else (0, 0)
        offered = _offered(source, text[:position], max(slots), counting)
        lists += 1
        rest = text[position:end]
        rank = _rank(offered, rest, counting) if rest else None
        if position == start and rest:
            ranks[index] = rank
        for typist, shown in enumerate(slots):
            if at[typist] == position:
                keys[typist] += 1
                if words:
                    keys_of[max(index, 0)][typist] += 1
                taken = rank is not None and rank < shown
                at[typist] = end + (text[end : end + 1] == " ") if taken else position + 1
        progress(position)
    edges = [0, *starts[1:], len(text)]
    counted = [
        WordCount(edges[i + 1] - edges[i], tuple(keys_of[i]), ranks[i], _known(source, text[start:end]))
        for i, (start, end) in enumerate(words)
    ]
    return TextCount(len(text), tuple(keys), tuple(counted), lists)


def savings(characters: float, keystrokes: float) -> float:
    """Return keystroke savings in percent; 0 of an empty text."""
    return 100 * (characters - keystrokes) / characters if characters else 0.0


def _offered(source: WordSource, typed: str, count: int, counting: Counting) -> list[str]:
    """The completions in the slots, as they are compared."""
    offered = list(source.predict(cased(typed) if counting.case_simple else typed, count))[:count]
    return list(dict.fromkeys(map(str.lower, offered))) if counting.predict_lower else offered


def _rank(offered: list[str], rest: str, counting: Counting) -> int | None:
    wanted = rest.lower() if counting.predict_lower else rest
    return offered.index(wanted) if wanted in offered else None


def _known(source: WordSource, word: str) -> bool:
    return source.knows(word) if isinstance(source, ClosedVocabulary) else True

"""From edit tags to mends on exact offsets: which of the tagger's proposals are worth a writer's attention.

The tagger knows many edits more than are shown. Here stand the kinds that it gets right nearly always: words that sound
alike, apostrophes, agreement, and forms of irregular verbs. Its commas, its changes of tense and what it would take out
are matters of taste or mistakes, and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from foreword_models.grammar.protected import protected
from foreword_models.grammar.tagger import MAX_CHARACTERS, Tag

Kind = Literal["apostrophe", "confusion", "agreement", "form", "capital"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

THRESHOLD: Final = 0.99
"""Least probability of an edit that is shown; how it was chosen: docs/grammar.md."""

_REPLACE, _CAPITAL = "$REPLACE_", "$CASE_CAPITAL"

_ALIKE = (
    "its it's", "their there they're", "your you're", "then than", "lose loose", "whose who's", "passed past",
    "lead led", "affect effect", "weather whether", "breath breathe",
)  # fmt: skip
_AGREEING = ("is are am", "was were", "has have", "don't doesn't", "isn't aren't", "wasn't weren't", "hasn't haven't")
# The past tense and the participle of irregular verbs that are taken for each other.
_FORMS = (
    "went gone", "saw seen", "did done", "took taken", "came come", "gave given", "knew known", "fell fallen",
    "began begun", "spoke spoken", "grew grown", "forgot forgotten", "wrote written", "rose risen", "broke broken",
    "chose chosen", "drew drawn", "threw thrown", "ate eaten", "wore worn", "stole stolen", "rode ridden", "tore torn",
    "drank drunk", "swore sworn", "shook shaken", "flew flown", "hid hidden", "sang sung", "bit bitten", "rang rung",
    "became become", "ran run",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """A mend of a sentence.

    Attributes
    ----------
    start, end
        Range of the words to be replaced, in code points from the beginning of the sentence, `end` not included.
    replacement
        What is to stand there.
    probability
        As the tagger gives it, 0 to 1.
    kind
        What is amiss: an apostrophe, a word that sounds alike, agreement of subject and verb, the form of a verb, a
        capital.
    """

    start: int
    end: int
    replacement: str
    probability: float
    kind: Kind


def edits(sentence: str, tags: Iterable[Tag], threshold: float = THRESHOLD) -> list[Edit]:
    """Return the edits of a sentence that are worth showing, in the order of the text, without overlaps.

    Parameters
    ----------
    tags
        Of the sentence's words, from a tagger.
    threshold
        The least probability of an edit.
    """
    ranges = protected(sentence[:MAX_CHARACTERS])
    found = []
    for tag in tags:
        if tag.probability < threshold or _is_in(tag, ranges):
            continue
        word = sentence[tag.start : tag.end]
        if tag.tag == _CAPITAL and word == "i":
            found.append(Edit(tag.start, tag.end, "I", tag.probability, "capital"))
        elif tag.tag.startswith(_REPLACE):
            proposed = tag.tag.removeprefix(_REPLACE)
            kind = _kind(word.lower().replace("\u2019", "'"), proposed.lower())
            if kind is not None and not _is_name(sentence, tag, proposed) and not (word.isupper() and len(word) > 1):
                found.append(Edit(tag.start, tag.end, _spelled(proposed, word, sentence), tag.probability, kind))
    return found


def apply(sentence: str, changes: Sequence[Edit]) -> str:
    """Return the sentence with all edits made."""
    for edit in reversed(changes):
        sentence = sentence[: edit.start] + edit.replacement + sentence[edit.end :]
    return sentence


def _is_name(sentence: str, tag: Tag, proposed: str) -> bool:
    """Whether a word has a capital that is neither a sentence's first letter nor that of a contraction of "I"."""
    if not tag.start or not sentence[tag.start].isupper():
        return False
    before = sentence[: tag.start].split()[1:]  # the sentence's first word has a capital anyway
    return not proposed.startswith("I'") or bool(before and before[-1][0].isupper() and before[-1] != "I")


def _is_in(tag: Tag, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(tag.start < end and start < tag.end for start, end in ranges)


def _pairs(groups: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return every word of a group with every other one."""
    return frozenset((a, b) for group in groups for a in group.split() for b in group.split() if a != b)


_KINDS: Final[tuple[tuple[Kind, frozenset[tuple[str, str]]], ...]] = (
    ("confusion", _pairs(_ALIKE) | {("to", "too"), ("of", "have")}),
    ("agreement", _pairs(_AGREEING) | {("a", "an"), ("an", "a")}),
    ("form", _pairs(_FORMS)),
)


def _kind(word: str, proposed: str) -> Kind | None:
    """Say what kind of slip a word is where another one was meant; None for a kind that is not shown."""
    for kind, pairs in _KINDS:
        if (word, proposed) in pairs:
            return kind
    return "apostrophe" if word != proposed and word.replace("'", "") == proposed.replace("'", "") else None


def _spelled(proposed: str, word: str, sentence: str) -> str:
    """Write a word as the writer would: with the word's capital, and with the sentence's apostrophes."""
    if not proposed.startswith("I'"):
        proposed = proposed.capitalize() if word[:1].isupper() else proposed.lower()
    return proposed.replace("'", "\u2019") if "\u2019" in sentence else proposed

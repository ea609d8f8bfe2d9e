"""The unfinished spellings of one word search, the words it has found, and what is certain about them.

Ignorant of the decoder: distributions come in, spellings that are worth a forward go out. Everything here runs at every
key, most of it for spellings that were expanded at an earlier one: what does not depend on the typed letters is kept
with the expansion.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from foreword_models.words.certainty import Certainty
from foreword_models.words.characters import JOINERS, is_spaceless, word_end
from foreword_models.words.followers import Children, Expansion, Followers, Spelling
from foreword_models.words.paths import JOINER_BEGINNINGS
from foreword_models.words.vocabulary import Vocabulary

LONGEST_WORD = 64  # bytes; a longer word is not followed
_COMPARED = 8  # words below the last one wanted whose bounds are computed one by one
_WAITING = 64  # most spellings that wait for a forward
_PER_LETTER = 0.1  # P(a letter | those before it), roughly
_NOTHING = 1e-30  # stands for no probability where something is divided by it
_CLOSELY = 0.01  # of what decides: children that weigh less are not looked at one by one
_LOOK = 8  # spellings followed between two looks at what is worth following
_JOINERS = "".join(JOINERS)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    words
        Words, most probable first, with P(word | context, typed): what was summed, and what is estimated of spellings
        that were not expanded, as shares of `mass`.
    mass
        About P(the text goes on as typed | context): of spellings that nothing is known behind, that the next letters
        are the typed ones is a guess.
    forwards
        Forwards spent.
    certainty
        Of the words, their order and their probabilities.
    """

    words: list[tuple[str, float]]
    mass: float
    forwards: int
    certainty: Certainty = field(compare=False)


@dataclass(frozen=True)
class _Waiting:
    """An unexpanded spelling, the word that it may be, if it is one, and an estimate of that word's share of it."""

    spelling: Spelling
    word: str | None
    mass: float


class Frontier:
    """The unfinished spellings of one search and the words it has found.

    Parameters
    ----------
    known
        Returns what an earlier search has expanded: it takes no forward.
    longest
        Most tokens that a spelling may have.
    estimate
        Count words that may end behind a spelling that waits, by how often words end there; else only what is known.
    whole
        What was typed may be the whole word; by default only longer words count.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        known: Callable[[tuple[int, ...]], Expansion | None],
        typed: bytes,
        count: int,
        *,
        least: float,
        longest: int,
        estimate: bool,
        whole: bool = False,
    ) -> None:
        self._vocabulary = vocabulary
        self._known = known
        self._longest = longest
        self._estimate = estimate
        self._least_bytes = len(typed) - typed.startswith(b" ") + (not whole)
        self._typed = typed
        self._count = count
        self._least = least
        self._skip = 1 if typed.startswith(b" ") else 0
        self._words: defaultdict[str, float] = defaultdict(float)
        self._total = 0.0  # mass of everything that begins with what was typed, as far as it is known
        self._waiting: list[_Waiting] = []
        self._left: list[Spelling] = []  # those that the context has no room for
        self._children: list[Children] = []
        self._by_text: defaultdict[bytes, list[Children]] = defaultdict(list)
        self._heap: list[tuple[float, int]] = []

    def expand(self, spelling: Spelling, expansion: Expansion) -> None:
        """Replace a spelling by its children, which follow its own node."""
        spelling = replace(spelling, node=expansion.node)
        vocabulary, distribution = self._vocabulary, expansion.distribution
        rest = self._typed[len(spelling.text) :]
        if rest:
            below, inside = vocabulary.below(rest), vocabulary.inside(rest)
            self._total += spelling.probability * float(distribution.take(vocabulary.order[below]).sum())
            positions = np.concatenate([np.array(inside, np.int64), np.arange(below.start, below.stop)])
            followers = Followers(
                vocabulary,
                distribution,
                np.sort(positions),
                lambda each: below.start <= each < below.stop or each in inside,
            )
        elif spelling.tokens:
            followers = expansion.continuing(vocabulary, spelling.text)
            self._finish(spelling.text, spelling.probability * max(0.0, 1.0 - followers.mass))
        else:  # nothing typed, and no space to come: what else might follow, an end or a mark, is not asked for
            followers = Followers(
                vocabulary, distribution, vocabulary.beginning, lambda each: bool(vocabulary.begins[each])
            )
            self._total = followers.mass
        if len(spelling.text) < LONGEST_WORD:
            self._children.append(Children(spelling, followers))
            self._by_text[spelling.text].append(self._children[-1])
            self._offer(len(self._children) - 1)

    def follow(self, fill: int = 0) -> None:
        """Follow the spellings that may still bring a word into the list, the most probable first, as far as is known.

        What is not known waits for a forward.

        Parameters
        ----------
        fill
            Let at least so many wait, worth it or not: a forward that there is going to be has room for them.
        """
        worth, looked = self._worth(), 0
        while self._heap and len(self._waiting) < _WAITING:
            if -self._heap[0][0] <= worth and len(self._waiting) >= fill:
                break
            _, index = heapq.heappop(self._heap)
            children = self._children[index]
            probability, position = children.pop()
            self._offer(index)
            if probability > 0:
                self._follow(children.parent, position, probability)
            looked += 1
            if looked % _LOOK == 0:
                worth = self._worth()

    def take(self, size: int) -> list[Spelling]:
        """Take the most probable spellings that wait, at most `size`; none if the answer is settled."""
        worth = self._worth()
        if not any(each.spelling.probability > worth for each in self._waiting):
            return []
        self.follow(fill=size)
        ranked = sorted(self._waiting, key=lambda each: -each.spelling.probability)
        self._waiting = ranked[size:]
        return [each.spelling for each in ranked[:size]]

    @property
    def empty_handed(self) -> bool:
        """Whether no word has been found yet."""
        return not self._ranked()

    def result(self, forwards: int) -> Found:
        """The best words so far, and what is known about them, as long as nothing more is followed or expanded."""
        undecided, as_typed = self._undecided()
        mass = max(self._total + as_typed, _NOTHING)
        least = self._least * mass
        ranked = self._ranked()
        best = [(word, share) for word, share in ranked[: self._count] if share >= least]
        certainty = Certainty(lambda: self._bounds(ranked, len(best), mass, self._total + undecided))
        return Found([(word, min(1.0, share / mass)) for word, share in best], mass, forwards, certainty)

    def _ranked(self) -> list[tuple[str, float]]:
        """Words and their masses, summed and estimated, the most probable first."""
        masses = dict(self._words)
        for waiting in self._waiting if self._estimate else ():
            if waiting.word is not None:
                masses[waiting.word] = masses.get(waiting.word, 0.0) + waiting.mass
        return sorted(((word, mass) for word, mass in masses.items() if mass > 0), key=lambda item: (-item[1], item[0]))

    def _follow(self, parent: Spelling, position: int, probability: float) -> None:
        """Go on from a spelling by a token, given by its place in the vocabulary's order."""
        text = parent.text + self._vocabulary.spelled[position]
        token = int(self._vocabulary.order[position])
        spelling = Spelling((*parent.tokens, token), text, probability, parent.node)
        if self._finished(spelling):
            return
        if len(spelling.tokens) > self._longest:
            self._left.append(spelling)
            return
        known = self._known(spelling.tokens)
        if known is not None:
            self.expand(spelling, known)
            return
        mass = probability * float(self._vocabulary.endings[token])
        self._waiting.append(_Waiting(spelling, self._word(text), mass))

    def _offer(self, index: int) -> None:
        highest = self._children[index].highest
        if highest > 0:
            heapq.heappush(self._heap, (-highest, index))

    def _finished(self, spelling: Spelling) -> bool:
        """Whether a spelling needs no forward: its word ends inside its last token, or it spells no word."""
        if len(spelling.text) < len(self._typed):
            return False
        text = spelling.text[self._skip :].decode("utf-8", "replace")
        if text.endswith("\ufffd") and text.count("\ufffd") == 1:
            return False  # a character in the middle of its bytes
        end = word_end(text)
        if end == 0:
            return bool(text)  # nothing but the held-back space: the word may follow
        if end < len(text) or is_spaceless(text[end - 1]):
            self._finish(spelling.text[: self._skip + len(text[:end].encode())], spelling.probability)
            return True
        return False

    def _finish(self, spelled: bytes, mass: float) -> None:
        """Give a finished word its mass."""
        word = self._word(spelled)
        if word is not None:
            self._words[word] += mass

    def _word(self, spelled: bytes) -> str | None:
        """The word that is spelled, if it begins as typed and is long enough.

        A joiner that nothing follows belongs to what comes after the word.
        """
        word = spelled[self._skip :].decode("utf-8", "replace").rstrip(_JOINERS)
        if "\ufffd" in word:
            return None
        encoded, typed = word.encode(), self._typed[self._skip :]
        return word if len(encoded) >= self._least_bytes and encoded.startswith(typed) else None

    def _worth(self) -> float:
        """Mass above which a spelling may still bring a word into the list."""
        least, ranked = self._least * self._total, self._ranked()
        return max(least, ranked[self._count - 1][1]) if len(ranked) >= self._count else least

    def _bounds(self, ranked: list[tuple[str, float]], shown: int, mass: float, highest: float) -> tuple[bool, float]:
        """Whether all about the first `shown` words is certain, and the most that a probability can be wrong by.

        `mass` is what begins as typed, by estimate, and `highest` the most that it can be; what is known of it is the
        least.
        """
        compared = ranked[: shown + _COMPARED]
        certain = [self._words.get(word, 0.0) for word, _ in compared]
        most = [sure + self._gain(word) for sure, (word, _) in zip(certain, compared, strict=True)]
        last = certain[shown - 1] if shown else 0.0
        exact = all(certain[i] >= max([*most[i + 1 :], self._least * highest]) for i in range(shown))
        if shown < self._count:
            last = self._least * self._total
            exact = exact and max([*most[shown:], 0.0]) <= last
        if exact:
            known = ranked[len(compared)][1] if len(ranked) > len(compared) else 0.0
            exact = known + self._elsewhere(last - known) <= last
        lowest = max(self._total, _NOTHING)
        wrong = [
            max(high / lowest - share / mass, share / mass - low / highest)
            for low, high, (_, share) in zip(certain[:shown], most, compared, strict=False)
        ]
        return exact, min(1.0, max([*wrong, 0.0]))

    def _elsewhere(self, enough: float) -> float:
        """Return a bound on what any word may still get: the heaviest chain of spellings that begin one another.

        Where all that is left is no more than `enough`, it is not looked at closely.
        """
        left: defaultdict[bytes, float] = defaultdict(float)
        for spelling in self._unexpanded():
            left[spelling.text] += spelling.probability
        for children in self._children:
            left[children.parent.text] += children.mass
        if (total := sum(left.values())) <= enough:
            return total
        for children in self._children:
            if children.mass > _CLOSELY * enough:
                left[children.parent.text] -= children.mass - children.heaviest
        # A spelling with a joiner behind it may belong to the word before the joiner, which it does not begin.
        loose = sum(mass for text, mass in left.items() if text.endswith(tuple(JOINER_BEGINNINGS)))
        chains = (sum(left.get(text[:length], 0.0) for length in range(len(text) + 1)) for text in left)
        return max(chains, default=0.0) + loose

    def _unexpanded(self) -> Iterator[Spelling]:
        """Spellings that nothing is known behind; those that are children still are not among them."""
        yield from self._left
        for each in self._waiting:
            yield each.spelling

    def _undecided(self) -> tuple[float, float]:
        """Mass of the unexpanded spellings that have not yet covered what was typed, and about how much of it will."""
        total = as_typed = 0.0
        for spelling in self._unexpanded():
            if (lacking := len(self._typed) - len(spelling.text)) > 0:
                total += spelling.probability
                as_typed += spelling.probability * _PER_LETTER**lacking
        for children in self._children:
            rest = self._typed[len(children.parent.text) :]
            for position in self._vocabulary.inside(rest):
                mass = children.left([position])
                total += mass
                as_typed += mass * _PER_LETTER ** (len(rest) - len(self._vocabulary.spelled[position]))
        return total, as_typed

    def _gain(self, word: str) -> float:
        """Mass of the unexpanded spellings that may become `word`: its beginnings, and it with a joiner behind."""
        spelled = b" " * self._skip + word.encode()
        beginnings = (spelling for spelling in self._unexpanded() if _may_become(spelling.text, spelled))
        total = sum(spelling.probability for spelling in beginnings)
        for length in range(len(spelled) + 1):
            for children in self._by_text.get(spelled[:length], ()):
                rest = spelled[length:]
                total += children.left(self._vocabulary.prefixes(rest)) + children.left(self._vocabulary.joined(rest))
        for begun in JOINER_BEGINNINGS:
            for children in self._by_text.get(spelled + begun, ()):
                rests = {each[len(begun) :] for each in JOINER_BEGINNINGS if each.startswith(begun)}
                positions = {position for rest in rests for position in self._vocabulary.prefixes(rest)}
                total += children.left(sorted(positions))
        return total


def _may_become(text: bytes, spelled: bytes) -> bool:
    """Whether a spelling may go on to a word: it begins it, or is it with (the first bytes of) a joiner behind."""
    if len(text) <= len(spelled):
        return spelled.startswith(text)
    return text.startswith(spelled) and text[len(spelled) :] in JOINER_BEGINNINGS

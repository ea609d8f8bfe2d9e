"""Words for what was typed with a slip, beside those that begin as it was typed.

The search for what somebody may have meant (`typos`) goes over distributions that are known already, so that it takes
no forward. It is only made where the decoder did not expect what was typed.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

from foreword_models.words.frontier import Found
from foreword_models.words.keyboards import Keyboard
from foreword_models.words.search import Budget, WordSearch
from foreword_models.words.typos import may_hold_slip, slips

EXPECTED = 5e-4
"""P(typed | context) from which nothing is doubted."""

ODDS = 0.05
"""How likely, beside that all is as typed, a slip must be for its words to be looked for."""

_AT_HAND = 0.3  # share of what was typed that words explain, from which it is not doubted either
_UNLIKELY = 0.04  # of the likeliest slip's probability: others are not looked at
_LOOKED_FROM = 3  # expanded spellings, the boundary itself among them
_FOLLOWED = 3  # beginnings, of all that may have been meant
_KNOWN = Budget(0, estimate=True)


def with_corrections(
    found: Found, search: WordSearch, space: str, typed: str, keyboard: Keyboard, count: int, least: float
) -> list[tuple[str, float]]:
    """Return the words of a search, and among them those that were meant if a slip explains better what was typed.

    Parameters
    ----------
    found
        What the search found for the typed letters.
    space
        What was held back before them.
    least
        Words of a smaller probability are left out.

    Returns
    -------
    list
        At most `count` words, the most probable first, with P(word | context, typed).
    """
    if found.mass > EXPECTED or sum(share for _, share in found.words) > _AT_HAND or not may_hold_slip(typed):
        return found.words
    meant = _meant(search, space, typed, keyboard)
    if sum(meant.values()) <= ODDS * found.mass:
        return found.words
    joint = defaultdict(float, {word: found.mass * share for word, share in found.words})
    total = found.mass
    for text, mass in heapq.nlargest(_FOLLOWED, meant.items(), key=lambda item: (item[1], item[0])):
        total += mass
        for word, share in search.find((space + text).encode(), count, budget=_KNOWN, whole=True).words:
            joint[word] += mass * share
    best = heapq.nsmallest(count, joint.items(), key=lambda item: (-item[1], item[0]))
    return [(word, share / total) for word, share in best if share >= least * total]


def _meant(search: WordSearch, space: str, typed: str, keyboard: Keyboard) -> dict[str, float]:
    """About P(meant, typed | context) of what may have been meant, by what is known without a forward."""
    known = heapq.nlargest(_LOOKED_FROM, search.known_along((space + typed).encode()), key=lambda each: each[1])
    likely = list(slips(typed, keyboard))
    least = _UNLIKELY * max(slip.probability for slip in likely)
    masses: defaultdict[str, float] = defaultdict(float)
    for slip in likely:
        if slip.probability < least:
            continue
        same = len((space + typed[: slip.same]).encode())
        spelled = (space + slip.text).encode()
        mass = sum(
            probability * expansion.mass(search.vocabulary, spelled[length:])
            for length, probability, expansion in known
            if length <= same
        )
        if mass > 0:
            masses[slip.text] += mass * slip.probability
    return masses

"""How right entities are: strict precision, recall and F1, as CoNLL's scorer and seqeval count them.

An entity is right only if its type, its first and its last word are. (seqeval itself has had no release since 2020.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[str, int, int]
"""An entity: its type, its first word, and the one behind its last."""


@dataclass(frozen=True)
class Guess:
    """An entity that was found, and whether it would be told to the user."""

    span: Span
    probability: float
    shown: bool


@dataclass
class Counts:
    """Of one type, or of all: entities that there are, that were found, that were found rightly; and that are shown."""

    entities: int = 0
    found: int = 0
    right: int = 0
    shown: int = 0
    shown_right: int = 0

    @property
    def precision(self) -> float:
        """Share of right ones among those found; 0 if there are none."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of those there are that were found; 0 if there are none."""
        return self.right / self.entities if self.entities else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.entities + self.found) if self.right else 0.0


@dataclass(frozen=True)
class EntityScores:
    """How right entities are, in all (each entity counts the same) and by type."""

    all: Counts
    per_type: dict[str, Counts]


def score(types: Sequence[str], right: Iterable[Sequence[Span]], found: Iterable[Sequence[Guess]]) -> EntityScores:
    """Score what was found in some sentences against what is there."""
    per_type = {name: Counts() for name in types}
    for spans, guesses in zip(right, found, strict=True):
        wanted = set(spans)
        for kind, _, _ in spans:
            per_type[kind].entities += 1
        for guess in guesses:
            counts, hit = per_type[guess.span[0]], guess.span in wanted
            counts.found += 1
            counts.right += hit
            counts.shown += guess.shown
            counts.shown_right += guess.shown and hit
    total = Counts(*(sum(getattr(each, name) for each in per_type.values()) for name in vars(Counts())))
    return EntityScores(total, per_type)


def as_json(scores: EntityScores) -> dict[str, Any]:
    """Return what ``foreword eval entities --json`` prints; the keys are stable."""
    return {**_numbers(scores.all), "per_type": {name: _numbers(each) for name, each in scores.per_type.items()}}


def _numbers(counts: Counts) -> dict[str, Any]:
    shown_precision = round(counts.shown_right / counts.shown, 4) if counts.shown else None
    return {
        "precision": round(counts.precision, 4),
        "recall": round(counts.recall, 4),
        "f1": round(counts.f1, 4),
        "entities": counts.entities,
        "shown": {
            "count": counts.shown,
            "precision": shown_precision,
            "recall": round(counts.shown_right / counts.entities, 4) if counts.entities else None,
        },
    }

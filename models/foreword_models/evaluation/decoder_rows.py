"""What `foreword bench decoder` measures: the rows, and the token ids of each measurement.

Imports nothing but the standard library, like everything that a peer's interpreter has to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any, Final

LLAMA_CPP: Final = "llama.cpp"
TRANSFORMERS: Final = "transformers"

RSS_TARGET: Final = 480
"""Megabytes (10^6 bytes) that a process with the default model and 2,000 cached tokens may take."""


@dataclass(frozen=True)
class Row:
    """One thing that is timed: after `prefix` tokens, crop to `keep`, decode, and have the logits of what is last.

    Attributes
    ----------
    name : str
        Stable; other tools read it.
    document : {"short", "long"}
        Which text of a round the prefix is the beginning of: rows of one document follow each other, so that no engine
        decodes the same prefix twice.
    prefix : int
        Tokens in the cache when the clock starts.
    keep : int
        How many of them stay; the crop is timed.
    new : int
        Tokens decoded in each branch that nobody has seen before.
    again : int
        Tokens decoded after those that stood in the prefix already: what follows an edit.
    branches : int
        Sequences that are continued from the same prefix.
    repetitions : int
        Measurements a round: more where one is short. A prefill has one.
    targets : mapping of str to float
        For a peer, the share of its time that we allow ourselves.
    """

    name: str
    document: str
    prefix: int
    keep: int
    new: int
    again: int = 0
    branches: int = 1
    repetitions: int = 1
    targets: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence that the row needs: what the model's context has to hold."""
        return max(self.prefix + 1, self.keep + self.new + self.again)


ROWS: Final[tuple[Row, ...]] = (
    Row("prefill_256", "short", 0, 0, 256, targets={LLAMA_CPP: 0.2, TRANSFORMERS: 0.3}),
    Row("decode_1_at_256", "short", 256, 256, 1, repetitions=5, targets={LLAMA_CPP: 0.8, TRANSFORMERS: 0.15}),
    Row("decode_8_at_256", "short", 256, 256, 8, repetitions=3, targets={LLAMA_CPP: 0.35}),
    Row("branch_16", "short", 256, 256, 1, branches=16, repetitions=3, targets={LLAMA_CPP: 0.35}),
    Row("prefill_1024", "long", 0, 0, 1024),
    Row("decode_1_at_1024", "long", 1024, 1024, 1, repetitions=5, targets={LLAMA_CPP: 0.8, TRANSFORMERS: 0.15}),
    Row("next_at_edit_of_1000", "long", 1000, 500, 1),
    Row("edit_middle_of_1000", "long", 1000, 500, 1, again=499, targets={LLAMA_CPP: 0.25, TRANSFORMERS: 0.1}),
)


def fitting(rows: tuple[Row, ...], context: int) -> tuple[Row, ...]:
    """Return the rows that a model with this context length can do."""
    return tuple(row for row in rows if row.longest <= context)


def documents(rows: tuple[Row, ...], random: Random, vocabulary: int) -> dict[str, list[int]]:
    """Draw the texts of one round: for each document, as many ids as its rows need."""
    lengths = {row.document: 0 for row in rows}
    for row in rows:
        lengths[row.document] = max(lengths[row.document], row.prefix or row.new)
    return {name: random.choices(range(vocabulary), k=length) for name, length in lengths.items()}


def request(row: Row, document: list[int], random: Random, vocabulary: int) -> dict[str, Any]:
    """Return what to ask an engine for, see `foreword_models.evaluation.engine_child`.

    Ids that are decoded with the clock running are drawn anew for each repetition: an engine with a cache over
    sequences would find old ones there. A prefill decodes the document itself, which no earlier round has seen.
    """
    prefix = document[: row.prefix]
    if not row.prefix:
        warm = random.choice([token for token in range(vocabulary) if token != document[0]])
        return {"prefix": [], "warm": warm, "keep": 0, "repetitions": [[document[: row.new]]]}
    edited = prefix[row.keep + row.new :][: row.again]
    # No run begins like another, like the warm-up or, after a crop, like what stood there.
    known = set(prefix[row.keep : row.keep + 1])
    firsts = random.sample(
        [token for token in range(vocabulary) if token not in known], row.repetitions * row.branches + 1
    )
    runs = [[first, *random.choices(range(vocabulary), k=row.new - 1), *edited] for first in firsts[1:]]
    repetitions = [runs[start : start + row.branches] for start in range(0, len(runs), row.branches)]
    return {"prefix": prefix, "warm": firsts[0], "keep": row.keep, "repetitions": repetitions}

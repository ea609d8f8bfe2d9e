"""Tree attention: the step of many sequences at once, in which every token looks at its own ancestors only.

As in Miao et al., SpecInfer (2023): the sequences share the matrix products of one forward, and a mask over the slots
that any of them goes through keeps them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foreword_models.gpt.kv_cache import Slots
from foreword_models.gpt.step import Step

SPREAD = 2  # slots are attended to in place while they span at most so many times their number

Ids = NDArray[np.int64]


def tree_step(
    prefixes: Sequence[Slots], own: Sequence[Slots], tokens: Sequence[Ids], slots: int, window: int, every: bool
) -> Step:
    """Return the step of n sequences.

    Parameters
    ----------
    prefixes, own, tokens
        For each sequence: the slots of what is cached of it, those of its new tokens, and these tokens.
    slots
        Number of slots in the arena.
    window
        Tokens that a sliding layer looks back on; 0 if none slides.
    every
        Whether logits are wanted after every token; else after the last of each sequence.
    """
    keys, columns, width = _key_slots([*prefixes, *own], slots)
    slides = window > 0 and max(len(a) + len(b) for a, b in zip(prefixes, own, strict=True)) > window
    ends = np.cumsum([len(run) for run in own])
    return Step(
        tokens=np.concatenate(tokens),
        positions=np.concatenate([np.arange(len(a), len(a) + len(b)) for a, b in zip(prefixes, own, strict=True)]),
        slots=np.concatenate(own),
        keys=keys,
        mask=_tree_mask(prefixes, own, columns, width, None),
        local_mask=_tree_mask(prefixes, own, columns, width, window) if slides else None,
        rows=np.arange(ends[-1]) if every else ends - 1,
    )


def _key_slots(paths: Sequence[Slots], slots: int) -> tuple[slice | Slots, NDArray[np.int64], int]:
    """The slots that any path goes through, the column of each slot among them, and the number of columns.

    A range of the arena is attended to in place, at the price of masked strangers between; only when those outnumber
    the paths' own slots are the keys gathered, which copies them.
    """
    used = np.zeros(slots, dtype=bool)
    for path in paths:
        used[path] = True
    wanted = np.flatnonzero(used)
    low, high = int(wanted[0]), int(wanted[-1]) + 1
    if high - low <= SPREAD * len(wanted):
        return slice(low, high), np.arange(slots) - low, high - low
    columns = np.zeros(slots, dtype=np.int64)
    columns[wanted] = np.arange(len(wanted))
    return wanted, columns, len(wanted)


def _tree_mask(
    prefixes: Sequence[Slots], own: Sequence[Slots], columns: NDArray[np.int64], width: int, window: int | None
) -> NDArray[np.bool_] | None:
    """Who may look where: each new token at its prefix, earlier tokens of its run, and itself. Shape (n, width).

    With a `window`, only at the last so many of these. None if a single token may look everywhere.
    """
    if window is None and len(own) == 1 and len(own[0]) == 1 and len(prefixes[0]) + 1 == width:
        return None
    mask = np.zeros((sum(len(run) for run in own), width), dtype=bool)
    row = 0
    for prefix, run in zip(prefixes, own, strict=True):
        rows, before = mask[row : row + len(run)], len(prefix)
        seen = np.tri(len(run), before + len(run), before, dtype=bool)
        if window is not None:
            seen &= ~np.tri(len(run), before + len(run), before - window, dtype=bool)
        rows[:, columns[np.concatenate([prefix, run])]] = seen
        row += len(run)
    return mask

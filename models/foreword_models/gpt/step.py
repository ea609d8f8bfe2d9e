"""What one forward pass is asked to do, in numbers, before any of it is on a device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foreword_models.gpt.kv_cache import Slots


@dataclass(frozen=True)
class Step:
    """n tokens to be decoded together, each after its own ancestors.

    Attributes
    ----------
    tokens, positions, slots
        Shape (n,): ids, positions in their sequences, slots that take their keys and values.
    keys
        The s slots looked at: a range of the arena, or their numbers.
    mask
        Shape (n, s), true where a token may look; None if every token may look everywhere.
    local_mask
        The same for layers that slide; None where `mask` says it.
    rows
        Which of the n tokens logits are wanted for.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    slots: Slots
    keys: slice | Slots
    mask: NDArray[np.bool_] | None
    local_mask: NDArray[np.bool_] | None
    rows: NDArray[np.int64]

    @property
    def columns(self) -> int:
        """Number of slots looked at."""
        return self.keys.stop - self.keys.start if isinstance(self.keys, slice) else len(self.keys)


def padded(step: Step, rows: int, columns: int) -> Step:
    """Return a step of fixed sizes that does what `step` does, for devices that repeat a recorded step.

    Parameters
    ----------
    rows
        Tokens of the new step, at least as many as there are. The last token stands in for those that are missing: it
        is decoded again, into its own slot, with the same result.
    columns
        Slots looked at, at least as many as there are. Nobody sees those that are added.

    Returns
    -------
    Step
        Its slots are numbered one by one, both masks are there, and so many `rows` of logits are asked for as there are
        tokens, the wanted ones first.
    """
    keys = np.arange(step.keys.start, step.keys.stop) if isinstance(step.keys, slice) else step.keys
    everywhere = np.ones((len(step.tokens), len(keys)), dtype=bool)
    mask = everywhere if step.mask is None else step.mask
    more, wider = rows - len(step.tokens), (0, columns - len(keys))

    def longer(array: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.pad(array, (0, more), mode="edge")

    def larger(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.pad(np.pad(seen, ((0, more), (0, 0)), mode="edge"), ((0, 0), wider))

    return Step(
        tokens=longer(step.tokens),
        positions=longer(step.positions),
        slots=longer(step.slots),
        keys=np.pad(keys, wider),
        mask=larger(mask),
        local_mask=larger(mask if step.local_mask is None else step.local_mask),
        rows=np.pad(step.rows, (0, rows - len(step.rows)), mode="edge"),
    )

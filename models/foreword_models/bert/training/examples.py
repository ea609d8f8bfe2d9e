"""Labelled texts, and dividing them so that no text is on two sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Example:
    """A text with its labels (one, or for "any of N" any number); ``group`` says which set it comes from."""

    text: str
    labels: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Parts:
    """Indices of the examples to train on, to calibrate with, and to report scores of."""

    train: Indices
    calibration: Indices
    test: Indices


def identity(text: str) -> str:
    """Return what two texts share that are the same but for case and spacing."""
    return " ".join(text.casefold().split())


def without_repeats(examples: Iterable[Example], seen: Iterable[Example] = ()) -> list[Example]:
    """Return the examples whose text was not there before, in this sequence or in ``seen``."""
    known = {identity(example.text) for example in seen}
    result = []
    for example in examples:
        if (key := identity(example.text)) not in known:
            known.add(key)
            result.append(example)
    return result


def strata(examples: Sequence[Example]) -> list[str]:
    """Return what each example is to be spread by: its set, and the rarest of its labels."""
    counts: dict[str, int] = {}
    for example in examples:
        for label in example.labels:
            counts[label] = counts.get(label, 0) + 1
    return [
        f"{example.group}\0{min(example.labels, key=lambda label: (counts[label], label), default='')}"
        for example in examples
    ]


def split(examples: Sequence[Example], *, calibration: float, test: float, seed: int) -> Parts:
    """Divide the examples, every label of every set in about the same proportions.

    Parameters
    ----------
    examples
        Each text once: see `without_repeats`.
    calibration, test
        Shares held out; of a label with three examples or more each part gets one at least.
    """
    random = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for index, stratum in enumerate(strata(examples)):
        members.setdefault(stratum, []).append(index)
    parts: Mapping[str, list[int]] = {"train": [], "calibration": [], "test": []}
    for stratum in sorted(members):
        order = random.permutation(members[stratum]).tolist()
        tested = _share(len(order), test)
        calibrated = _share(len(order), calibration)
        parts["test"].extend(order[:tested])
        parts["calibration"].extend(order[tested : tested + calibrated])
        parts["train"].extend(order[tested + calibrated :])
    train, held, tests = (np.sort(np.array(parts[name], dtype=np.intp)) for name in ("train", "calibration", "test"))
    return Parts(train, held, tests)


def _share(count: int, share: float) -> int:
    return max(1, round(count * share)) if share and count >= 3 else 0

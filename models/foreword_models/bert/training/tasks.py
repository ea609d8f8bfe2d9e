"""What one head is to learn: its labels, its examples as numbers, and how often each is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foreword_models.bert.training.examples import Example, Parts

Kind = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class Task:
    """One head's part of a training.

    Attributes
    ----------
    kind
        "softmax": exactly one of the labels holds; "sigmoid": any of them.
    parts
        Which examples are trained on, calibrated with and reported.
    passes
        How often each example is seen, by ``group`` or, before that, by ``group/label`` for those with no label but
        that one; 0.5 sees half of them once.
    label_weights
        What the loss of an example of a label counts; 1 where not named.
    max_tokens
        Tokens of a text that are trained on.
    cased
        Whether capitals tell something: what the words say is then learned of each text as it is, with a capital at
        each word and with none, so that a site's habit of capitals tells a little and decides nothing.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    examples: Sequence[Example]
    parts: Parts
    passes: Mapping[str, float] = field(default_factory=dict)
    label_weights: Mapping[str, float] = field(default_factory=dict)
    max_tokens: int = 128
    cased: bool = False

    def targets(self) -> NDArray[np.float32]:
        """Return 1 where a label holds: (examples, labels)."""
        rows = np.zeros((len(self.examples), len(self.labels)), dtype=np.float32)
        column = {label: index for index, label in enumerate(self.labels)}
        for row, example in zip(rows, self.examples, strict=True):
            for label in example.labels:
                row[column[label]] = 1
        return rows

    def schedule(self, seed: int) -> list[int]:
        """Return the training examples in the number of times each is to be seen, in no meaningful order."""
        random = np.random.default_rng(seed)
        members: dict[str, list[int]] = {}
        for index in self.parts.train.tolist():
            example = self.examples[index]
            key = f"{example.group}/{example.labels[0]}" if len(example.labels) == 1 else example.group
            members.setdefault(key if key in self.passes else example.group, []).append(index)
        order: list[int] = []
        for key in sorted(members):
            passes = self.passes.get(key, 1.0)
            order += members[key] * int(passes)
            order += random.permutation(members[key])[: round(len(members[key]) * (passes % 1))].tolist()
        return order


def rows(tasks: Sequence[Task], tokenize: Any, seed: int) -> list[dict[str, Any]]:
    """Return what the loop trains on: one dict for each time that an example is seen.

    Parameters
    ----------
    tokenize
        From texts and a number of tokens to lists of token ids.
    """
    result = []
    for number, task in enumerate(tasks):
        order = task.schedule(seed)
        wanted = sorted(set(order))
        ids = dict(zip(wanted, tokenize([task.examples[i].text for i in wanted], task.max_tokens), strict=True))
        targets = task.targets()
        for index in order:
            weight = float(
                np.mean([task.label_weights.get(label, 1.0) for label in task.examples[index].labels] or [1])
            )
            result.append(
                {
                    "input_ids": ids[index],
                    "length": len(ids[index]),
                    "task": number,
                    "targets": targets[index],
                    "weight": weight,
                }
            )
    return result

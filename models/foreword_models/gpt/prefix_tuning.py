"""Prefix tuning (Li and Liang 2021): keys and values that stand before every text, learned from texts of a kind.

The model itself stays as it is. What is learned begins as the keys and values of a decoded preamble, which is already
better than anything random, and is what `Decoder.prefix` takes: keys turned by their positions. Each head's numbers are
learned in units of their own size, as values are a hundredth of keys in some layers. Lines of similar length are taken
together, and the state with the fewest bits on lines that nothing is learned from is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.gpt.differentiable import head, hidden_states
from foreword_models.gpt.weights import Weights

Lines = Sequence[Sequence[int]]

_POOL = 16  # batches that are sorted by length together
_BATCH_TOKENS = 1024  # of a batch that is only measured


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is learned.

    Attributes
    ----------
    steps
        Most steps; the rate falls to nothing along a cosine over them.
    lines, tokens
        Most lines of a step, and most tokens of them together.
    rate
        Of Adam (Kingma and Ba 2015), in units of each head's root mean square.
    every
        Steps between two looks at the lines kept apart.
    patience
        Looks without a gain after which nothing more is learned.
    """

    steps: int = 300
    lines: int = 24
    tokens: int = 768
    rate: float = 1e-2
    every: int = 20
    patience: int = 5
    seed: int = 0


def total_bits(weights: Weights, prefix: Tensor, last: int, lines: Lines) -> float:
    """Return -log2 P(tokens of all lines | the prefix and the token after it), each line on its own."""
    bits = 0.0
    with torch.inference_mode():
        for batch in _measured(lines):
            bits += float(_loss(weights, prefix, last, batch)) / math.log(2)
    return bits


def _measured(lines: Lines) -> Iterator[Lines]:
    """Batches of lines of similar length."""
    batch: list[Sequence[int]] = []
    for line in sorted(filter(len, lines), key=len):
        if batch and (len(batch) + 1) * len(line) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(line)
    if batch:
        yield batch


def _loss(weights: Weights, prefix: Tensor, last: int, batch: Lines) -> Tensor:
    """Sum of -log P of the batch's tokens."""
    device = weights.embed.device
    longest = max(map(len, batch))
    ids = torch.tensor([[last, *line[:-1], *[0] * (longest - len(line))] for line in batch], device=device)
    wanted = torch.tensor([[*line, *[-1] * (longest - len(line))] for line in batch], device=device)
    real = wanted >= 0
    logits = head(weights, hidden_states(weights, prefix, ids)[real])
    return F.cross_entropy(logits, wanted[real], reduction="sum")


@dataclass(frozen=True)
class Check:
    """What was seen at a look at the lines kept apart.

    Attributes
    ----------
    step
        Steps learned before it.
    bits
        Of all these lines.
    """

    step: int
    bits: float


@dataclass(frozen=True)
class Tuned:
    """What was learned.

    Attributes
    ----------
    prefix
        Shape (layers, 2 kv_heads, n, head_dim), float32: the best at any look; the start if nothing was better.
    checks
        All looks, the first one before the first step.
    """

    prefix: Tensor
    checks: tuple[Check, ...]

    @property
    def best(self) -> Check:
        """The look that the prefix is of."""
        return min(self.checks, key=lambda check: check.bits)


class Tuning:
    """A training, step by step.

    Parameters
    ----------
    weights
        The model, on the device to train on.
    start
        Shape (layers, 2 kv_heads, n, head_dim): keys and values of a decoded preamble.
    last
        The token that follows the prefix in use, and precedes every line: the preamble's last one.
    train, kept
        Token ids of lines to learn from, and of lines to judge by; none is empty. A line may be there more than once.
    """

    def __init__(
        self, weights: Weights, start: Tensor, last: int, train: Lines, kept: Lines, schedule: Schedule
    ) -> None:
        self.schedule = schedule
        self._weights, self._last = weights, last
        self._train, self._kept = train, kept
        self._start = start.to(weights.embed.device, torch.float32)
        self._size = self._start.square().mean((2, 3), keepdim=True).sqrt()
        self._learned = torch.zeros_like(self._start, requires_grad=True)  # in units of the size
        self._adam = torch.optim.Adam([self._learned], lr=schedule.rate)
        self._order = _batches(train, schedule)
        self._best = self._start
        self.step = 0
        self.checks: list[Check] = []

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or no more would help."""
        best = min(self.checks, key=lambda check: check.bits, default=None)
        patience = self.schedule.patience * self.schedule.every
        return best is not None and (self.step >= self.schedule.steps or self.step - best.step >= patience)

    def advance(self) -> None:
        """Learn from the next batch, and look at the lines kept apart where it is time to."""
        if not self.checks:
            self._check()
            return
        for group in self._adam.param_groups:
            group["lr"] = self.schedule.rate * 0.5 * (1 + math.cos(math.pi * self.step / self.schedule.steps))
        batch = next(self._order)
        self._adam.zero_grad()
        loss = _loss(self._weights, self._prefix(), self._last, batch) / sum(map(len, batch))
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()
        self.step += 1
        if self.step % self.schedule.every == 0 or self.step == self.schedule.steps:
            self._check()

    def tuned(self) -> Tuned:
        """Return what has been learned so far."""
        return Tuned(self._best.cpu(), tuple(self.checks))

    def state(self) -> dict[str, Tensor]:
        """Return all that `restore` needs to go on from here."""
        adam = self._adam.state.get(self._learned, {})
        moments = {name: adam[name] for name in ("exp_avg", "exp_avg_sq", "step") if name in adam}
        looks = torch.tensor([[check.step, check.bits] for check in self.checks], dtype=torch.float64).view(-1, 2)
        learned = {"learned": self._learned.detach(), "best": self._best, "checks": looks}
        return {name: tensor.cpu().clone() for name, tensor in (moments | learned).items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the `state` of a training begun alike; `ValueError` or `KeyError` if it is none."""
        if state["learned"].shape != self._start.shape or state["best"].shape != self._start.shape:
            raise ValueError("another shape")
        self.checks = [Check(int(step), bits) for step, bits in state["checks"].tolist()]
        self._best = state["best"].to(self._start)
        with torch.no_grad():
            self._learned.copy_(state["learned"])
        self.step = int(state["step"]) if "step" in state else 0
        if self.step:
            moments = {name: state[name] for name in ("exp_avg", "exp_avg_sq", "step")}
            self._adam.load_state_dict(self._adam.state_dict() | {"state": {0: moments}})
        for _ in range(self.step):
            next(self._order)

    def _prefix(self) -> Tensor:
        return self._start + self._size * self._learned

    def _check(self) -> None:
        prefix = self._prefix().detach()
        bits = total_bits(self._weights, prefix, self._last, self._kept)
        if not self.checks or bits < min(check.bits for check in self.checks):
            self._best = prefix
        self.checks.append(Check(self.step, bits))


def _batches(lines: Lines, schedule: Schedule) -> Iterator[Lines]:
    """Batches without end: every line once before any comes again, those of similar length together."""
    random = Random(schedule.seed)  # noqa: S311  (nothing secret)
    while True:
        order = [line for line in lines if len(line)]
        random.shuffle(order)
        pool = _POOL * schedule.lines
        for first in range(0, len(order), pool):
            made: list[list[Sequence[int]]] = [[]]
            for line in sorted(order[first : first + pool], key=len):
                if len(made[-1]) == schedule.lines or ((len(made[-1]) + 1) * len(line) > schedule.tokens and made[-1]):
                    made.append([])
                made[-1].append(line)
            random.shuffle(made)
            yield from made

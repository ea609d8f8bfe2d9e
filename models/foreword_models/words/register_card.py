"""The card of a learned register: what it was learned from, and what that gained."""

from __future__ import annotations

from collections.abc import Sequence

from foreword_models.gpt.prefix_tuning import Schedule
from foreword_models.words.register_training import MOST_TOKENS, Learned, Parts


def card(
    learned: Learned, parts: Parts, schedule: Schedule, *, model: str, sources: Sequence[str], command: str
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    sources
        What the texts are, a line for each.
    command
        What makes the register again.
    """
    register, best, done = learned.register, learned.tuned.best, learned.tuned.checks[-1].step
    rows = "\n".join(
        f"| {name} | {gain.texts} | {gain.bare:.3f} | {gain.preamble:.3f} | {gain.learned:.3f} |"
        for name, gain in learned.gains.items()
    )
    listed = "\n".join(f"- {source}" for source in sources)
    count = register.prefix.shape[2]
    return f"""# The register `{register.name}`, learned for {model}

{count} vectors of keys and values (prefix tuning, Li and Liang 2021) that stand before a text of this kind, in place
of the preamble in `foreword_models.words.registers`. They fit one model only, whose digest is in the file.

Made with `{command}`.

## Texts

{listed}

{len(parts.train)} texts to learn from (some more than once, if need be), {len(parts.kept)} to judge by,
{len(parts.held_out)} held out. Nobody can read the texts from the numbers, but they make the words of the texts
likelier: a register learned from private texts is private too.

## Training

The {best.step} steps, of {done} done, that left the fewest bits on the texts to judge by. At most {schedule.lines}
lines a step; Adam, at {schedule.rate:g} of each head's size, falling along a cosine over {schedule.steps} steps; seed
{schedule.seed}.

## Bits per character

Each text on its own, of longer ones the first {MOST_TOKENS} tokens; weights as floating-point numbers. The held-out
texts were neither learned from nor judged by.

| texts | number | bare | preamble | learned |
|---|---|---|---|---|
{rows}
"""

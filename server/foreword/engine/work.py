"""What the decoder has done for one connection: how many forwards, and what the K/V cache has spared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from foreword.engine.engine import Checkpoint

if TYPE_CHECKING:
    from foreword.engine.models import Models

T = TypeVar("T")


@dataclass
class Work:
    """Counts of one connection; written on the inference thread.

    Attributes
    ----------
    forwards
        Passes through the decoder, behind answers too.
    decoded
        Tokens that went through them: of texts, and of words that were looked at.
    reused
        Tokens that would have had to, had their keys and values not been in the cache.
    """

    forwards: int = 0
    decoded: int = 0
    reused: int = 0

    def counted(self, models: Models, work: Callable[[Checkpoint], T]) -> Callable[[Checkpoint], T]:
        """Return a job that counts what it makes the decoder do, even if it is abandoned."""

        def run(checkpoint: Checkpoint) -> T:
            before = _counts(models)
            try:
                return work(checkpoint)
            finally:
                forwards, decoded, reused = (now - then for now, then in zip(_counts(models), before, strict=True))
                self.forwards += forwards
                self.decoded += decoded
                self.reused += reused

        return run


def _counts(models: Models) -> tuple[int, int, int]:
    decoder = models.decoder
    return (decoder.forwards, decoder.decoded_tokens, decoder.reused_tokens) if decoder is not None else (0, 0, 0)

"""What a connection makes the decoder do is counted, whatever becomes of its jobs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from foreword.engine.work import Work
from foreword_models.errors import Cancelled


def test_jobs_are_counted_apart_also_when_they_are_abandoned() -> None:
    decoder = SimpleNamespace(forwards=5, decoded_tokens=50, reused_tokens=500)
    models: Any = SimpleNamespace(decoder=decoder)
    one, other = Work(), Work()

    def decode(_checkpoint: object) -> str:
        decoder.forwards += 1
        decoder.decoded_tokens += 2
        decoder.reused_tokens += 30
        return "words"

    def give_up(checkpoint: object) -> None:
        decode(checkpoint)
        raise Cancelled

    assert one.counted(models, decode)(lambda: None) == "words"
    with pytest.raises(Cancelled):
        one.counted(models, give_up)(lambda: None)
    other.counted(models, decode)(lambda: None)
    assert one == Work(forwards=2, decoded=4, reused=60)
    assert other == Work(forwards=1, decoded=2, reused=30)


def test_without_a_decoder_there_is_nothing_to_count() -> None:
    models: Any = SimpleNamespace(decoder=None)
    work = Work()
    assert work.counted(models, lambda _: 3)(lambda: None) == 3
    assert work == Work()

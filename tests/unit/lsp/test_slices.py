"""Long work leaves the loop to others, and ends when it is not wanted any more."""

from __future__ import annotations

import asyncio

import pytest

from foreword.lsp import slices
from foreword.lsp.slices import in_slices


async def test_everything_is_done_in_order() -> None:
    done: list[int] = []
    assert await in_slices(range(1000), done.append)
    assert done == list(range(1000))


async def test_others_go_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", -1.0)  # a rest behind each item
    monkeypatch.setattr(slices, "REST", 0.0)
    seen: list[str] = []

    async def other() -> None:
        for _ in range(3):
            seen.append("other")
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    await in_slices(range(3), lambda _: seen.append("item"))
    await task
    assert seen == ["item", "other"] * 3


async def test_what_is_not_wanted_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", -1.0)
    monkeypatch.setattr(slices, "REST", 0.0)
    done: list[int] = []
    assert not await in_slices(range(1000), done.append, lambda: len(done) < 5)
    assert len(done) == 5

"""When a machine is measured: once, after a quiet while, and not while somebody types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from foreword.engine.engine import Checkpoint, Priority
from foreword.lsp.features import measuring
from foreword.lsp.server import ForewordServer
from foreword_models.errors import Cancelled, ModelError


class Machine:
    """Stands for the models: counts measurements, which can be held up or fail, and what the user is told."""

    def __init__(self) -> None:
        self.begun = self.done = 0
        self.told: list[Exception] = []
        self.error: Exception | None = None
        self.hold = False
        self.tidied = 0

    def tidy(self) -> None:
        self.tidied += 1

    def to_be_measured(self) -> bool:
        return not self.done

    def measure(self, checkpoint: Checkpoint) -> None:
        self.begun += 1
        while self.hold:
            checkpoint()
        if self.error is not None:
            raise self.error
        self.done += 1


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ForewordServer]:
    monkeypatch.setattr(measuring, "SETTLED", 0.0)
    monkeypatch.setattr(measuring, "QUIET", 0.02)
    server = ForewordServer()
    yield server
    assert server.engine.close(10)


@pytest.fixture
def machine(server: ForewordServer, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(server, "models", machine)
    monkeypatch.setattr(measuring, "tidy", machine.tidy)
    monkeypatch.setattr(server, "fail", machine.told.append)
    return machine


async def settled(server: ForewordServer) -> None:
    assert server.measuring is not None
    await asyncio.wait_for(server.measuring, 10)


async def test_a_machine_is_measured_once(server: ForewordServer, machine: Machine) -> None:
    for _ in range(2):
        measuring.when_quiet(server)
        measuring.when_quiet(server)
        await settled(server)
    assert machine.begun == machine.done == 1
    assert machine.tidied == 2  # after each start


async def test_a_key_ends_a_measurement_and_another_quiet_while_begins_one(
    server: ForewordServer, machine: Machine
) -> None:
    machine.hold = True
    measuring.when_quiet(server)
    while not machine.begun:
        await asyncio.sleep(0.001)
    assert await server.engine.run(Priority.COMPLETION, lambda _: "words") == "words"
    assert machine.begun == 1
    machine.hold = False
    await settled(server)
    assert (machine.begun, machine.done) == (2, 1)


async def test_a_job_is_not_a_quiet_while(server: ForewordServer, machine: Machine) -> None:
    def work(checkpoint: Checkpoint) -> None:
        while not machine.begun:
            checkpoint()

    job = asyncio.ensure_future(server.engine.run(Priority.COMPLETION, work))
    await asyncio.sleep(0.01)
    measuring.when_quiet(server)
    await asyncio.sleep(0.1)
    assert machine.begun == 0
    job.cancel()
    await settled(server)
    assert machine.done == 1


@pytest.mark.parametrize("error", [ModelError("a pack is missing"), Cancelled()])
async def test_nobody_is_told_of_a_measurement_that_fails(
    server: ForewordServer, machine: Machine, error: Exception
) -> None:
    machine.error = error
    measuring.when_quiet(server)
    await settled(server)
    assert machine.begun == 1
    assert machine.told == []


async def test_an_unexpected_error_is_told(server: ForewordServer, machine: Machine) -> None:
    machine.error = LookupError("unexpected")
    measuring.when_quiet(server)
    await settled(server)
    assert machine.told == [machine.error]

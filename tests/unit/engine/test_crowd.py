"""As many threads as there are cores left by other programs."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import psutil
import pytest

from foreword.engine.crowd import Crowd, busy_with_others


class Machine:
    """A clock, and the seconds that other programs have taken."""

    def __init__(self) -> None:
        self.now = self.taken = 0.0
        self.looks = 0

    def clock(self) -> float:
        return self.now

    def busy(self) -> float:
        self.looks += 1
        return self.taken

    def go(self, seconds: float, *, others: float) -> None:
        """Let time pass in which others keep so many cores busy."""
        self.now += seconds
        self.taken += seconds * others


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize(("others", "threads"), [(0.0, 4), (0.3, 4), (0.9, 3), (2.0, 2), (4.0, 1), (9.0, 1)])
def test_a_thread_for_each_core_that_is_left(machine: Machine, others: float, threads: int) -> None:
    crowd = Crowd(machine.clock, machine.busy, cores=4)
    assert crowd.threads(4) == 4  # nothing is known yet
    machine.go(1.0, others=others)
    assert crowd.threads(4) == threads
    assert crowd.threads(2) == min(2, threads)


def test_they_come_back_when_the_others_are_done(machine: Machine) -> None:
    crowd = Crowd(machine.clock, machine.busy, cores=2)
    crowd.threads(2)
    machine.go(1.0, others=1.0)
    assert crowd.threads(2) == 1
    machine.go(1.0, others=0.1)
    assert crowd.threads(2) == 2


def test_the_machine_is_not_looked_at_for_every_key(machine: Machine) -> None:
    crowd = Crowd(machine.clock, machine.busy, cores=2)
    for _ in range(100):
        machine.go(0.01, others=1.0)
        crowd.threads(2)
    assert machine.looks <= 3


def test_only_what_others_do_on_our_cores_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = [SimpleNamespace(user=10.0, idle=50.0), SimpleNamespace(user=2.0, steal=1.0), SimpleNamespace(user=99.0)]
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: cores if percpu else None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(time, "process_time", lambda: 4.0)
    assert busy_with_others() == 10 + 2 + 1 - 4

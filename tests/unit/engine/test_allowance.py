"""Thinking ahead takes a share of the time, and none on battery."""

from __future__ import annotations

import psutil
import pytest

from foreword.engine import allowance
from foreword.engine.allowance import WINDOW, Allowance, runs_on_battery


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_share_of_the_window_may_be_taken() -> None:
    clock = Clock()
    allowed = Allowance(clock)
    assert allowed.left(0.5) == pytest.approx(0.5 * WINDOW)
    allowed.spend(0.4 * WINDOW)
    assert allowed.left(0.5) == pytest.approx(0.1 * WINDOW)
    assert allowed.left(0.2) < 0
    clock.now = WINDOW + 1
    assert allowed.left(0.5) == pytest.approx(0.5 * WINDOW)


def test_the_battery_is_looked_at_now_and_then() -> None:
    clock, looks = Clock(), [False, True]
    allowed = Allowance(clock, lambda: looks.pop(0))
    assert not allowed.on_battery
    assert not allowed.on_battery
    clock.now = allowance._LOOK + 1
    assert allowed.on_battery
    assert looks == []


class Battery:
    def __init__(self, plugged: bool | None) -> None:
        self.power_plugged = plugged


@pytest.mark.parametrize(
    ("battery", "found"), [(None, False), (Battery(True), False), (Battery(None), False), (Battery(False), True)]
)
def test_a_battery_counts_when_nothing_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch, battery: Battery | None, found: bool
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert runs_on_battery() is found


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError

    monkeypatch.setattr(psutil, "sensors_battery", fail, raising=False)
    assert runs_on_battery() is False

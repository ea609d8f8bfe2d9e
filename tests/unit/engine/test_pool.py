"""Models that connections share: the same for the same settings, told of to each, let go when nobody uses them."""

from __future__ import annotations

import pytest

from foreword.engine.models import Models
from foreword.engine.pool import Pool
from foreword.settings import ModelSettings, Settings


class Told:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def start(self, description: str, total: int) -> None:
        self.heard.append((description, total))

    def update(self, done: int) -> None:
        self.heard.append(done)

    def finish(self) -> None:
        self.heard.append("finish")

    def say(self, message: str) -> None:
        self.heard.append(message)


def test_the_same_settings_mean_the_same_models() -> None:
    pool, one, two, three = Pool(), Told(), Told(), Told()
    models = pool.join(Settings(), one)
    assert pool.join(Settings(), two) is models
    assert pool.join(Settings(model=ModelSettings("other")), three) is not models


def test_all_who_share_models_are_told_and_who_comes_late_of_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, one, late, gone = Pool(), Told(), Told(), Told()
    models = pool.join(Settings(), one)
    pool.join(Settings(), gone)
    pool.leave(gone)

    def load(self: Models) -> None:
        self._progress.start("Loading", 10)
        pool.join(Settings(), late)
        self._progress.update(5)
        self._progress.finish()
        self._say("Loaded.")

    monkeypatch.setattr(Models, "_load_predictor", load)
    models.predictor()
    assert one.heard == late.heard == [("Loading", 10), 5, "finish", "Loaded."]
    assert gone.heard == []


def test_what_nobody_uses_goes_when_something_else_is_used() -> None:
    pool, one, two = Pool(), Told(), Told()
    models = pool.join(Settings(), one)
    pool.leave(one)
    assert pool.join(Settings(), one) is models  # kept for the next connection
    pool.join(Settings(model=ModelSettings("other")), one)
    assert pool.join(Settings(), two) is not models


def test_all_shed_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    shed: list[Models] = []
    monkeypatch.setattr(Models, "shed", lambda self: shed.append(self))
    pool = Pool()
    models = {pool.join(Settings(model=ModelSettings(name)), Told()) for name in ("one", "two")}
    pool.engine._relieve()
    assert set(shed) == models

"""Fixtures of the model pack tests: an empty store, and a made-up pack with its wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.zoo.registry import Pack
from foreword_models.zoo.store import Store
from tests.unit.zoo.tiny import Recorder, make_pack


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty cache folder, which is the default one meanwhile."""
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path / "cache"))
    return Store.default()


@pytest.fixture
def made(tmp_path: Path) -> tuple[Pack, Path]:
    """A made-up pack, and its wheel in a folder of its own."""
    (tmp_path / "wheels").mkdir()
    return make_pack(tmp_path / "wheels")


@pytest.fixture
def pack(made: tuple[Pack, Path]) -> Pack:
    return made[0]


@pytest.fixture
def wheel(made: tuple[Pack, Path]) -> Path:
    return made[1]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()

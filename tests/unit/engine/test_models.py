"""The models in use: how the decoder is run, as asked for, as remembered, or as measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from foreword.engine.models import Models, wanted_precision
from foreword_models.errors import ModelError, UnsupportedModelError
from foreword_models.gpt import machine, measurements, packing, tuning
from foreword_models.gpt.tuning import Choice, Timing
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store
from tests.unit.gpt.tiny import save_model


class Told:
    """What the user is told."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, description: str, total: int) -> None:  # noqa: ARG002
        self.started.append(description)

    def update(self, done: int) -> None: ...

    def finish(self) -> None: ...


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(folder, "llama")
    return folder


@pytest.fixture(autouse=True)
def restored(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache shared by these tests but for what is remembered, a quiet machine, and the thread count as before."""
    root = tmp_path_factory.getbasetemp() / "models-cache"
    (root / measurements.NAME).unlink(missing_ok=True)
    monkeypatch.setenv("FOREWORD_CACHE", str(root))
    monkeypatch.setenv("FOREWORD_MEASURE", "1")
    monkeypatch.setattr(machine, "load_per_core", lambda: 0.1)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def models(raw: Path, precision: str = "auto", told: Told | None = None) -> Models:
    return Models(decoder=str(raw), encoder="x", precision=precision, progress=told or Told(), say=print)


def choice(precision: packing.Precision = "bfloat16", threads: int = 3) -> Choice:
    return Choice(precision, threads, "cpu", (Timing(precision, threads, 1, 1, 1, 1),), "2026-01-02T03:04:05+00:00")


def running(models: Models) -> tuple[str, int]:
    return models.predictor().model.decoder.precision, torch.get_num_threads()


def test_this_machine_is_measured_once(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Path] = []

    def measure(folder: Path) -> Choice:
        measured.append(folder)
        return choice()

    monkeypatch.setattr(tuning, "measure_apart", measure)
    first, second = Told(), Told()
    assert running(models(raw, told=first)) == ("bfloat16", 3)
    assert running(models(raw, told=second)) == ("bfloat16", 3)
    assert len(measured) == 1
    assert "Measuring this machine (once)" in first.started
    assert second.started == [f"Loading {raw}"]
    assert measurements.remembered(measured[0], Store.default().root) == choice()


def defaults(raw: Path) -> tuple[str, int]:
    folder = locate(str(raw), "decoder", Store.default())
    return packing.precisions(folder, torch.device("cpu"))[0], machine.most_threads()


@pytest.mark.parametrize("error", [ModelError("no"), RuntimeError("kernel"), MemoryError()])
def test_a_measurement_that_fails_leaves_the_defaults(
    raw: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(_: Path) -> Choice:
        raise error

    monkeypatch.setattr(tuning, "measure_apart", measure)
    assert running(models(raw)) == defaults(raw)


@pytest.mark.parametrize("why", ["told not to", "busy"])
def test_nothing_is_measured(raw: Path, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure_apart", lambda _: pytest.fail("measured"))
    if why == "busy":
        monkeypatch.setattr(machine, "load_per_core", lambda: 3.0)
    else:
        monkeypatch.setenv("FOREWORD_MEASURE", "0")
    told = Told()
    assert running(models(raw, told=told)) == defaults(raw)
    assert not any("Measuring" in line for line in told.started)


def test_a_precision_that_is_asked_for_comes_first(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure_apart", lambda _: pytest.fail("measured"))
    assert running(models(raw, "float32"))[0] == "float32"
    monkeypatch.setenv("FOREWORD_PRECISION", "bfloat16")
    assert running(models(raw, "float32"))[0] == "bfloat16"
    monkeypatch.setenv("FOREWORD_PRECISION", "int2")
    with pytest.raises(UnsupportedModelError, match="set FOREWORD_PRECISION to auto, float32"):
        models(raw).predictor()


def test_auto_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted_precision() is None
    assert wanted_precision("int8") == "int8"
    monkeypatch.setenv("FOREWORD_PRECISION", "auto")
    assert wanted_precision("int8") is None

"""The models in use: how the decoder is run, as asked for, as remembered, or as measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from foreword.engine.models import Models, wanted_precision
from foreword_models.errors import MissingExtraError, UnsupportedModelError
from foreword_models.gpt import machine, measurements, packing, tuning
from foreword_models.gpt.config import Precision
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


def choice(precision: Precision = "bfloat16", threads: int = 3) -> Choice:
    return Choice(precision, threads, "cpu", (Timing(precision, threads, 1, 1, 1, 1),), "2026-01-02T03:04:05+00:00")


def running(models: Models) -> tuple[str, int]:
    return models.predictor().model.decoder.precision, torch.get_num_threads()


def test_this_machine_is_measured_once_and_for_the_next_load(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Path] = []

    def measure(folder: Path, **_: object) -> Choice:
        measured.append(folder)
        return choice()

    monkeypatch.setattr(tuning, "measure_apart", measure)
    told = Told()
    first = models(raw, told=told)
    assert running(first) == defaults(raw)
    assert first.to_be_measured()
    first.measure(lambda: None)
    assert not any("Measuring" in line for line in told.started)
    assert running(models(raw)) == ("bfloat16", 3)
    assert not models(raw).to_be_measured()
    assert len(measured) == 1
    assert measurements.remembered(measured[0], Store.default().root) == choice()


def defaults(raw: Path) -> tuple[str, int]:
    folder = locate(str(raw), "decoder", Store.default())
    return packing.precisions(folder, torch.device("cpu"))[0], machine.most_threads()


def test_what_remembers_a_measurement_may_fail(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def remembered(*_: object) -> Choice:
        raise MemoryError

    monkeypatch.setattr(measurements, "remembered", remembered)
    assert running(models(raw)) == defaults(raw)


def test_a_busy_machine_is_measured_another_time(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "measure_apart", lambda *_, **__: pytest.fail("measured"))
    monkeypatch.setattr(machine, "load_per_core", lambda: 3.0)
    models(raw).measure(lambda: None)
    assert models(raw).to_be_measured()


def test_nothing_is_measured_for_who_chose_or_forbade_it(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not models(raw, "float32").to_be_measured()
    monkeypatch.setenv("FOREWORD_MEASURE", "0")
    assert not models(raw).to_be_measured()


def test_a_precision_that_is_asked_for_comes_first(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running(models(raw, "float32"))[0] == "float32"
    monkeypatch.setenv("FOREWORD_PRECISION", "bfloat16")
    assert running(models(raw, "float32"))[0] == "bfloat16"
    monkeypatch.setenv("FOREWORD_PRECISION", "int2")
    with pytest.raises(UnsupportedModelError, match=r"set FOREWORD_PRECISION to auto, int4\+int8"):
        models(raw).predictor()


def test_auto_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted_precision() is None
    assert wanted_precision("int8") == "int8"
    monkeypatch.setenv("FOREWORD_PRECISION", "auto")
    assert wanted_precision("int8") is None


def test_what_knows_words_is_loaded_where_it_is_on_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "vectors.txt"
    file.write_text("cat 1 0\ndog 1 0.1\nsea 0 1\n")
    encoder = tmp_path / "encoder"
    encoder.mkdir()

    def fresh() -> Models:
        return Models(decoder="x", encoder=str(encoder), vectors=str(file), progress=Told(), say=print)

    models = fresh()
    models.load_meaning()
    assert models.vectors_in_use is None  # they have not been converted
    models.vectors()
    again = fresh()
    assert again.vectors_in_use is None
    again.load_meaning()
    vectors = again.vectors_in_use
    assert vectors is not None
    assert [each.word for each in vectors.near(["cat"], 1)[0]] == ["dog"]
    assert again.senses_in_use is None  # no sentence has been looked at yet: there is no table
    nothing = Models(decoder="x", encoder="x", vectors="glove-50d", progress=Told(), say=print)
    nothing.load_meaning()
    assert nothing.vectors_in_use is None


def test_what_keeps_slips_from_being_found_is_known_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    models = Models(decoder="x", encoder="x", progress=Told(), say=print)
    models.fetch_grammar()
    with pytest.raises(MissingExtraError, match="onnxruntime"):
        models.grammar()

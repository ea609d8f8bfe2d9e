"""The self-measurement: what is timed, what is chosen, and what is remembered of it."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foreword_models.errors import Cancelled, CorruptModelError, ModelError, UnsupportedModelError
from foreword_models.gpt import machine, measurements, packing, tuning
from foreword_models.gpt.config import PRECISIONS
from foreword_models.gpt.measurements import remember, remembered
from foreword_models.gpt.model import open_model
from foreword_models.gpt.packing import pack
from foreword_models.gpt.tuning import Choice, Timing, choose, measure, measure_apart
from tests.unit.gpt.tiny import save_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tuning")
    save_model(root, "llama")
    (root / "packed").mkdir()
    pack(root, root / "packed")
    return root / "packed"


def timing(precision: Any = "int8", threads: int = 2, word: float = 10.0, size: int = 100) -> Timing:
    return Timing(precision, threads, word, 0.0, 0.0, size)


def a_choice(packed: Path) -> Choice:
    precision = packing.precisions(packed, CPU)[0]
    return Choice(precision, 2, "cpu", (timing(precision),), "2026-01-02T03:04:05+00:00", 0.5)


def test_every_precision_is_timed_and_the_best_with_fewer_threads(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "most_threads", lambda: 2)
    before, shares = torch.get_num_threads(), list[float]()
    choice = measure(packed, seconds=60, progress=shares.append)
    possible = packing.precisions(packed, CPU)
    timed = [(timing.precision, timing.threads) for timing in choice.measured]
    assert sorted(timed[:-1]) == sorted((precision, 2) for precision in possible if precision != "float32")
    assert timed[-1][1] == 1
    assert (choice.precision, choice.threads) in timed
    assert all(min(found.token, found.branch, found.prefill) > 0 for found in choice.measured)
    assert torch.get_num_threads() == before
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_weights_of_a_model_are_counted(packed: Path) -> None:
    sizes = tuning.weight_bytes(packed)
    for precision in packing.precisions(packed, CPU):
        decoder = open_model(packed, precision=precision).decoder
        if "+" not in precision:
            assert sizes[precision] == decoder.weight_bytes


def test_slow_machines_time_less(packed: Path) -> None:
    (only,) = measure(packed, seconds=0).measured
    assert only.precision == packing.precisions(packed, CPU)[0]


def test_a_measurement_is_abandoned_at_a_checkpoint(packed: Path) -> None:
    def stop() -> None:
        raise Cancelled

    before = torch.get_num_threads()
    with pytest.raises(Cancelled):
        measure(packed, checkpoint=stop)
    assert torch.get_num_threads() == before


def test_a_process_of_its_own_measures_too(packed: Path) -> None:
    (only,) = measure_apart(packed, seconds=0).measured
    assert only.word > 0


def test_a_process_does_not_outlive_a_checkpoint_that_raises(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_LAUNCH", "import time; time.sleep(60)")
    started = time.monotonic()

    def stop() -> None:
        if time.monotonic() > started + 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        measure_apart(packed, checkpoint=stop)
    assert time.monotonic() < started + 30


@pytest.mark.parametrize("child", ["raise SystemExit(3)", "print('{}')", "print('[')", "import os; os.abort()"])
def test_a_process_that_fails_is_an_error_for_the_user(
    packed: Path, child: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_LAUNCH", child)
    with pytest.raises(ModelError, match="could not be measured"):
        measure_apart(packed)


def test_only_packed_models_are_measured(packed: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="not a packed model"):
        measure(packed.parent)


def test_a_damaged_model_is_an_error_for_the_user(packed: Path, tmp_path: Path) -> None:
    shutil.copytree(packed, tmp_path / "damaged")
    (tmp_path / "damaged" / packing.WEIGHTS).write_bytes(b"not safetensors")
    with pytest.raises(CorruptModelError, match="cannot be read"):
        measure(tmp_path / "damaged")
    assert remembered(tmp_path / "damaged", tmp_path) is None


def test_the_quickest_is_chosen_unless_a_lighter_one_is_as_quick() -> None:
    quick, light = timing("int4+int8", word=10.0, size=200), timing("int8", word=10.4, size=130)
    assert choose([quick, light]) == light
    assert choose([quick, replace(light, token=10.6)]) == quick
    assert choose([timing(threads=4), one := timing(threads=1)]) == one


def test_4_bits_alone_are_for_where_memory_is_short() -> None:
    small, large = timing("int4", word=1.0, size=90), timing("int8", word=10.0, size=130)
    assert choose([large, small]) == large
    assert choose([large, small], "low") == small
    assert choose([small]) == small


@given(
    st.lists(
        st.builds(timing, st.sampled_from(PRECISIONS), st.integers(1, 8), st.floats(0.1, 1e4), st.integers(1)),
        min_size=1,
    )
)
def test_the_choice_is_never_more_than_5_percent_slower_than_the_best_allowed(timings: list[Timing]) -> None:
    allowed = [timing for timing in timings if timing.precision != "int4"] or timings
    chosen = choose(timings)
    assert chosen in allowed
    assert chosen.word <= 1.05 * min(timing.word for timing in allowed)


def test_a_typed_word_weighs_the_steps() -> None:
    assert Timing("int8", 1, token=1.0, branch=10.0, prefill=100.0, weight_bytes=0).word == 1 + 20 + 25


def test_a_choice_is_remembered_for_this_model_and_machine(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, root = a_choice(packed), tmp_path / "cache"
    assert remembered(packed, root) is None
    assert remember(packed, root, choice)
    assert remembered(packed, root) == choice
    assert remembered(packed.parent, root) is None
    assert remembered(packed, root, "mps") is None
    monkeypatch.setattr(measurements, "usable_cores", lambda: 3)
    assert remembered(packed, root) is None
    assert remember(packed, root, newer := replace(choice, threads=1))
    assert remembered(packed, root) == newer
    monkeypatch.undo()
    assert remembered(packed, root) == choice


def test_only_so_many_are_kept(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for cores in range(30):
        monkeypatch.setattr(measurements, "usable_cores", lambda cores=cores: cores)
        remember(packed, tmp_path, a_choice(packed))
    assert len(json.loads((tmp_path / measurements.NAME).read_text())["measurements"]) == 20
    assert remembered(packed, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda text: text[:-20],
        lambda _: "[]",
        lambda _: '{"version": 1, "measurements": []}',
        lambda text: text.replace('"version": 1', '"version": 99'),
        lambda text: text.replace('"threads": 2', '"threads": "two"'),
        lambda text: text.replace('"threads": 2', '"threads": 0'),
        lambda text: text.replace('"measured": [', '"measured": [7, '),
        lambda text: text.replace('"precision": "', '"precision": "no '),
        lambda _: "\udcff" * 9,
    ],
)
def test_a_damaged_file_is_ignored_and_written_anew(packed: Path, tmp_path: Path, damage: Any) -> None:
    choice = a_choice(packed)
    remember(packed, tmp_path, choice)
    path = tmp_path / measurements.NAME
    path.write_text(damage(path.read_text()), encoding="utf-8", errors="surrogateescape")
    assert remembered(packed, tmp_path) is None
    assert remember(packed, tmp_path, choice)
    assert remembered(packed, tmp_path) == choice


def test_a_cache_that_cannot_be_written_is_not_an_error(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not remember(packed, tmp_path / "file" / "cache", a_choice(packed))
    assert remembered(packed, tmp_path / "file" / "cache") is None


def test_the_machine_has_a_name_and_cores() -> None:
    assert machine.processor_name()
    assert 1 <= machine.most_threads() <= 8
    assert machine.most_threads() <= machine.usable_cores()

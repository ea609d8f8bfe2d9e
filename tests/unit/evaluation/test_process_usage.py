"""What a process takes: its memory, and the share of a core that it keeps busy."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from foreword_models.evaluation import process_usage
from foreword_models.evaluation.process_usage import cpu_percent, cpu_seconds, rss_bytes, wait_until_quiet

psutil = pytest.importorskip("psutil")


def test_this_process() -> None:
    rss, used = rss_bytes(os.getpid()), cpu_seconds(os.getpid())
    assert rss is not None
    assert rss == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    times = psutil.Process().cpu_times()
    assert used == pytest.approx(times.user + times.system, abs=0.2)


def test_elsewhere_psutil_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = rss_bytes(os.getpid()), cpu_seconds(os.getpid())
    monkeypatch.setattr(process_usage, "_PROC", tmp_path_factory.mktemp("proc"))
    there = rss_bytes(os.getpid()), cpu_seconds(os.getpid())
    assert there == pytest.approx(here, rel=0.2, abs=0.2)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert (rss_bytes(os.getpid()), cpu_seconds(os.getpid()), cpu_percent(os.getpid(), 0.01)) == (None, None, None)


def test_a_process_that_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert rss_bytes(process.pid) is None
    assert cpu_seconds(process.pid) is None


def test_a_busy_process_becomes_quiet() -> None:
    work = "import sys; sum(range(3_000_000)); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has worked, and sleeps from now on
        wait_until_quiet(process.pid, window=0.05, most=60)
        used, after = cpu_seconds(process.pid), cpu_percent(process.pid, 0.05)
        assert used is not None
        assert used > 0
        assert after == pytest.approx(0, abs=25)  # one tick of the clock that counts


def test_a_process_that_stays_busy_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def busy(_process_id: int, seconds: float) -> float:
        looks.append(seconds)
        time.sleep(seconds)
        return 100.0

    monkeypatch.setattr(process_usage, "cpu_percent", busy)
    started = time.monotonic()
    wait_until_quiet(os.getpid(), window=0.02, most=0.1)
    assert time.monotonic() - started >= 0.1
    assert len(looks) >= 1


@pytest.mark.parametrize("used", [[90.0, 30.0, 1.0, 99.0], [4.9]])
def test_it_waits_until_the_first_quiet_window(monkeypatch: pytest.MonkeyPatch, used: list[float]) -> None:
    readings = iter(used)
    monkeypatch.setattr(process_usage, "cpu_percent", lambda _process_id, _seconds: next(readings))
    wait_until_quiet(os.getpid(), most=60)
    assert list(readings) == used[next(i for i, each in enumerate(used) if each < 5) + 1 :]

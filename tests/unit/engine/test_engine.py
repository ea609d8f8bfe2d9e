"""The inference thread: who is served first, what is put back, and that every job is settled exactly once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.engine.engine import Checkpoint, Engine, EngineClosedError, Priority, Superseded
from foreword_models.errors import Cancelled, ForewordError, OutOfMemoryError

WAIT = 10  # seconds, for what never comes


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    assert engine.close(WAIT)


class Gate:
    """A job that says when it runs, and then goes from checkpoint to checkpoint until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.runs = 0

    def __call__(self, checkpoint: Checkpoint) -> str:
        self.runs += 1
        self.entered.set()
        while not self.opened.wait(0.001):
            checkpoint()
        return "through"

    async def running(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, WAIT)


class Wall(Gate):
    """A job without a checkpoint."""

    def __call__(self, checkpoint: Checkpoint) -> str:
        del checkpoint
        return super().__call__(lambda: None)


def submit(engine: Engine, priority: Priority, work: Callable[[Checkpoint], Any], key: Any = None) -> asyncio.Task[Any]:
    return asyncio.ensure_future(engine.run(priority, work, key=key))


async def finished(*tasks: asyncio.Task[Any]) -> list[Any]:
    """Results or errors of tasks."""
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), WAIT)


async def test_a_result_and_an_error(engine: Engine) -> None:
    assert await engine.run(Priority.COMPLETION, lambda _: 42) == 42
    with pytest.raises(ForewordError, match="no model"):
        await engine.run(Priority.COMPLETION, lambda _: _raise(ForewordError("no model")))


async def test_jobs_run_on_one_thread_that_is_not_this_one(engine: Engine) -> None:
    threads = {await engine.run(Priority.COMPLETION, lambda _: threading.get_ident()) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_the_most_urgent_job_is_next_and_equals_keep_their_order(engine: Engine) -> None:
    wall = Wall()
    first = submit(engine, Priority.COMPLETION, wall)
    await wall.running()
    order: list[tuple[Priority, int]] = []

    def note(job: tuple[Priority, int], _: Checkpoint) -> None:
        order.append(job)

    jobs = [
        submit(engine, priority, partial(note, (priority, number)))
        for number, priority in enumerate([*reversed(Priority), *reversed(Priority)])
    ]
    await asyncio.sleep(0)
    wall.opened.set()
    await finished(first, *jobs)
    assert order == sorted(order)
    assert len(order) == 2 * len(Priority)


async def test_a_less_urgent_job_is_put_back_and_begun_again(engine: Engine) -> None:
    gate = Gate()
    low = submit(engine, Priority.DIAGNOSTICS, gate)
    await gate.running()
    assert await asyncio.wait_for(engine.run(Priority.COMPLETION, lambda _: "high"), WAIT) == "high"
    assert not low.done()
    gate.opened.set()
    assert await finished(low) == ["through"]
    assert gate.runs == 2


@pytest.mark.parametrize("priority", [priority for priority in Priority if priority != Priority.THINKING])
async def test_thinking_ahead_makes_way_for_everything(engine: Engine, priority: Priority) -> None:
    gate = Gate()
    thinking = submit(engine, Priority.THINKING, gate, "a")
    await gate.running()
    assert await asyncio.wait_for(engine.run(priority, lambda _: "asked for"), WAIT) == "asked for"
    newer = submit(engine, Priority.THINKING, lambda _: "newer", "a")
    outcomes = await finished(thinking, newer)
    assert isinstance(outcomes[0], Superseded)
    assert outcomes[1] == "newer"


async def test_a_job_of_the_same_priority_waits(engine: Engine) -> None:
    gate = Gate()
    first = submit(engine, Priority.COMPLETION, gate)
    await gate.running()
    second = submit(engine, Priority.COMPLETION, lambda _: "second")
    await asyncio.sleep(0.01)
    assert not second.done()
    gate.opened.set()
    assert await finished(first, second) == ["through", "second"]
    assert gate.runs == 1


async def test_nobody_makes_way_for_a_job_that_is_not_wanted_any_more(engine: Engine) -> None:
    wall, gate = Wall(), Gate()
    first, low = submit(engine, Priority.COMPLETION, wall), submit(engine, Priority.DIAGNOSTICS, gate)
    await wall.running()
    high = submit(engine, Priority.COMPLETION, lambda _: "high")
    await asyncio.sleep(0)
    high.cancel()
    await finished(high)
    wall.opened.set()
    await gate.running()
    gate.opened.set()
    assert await finished(first, low) == ["through", "through"]
    assert gate.runs == 1


async def test_a_cancelled_job_that_runs_is_abandoned_at_its_checkpoint(engine: Engine) -> None:
    gate = Gate()
    task = submit(engine, Priority.COMPLETION, gate)
    await gate.running()
    task.cancel()
    assert isinstance((await finished(task))[0], asyncio.CancelledError)
    assert await asyncio.wait_for(engine.run(Priority.LOADING, lambda _: "next"), WAIT) == "next"
    assert not gate.opened.is_set()


async def test_a_cancelled_job_that_waits_never_runs(engine: Engine) -> None:
    wall, never = Wall(), Gate()
    first = submit(engine, Priority.COMPLETION, wall)
    await wall.running()
    task = submit(engine, Priority.COMPLETION, never)
    await asyncio.sleep(0)
    task.cancel()
    await finished(task)
    wall.opened.set()
    await finished(first)
    await asyncio.wait_for(engine.run(Priority.LOADING, lambda _: None), WAIT)
    assert never.runs == 0


async def test_of_one_key_the_newest_job_is_of_interest(engine: Engine) -> None:
    gate, never = Gate(), Gate()
    running = submit(engine, Priority.COMPLETION, gate, "a")
    await gate.running()
    waiting = submit(engine, Priority.COMPLETION, never, "a")
    other = submit(engine, Priority.COMPLETION, lambda _: "other", "b")
    newest = submit(engine, Priority.COMPLETION, lambda _: "newest", "a")
    outcomes = await finished(running, waiting, other, newest)
    assert [type(outcome) for outcome in outcomes[:2]] == [Superseded, Superseded]
    assert outcomes[2:] == ["other", "newest"]
    assert never.runs == 0
    assert engine._latest == {}


async def test_a_job_may_follow_a_finished_one_of_its_key(engine: Engine) -> None:
    for result in ("first", "second", "third"):
        assert await engine.run(Priority.COMPLETION, partial(lambda value, _: value, result), key="a") == result


class Panic(BaseException):
    """What a library in Rust raises is no Exception either."""


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), Panic("x"), SystemExit(3), KeyboardInterrupt(), StopIteration(1), asyncio.CancelledError()],
)
async def test_an_error_leaves_the_engine_working(engine: Engine, error: BaseException) -> None:
    task = submit(engine, Priority.COMPLETION, lambda _: _raise(error))
    (outcome,) = await finished(task)
    assert isinstance(outcome, type(error) if isinstance(error, ValueError) else RuntimeError)
    assert await asyncio.wait_for(engine.run(Priority.COMPLETION, lambda _: "next"), WAIT) == "next"


@pytest.mark.parametrize("shortage", [MemoryError(), OutOfMemoryError("no memory")])
@pytest.mark.parametrize("helps", [True, False])
async def test_memory_that_is_short_is_given_back_and_the_job_begun_again(shortage: Exception, helps: bool) -> None:
    relieved: list[int] = []

    def relieve() -> None:
        relieved.append(threading.get_ident())
        if not helps:
            raise ValueError

    def work(_: Checkpoint) -> int:
        if not helps or not relieved:
            raise shortage
        return threading.get_ident()

    engine = Engine(relieve)
    (outcome,) = await finished(submit(engine, Priority.COMPLETION, work))
    assert [outcome] == (relieved if helps else [shortage])
    assert len(relieved) == 1
    assert await asyncio.wait_for(engine.run(Priority.COMPLETION, lambda _: "next"), WAIT) == "next"
    assert engine.close(WAIT)


async def test_a_job_that_gives_up_by_itself_is_settled(engine: Engine) -> None:
    (outcome,) = await finished(submit(engine, Priority.COMPLETION, lambda _: _raise(Cancelled())))
    assert isinstance(outcome, EngineClosedError)


async def test_close_abandons_the_running_job_and_those_that_wait() -> None:
    engine, gate = Engine(), Gate()
    running = submit(engine, Priority.COMPLETION, gate)
    await gate.running()
    waiting = submit(engine, Priority.COMPLETION, lambda _: "never")
    await asyncio.sleep(0)
    assert engine.close(WAIT)
    assert [type(outcome) for outcome in await finished(running, waiting)] == [EngineClosedError, EngineClosedError]
    with pytest.raises(EngineClosedError):
        await engine.run(Priority.COMPLETION, lambda _: "never", key="a")
    assert engine._latest == {}
    assert engine.close(WAIT)


async def test_close_before_the_first_job_starts_no_thread() -> None:
    engine = Engine()
    assert engine.close()
    with pytest.raises(EngineClosedError):
        await engine.run(Priority.COMPLETION, lambda _: None)
    assert engine._thread is None


async def test_close_does_not_wait_for_a_job_without_checkpoints() -> None:
    engine, wall = Engine(), Wall()
    task = submit(engine, Priority.LOADING, wall)
    await wall.running()
    assert not engine.close(0.01)
    wall.opened.set()
    assert await finished(task) == ["through"]
    assert engine.close(WAIT)


async def test_a_job_put_back_in_the_moment_of_closing_is_settled() -> None:
    """The checkpoint sees something more urgent, and before the job is back in line the engine is closed."""
    engine = Engine()

    def work(checkpoint: Checkpoint) -> None:
        try:
            while True:
                checkpoint()
        except BaseException:
            engine._closed = True
            raise

    low = submit(engine, Priority.DIAGNOSTICS, work)
    await asyncio.sleep(0.01)
    high = submit(engine, Priority.COMPLETION, lambda _: "high")
    outcomes = await finished(low, high)
    assert isinstance(outcomes[0], EngineClosedError)
    assert engine.close(WAIT)


def test_a_result_that_comes_after_the_loop_is_dropped() -> None:
    engine, wall = Engine(), Wall()

    async def leave() -> None:
        submit(engine, Priority.LOADING, wall)
        await wall.running()

    asyncio.run(leave())
    wall.opened.set()
    assert engine.close(WAIT)


JOBS = st.tuples(
    st.sampled_from(list(Priority)),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(["result", "error", "panic", "checkpoints"]),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(jobs=st.lists(JOBS, max_size=12), close_early=st.booleans())
def test_every_job_is_settled_exactly_once(jobs: list[tuple[Priority, Any, str, bool]], close_early: bool) -> None:
    def work_of(kind: str, number: int) -> Callable[[Checkpoint], int]:
        def work(checkpoint: Checkpoint) -> int:
            for _ in range(20 if kind == "checkpoints" else 0):
                checkpoint()
            if kind == "error":
                raise ValueError(number)
            if kind == "panic":
                raise Panic(number)
            return number

        return work

    async def scenario() -> None:
        engine = Engine()
        unhandled: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
        tasks = []
        for number, (priority, key, kind, cancel) in enumerate(jobs):
            tasks.append(submit(engine, priority, work_of(kind, number), key))
            if cancel:
                await asyncio.sleep(0)
                tasks[-1].cancel()
        if close_early:
            await asyncio.sleep(0)
            engine.close(WAIT)
        outcomes = await finished(*tasks)
        assert engine.close(WAIT)
        await asyncio.sleep(0)
        for number, (outcome, (_, key, kind, cancel)) in enumerate(zip(outcomes, jobs, strict=True)):
            allowed: list[type] = [EngineClosedError] if close_early else []
            allowed += [asyncio.CancelledError] if cancel else []
            allowed += [Superseded] if key is not None else []
            allowed += [ValueError] if kind == "error" else [RuntimeError] if kind == "panic" else []
            assert outcome == number if isinstance(outcome, int) else isinstance(outcome, tuple(allowed))
        assert engine._latest == {}
        assert unhandled == []

    asyncio.run(scenario())


def _raise(error: BaseException) -> Any:
    raise error

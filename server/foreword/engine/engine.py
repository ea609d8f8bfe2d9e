"""One thread that does all model work, most urgent job first.

A job is a function that calls its *checkpoint* between forwards. There it is abandoned if nobody waits for it any
more, and put back in line if something more urgent has come: since models keep what they have decoded or read, a job
that is begun again finds most of its work done.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Hashable
from enum import IntEnum
from typing import Any, TypeVar

from foreword.engine.trace import Trace
from foreword_models.errors import Cancelled, OutOfMemoryError

logger = logging.getLogger(__name__)

T = TypeVar("T")
Checkpoint = Callable[[], None]


class Priority(IntEnum):
    """Order of service; the lowest number is served first."""

    COMPLETION = 0
    INLINE_COMPLETION = 1
    LOADING = 2  # of the decoder: the first key waits for it, and for the encoder nobody does
    DIAGNOSTICS = 3
    THINKING = 4  # ahead, of what nobody has asked for yet


class Superseded(Exception):  # noqa: N818  (not an error: a newer request of the same kind has come)
    """The job was dropped for a newer one with the same key."""


class EngineClosedError(Exception):
    """The engine takes no more jobs."""


class _Preempted(Exception):  # noqa: N818
    """Raised by a checkpoint when something more urgent waits."""


class _Job:
    """A function to run, the future of its result, and whether anybody still wants it."""

    def __init__(self, priority: Priority, work: Callable[[Checkpoint], Any], order: int) -> None:
        self.priority = priority
        self.work = work
        self.order = order
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.unwanted = False
        self.relieved = False  # it ran out of memory once, and was begun again after some was given back

    def __lt__(self, other: _Job) -> bool:
        return (self.priority, self.order) < (other.priority, other.order)

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        """Hand the outcome to the event loop, if both still exist."""

        def set_outcome() -> None:
            if self.future.done():
                return
            if error is not None:
                self.future.set_exception(error)
            else:
                self.future.set_result(result)

        try:
            self.loop.call_soon_threadsafe(set_outcome)
        except RuntimeError:  # the loop is closed: the process is on its way out
            logger.debug("a result came after the event loop had closed")


def _as_exception(error: BaseException) -> Exception:
    """Return an error that a future takes and an event loop survives: the error itself nearly always."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)


class Engine:
    """Runs jobs one at a time on its own thread, which starts with the first job.

    Parameters
    ----------
    relieve
        Gives memory back, on the inference thread; a job that ran out of memory is begun again after it, once.
    trace
        Told of each job and each step.
    prepare
        Called before each job, on the inference thread.
    """

    def __init__(
        self,
        relieve: Callable[[], None] = lambda: None,
        trace: Trace | None = None,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._relieve = relieve
        self._trace = trace
        self._prepare = prepare
        self._step = 0  # when the step that is under way began, for the trace
        self._queue: list[_Job] = []
        self._wake = threading.Condition()
        self._closed = False
        self._order = itertools.count()
        self._latest: dict[Hashable, _Job] = {}
        self._thread: threading.Thread | None = None
        self._used = time.monotonic()  # infinite while a job is running
        self._urgent = -math.inf  # when somebody last asked for what is shown at a key

    async def run(self, priority: Priority, work: Callable[[Checkpoint], T], *, key: Hashable = None) -> T:
        """Run `work` on the inference thread and return its result.

        Parameters
        ----------
        work
            Called with a checkpoint, which it calls between forwards and lets raise.
        key
            Of jobs with the same key only the newest is of interest: an older one ends with `Superseded`.

        Raises
        ------
        Superseded
            A newer job with the same key came before this one was finished.
        EngineClosedError
            The engine is closed.
        asyncio.CancelledError
            The awaiting task was cancelled; the job is abandoned at its next checkpoint.
        """
        if priority <= Priority.INLINE_COMPLETION:
            self._urgent = time.monotonic()
        job = _Job(priority, work, next(self._order))
        if key is not None:
            older = self._latest.get(key)
            if older is not None:
                older.unwanted = True
                older.settle(error=Superseded())
            self._latest[key] = job
        try:
            self._put(job)
            result: T = await job.future
            return result
        finally:
            job.unwanted = True
            if key is not None and self._latest.get(key) is job:
                del self._latest[key]

    def since_urgent(self) -> float:
        """Return the seconds since somebody last asked for what is shown at a key; infinite before the first time."""
        return time.monotonic() - self._urgent

    async def quiet(self, seconds: float) -> None:
        """Wait until there has been nothing to do for so long."""
        while (left := self._used + seconds - time.monotonic()) > 0:
            await asyncio.sleep(min(left, seconds))

    def close(self, wait: float = 1.0) -> bool:
        """Take no more jobs, abandon the running one at its next checkpoint, and wait for the thread to end.

        Returns
        -------
        bool
            Whether the thread has ended; one in the middle of a long import may not have.
        """
        with self._wake:
            self._closed = True
            waiting, self._queue = self._queue, []
            self._wake.notify()
        for job in waiting:
            job.settle(error=EngineClosedError())
        if self._thread is None:
            return True
        self._thread.join(wait)
        return not self._thread.is_alive()

    def _put(self, job: _Job) -> None:
        with self._wake:
            if self._closed:
                raise EngineClosedError
            heapq.heappush(self._queue, job)
            if self._thread is None:
                # A daemon: a process told to exit does not wait for a model to load.
                self._thread = threading.Thread(target=self._work, name="foreword-inference", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._used = math.inf
            began = self._begin_step()
            try:
                self._prepare()
                job.settle(result=job.work(lambda job=job: self._check(job)))  # type: ignore[misc]
            except _Preempted:
                self._put_back(job)
            except Cancelled:
                job.settle(error=EngineClosedError())  # heard by nobody unless the engine is closing
            except BaseException as error:  # a panic of a library in Rust is no Exception; the thread outlives it
                if isinstance(error, MemoryError | OutOfMemoryError) and not job.relieved:
                    job.relieved = True
                    del error  # its traceback holds what the job had taken
                    self._give_back_memory()
                    self._put_back(job)
                else:
                    job.settle(error=_as_exception(error))
            self._used = time.monotonic()
            if self._trace is not None:
                self._end_step(job)
                self._trace.span(job.priority.name.lower(), "job", began)
            del job  # while the thread waits for the next one, nothing is to hold the text of a document that is closed

    def _give_back_memory(self) -> None:
        logger.warning("the machine is short of memory: caches are dropped")
        try:
            self._relieve()
        except Exception as error:
            logger.warning("no memory could be given back: %s", type(error).__name__)

    def _begin_step(self) -> int:
        self._step = self._trace.now() if self._trace is not None else 0
        return self._step

    def _end_step(self, job: _Job) -> None:
        if self._trace is not None:
            self._trace.span(f"{job.priority.name.lower()} step", "step", self._step)
            self._step = self._trace.now()

    def _put_back(self, job: _Job) -> None:
        """Line a job up again, unless the engine was closed in the same moment."""
        with self._wake:
            if not self._closed:
                heapq.heappush(self._queue, job)
                return
        job.settle(error=EngineClosedError())

    def _next(self) -> _Job | None:
        with self._wake:
            while True:
                while self._queue:
                    job = heapq.heappop(self._queue)
                    if not job.unwanted:
                        return job
                if self._closed:
                    return None
                self._wake.wait()

    def _check(self, job: _Job) -> None:
        """Abandon the running job if it is unwanted, yield to a more urgent one."""
        self._end_step(job)
        if job.unwanted or self._closed:
            raise Cancelled
        with self._wake:
            if any(other.priority < job.priority and not other.unwanted for other in self._queue):
                raise _Preempted

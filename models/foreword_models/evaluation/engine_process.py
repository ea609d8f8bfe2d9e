"""The parent's half of a benchmark: an engine's process, started when it is asked and started anew after a crash."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from foreword_models.errors import BenchmarkError

START_SECONDS = 1200.0  # a peer may convert its weights the first time
ANSWER_SECONDS = 180.0
_END_SECONDS = 5.0

# The folder of this package goes last, so that another interpreter keeps its own libraries; the working folder goes.
_LAUNCH = (
    "import runpy, sys; folder, module = sys.argv[1:3]; del sys.argv[1:3]; "
    "sys.path[:] = [*filter(None, sys.path), folder]; runpy.run_module(module, run_name='__main__', alter_sys=True)"
)


def child_command(module: str, arguments: Sequence[str], python: str = sys.executable) -> list[str]:
    """Return the command that runs one of this package's modules in an interpreter that may not have the package."""
    folder = Path(__file__).resolve().parents[2]
    return [python, "-c", _LAUNCH, str(folder), module, *arguments]


class EngineProcess:
    """One engine in a process of its own.

    Parameters
    ----------
    name
        For messages.
    command
        What starts it; it speaks as `engine_child` says.
    start_seconds, answer_seconds
        How long it may take.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        start_seconds: float = START_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._start_seconds = start_seconds
        self._answer_seconds = answer_seconds
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: IO[bytes] | None = None

    def start(self) -> dict[str, Any]:
        """Start the process and return the engine's facts.

        Raises
        ------
        BenchmarkError
            It cannot be started, or says that it cannot work.
        """
        self.close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        # What is compared lies on this disk: no library has a reason to ask the network.
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1"}
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        except OSError as error:
            raise BenchmarkError(
                f"{self.name} could not be started with {self._command[0]} ({error.strerror}); name another one."
            ) from error
        self._lines = queue.Queue()
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        message = self._answer(self._start_seconds)
        if not isinstance(message.get("ready"), dict):
            self.close()
            raise BenchmarkError(f"{self.name} does not work here: {message.get('failed', message)}")
        facts: dict[str, Any] = message["ready"]
        return facts

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request; after any error the process is gone, and the next request starts a new one.

        Raises
        ------
        BenchmarkError
            The engine crashed, hung, or could not do it.
        """
        if self._process is None:
            self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended; reading says how
        answer = self._answer(self._answer_seconds)
        if "error" in answer:
            self.close()
            raise BenchmarkError(f"{self.name} could not do it: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            try:
                process.stdin.close()
                process.wait(_END_SECONDS)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self._process.kill()
            self.close()
            raise BenchmarkError(f"{self.name} gave no answer for {seconds:.0f} s and was ended.") from None
        if line is None:
            raise BenchmarkError(f"{self.name} ended {self._end()}")
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.close()
            raise BenchmarkError(f"{self.name} answered with something that is not JSON; nothing else may write there.")
        return message

    def _end(self) -> str:
        """Say how the process ended, with the last line of its stderr, and close it."""
        assert self._process is not None
        assert self._errors is not None
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it has closed the pipe but lives on
            self._process.kill()
            code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        self.close()
        how = f"by {_signal(-code)}" if code < 0 else f"with exit code {code}"
        return f"{how}: {last}" if last else f"{how}."


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """Say in which size two engines' models differ, if in any."""
    for key in ("vocabulary", "layers"):
        if ours[key] != theirs[key]:
            return f"{key} {theirs[key]} instead of {ours[key]}"
    return None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Pass lines on until the pipe ends, then None."""
    assert process.stdout is not None
    with process.stdout as out:
        for line in out:
            lines.put(line)
    lines.put(None)

"""What tests of every kind share: real model packs, and what becomes of tests whose outside needs are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

# How long an example takes says nothing: the machine may have stood still meanwhile. Timings live in benchmarks.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def unmeasured() -> Iterator[None]:
    """No test but those of the measurement waits for one, and none writes to the user's log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOREWORD_MEASURE", "0")
        patch.setenv("FOREWORD_LOG", "")
        patch.delenv("FOREWORD_PRECISION", raising=False)
        yield


@pytest.fixture(scope="session")
def pack() -> Callable[[str], Path]:
    """Return a function from a model pack's name to its folder; the pack is pulled into the user's cache if need be."""

    def folder(name: str) -> Path:
        from foreword_models.zoo.pull import require
        from foreword_models.zoo.registry import pack as find
        from foreword_models.zoo.store import Store

        return require(find(name), Store.default(), say=lambda message: print(message, file=sys.stderr))

    return folder


@pytest.fixture(scope="session")
def editor() -> Callable[..., str]:
    """Return a function from an editor's command to its path; the test is skipped where it is not installed.

    An environment variable may name another path: FOREWORD_NVIM_011 that of ``nvim-0.11``. With `version`, what the
    command prints for ``--version`` must begin with it. With FOREWORD_REQUIRE_EDITORS set, as in CI, a missing editor
    is a failure, and so is one of another version.
    """

    def find(command: str, *, version: str = "") -> str:
        variable = "FOREWORD_" + command.upper().replace("-", "_").replace(".", "")
        path = shutil.which(os.environ.get(variable) or command)
        if path is None:
            return missing(f"the editor {command!r} is not installed")
        if version:
            printed = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
            line = printed.partition("\n")[0]
            if not line.startswith(version):
                return missing(f"the editor {command!r} is {line!r}, not {version!r}")
        return path

    def missing(reason: str) -> NoReturn:
        if os.environ.get("FOREWORD_REQUIRE_EDITORS"):
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def development_data() -> Path:
    """Return the folder of development data that lies beside some checkouts; the test is skipped where it does not."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the development data is not beside this checkout")
    return SHARED / "data"

"""The built page that is shipped: it is what its sources make, and small."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.playground.page import read_files

CLIENT = Path(__file__).resolve().parents[3] / "clients" / "web"


@pytest.fixture
def node(editor: Callable[..., str]) -> str:
    """Find Node; the Node packages of the page have to be installed as well."""
    path = editor("node")
    if not (CLIENT / "node_modules" / "esbuild").is_dir():
        reason = "the Node packages of clients/web are not installed (npm ci)"
        pytest.fail(reason) if os.environ.get("FOREWORD_REQUIRE_EDITORS") else pytest.skip(reason)
    return path


def test_a_fresh_build_is_what_is_shipped(node: str, tmp_path: Path) -> None:
    subprocess.run([node, str(CLIENT / "scripts" / "build.mjs"), str(tmp_path)], check=True, timeout=120)
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert {name: content for name, (_, content) in read_files().items()} == built


def test_its_parts_work_by_themselves(node: str, editor: Callable[..., str]) -> None:
    done = subprocess.run(
        [editor("npm"), "--prefix", str(CLIENT), "--silent", "test"], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout.decode()


def test_it_is_small() -> None:
    assert sum(len(content) for _, content in read_files().values()) < 700_000

"""The log and the trace: what is written down, and that the user's text is not, unless it is asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client, Refused
from tests.lsp.door import Door, Tcp
from tests.lsp.test_privacy import SECRET, provoke


def session(environment: dict[str, str], *options: str, **initialize: Any) -> Client:
    client = Client(environment, options=options)
    try:
        client.initialize({"diagnostics": {"enabled": False}}, **initialize)
        provoke(client)
        assert client.shut_down() == 0
    finally:
        client.dispose()
    return client


def test_what_happens_is_logged_without_text(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "new" / "server.log"
    client = session(environment | {"FOREWORD_LOG": str(log)}, clientInfo={"name": "an editor"})
    text = log.read_text(encoding="utf-8")
    assert re.search(r"INFO foreword\.lsp\.server: session 1 began, with an editor", text)
    assert "WARNING" in text
    assert SECRET not in text
    assert "Traceback" not in text
    assert "session 1 began" not in client.stderr()


def test_with_text_only_if_that_is_asked_for(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    client = session(environment, "--log", str(log), "--log-text")
    text = log.read_text(encoding="utf-8")
    assert text.count(SECRET) > 5
    assert '"result"' in text
    assert SECRET not in client.stderr()


def test_a_log_that_cannot_be_written_is_done_without(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    client = session(environment, "--log", str(tmp_path / "file" / "server.log"))
    assert "cannot be written" in client.stderr()


def test_the_log_stays_small(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("x" * 2**20, encoding="utf-8")
    session(environment, "--log", str(log))
    assert log.stat().st_size < 2**16
    assert (tmp_path / "server.log.1").stat().st_size == 2**20


def test_a_trace_tells_of_requests_jobs_and_steps(
    environment: dict[str, str], options: dict[str, Any], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.json"
    client = Client(environment, options=("--trace", str(trace)))
    client.initialize(options)
    uri = client.open(f"My word is {SECRET}. We should sche")
    assert client.items(uri, 0, 36)
    with pytest.raises(Refused):
        client.call(SECRET, None)
    assert client.shut_down() == 0
    client.dispose()
    text = trace.read_text(encoding="utf-8")
    assert SECRET not in text
    events = json.loads(text)
    kinds = {(event["ph"], event.get("cat")) for event in events}
    assert kinds == {("M", None), ("X", "message"), ("X", "job"), ("X", "step"), ("b", "request"), ("e", "request")}
    begun = [(event["name"], event["id"]) for event in events if event["ph"] == "b"]
    ended = [(event["name"], event["id"]) for event in events if event["ph"] == "e"]
    assert sorted(begun) == sorted(ended)
    assert {"textDocument/completion", "shutdown", "other"} <= {name for name, _ in begun}
    assert {"completion", "loading"} <= {event["name"] for event in events if event.get("cat") == "job"}
    assert "foreword-inference" in [event["args"]["name"] for event in events if event["ph"] == "M"]
    for event in events:
        if event["ph"] == "X":
            assert event["dur"] >= 0


def test_a_trace_of_a_process_that_was_ended_can_be_read(environment: dict[str, str], tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    door = Door(environment, "--tcp", "127.0.0.1:0", "--trace", str(trace))
    clients = [Tcp(door), Tcp(door)]
    for client in clients:
        client.initialize({"enabled": False})
        client.call("shutdown", None)
        client.close()
    door.dispose()
    events = json.loads(trace.read_text(encoding="utf-8").rstrip().rstrip(",") + "]")
    assert len({event["id"] for event in events if event["ph"] == "b"}) == 4  # of two sessions


def test_a_trace_that_cannot_be_written(environment: dict[str, str], tmp_path: Path) -> None:
    client = Client(environment, options=("--trace", str(tmp_path)))
    client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert client.process.wait(60) == 1
    assert "cannot be written" in client.stderr()
    assert "Traceback" not in client.stderr()
    client.dispose()

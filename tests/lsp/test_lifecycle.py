"""The end of a session: exit codes, and how soon the process is gone, whatever it is doing."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.lsp.client import Client, at
from tests.lsp.conftest import Start

SOON = 10.0
"""Seconds, on a machine with much else to do; what is not to be waited for would take minutes."""


def begin(client: Client, options: Any = None) -> None:
    """Initialize, and see that the server is through with its imports."""
    client.initialize(options)
    client.complete(client.open("let x =", "rust"), 0, 3)


def test_the_exit_code_is_1_without_shutdown(start: Start) -> None:
    client = start()
    begin(client)
    client.notify("exit", None)
    assert client.seconds_to_exit() < SOON
    assert client.process.returncode == 1


@pytest.mark.parametrize("said", [b"", b'Content-Length: 100\r\n\r\n{"jsonrpc": "2.0"'])
def test_it_ends_with_its_input(start: Start, said: bytes) -> None:
    client = start()
    begin(client)
    client.send_bytes(said)
    client.end_input()
    assert client.seconds_to_exit() < SOON
    assert client.process.returncode == 1


def test_it_ends_with_its_input_in_the_middle_of_the_first_message(start: Start) -> None:
    client = start()
    client.send_bytes(b"Content-Length: 100\r\n\r\n{")
    client.end_input()
    assert client.process.wait(30) == 1
    assert client.received == []


def test_a_model_that_is_loading_does_not_hold_shutdown_and_exit(
    start: Start, no_torch: dict[str, str], options: Any
) -> None:
    client = start(**no_torch)
    begin(client, options)
    waiting = client.request("textDocument/completion", at(client.open("We should sche"), 0, 14))
    client.call("shutdown", None)
    client.notify("exit", None)
    assert client.seconds_to_exit() < SOON
    assert client.process.returncode == 0
    assert len(client.answers(waiting)) == 1


def test_a_model_that_is_loading_does_not_hold_the_end_of_the_input(
    start: Start, no_torch: dict[str, str], options: Any
) -> None:
    client = start(**no_torch)
    begin(client, options)
    client.open("We should sche")
    client.end_input()
    assert client.seconds_to_exit() < SOON
    assert client.process.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_it_at_once_and_quietly(start: Start) -> None:
    client = start()
    begin(client)
    client.process.send_signal(signal.SIGINT)
    assert client.process.wait(SOON) == -signal.SIGINT
    assert "Traceback" not in client.stderr()

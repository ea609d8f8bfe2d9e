"""What a status bar is told: each change once, the most important state first, and only who asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from foreword.lsp.server import ForewordServer
from foreword.lsp.status import Status, StatusParams
from tests.unit.lsp.protocol import Conversation


def test_each_change_is_told_once_and_the_most_important_state_first() -> None:
    told: list[StatusParams] = []
    status = Status(told.append)
    assert status.params["state"] == "ready"
    status.failed("")
    status.reading("a", True)
    status.reading("b", True)
    status.failed("There is no model.")
    status.loading("Loading a model")
    status.paused(True)
    status.loading("")
    status.paused(False)
    status.failed("")
    status.reading("a", False)
    status.reading("b", False)
    assert [params["state"] for params in told] == [
        "thinking",
        "error",
        "loading",
        "paused",
        "error",
        "thinking",
        "ready",
    ]
    assert told[1]["message"] == "There is no model."


@pytest.mark.parametrize(
    ("experimental", "told"),
    [({"forewordStatus": True}, 1), ({"forewordStatus": 1}, 0), ({}, 0), (None, 0), ([], 0)],
)
def test_only_a_client_that_asks_for_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, experimental: Any, told: int
) -> None:
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "config.toml"))
    conversation = Conversation(ForewordServer())
    conversation.initialize({"experimental": experimental})
    conversation.server.status.loading("Loading a model")
    assert len(conversation.sent("foreword/status")) == told

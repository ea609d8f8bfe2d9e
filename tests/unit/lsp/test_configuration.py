"""Settings in a session: asked for in each folder, watched where they are, written where the document is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foreword.lsp.features import code_actions
from foreword.lsp.features.reading import Reading
from foreword.lsp.server import ForewordServer
from foreword.text.document import Document
from tests.unit.lsp.protocol import Conversation


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Conversation]:
    """A session of two folders, one inside the other."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "mine.toml").touch()
    monkeypatch.setenv("FOREWORD_CONFIG", str(tmp_path / "mine.toml"))
    conversation = Conversation(ForewordServer())
    watched = {"dynamicRegistration": True, "relativePatternSupport": True}
    folders = [{"uri": folder.as_uri(), "name": folder.name} for folder in (tmp_path / "a", tmp_path / "a" / "b")]
    capabilities = {"workspace": {"configuration": True, "didChangeWatchedFiles": watched}}
    params = {"processId": None, "rootUri": None, "workspaceFolders": folders, "capabilities": capabilities}
    conversation.request("initialize", params)
    conversation.say({"jsonrpc": "2.0", "method": "initialized", "params": {}})
    yield conversation
    assert conversation.server.engine.close(10)


def opened(session: Conversation, path: Path) -> Document:
    document = Document(path.as_uri(), "markdown", 1, "It rains.", "utf-16")
    session.server.documents[document.uri] = document
    return document


def answer(session: Conversation, values: list[Any]) -> None:
    asked = session.sent("workspace/configuration")[-1]
    session.say({"jsonrpc": "2.0", "id": asked["id"], "result": values})


def test_each_folder_has_settings_of_the_editor(session: Conversation, tmp_path: Path) -> None:
    (asked,) = session.sent("workspace/configuration")
    folders = [tmp_path / "a", tmp_path / "a" / "b"]
    assert [item["scopeUri"] for item in asked["params"]["items"]] == [folder.as_uri() for folder in folders]
    answer(session, [{"completion": {"maxItems": 1}}, {"completion": {"maxItems": 2}}])

    def most(path: Path) -> int:
        return session.server.language(opened(session, path)).completion.max_items

    assert (most(tmp_path / "a" / "x.md"), most(tmp_path / "a" / "b" / "x.md")) == (1, 2)
    assert most(tmp_path / "x.md") == 1  # in no folder
    session.server.documents.clear()
    answer_before = len(session.sent("workspace/configuration"))
    removed = [{"uri": (tmp_path / "a").as_uri(), "name": "a"}]
    event = {"event": {"added": [], "removed": removed}}
    session.say({"jsonrpc": "2.0", "method": "workspace/didChangeWorkspaceFolders", "params": event})
    assert len(session.sent("workspace/configuration")) == answer_before + 1
    assert "scopeUri" not in session.sent("workspace/configuration")[-1]["params"]["items"][0]
    answer(session, [{"completion": {"maxItems": 3}}])
    assert most(tmp_path / "a" / "b" / "x.md") == 3


def test_the_users_file_is_watched_and_read_again(session: Conversation, tmp_path: Path) -> None:
    (registered,) = session.sent("client/registerCapability")
    (registration,) = registered["params"]["registrations"]
    patterns = [watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]]
    assert patterns == [
        "**/.foreword.toml",
        "**/pyproject.toml",
        {"baseUri": tmp_path.as_uri(), "pattern": "mine.toml"},
    ]
    answer(session, [None, None])
    (tmp_path / "mine.toml").write_text("[completion]\nmaxItems = 7\n")
    changes = {"changes": [{"uri": (tmp_path / "mine.toml").as_uri(), "type": 2}]}
    session.say({"jsonrpc": "2.0", "method": "workspace/didChangeWatchedFiles", "params": changes})
    assert session.server.settings.completion.max_items == 7


def test_a_label_is_turned_off_in_the_folder_of_the_document(session: Conversation, tmp_path: Path) -> None:
    server, document = session.server, opened(session, tmp_path / "a" / "b" / "x.md")
    config = SimpleNamespace(marks=("sad", "glad"), kind="softmax", enabled=True)
    classifier: Any = SimpleNamespace(config=config)
    server.readings[document.uri] = Reading(classifiers={"mood": classifier})
    server.documents.clear()
    server.documents[document.uri] = document
    scheduled: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foreword.lsp.features.diagnostics.schedule", lambda _, uri, **__: scheduled.append(uri))
        patch.setattr("foreword.lsp.features.documents.warm", lambda *_: None)
        code_actions._turn_off(server, document.uri, "mood", "sad", "project")
    assert not (tmp_path / "a" / ".foreword.toml").exists()
    written = (tmp_path / "a" / "b" / ".foreword.toml").read_text()
    assert '["glad"]' in written
    assert server.language(document).diagnostics.classifier("mood").labels == ("glad",)
    assert scheduled == [document.uri]

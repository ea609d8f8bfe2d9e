"""``textDocument/codeAction``: what can be done about a mark, and that it is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client, Refused, range_of

INVALID_PARAMS = -32602
SUPPORT: Any = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
LITERALS: dict[str, Any] = {"textDocument": {"codeAction": SUPPORT}}
PLACES = ("in this document", "in this project", "anywhere")
ALL = "[diagnostics.classifiers.sentiment]\nlabels = ['negative', 'neutral', 'positive'] # all\n"


class Session:
    """A server of a user and a project of their own."""

    def __init__(self, environment: dict[str, str], options: dict[str, Any], folder: Path) -> None:
        self.project, self.user = folder / "project", folder / "user" / "config.toml"
        self.project.mkdir()
        self.user.parent.mkdir()
        self.user.write_text("# mine\n", encoding="utf-8")
        self.client = Client(environment | {"FOREWORD_CONFIG": str(self.user)})
        sentiment = {"minimumProbability": 0, "severity": "hint"}
        general = {"model": options["model"], "diagnostics": {"delayMilliseconds": 50}}
        general["diagnostics"]["classifiers"] = {"sentiment": sentiment, "offensive": {"enabled": False}}
        (self.project / ".foreword.toml").write_text(ALL, encoding="utf-8")
        capabilities = LITERALS | {"window": {"showDocument": {"support": True}}}
        self.client.initialize(general, capabilities, rootUri=self.project.as_uri())

    def published(self, uri: str) -> list[Any]:
        return [params for params in self.client.params("textDocument/publishDiagnostics") if params["uri"] == uri]

    def marks(self, uri: str, count: int) -> list[Any]:
        """Wait until a document has so many marks."""

        def found() -> Any:
            last = self.published(uri)[-1:]
            return last if last and len(last[0]["diagnostics"]) == count else None

        marks: list[Any] = self.client.wait(found)[0]["diagnostics"]
        return marks

    def actions(self, uri: str, mark: Any, **context: Any) -> dict[str, Any]:
        params = {"textDocument": {"uri": uri}, "range": mark["range"], "context": {"diagnostics": [mark], **context}}
        return {action["title"]: action for action in self.client.call("textDocument/codeAction", params)}

    def run(self, action: Any) -> Any:
        return self.client.call("workspace/executeCommand", action["command"])


@pytest.fixture
def session(environment: dict[str, str], options: dict[str, Any], tmp_path: Path) -> Iterator[Session]:
    session = Session(environment, options, tmp_path)
    yield session
    session.client.dispose()


def test_what_is_offered_for_a_mark(session: Session) -> None:
    uri = session.client.open("It rains. It pours.")
    mark, _ = session.marks(uri, 2)
    label = mark["code"].partition("/")[2]
    actions = session.actions(uri, mark)
    off = [f"Do not mark \u201c{label}\u201d {where}" for where in PLACES]
    assert list(actions) == ["Ignore this sentence", *off, f"Explain \u201c{label}\u201d"]
    for action in actions.values():
        assert action["kind"] == "quickfix"
        assert action["diagnostics"] == [mark]
    assert list(session.actions(uri, mark, only=["quickfix"])) == list(actions)
    assert session.actions(uri, mark, only=["refactor"]) == {}
    elsewhere = {"range": range_of((0, 9), (0, 9))} | {key: mark[key] for key in ("code", "message")}
    assert "Ignore this sentence" in session.actions(uri, elsewhere)  # it touches the first sentence
    # Explained by the model card.
    card = session.run(actions[f"Explain \u201c{label}\u201d"])
    assert card == mark["codeDescription"]["href"]
    (shown,) = session.client.wait(lambda: session.client.params("window/showDocument"))
    assert shown["uri"] == card.partition("#")[0]


def test_a_sentence_is_ignored_everywhere_and_for_good(session: Session) -> None:
    uri = session.client.open("It rains. It pours.")
    other = session.client.open("It pours.\nIt rains.\n", "mail")
    mark, kept = session.marks(uri, 2)
    session.marks(other, 2)
    session.run(session.actions(uri, mark)["Ignore this sentence"])
    assert session.marks(uri, 1) == [kept]
    assert [mark["range"]["start"]["line"] for mark in session.marks(other, 1)] == [0]
    written = session.user.with_name("ignored-sentences").read_text(encoding="utf-8")
    assert "rains" not in written
    assert session.actions(uri, mark) == {}


@pytest.mark.parametrize("where", PLACES[:2])
def test_a_label_is_turned_off(session: Session, where: str) -> None:
    uri, other = session.client.open("It rains."), session.client.open("It rains.")
    (mark,) = session.marks(uri, 1)
    session.marks(other, 1)
    label = mark["code"].partition("/")[2]
    session.run(session.actions(uri, mark)[f"Do not mark \u201c{label}\u201d {where}"])
    session.marks(uri, 0)
    written = (session.project / ".foreword.toml").read_text(encoding="utf-8")
    if where == "in this document":
        session.marks(other, 1)
        assert written == ALL
    else:
        session.marks(other, 0)
        assert label not in written
        assert "# all" in written


def test_a_label_that_another_file_has_marked_is_said_to_stay(session: Session) -> None:
    uri = session.client.open("It rains.")
    (mark,) = session.marks(uri, 1)
    label = mark["code"].partition("/")[2]
    session.run(session.actions(uri, mark)[f"Do not mark \u201c{label}\u201d anywhere"])
    assert session.user.read_text(encoding="utf-8").startswith("# mine\n")
    assert label not in session.user.read_text(encoding="utf-8")
    messages = session.client.wait(lambda: session.client.params("window/showMessage"))
    assert "settings that come before it" in messages[0]["message"]
    session.marks(uri, 1)


@pytest.mark.skipif(os.name == "nt", reason="takes write permission away")
def test_a_file_that_is_no_toml_is_left_alone(session: Session) -> None:
    uri = session.client.open("It rains.")
    (mark,) = session.marks(uri, 1)
    (session.project / ".foreword.toml").write_text("[", encoding="utf-8")
    label = mark["code"].partition("/")[2]
    session.run(session.actions(uri, mark)[f"Do not mark \u201c{label}\u201d in this project"])
    messages = session.client.wait(lambda: session.client.params("window/showMessage"))
    assert "is not TOML" in messages[0]["message"]
    assert (session.project / ".foreword.toml").read_text(encoding="utf-8") == "["


@pytest.mark.parametrize("command", ["foreword.ignoreSentence", "foreword.turnOffLabel", "foreword.explain"])
@pytest.mark.parametrize("arguments", [None, [], [1], [{}], [{"sentence": 1}], [{"classifier": None}, 2]])
def test_arguments_of_the_wrong_form_are_refused(server: Client, command: str, arguments: Any) -> None:
    with pytest.raises(Refused) as refused:
        server.call("workspace/executeCommand", {"command": command, "arguments": arguments})
    assert refused.value.code == INVALID_PARAMS


def test_a_client_that_takes_commands_only_is_sent_commands(server: Client) -> None:
    uri = server.open("It rains.")
    params = {"textDocument": {"uri": uri}, "range": range_of((0, 0), (0, 0)), "context": {"diagnostics": []}}
    found = server.wait(lambda: server.call("textDocument/codeAction", params))
    assert {command["command"] for command in found} == {
        "foreword.ignoreSentence",
        "foreword.turnOffLabel",
        "foreword.explain",
    }
    assert server.call("textDocument/codeAction", params | {"textDocument": {"uri": "untitled:nowhere"}}) == []

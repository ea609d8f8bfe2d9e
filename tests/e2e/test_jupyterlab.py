"""Foreword behind a real Jupyter server with jupyter-lsp: its configuration starts it, words and marks come through.

First to a client played here, which says over the WebSocket what JupyterLab's editor of a Markdown file does; then to
JupyterLab itself with jupyterlab-lsp in a browser, driven key by key by ``clients/test/jupyterlab.mjs``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from foreword_models.zoo.store import Store

pytestmark = [pytest.mark.editor, pytest.mark.model]

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
CONFIGURATION = CLIENTS / "jupyterlab" / "foreword.json"
DRIVER = CLIENTS / "test" / "jupyterlab.mjs"
SERVER = [sys.executable, "-m", "foreword", "serve"]
TOKEN = "of-this-test"
TEXT = "The soup was awful and I hated every minute of the evening.\n\nWe should sche"


class Session:
    """The language server's end of one editor, over Jupyter's WebSocket.

    Parameters
    ----------
    socket
        Open.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.notifications: list[dict[str, Any]] = []

    def notify(self, method: str, **params: Any) -> None:
        """Send a notification."""
        self._socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def request(self, method: str, **params: Any) -> Any:
        """Send a request and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == self._number and "method" not in message:
                return message["result"]
            self._note(message)

    def wait_for(self, method: str) -> dict[str, Any]:
        """Return the parameters of the first notification of a kind that has not been asked for."""
        while True:
            for message in self.notifications:
                if message["method"] == method:
                    self.notifications.remove(message)
                    params: dict[str, Any] = message["params"]
                    return params
            self._note(json.loads(self._socket.recv(timeout=60)))

    def _note(self, message: dict[str, Any]) -> None:
        if "id" in message:  # a request of the server's, as for progress
            self._socket.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": None}))
        elif "method" in message:
            self.notifications.append(message)


@contextlib.contextmanager
def running(command: str, folder: Path) -> Iterator[str]:
    """Run a Jupyter server with the configuration; gives its address without the scheme."""
    configuration = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
    configuration["LanguageServerManager"]["language_servers"]["foreword"]["argv"] = SERVER
    write(folder / "config" / "jupyter_server_config.d" / "foreword.json", configuration)
    news = {"fetchNews": "false", "checkForUpdates": False}
    write(folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings", news)
    environment = {name: value for name, value in os.environ.items() if name != "FOREWORD_CONFIG"}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "xdg"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "FOREWORD_CACHE": str(Store.default().root),
    }
    options = ["--no-browser", "--allow-root", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
    with (folder / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen([command, *options], cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            yield f"127.0.0.1:{port(folder, process)}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def packs(pack: Callable[[str], Path]) -> None:
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)


@pytest.fixture(scope="module")
def jupyter(editor: Callable[..., str], packs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(editor("jupyter-server"), tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture(scope="module")
def notes(editor: Callable[..., str], packs: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Drive JupyterLab in a browser, and return what was noted."""
    lab, node, chromium = (editor(name) for name in ("jupyter-lab", "node", "chromium"))
    if not (CLIENTS / "web" / "node_modules" / "playwright-core").is_dir():
        reason = "the Node packages of clients/web are not installed (npm ci)"
        pytest.fail(reason) if os.environ.get("FOREWORD_REQUIRE_EDITORS") else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("jupyterlab")
    (folder / "letter.md").write_text("", encoding="utf-8")
    named = os.environ.get("FOREWORD_SCREENSHOTS")
    shots = Path(named) / "jupyterlab" if named else folder / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    with running(lab, folder) as address:
        url = f"http://{address}/lab/tree/letter.md?token={TOKEN}"
        done = subprocess.run(
            [node, str(DRIVER), json.dumps({"url": url, "shots": str(shots), "chromium": chromium})],
            capture_output=True,
            encoding="utf-8",
            timeout=280,
            check=False,
        )
    if done.returncode:
        pytest.fail(f"the session ended early: {done.stderr}", pytrace=False)
    notes: dict[str, Any] = json.loads(done.stdout)
    if "problem" in notes:
        pytest.fail(notes["problem"], pytrace=False)
    return notes


def port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    """Return the port that Jupyter listens on, once it does."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            text = file.read_text(encoding="utf-8")
            if text:
                return int(json.loads(text)["port"])
        time.sleep(0.05)
    pytest.fail("Jupyter did not start: " + (folder / "output").read_text(encoding="utf-8"), pytrace=False)


@pytest.fixture(scope="module")
def session(jupyter: str) -> Iterator[Session]:
    """Open a Markdown file."""
    with connect(f"ws://{jupyter}/lsp/ws/foreword?token={TOKEN}", open_timeout=60) as socket:
        session = Session(socket)
        session.request("initialize", processId=None, rootUri=None, capabilities={})
        session.notify("initialized")
        document = {"uri": "file:///letter.md", "languageId": "ipythongfm", "version": 0, "text": TEXT}
        session.notify("textDocument/didOpen", textDocument=document)
        yield session


def test_words_come(session: Session) -> None:
    place = {"textDocument": {"uri": "file:///letter.md"}, "position": {"line": 2, "character": len("We should sche")}}
    deadline = time.monotonic() + 80
    words: list[str] = []
    while not words and time.monotonic() < deadline:  # while a model is being loaded there may be none
        words = [item["label"] for item in session.request("textDocument/completion", **place)["items"]]
    assert words[0] == "schedule"


def test_marks_come(session: Session) -> None:
    marks: list[dict[str, Any]] = []
    while not marks:
        marks = session.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    assert "negative" in marks[0]["message"]


@pytest.mark.timeout(400)
class TestBrowser:
    def test_words_are_in_the_list_and_one_is_taken(self, notes: dict[str, Any]) -> None:
        assert notes["list"][0] == "schedule"
        assert notes["text"].endswith("\n\nWe should schedule")

    def test_the_next_word_is_offered_behind_it(self, notes: dict[str, Any]) -> None:
        assert "minute" in notes["next"]

    def test_a_sentence_is_marked_and_the_mark_says_why(self, notes: dict[str, Any]) -> None:
        assert "".join(notes["marks"]).startswith("The soup was awful")
        assert "Reads as negative" in notes["said"]

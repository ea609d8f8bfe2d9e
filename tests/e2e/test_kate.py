"""Foreword in a real Kate on a virtual screen: the server is started, a word of the list is taken, a mark comes.

Kate is driven with keys, and looked at through the file that it saves and the server's log, which holds every message.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foreword_models.zoo.store import Store

pytestmark = [pytest.mark.editor, pytest.mark.model]

CONFIGURATION = Path(__file__).resolve().parents[2] / "clients" / "kate" / "settings.json"


class Kate:
    """A Kate with one letter open.

    Parameters
    ----------
    folder
        Its home.
    display
        Of the virtual screen.
    """

    def __init__(self, folder: Path, display: str) -> None:
        self.letter = folder / "letter.md"
        self._log = folder / "server.log"
        self._environment = os.environ | {"DISPLAY": display}

    def press(self, *keys: str) -> None:
        """Press keys, as xdotool names them."""
        self._xdotool("key", "--delay", "50", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self._xdotool("type", "--delay", "30", text)

    def log(self) -> str:
        """Return everything that was said between Kate and the server."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def saved(self) -> str:
        """Save the letter, and return it."""
        self.press("ctrl+s")
        time.sleep(0.5)
        return self.letter.read_text(encoding="utf-8")

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True, timeout=60, capture_output=True)


def wait_for(what: str, seconds: float, ready: Callable[[], bool]) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come in time")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def kate(
    editor: Callable[..., str], pack: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kate]:
    """Open a letter on a virtual screen."""
    for command in ("xdotool", "Xvfb", "dbus-run-session"):
        editor(command)
    command = editor("kate")
    for name in ("smollm2-135m", "minilm-l6"):
        pack(name)
    folder = tmp_path_factory.mktemp("kate")
    (folder / "run").mkdir(mode=0o700)
    (folder / "letter.md").touch()
    server = [sys.executable, "-m", "foreword", "serve", "--log", str(folder / "server.log"), "--log-text"]
    configuration = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
    configuration["servers"]["markdown"]["command"] = server
    place = folder / "config" / "kate" / "lspclient" / "settings.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(configuration), encoding="utf-8")
    (folder / "config" / "katerc").write_text(
        "[General]\nShow welcome view for new window=false\n\n"
        f"[lspclient]\nAllowedServerCommandLines={' '.join(server)}\n",
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if name != "FOREWORD_CONFIG"}
    environment |= {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "FOREWORD_CACHE": str(Store.default().root),
    }
    ours, theirs = os.pipe()
    with (folder / "output").open("w", encoding="utf-8") as output:
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
            pass_fds=[theirs],
            stdout=output,
            stderr=output,
        )
        os.close(theirs)
        with os.fdopen(ours) as answer:
            display = ":" + answer.readline().strip()
        editing = subprocess.Popen(
            ["dbus-run-session", "--", command, "--startanon", "-n", str(folder / "letter.md")],
            env=environment | {"DISPLAY": display},
            stdout=output,
            stderr=output,
        )
        try:
            kate = Kate(folder, display)
            wait_for("the server", 60, lambda: "textDocument/didOpen" in kate.log())
            yield kate
        finally:
            editing.terminate()
            editing.wait(timeout=30)
            screen.terminate()
            screen.wait(timeout=30)


def test_a_word_of_the_list_is_taken(kate: Kate) -> None:
    kate.write("We should sche")
    wait_for("the letters", 30, lambda: kate.saved().rstrip("\n") == "We should sche")
    deadline = time.monotonic() + 100
    while '"label": "schedule"' not in kate.log() and time.monotonic() < deadline:
        kate.press("Escape", "ctrl+space")  # while a model is being loaded there may be no words
        time.sleep(3)
    for _ in range(3):  # the list comes a moment after the answer
        kate.press("Escape", "ctrl+space")
        time.sleep(1)
        kate.press("Return")
        if kate.saved().rstrip("\n") == "We should schedule":
            return
        kate.press("ctrl+z")
    pytest.fail(f"no word was taken: {kate.saved()!r}")


def test_a_mark_comes(kate: Kate) -> None:
    kate.press("ctrl+End", "Return", "Return")
    kate.write("The soup was awful and I hated every minute of the evening. ")
    wait_for("a mark", 30, lambda: "Reads as negative" in kate.log())

"""A VS Code that runs here: code-server with an extension, apart from the user's own editors and settings.

The tests and the benchmark drive its page with the scripts of ``clients/vscode/test``.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXTENSION = Path(__file__).resolve().parents[2] / "clients" / "vscode"
QUIET = {
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.enableExperiments": False,
    "chat.disableAIFeatures": True,
    "workbench.activityBar.location": "hidden",
    "editor.minimap.enabled": False,
    "editor.fontSize": 16,
}
"""Settings of VS Code that keep it from asking anything of the network, and its pictures small."""


@dataclass(frozen=True)
class Tools:
    """The programs that a window needs.

    Attributes
    ----------
    node, chromium, code_server
        Paths.
    """

    node: str
    chromium: str
    code_server: str


class CodeServer:
    """One code-server, with folders of its own.

    Parameters
    ----------
    tools
        What it runs with.
    folder
        Everything is below it.
    settings
        The user's, besides `QUIET`.
    environment
        Variables added to this process' own.

    Attributes
    ----------
    workspace
        The folder that is opened.
    extensions
        The folder of what `install` installs.
    settings, settings_files
        All of the user's settings, and where they are.
    """

    def __init__(
        self, tools: Tools, folder: Path, settings: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        self.tools = tools
        self.folder = folder
        self.workspace = folder / "workspace"
        self._user, self.extensions = folder / "data", folder / "extensions"
        for each in (self.workspace, self.extensions, folder / "home"):
            each.mkdir(parents=True, exist_ok=True)
        self.settings = {**QUIET, **settings}
        # For a browser this is a remote machine: what is a machine's is set in a file of its own.
        self.settings_files = [self._user / kind / "settings.json" for kind in ("User", "Machine")]
        for file in self.settings_files:
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(self.settings), encoding="utf-8")
        # An editor that this one was started from must not be taken for its own.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("VSCODE_")}
        nowhere = {"serviceUrl": "", "itemUrl": "", "resourceUrlTemplate": ""}
        self._environment = {
            **ours,
            "HOME": str(folder / "home"),
            "EXTENSIONS_GALLERY": json.dumps(nowhere),
            **(environment or {}),
        }

    def install(self, package: Path) -> None:
        """Install an extension from its file."""
        self._run("--install-extension", str(package))

    @contextlib.contextmanager
    def serving(self, *options: str) -> Iterator[Serving]:
        """Run it; its page is at the address that is returned."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [*self._command(), "--bind-addr", f"127.0.0.1:{port}", "--auth", "none", *options]
        log = (self.folder / "code-server.log").open("wb")
        with log, subprocess.Popen(command, env=self._environment, stdout=log, stderr=log) as process:
            try:
                _wait_for(f"http://127.0.0.1:{port}/healthz", process)
                yield Serving(self, process.pid, f"http://127.0.0.1:{port}/")
            finally:
                process.terminate()

    def _command(self) -> list[str]:
        folders = ["--user-data-dir", str(self._user), "--extensions-dir", str(self.extensions)]
        quiet = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"]
        return [self.tools.code_server, *folders, *quiet, "--config", str(self.folder / "config.yaml")]

    def _run(self, *arguments: str) -> None:
        command = [*self._command(), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"code-server {arguments[0]}: {done.stdout}{done.stderr}")


@dataclass(frozen=True)
class Serving:
    """A code-server that runs: its process, and the address of its page."""

    server: CodeServer
    process: int
    url: str

    def drive(self, script: str, file: str, shots: Path, timeout: float = 240, **options: Any) -> Any:
        """Run a script of ``clients/vscode/test`` on a file of the workspace, and return what it printed."""
        shots.mkdir(parents=True, exist_ok=True)
        given = {
            "url": self.url,
            "root": self.process,
            "folder": str(self.server.workspace),
            "file": file,
            "shots": str(shots),
            "chromium": self.server.tools.chromium,
            **options,
        }
        done = subprocess.run(
            [self.server.tools.node, str(EXTENSION / "test" / script), json.dumps(given)],
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        sys.stderr.write(done.stderr)
        if done.returncode:
            raise RuntimeError(f"{script} ended early: {done.stderr}")
        return json.loads(done.stdout)


def package(tools: Tools, folder: Path) -> Path:
    """Build the extension's package from this checkout; its Node packages are there already."""
    file = folder / "foreword.vsix"
    done = subprocess.run(
        [tools.node, str(EXTENSION / "scripts" / "package.mjs"), str(file)],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the package was not built: {done.stdout}{done.stderr}")
    return file


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError("code-server did not start; its log is code-server.log")

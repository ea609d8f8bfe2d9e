"""How long a writer waits in VS Code: from a key to its words on the bar, measured in the page of a code-server.

Needs what the tests of VS Code need: ``code-server``, ``chromium`` and ``node`` on the path, and ``npm ci`` done in
clients/vscode. Run on a quiet machine, in the root of a checkout: ``python -m benchmarks.vscode``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.e2e.code_server import CodeServer, Tools, package

from foreword_models.evaluation.typing_report import percentile
from foreword_models.gpt import machine
from foreword_models.zoo.store import Store

WARM_UP = "Thank you for your letter. I was glad to hear from you, "
TEXT = (
    "and I hope that you and the children are well. We have had a long winter here, with more snow than in the last "
    "few years, but the days are getting longer now. Would you like to come and see us in the spring? There is a room "
    "for you, and the garden will be full of flowers by then. "
)
SETTLED = 25.0  # milliseconds after the first change of the bar; the three words come together
TARGETS = {50: 30.0, 95: 80.0}  # milliseconds


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gap", type=int, nargs=2, default=(60, 250), help="milliseconds between two keys")
    parser.add_argument("--json", action="store_true", help="every key, as it was measured")
    options = parser.parse_args(argv)
    tools = Tools(*(found(name) for name in ("node", "chromium", "code-server")))
    with tempfile.TemporaryDirectory(prefix="foreword-") as place:
        folder = Path(place)
        command = [sys.executable, "-m", "foreword", "serve"]
        settings = {"foreword.server.command": command, "editor.minimap.enabled": True}
        environment = {"FOREWORD_CACHE": str(Store.default().root), "FOREWORD_CONFIG": "", "FOREWORD_LOG": ""}
        server = CodeServer(tools, folder, settings, environment)
        server.install(package(tools, folder))
        (server.workspace / "letter.md").write_text("", encoding="utf-8")
        with server.serving("--disable-workspace-trust") as serving:
            keys = serving.drive("latency.mjs", "letter.md", folder, warmUp=WARM_UP, text=TEXT, gap=list(options.gap))
    print(json.dumps(keys) if options.json else report(keys, options.gap))
    return 0


def found(name: str) -> str:
    path = shutil.which(os.environ.get("FOREWORD_" + name.upper().replace("-", "_")) or name)
    if path is None:
        sys.exit(f"{name} is not installed.")
    return path


def report(keys: Sequence[dict[str, Any]], gap: Sequence[int]) -> str:
    letters = sorted(key["letter"][0] for key in keys if key["letter"])
    painted = [[each for each in key["painted"] if each <= key["painted"][0] + SETTLED] for key in keys]
    words = sorted(max(each) for each in painted if each)
    if not letters or not words:
        return "No words came onto the bar."
    lines = [
        f"{machine.processor_name()}, {machine.usable_cores()} cores; code-server in headless Chromium",
        f"{len(keys)} keys, one every {gap[0]} to {gap[1]} ms; after {len(words)} of them the words on the bar changed",
        "| from a key to ... on the screen, ms | its letter | its words | target |",
        "|---|---|---|---|",
    ]
    for percent, target in TARGETS.items():
        letter, word = percentile(letters, percent), percentile(words, percent)
        assert letter is not None
        assert word is not None
        verdict = "met" if word <= target else "missed"
        lines.append(f"| p{percent} | {letter:.1f} | {word:.1f} | <= {target:.0f}: {verdict} |")
    return "\n".join([*lines, f"| longest | {letters[-1]:.1f} | {words[-1]:.1f} | |"])


if __name__ == "__main__":
    sys.exit(main())

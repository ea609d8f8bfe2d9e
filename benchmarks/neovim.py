"""From a key to its words on the bar in Neovim: a text typed at human speed into a real one, with the real server.

Run ``python benchmarks/neovim.py --neovim nvim`` on a quiet machine. The time is taken in Neovim, from the key's
coming in until the virtual line is drawn on Neovim's own grid; what a terminal takes to show it is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from foreword.cli.bench_typing_text import TEXT
from foreword_models.gpt import machine

ROOT = Path(__file__).resolve().parents[1]
WARM_UP = 40  # keys that do not count


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neovim", default="nvim", help="the command")
    parser.add_argument("--keys", type=int, default=220, help="that are typed and count")
    parser.add_argument("--seed", type=int, default=0, help="of the gaps, 60 to 250 ms")
    options = parser.parse_args(argv)
    chance = random.Random(options.seed)
    keys = [{"\n": "<CR>", "<": "<lt>"}.get(key, key) for key in TEXT[: WARM_UP + options.keys]]
    plan = {"keys": keys, "gaps": [chance.randrange(60, 250) for _ in keys], "warm_up": WARM_UP}
    version = subprocess.run([options.neovim, "--version"], capture_output=True, text=True, check=True).stdout
    measured = run(options.neovim, plan)
    times = sorted(measured["milliseconds"])
    if len(times) < 2:
        print("Neovim showed no words; see :checkhealth foreword.", file=sys.stderr)
        return 1
    cuts = statistics.quantiles(times, n=100)
    print(f"{version.splitlines()[0]}, {machine.processor_name()}, {os.cpu_count()} cores")
    print("| keys with words in time | later than the next key | p50, ms | p95, ms | p99, ms |")
    print("|---|---|---|---|---|")
    print(f"| {len(times)} | {measured['late']} | {cuts[49]:.1f} | {cuts[94]:.1f} | {cuts[98]:.1f} |")
    return 0


def run(neovim: str, plan: dict[str, object]) -> dict[str, list[float]]:
    """Have Neovim type, and return what it measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = json.dumps([sys.executable, "-m", "foreword", "serve"])
        (folder / "init.lua").write_text(
            f"vim.opt.runtimepath:prepend([=[{ROOT / 'clients' / 'neovim'}]=])\n"
            f'require("foreword").setup({{ cmd = vim.json.decode([=[{command}]=]) }})\n',
            encoding="utf-8",
        )
        bench = folder / "bench.json"
        bench.write_text(json.dumps(plan), encoding="utf-8")
        script = Path(__file__).with_suffix(".lua")
        arguments = ["--clean", "--headless", "-n", "-u", str(folder / "init.lua"), "-S", str(script)]
        environment = os.environ | {"FOREWORD_BENCH": str(bench), "XDG_STATE_HOME": name, "FOREWORD_MEASURE": "0"}
        subprocess.run(
            [neovim, *arguments, str(folder / "letter.md")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=170,
            check=False,
        )
        result: dict[str, list[float]] = json.loads(bench.read_text(encoding="utf-8"))
        return result if "milliseconds" in result else {"milliseconds": []}


if __name__ == "__main__":
    sys.exit(main())

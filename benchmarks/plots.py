"""Draw the pictures of docs/images from the figures in benchmarks/figures: time per key, and keystroke savings.

Needs matplotlib. In the root of a checkout, ``python benchmarks/plots.py`` draws both. To renew the figures, have the
command that stands in their file print its JSON into a file, and name that:

    python benchmarks/plots.py --typing typing.json
    python benchmarks/plots.py --savings "learned, with the n-gram" words.json
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from foreword_models.evaluation.savings_plot import draw as draw_savings
from foreword_models.evaluation.typing_script import KINDS

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "benchmarks" / "figures"
PICTURES = ROOT / "docs" / "images"
NAMES = {"in_word": "inside a word", "word_boundary": "at a word boundary", "edit_mid_document": "edit in the middle"}
DARK = {
    "#ffffff": "#0d1117",
    "#000000": "#e6edf3",
    "#b0b0b0": "#6e7681",
    "#cccccc": "#6e7681",
    "#1f77b4": "#58a6ff",
    "#ff7f0e": "#ffa657",
    "#2ca02c": "#7ee787",
    "#d62728": "#ff7b72",
}
"""What matplotlib's colours become for readers who prefer dark pages."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--typing", type=Path, help="what foreword bench typing --json printed")
    parser.add_argument("--savings", nargs=2, metavar=("NAME", "FILE"), help="what foreword eval words --json printed")
    parser.add_argument("--output", type=Path, default=PICTURES, help="the folder of the pictures (docs/images)")
    options = parser.parse_args(argv)
    if options.typing:
        keep("typing", lambda figures: figures | {"result": typing(read(options.typing))})
    if options.savings:
        name, file = options.savings
        keep("savings", lambda figures: figures | {"results": figures["results"] | {name: savings(read(Path(file)))}})
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "foreword", "font.family": "sans-serif", "font.size": 10}
    with matplotlib.rc_context(style):
        draw_typing(read(FIGURES / "typing.json")["result"], options.output / "typing.svg")
        draw_savings(read(FIGURES / "savings.json")["results"], options.output / "savings.svg")
    for name in ("typing", "savings"):
        readable(options.output / f"{name}.svg")
    return 0


def typing(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a report of `foreword bench typing` what is drawn."""

    def ends(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
        return {kind: {key: figures[kind][key] for key in ("p50", "p95")} for kind in KINDS}

    against = {name: ends(figures) for name, figures in result["against"].items()}
    gaps = result["gaps_milliseconds"]
    return {"milliseconds": ends(result["milliseconds"]), "against": against, "gaps_milliseconds": gaps}


def savings(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a report of `foreword eval words` what is drawn."""
    return {key: result[key] for key in ("keystroke_savings", "confidence")}


def draw_typing(result: Mapping[str, Any], path: Path) -> None:
    """Draw for each kind of key, and for each that answers it, a line from the median to the 95th percentile."""
    engines = {"foreword": result["milliseconds"], **result["against"]}
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    if gaps := result["gaps_milliseconds"]:
        axes.axvspan(*gaps, color="#b0b0b0", alpha=0.2, linewidth=0)
        axes.text(gaps[0], -0.62, " until the next key", fontsize=9, va="center")
    for number, (name, figures) in enumerate(engines.items()):
        rows = [row + (number - (len(engines) - 1) / 2) * 0.22 for row in range(len(KINDS))]
        medians, tails = ([figures[kind][key] for kind in KINDS] for key in ("p50", "p95"))
        axes.hlines(rows, medians, tails, color=f"C{number}", linewidth=3)
        axes.plot(medians, rows, "o", color=f"C{number}", label=name)
        axes.plot(tails, rows, "|", color=f"C{number}", markersize=9, markeredgewidth=3)
    axes.set_xscale("log")
    axes.set_xticks(ticks := [1, 2, 5, 10, 20, 50, 100, 200, 500], [str(tick) for tick in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlim(1, 500)
    axes.set_ylim(len(KINDS) - 0.5, -0.8)
    axes.set_yticks(range(len(KINDS)), [NAMES[kind] for kind in KINDS])
    axes.set_xlabel("milliseconds from a key to its words: median, 95th percentile")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=len(engines), frameon=False)
    figure.savefig(path)


def readable(path: Path) -> None:
    """Give an SVG of matplotlib's its dark colours, and take the date away, which would make each drawing another."""
    rules = ["text { fill: #e6edf3; }"]
    for light, dark in DARK.items():
        rules += (f'[style*="{what}: {light}"] {{ {what}: {dark} !important; }}' for what in ("fill", "stroke"))
    style = "<style>@media (prefers-color-scheme: dark) {\n" + "\n".join(rules) + "\n}</style>"
    picture = re.sub(r" *<dc:date>.*</dc:date>\n", "", path.read_text(encoding="utf-8"))
    head, opening, rest = picture.partition("<defs>")
    path.write_text(f"{head}{style}\n{opening}{rest}", encoding="utf-8")


def keep(name: str, renewed: Any) -> None:
    """Write figures anew; the command that printed them stays with them."""
    file = FIGURES / f"{name}.json"
    file.write_text(json.dumps(renewed(read(file)), indent=2) + "\n", encoding="utf-8")


def read(file: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return figures


if __name__ == "__main__":
    sys.exit(main())

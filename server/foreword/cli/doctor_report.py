"""What ``foreword doctor`` prints for people, drawn from the JSON that it has for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from foreword_models.zoo.progress import human_size

_WIDTH = 120  # columns where there is no terminal to ask
_STATES = {"whole": "green", "loads": "green", "damaged": "red", "broken": "red", "absent": "dim"}


def print_report(result: dict[str, Any], console: Console | None = None) -> None:
    """Print the sections that say what there is, then what to do, then the verdict."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH, file=console.file)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for heading, text in _facts(result):
        facts.add_row(heading, text)
    console.print(facts)
    console.print()
    _print_measurement(result, console)
    console.print()
    for style, mark, sentences in (("yellow", "!", result["warnings"]), ("red", "x", result["problems"])):
        for sentence in sentences:
            line = Table.grid(padding=(0, 1))
            line.add_row(Text(mark, style=f"bold {style}"), Text(sentence))
            console.print(line)
    console.print(_verdict(result))


def _facts(result: dict[str, Any]) -> list[tuple[str, Text]]:
    processor, devices, cache = result["processor"], result["devices"], result["cache"]
    versions = ", ".join(f"{name} {number or 'missing'}" for name, number in result["versions"].items())
    able = ", ".join([processor["vectors"], *processor["instructions"]])
    load = "" if processor["load_per_core"] is None else f", load {processor['load_per_core']:.2f} a core"
    accelerators = [*devices["cuda"], *(["Apple GPU (MPS)"] if devices["mps"] else [])]
    rows = [
        ("Versions", Text(versions)),
        ("Processor", Text(f"{processor['name']} ({able}), {_cores(processor)}{load}")),
        ("GPU", Text(", ".join(accelerators) or "none that torch can use")),
        (
            "Cache",
            Text(f"{cache['path']}, {human_size(cache['bytes'])}, {human_size(cache['free_bytes'])} free on its disk"),
        ),
        ("Log", Text(result["log"] or "none")),
    ]
    for row in result["packs"]:
        rows.append(_row("Pack", row, f"{row['name']} {row['version']}", human_size(row["bytes"])))
    for row in result["models"]:
        detail = "will be fetched or converted at first use" if row["state"] == "absent" else ""
        if row["state"] == "loads":
            precision = f" as {row['precision']}" if row["precision"] else ""
            detail = f"in {row['load_seconds']:.2f} s{precision}"
        rows.append(_row(row["kind"].capitalize(), row, row["name"], detail))
    return rows


def _cores(processor: dict[str, Any]) -> str:
    usable, cores = processor["usable_cores"], processor["cores"]
    return f"{cores} cores" if usable == cores else f"{usable} of {cores} cores"


def _row(heading: str, row: dict[str, Any], name: str, detail: str) -> tuple[str, Text]:
    state = "not here yet" if row["state"] == "absent" else row["state"]
    text = Text.assemble(f"{name}: ", (state, _STATES[row["state"]]))
    return heading, text.append(f" {detail}" if row["state"] == "loads" else f", {detail}" if detail else "")


def _print_measurement(result: dict[str, Any], console: Console) -> None:
    """Print the table of candidates."""
    measured, wanted = result["measurement"], result["settings"]["precision"]
    if measured is None:
        console.print("How the decoder runs fastest here has not been measured yet: that is done at its first use,")
        console.print("when the machine is quiet, or now by `foreword doctor --measure`.")
        return
    made = datetime.fromisoformat(measured["made"]).astimezone().strftime("%Y-%m-%d %H:%M")
    console.print(f"[bold]Measured[/] on {made}, milliseconds ({measured['device']}):")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("")
    table.add_column("precision", no_wrap=True)
    for heading in ("threads", "one token", "16 branches", "prefill of 128", "a word", "weights"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in measured["rows"]:
        times = [row[f"{name}_milliseconds"] for name in ("token", "branch_16", "prefill", "word")]
        table.add_row(
            "*" if row["chosen"] else "",
            row["precision"],
            str(row["threads"]),
            *(f"{value:.1f}" for value in times),
            f"{row['weight_megabytes']:.0f} MB",
            style="bold green" if row["chosen"] else "",
        )
    console.print(Padding(table, (0, 0)))
    if wanted == "auto":
        console.print("* is used: the quickest for a typed word (a token, two times 16 branches, a quarter prefill);")
        console.print("  where others are as quick up to 5 %, the one that takes the least memory.")
    else:
        console.print(f"Not used: the precision is set to {wanted} (model.precision, FOREWORD_PRECISION).")


def _verdict(result: dict[str, Any]) -> Text:
    problems, warnings = len(result["problems"]), len(result["warnings"])
    if problems:
        return Text(f"{problems} {'thing is' if problems == 1 else 'things are'} broken.", style="bold red")
    if warnings:
        return Text("Everything works; what is marked ! could be better.", style="bold yellow")
    return Text("Everything is in order.", style="bold green")

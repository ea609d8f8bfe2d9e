"""The tables of ``foreword bench typing``, drawn from the JSON that it prints."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from foreword.cli.console import table_console
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, TRANSFORMERS
from foreword_models.evaluation.typing_report import ALL
from foreword_models.evaluation.typing_script import KINDS

_NAMES = {
    "in_word": "inside a word",
    "word_boundary": "at a word boundary",
    "edit_mid_document": "edit in the middle",
    ALL: "all keys",
}


def print_typing(result: dict[str, Any]) -> None:
    """Print what ``foreword bench typing --json`` has, for people."""
    console = table_console()
    machine, peers = result["machine"], result["peers"]
    console.print(
        f"{result['model']}: {machine['processor']}, {machine['cores']} cores, torch {machine['torch']}, "
        f"Python {machine['python']}",
        highlight=False,
        markup=False,
    )
    for name, facts in peers.items():
        console.print(
            f"beside {facts['version']}, {facts['threads']} threads, {facts['tokens_per_key']} tokens decoded a key, "
            f"{facts['counts'][ALL]['late']} keys longer than the gap after them: {name}",
            highlight=False,
            markup=False,
        )
    console.print(_keys(result))
    if peers:
        console.print(_beside(result))
        for line in _shares(result):
            console.print(line, highlight=False)
    console.print(_start(result))
    for name, reason in result["not_measured"].items():
        console.print(f"Not measured: {name} ({reason})", highlight=False, markup=False)
    for complaint in result["complaints"]:
        console.print(f"The server said: {complaint}", highlight=False, markup=False)


def _keys(result: dict[str, Any]) -> Table:
    """Our own latency, for each kind of key."""
    gaps = result["gaps_milliseconds"]
    pace = f"a key every {gaps[0]} to {gaps[1]} ms" if gaps else "each key after the answer to the one before"
    table = Table(title=f"foreword: milliseconds from key to words, {pace}")
    table.add_column("key", no_wrap=True)
    for heading in ("keys", "late", "no words", "p50", "p95", "p99"):
        table.add_column(heading, justify="right")
    table.add_column("target p50")
    table.add_column("target p95")
    for name in (*KINDS, ALL):
        counts, figures = result["counts"][name], result["milliseconds"][name]
        targets = result["targets"].get(name, {})
        table.add_row(
            _NAMES[name],
            *(str(counts[key]) for key in ("keystrokes", "late", "without_words")),
            *(_number(figures[key]) for key in ("p50", "p95", "p99")),
            *(_verdict(targets.get(key), ".0f") for key in ("p50", "p95")),
        )
    return table


def _beside(result: dict[str, Any]) -> Table:
    """The peers' latency, and ours as a share of it."""
    names = _peers(result)
    table = Table(title="The same keys, four tokens a key: milliseconds, and foreword's as a share of them")
    table.add_column("key", no_wrap=True)
    for name in names:
        for percent in ("p50", "p95"):
            table.add_column(f"{name} {percent}", justify="right")
            table.add_column("share", justify="right")
    for kind in (*KINDS, ALL):
        cells = []
        for name in names:
            figures, shares = result["against"][name][kind], result["ratios"][name][kind]
            for percent in ("p50", "p95"):
                cells += [_number(figures[percent]), _number(shares[percent])]
        table.add_row(_NAMES[kind], *cells)
    return table


def _shares(result: dict[str, Any]) -> list[str]:
    """The shares that have a target, a line for each peer."""
    lines = []
    for name in _peers(result):
        for kind, targets in result["ratio_targets"].get(name, {}).items():
            shares = (
                f"{percent} {_number(result['ratios'][name][kind][percent])} ({_verdict(target, '.2f')})"
                for percent, target in targets.items()
            )
            lines.append(f"Share of {name}'s time, {_NAMES[kind]}: {', '.join(shares)}")
    return lines


def _peers(result: dict[str, Any]) -> list[str]:
    return [name for name in (LLAMA_CPP, TRANSFORMERS) if name in result["against"]]


def _start(result: dict[str, Any]) -> Table:
    """What the server takes beside the keys."""
    starts = result["starts"]
    runs = len(starts["initialize"])
    table = Table(title="The server" + (f", median and worst of {runs} starts" if runs > 1 else ""), show_header=False)

    def seconds(key: str) -> str:
        return f"{result[key]:.2f} s" + (f", {max(starts[key]):.2f} s" if runs > 1 else "")

    table.add_row("First answer (initialize)", seconds("initialize"))
    table.add_row("First words after its start", seconds("first_completion_after_start"))
    table.add_row("Resident memory, all typed", _or_unknown(result["rss_megabytes"], "MB"))
    table.add_row("Processor, 5 s after the last key", _or_unknown(result["idle_cpu_percent"], "% of a core"))
    return table


def _or_unknown(value: float | None, unit: str) -> str:
    return "unknown here (install psutil)" if value is None else f"{value:.1f} {unit}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _verdict(target: dict[str, Any] | None, form: str) -> str:
    if target is None:
        return ""
    return f"<= {target['target']:{form}}: " + ("[green]met[/]" if target["met"] else "[red]missed[/]")

"""The tables of ``foreword eval``, drawn from the JSON that it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from foreword.cli.console import table_console


def print_words(result: Mapping[str, Any]) -> None:
    """Print what ``foreword eval words --json`` has, for people."""
    console = table_console()
    machine, budget = result["machine"], result["budget"]
    flags = [name.replace("_", "-") for name, on in result["counting"].items() if on]
    console.print(
        f"{result['model']} ({result['precision']}), register {result['register']}, keyboard {result['keyboard']}, "
        f"at most {budget['forwards']} forwards a list and {budget['thinking']} behind it; "
        f"counted with {', '.join(flags) or 'no flags'}. "
        f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    slots = list(result["keystroke_savings"])
    files = result["per_file"]
    console.print(savings_table({"all": result, **files} if len(files) > 1 else dict(files), slots))
    if len(result["by_context"]) > 1:
        console.print(_context_table(result["by_context"], result["beginning"], slots))
    times = result["milliseconds"]
    console.print(
        f"Milliseconds a list: {_times(times)}; at a word's start {_times(times['word_boundary'])}; "
        f"inside one {_times(times['in_word'])}.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"Forwards a keystroke {result['forwards_per_keystroke']}, behind it {result['forwards_between_keystrokes']}; "
        f"exact lists {result['exact']} %. Words in a list {result['words_offered']}, empty lists "
        f"{result['empty_lists']} %. {result['seconds']:.0f} s in all.",
        highlight=False,
        soft_wrap=True,
    )


def savings_table(rows: Mapping[str, Mapping[str, Any]], slots: Sequence[str], heading: str = "file") -> Table:
    """Return a table of savings, intervals and recall, a row for each result."""
    table = Table(title="Keystroke savings in percent, with 95 % intervals; recall at a word's start")
    table.add_column(heading)
    table.add_column("texts", justify="right")
    table.add_column("characters", justify="right")
    for shown in slots:
        table.add_column(f"{shown} shown", justify="right")
    table.add_column(f"recall {'/'.join(slots)}", justify="right")
    table.add_column("bits/char", justify="right")
    table.add_column("unknown", justify="right")
    for name, row in rows.items():
        bits = row["bits_per_character"]
        table.add_row(
            name,
            str(row["phrases"]),
            str(row["characters"]),
            *(_with_interval(row, shown) for shown in slots),
            "/".join(
                f"{row['recall_at_word_start'][shown]:.1f}" if shown in row["recall_at_word_start"] else "-"
                for shown in slots
            ),
            "-" if bits is None else f"{bits:.3f}",
            f"{row['out_of_vocabulary']:.1f} %",
        )
    return table


def _context_table(curve: Sequence[Mapping[str, Any]], beginning: Mapping[str, Any], slots: Sequence[str]) -> Table:
    table = Table(title="Keystroke savings by words of context")
    table.add_column("words before")
    table.add_column("characters", justify="right")
    for shown in slots:
        table.add_column(f"{shown} shown", justify="right")
    for row in (*curve, {"context_words": f"first {beginning['words']} words", **beginning}):
        table.add_row(row["context_words"], str(row["characters"]), *(_with_interval(row, shown) for shown in slots))
    return table


def _with_interval(row: Mapping[str, Any], shown: str) -> str:
    if shown not in row["keystroke_savings"]:
        return "-"
    low, high = row["confidence"][shown]
    return f"{row['keystroke_savings'][shown]:.1f} ({low:.1f}–{high:.1f})"


def _times(times: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {times[name]}" for name in ("p50", "p95", "p99"))

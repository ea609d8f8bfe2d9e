"""The tables of ``foreword bench``, drawn from the JSON that it prints."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from foreword.cli.console import table_console
from foreword_models.evaluation.decoder_rows import LLAMA_CPP, TRANSFORMERS


def print_decoder(result: dict[str, Any]) -> None:
    """Print what ``foreword bench decoder --json`` has, for people."""
    console = table_console()
    machine, peers = result["machine"], result["peers"]
    console.print(
        f"{result['model']} ({result['precision']}) on {machine['device']}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['threads']} threads, torch {machine['torch']}, Python {machine['python']}",
        highlight=False,
        markup=False,
    )
    for facts in peers.values():
        console.print(f"beside {facts['version']}, {facts['threads']} threads, on {facts['device']}", highlight=False)
    table = Table(title=f"Milliseconds, medians of {result['rounds']} interleaved rounds")
    table.add_column("row", no_wrap=True)
    for heading in ("foreword", "floor", "x floor"):
        table.add_column(heading, justify="right")
    for name in (LLAMA_CPP, TRANSFORMERS):
        table.add_column(name, justify="right")
        table.add_column("ratio (target)")
    for row in result["rows"]:
        cells = [
            row["name"],
            f"{row['milliseconds']:.2f}",
            f"{row['floor_milliseconds']:.2f}",
            f"{row['times_floor']:.1f}",
        ]
        for name in (LLAMA_CPP, TRANSFORMERS):
            cells += _cells(row, name, result)
        table.add_row(*cells)
    console.print(table)
    console.print(
        f"Floor: {result['weight_megabytes']} MB of weights read once at {result['gigabytes_per_second']} GB/s.",
        highlight=False,
    )
    console.print(_memory(result), highlight=False)
    agreement = {
        name: [row["against"][name]["same_top_token"] for row in result["rows"] if name in row["against"]]
        for name in peers
    }
    for name, shares in agreement.items():
        if shares:
            console.print(
                f"Same most likely token as {name} after {100 * sum(shares) / len(shares):.0f} % of measurements.",
                highlight=False,
            )
    for name, reason in result["not_measured"].items():
        console.print(f"{name}: {reason}", highlight=False, markup=False, soft_wrap=True)
    for name, facts in peers.items():
        for row, reason in facts["failures"].items():
            console.print(f"{name}, {row}: {reason}", highlight=False, markup=False, soft_wrap=True)


def _cells(row: dict[str, Any], peer: str, result: dict[str, Any]) -> list[str]:
    """Return a peer's time and ratio in one row of the table."""
    if peer not in result["peers"]:
        reason = result["not_measured"].get(peer, "")
        return ["not installed" if reason.startswith("not installed") else "-", ""]
    if peer not in row["against"]:
        return ["failed", ""]
    measured = row["against"][peer]
    ratio = f"{measured['ratio']:.2f}"
    if "target" in measured:
        verdict = "[green]met[/]" if measured["met"] else "[red]missed[/]"
        ratio = f"{ratio} (<= {measured['target']:.2f}: {verdict})"
    return [f"{measured['milliseconds']:.2f}", ratio]


def _memory(result: dict[str, Any]) -> str:
    """Say what a fresh process takes and how long it takes to start."""
    started = (
        f"import {result['import_seconds']:.2f} s, load {result['load_seconds']:.2f} s, "
        f"first logits after another {result['first_logits_seconds']:.2f} s."
    )
    size = result["rss_megabytes"]
    if size is None:
        return f"Fresh process: resident memory unknown here (install psutil); {started}"
    parts = ""
    if result["rss_file_megabytes"] is not None:
        parts = f" ({result['rss_anonymous_megabytes']:.0f} its own, {result['rss_file_megabytes']:.0f} mapped files)"
    verdict = "[green]met[/]" if size <= result["rss_target_megabytes"] else "[red]missed[/]"
    return (
        f"Fresh process with {result['cached_tokens']} tokens cached: {size:.0f} MB resident{parts}, "
        f"target <= {result['rss_target_megabytes']} MB for the default model: {verdict}; {started}"
    )

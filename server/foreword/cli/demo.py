"""``foreword demo``: a paragraph typed into the real server, live in the terminal."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from foreword.cli.loading import command_models

if TYPE_CHECKING:
    from foreword.typist import Key, Session, Tally

PARAGRAPH = (
    "Thank you for the invitation to the workshop next week. I would like to come, but the train to the city is late "
    "almost every day. The food at the last meeting was terrible and the room was far too cold. If you can send me the "
    "address and the schedule, I will be there in the morning. We had a wonderful time with you last year!"
)
_SLOTS = 3
_MARKS_WAIT = 5.0  # seconds to wait for the marks of a finished sentence, in which the encoder may have to be loaded
_OPTIONS = {"completion": {"maxItems": _SLOTS}, "diagnostics": {"delayMilliseconds": 50}}


def demo(
    delay: Annotated[
        int | None, typer.Option(min=0, metavar="MS", help="Pause after each key; 60 in a terminal, else 0.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Type this instead of the paragraph that comes with the demo.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the summary, as JSON.")] = False,
) -> None:
    """Type a paragraph into the language server and watch: the words offered, the keys saved, the marks.

    Letters typed are plain, what an offered word wrote is green, marked sentences are underlined.

    Example: foreword demo --delay 120
    """
    models = command_models()
    models.fetch()  # with a progress bar here; the server would fetch them behind the curtain
    console = Console()
    live = console.is_terminal and not as_json
    pause = (60 if live else 0) if delay is None else delay
    asyncio.run(_run(text or PARAGRAPH, pause / 1000, console, live, as_json))


async def _run(text: str, pause: float, console: Console, live: bool, as_json: bool) -> None:
    from foreword.typist import Tally, session, type_text

    started = time.perf_counter()
    if not as_json:
        console.print("Starting the language server and loading the models ...")
    tally, spans = Tally(), list[tuple[str, bool]]()
    async with session(_OPTIONS) as opened:
        opened.open()
        await opened.words()
        first = time.perf_counter() - started
        screen = _Screen(console, opened, tally, spans) if live else None
        try:
            if screen:
                screen.start()
            async for key in type_text(opened, text, slots=_SLOTS):
                tally.keys.append(key)
                spans.append((key.written, key.taken))
                if screen:
                    screen.show(key)
                elif not as_json:
                    _print_word(opened, key)
                if key.written.endswith((".", "!", "?")):
                    await opened.settled_marks(_MARKS_WAIT)
                await asyncio.sleep(pause)
            await opened.settled_marks(_MARKS_WAIT)
            if screen and tally.keys:
                screen.show(tally.keys[-1])
        finally:
            if screen:
                screen.stop()
        summary = _summary(tally, opened, first)
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        console.print(_table(summary))


class _Screen:
    """The live view: the text growing, the bar of words, the numbers."""

    def __init__(self, console: Console, opened: Session, tally: Tally, spans: list[tuple[str, bool]]) -> None:
        self._opened = opened
        self._tally = tally
        self._spans = spans
        self._live = Live(console=console, refresh_per_second=30, transient=False)

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def show(self, key: Key) -> None:
        """Draw the state after a key."""
        text = Text()
        for written, by_list in self._spans:
            text.append(written, style="green" if by_list else "")
        for mark in self._opened.marks:
            text.stylize("underline yellow", mark.range.start.character, mark.range.end.character)
        text.append("\u2588", style="dim")
        bar = Table.grid(padding=(0, 3), expand=True)
        for _ in range(_SLOTS):
            bar.add_column(justify="center", ratio=1)
        taken = next((word for word in key.offered if key.taken and word.endswith(key.written.strip())), None)
        bar.add_row(*(Text(word, style="black on green" if word == taken else "bold") for word in key.offered))
        numbers = (
            f"{self._tally.savings:4.1f} % of keys saved   "
            f"{key.milliseconds:5.1f} ms for this key   {self._tally.percentile(0.5):5.1f} ms median"
        )
        marks = [Text(f"{mark.message}", style="yellow") for mark in self._opened.marks]
        self._live.update(Group(Panel(text, title="foreword demo"), bar, Text(numbers, style="dim"), *marks))


def _print_word(opened: Session, key: Key) -> None:
    """Without a terminal: a line for each word that was taken, and for each finished sentence."""
    if key.taken:
        last = opened.text.split()[-1]
        print(f"took {last!r} of {', '.join(key.offered)} ({key.milliseconds:.1f} ms)")
    if key.written in ".!?":
        print(opened.text[opened.text.rfind("\n") + 1 :].rpartition(". ")[2], flush=True)


def _summary(tally: Tally, opened: Session, first: float) -> dict[str, Any]:
    return {
        "characters": tally.characters,
        "keystrokes": len(tally.keys),
        "keystroke_savings": round(tally.savings, 1),
        "milliseconds": {
            "in_word": {f"p{p}": round(tally.percentile(p / 100, in_word=True), 1) for p in (50, 95)},
            "word_boundary": {f"p{p}": round(tally.percentile(p / 100, in_word=False), 1) for p in (50, 95)},
        },
        "initialize": round(opened.initialize_seconds, 3),
        "first_completion_after_start": round(first, 2),
        "marks": [{"message": mark.message, "code": mark.code} for mark in opened.marks],
    }


def _table(summary: dict[str, Any]) -> Table:
    table = Table(title="Summary", show_header=False)
    table.add_row("Characters written", str(summary["characters"]))
    table.add_row("Keys pressed", str(summary["keystrokes"]))
    table.add_row("Keys saved", f"{summary['keystroke_savings']} %")
    for kind, name in (("in_word", "inside a word"), ("word_boundary", "at a word's start")):
        times = summary["milliseconds"][kind]
        table.add_row(f"Words offered, {name}", f"p50 {times['p50']} ms, p95 {times['p95']} ms")
    table.add_row("Server's first answer", f"{1000 * summary['initialize']:.0f} ms after its start")
    table.add_row("First words", f"{summary['first_completion_after_start']} s after its start, models loaded")
    for mark in summary["marks"]:
        table.add_row("Mark", mark["message"])
    if not summary["marks"]:
        table.add_row("Marks", "none")
    return table

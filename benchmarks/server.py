"""The language server's targets, each measured at the real process and beside what it is allowed.

    python benchmarks/server.py [--keys 100] [--starts 3] [--json]

Takes about three minutes of a quiet machine with both model packs. Keys are pressed at the pace of a person. A ratio is
of the times with and without what the row names, in the same run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from documents import MARKDOWN_LINES, PACE, RATIO, long_markdown, some_sentences, typing, verdict
from foreword.cli.bench_typing_text import TEXT
from foreword.cli.console import table_console
from foreword.cli.progress import TerminalProgress
from foreword.typing_client import SERVE, Message, ServerClient, notification
from foreword.typing_replay import ServerTypist, first_words, open_document
from foreword_models.evaluation.process_usage import rss_bytes
from foreword_models.evaluation.typing_report import Press, percentile
from foreword_models.evaluation.typing_script import gaps, script
from foreword_models.gpt import machine

SENTENCES = 1000  # of the document that is read while somebody types
DOCUMENTS, LINES = 50, 200  # that are open, and lines of each
MESSAGES = 200  # of the flood
HOVERS = 30
MEMORY = 600.0  # megabytes


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, and the most that it may be."""

    name: str
    value: float | None
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met, if there is one."""
        return None if self.target is None or self.value is None else self.value <= self.target


class CountingClient(ServerClient):
    """A client that counts how often each request is answered."""

    def __init__(self, command: Sequence[str] = SERVE) -> None:
        self.counts: Counter[int] = Counter()
        super().__init__(command)

    def _take(self, message: Message, at: float) -> None:
        if "method" not in message:
            self.counts[message["id"]] += 1
        super()._take(message, at)


def starts(count: int) -> Iterator[Row]:
    """Yield how long a start takes, with its models."""
    answers, words = [], []
    for _ in range(count):
        with ServerClient() as client:
            answers.append(client.initialize())
            words.append(first_words(client))
    yield Row("initialize answered", 1000 * median(answers), "ms", 300)
    yield Row("first words after the start", median(words), "s", 3)


def keys(client: ServerClient, name: str, count: int, text: str = "") -> list[Press]:
    """Type into a document at the pace of a person."""
    pressed = script(TEXT[:count], every=count)
    typist = ServerTypist(client, pressed, gaps(len(pressed), PACE), name=name, text=text)
    return typist.type(0, len(pressed), lambda _: None)


def while_reading(client: ServerClient, count: int) -> Iterator[Row]:
    """Yield what a key takes alone, and while a long document is read."""
    keys(client, "warm", min(30, count))
    document = open_document(client, "untitled:hover.md", "It rains.\n")
    identity, request = client.request(
        "textDocument/hover", {"textDocument": {"uri": document.uri}, "position": {"line": 0, "character": 1}}
    )
    client.send(request)
    client.result(identity)  # the encoder is loaded
    alone = keys(client, "alone", count)
    open_document(client, "untitled:read.md", "\n".join(some_sentences(SENTENCES, seed=1)))
    reading = keys(client, "reading", count)
    for percent in (50, 95):
        yield Row(f"a key, p{percent}", _at(alone, percent), "ms")
        yield Row(f"a key while {SENTENCES:,} sentences are read, p{percent}", _at(reading, percent), "ms")
    yield Row("the ratio of these, p95", _ratio(reading, alone, 95), "", RATIO)


def long_file(client: ServerClient, count: int) -> Iterator[Row]:
    """Yield what a key takes in the middle of a long file, beside one in an empty file."""
    found = typing(client, count, MARKDOWN_LINES)
    yield Row("the first key in the middle of a long file", found["first"][0].milliseconds, "ms")
    for percent in (50, 95):
        name = f"a key in the middle of {MARKDOWN_LINES:,} lines"
        yield Row(f"{name}, p{percent}", _at(found["long"], percent), "ms")
        yield Row(
            f"its ratio to one in an empty file, p{percent}", _ratio(found["long"], found["empty"], percent), "", RATIO
        )


def flood(client: CountingClient) -> Iterator[Row]:
    """Yield what becomes of changes, requests and cancellations that are sent all at once."""
    document = open_document(client, "untitled:flood.md", "We ")
    uri, messages, asked = document.uri, list[Message](), list[int]()
    for number in range(MESSAGES // 3 + 1):
        character = 3 + number
        here = {"line": 0, "character": character}
        change = {"range": {"start": here, "end": here}, "text": "should talk about it "[number % 21]}
        identifier = {"uri": uri, "version": number + 2}
        messages.append(
            notification("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        )
        position = {"line": 0, "character": character + 1}
        identity, request = client.request(
            "textDocument/completion", {"textDocument": {"uri": uri}, "position": position}
        )
        messages.append(request)
        if number < MESSAGES // 3:
            messages.append(notification("$/cancelRequest", {"id": identity}))
        asked.append(identity)
    sent = client.send(*messages)
    answer = client.result(asked[-1])
    time.sleep(1.0)  # for an answer too many
    wrong = sum(client.counts[identity] != 1 for identity in asked)
    yield Row(f"{len(messages)} messages at once: requests not answered once", wrong, "", 0)
    yield Row("the last of them answered", 1000 * (answer.at - sent), "ms", 100)


def hovers(client: ServerClient) -> Iterator[Row]:
    """Yield how long a look at a word and its sentence takes, once what knows words is loaded."""
    sentences = some_sentences(HOVERS, seed=2)
    document = open_document(client, "untitled:look.md", "\n\n".join(sentences))
    times, near = [], False
    for number, sentence in enumerate(sentences):
        place = {"line": 2 * number, "character": len(sentence) - 2}
        identity, request = client.request(
            "textDocument/hover", {"textDocument": {"uri": document.uri}, "position": place}
        )
        sent = client.send(request)
        answer = client.result(identity)
        times.append(1000 * (answer.at - sent))
        near = near or "Near " in json.dumps(answer.result)
        if number == 0:
            time.sleep(5.0)  # the first one is answered without
    note = "with" if near else "without"
    yield Row(f"a hover, {note} the nearest words, p95", percentile(times[1:], 95), "ms", 50)


def many_documents(client: ServerClient, count: int) -> Iterator[Row]:
    """Yield what many open documents cost."""
    for number in range(DOCUMENTS):
        open_document(client, f"untitled:many-{number}.md", long_markdown(LINES, seed=number))
    presses = keys(client, "many", count, "\n")
    for percent in (50, 95):
        yield Row(f"a key, {DOCUMENTS} documents open, p{percent}", _at(presses, percent), "ms")
    yield Row(f"resident memory, {DOCUMENTS} documents open", _megabytes(client), "MB", MEMORY)


def at_rest(client: ServerClient) -> Iterator[Row]:
    """Yield what the server does when nothing is asked of it."""
    typist = ServerTypist(client, script("It "), None, name="rest")
    typist.rest(most=60.0)
    typist.type(0, 3, lambda _: None)
    idle = typist.idle_cpu_percent()
    yield Row("processor, 5 s after a change", None if idle is None else round(idle, 1), "% of a core", 0.0)


def switched_off() -> Iterator[Row]:
    """Yield what a server costs that is switched off."""
    with ServerClient() as client:
        client.initialize({"enabled": False})
        open_document(client, "untitled:off.md", "It rains. We should ")
        time.sleep(2.0)
        maps = Path(f"/proc/{client.process_id}/maps")
        loaded = "torch" in maps.read_text() if maps.exists() else None
        note = {True: "torch is loaded", False: "torch is not loaded", None: ""}[loaded]
        yield Row("resident memory, everything off", _megabytes(client), "MB", note=note)


def rows(count: int, number_of_starts: int, told: Callable[[str], None]) -> Iterator[Row]:
    """Yield all rows, in the order in which they are measured."""
    told("starts")
    yield from starts(number_of_starts)
    with CountingClient() as client:
        client.initialize()
        first_words(client)
        told("keys while a document is read")
        yield from while_reading(client, count)
        yield Row("resident memory, both models", _megabytes(client), "MB", MEMORY)
        told("hovers")
        yield from hovers(client)
        told("a flood of messages")
        yield from flood(client)
        told("many documents")
        yield from many_documents(client, count)
        yield from at_rest(client)
    with ServerClient() as client:
        client.initialize()
        first_words(client)
        told("a long file")
        yield from long_file(client, count)
    told("everything off")
    yield from switched_off()


def table(found: Sequence[Row]) -> Table:
    """Lay the rows out."""
    table = Table(title="The language server")
    for heading in ("", "measured", "target"):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for row in found:
        value = "unknown here" if row.value is None else f"{row.value:.2f} {row.unit}".strip()
        told = row.note if row.met is None else f"<= {row.target:g}: {verdict(row.met)}"
        table.add_row(row.name, value, told)
    return table


def _at(presses: Sequence[Press], percent: float) -> float | None:
    return percentile((press.milliseconds for press in presses), percent)


def _ratio(longer: Sequence[Press], shorter: Sequence[Press], percent: float) -> float | None:
    over, under = _at(longer, percent), _at(shorter, percent)
    return over / under if over is not None and under else None


def _megabytes(client: ServerClient) -> float | None:
    rss = rss_bytes(client.process_id)
    return None if rss is None else rss / 1e6


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100, help="of each row (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=3, help="of the server, for the median (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv)
    progress = TerminalProgress("steps", live=False)

    def told(what: str) -> None:
        progress.finish()
        progress.start(what, 0)

    found = list(rows(options.keys, options.starts, told))
    progress.finish()
    if options.json:
        print(json.dumps([asdict(row) | {"met": row.met} for row in found]))
        return
    console = table_console()
    console.print(f"{machine.processor_name()}, {machine.usable_cores()} cores", highlight=False)
    console.print(table(found))


if __name__ == "__main__":
    main()

"""Long documents: an edit and a look-up in one of 20,000 lines, beside pygls' own; a key in the middle of a long file.

    python benchmarks/documents.py [--keys 200] [--no-typing]

Everything is done at places drawn with a fixed seed. Keys are typed into the real server at the pace of a person, by
turns into the middle of a Markdown file of 10,000 lines, all of whose sentences have been read, and into an empty file,
with pauses long enough for what has changed to be cut into sentences and read.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeVar

from lsprotocol import types
from pygls.workspace import TextDocument
from rich.table import Table

from foreword.cli.bench_typing_text import TEXT
from foreword.cli.console import table_console
from foreword.cli.progress import TerminalProgress
from foreword.text.document import Document
from foreword.typing_client import ServerClient
from foreword.typing_replay import ServerTypist, first_words
from foreword.typing_turns import take_turns
from foreword_models.evaluation.typing_report import Press, percentile
from foreword_models.evaluation.typing_script import Key, gaps, script
from foreword_models.gpt import machine

LINES, SIZE = 20_000, 50  # of the document that is edited: with its ending a line is so long, which makes a megabyte
MARKDOWN_LINES, SENTENCES = 10_000, 300  # of the file that is typed into, and distinct ones in it
TARGET = 0.3  # milliseconds that an edit or a look-up may take
RATIO = 1.5  # of the times in a long file and in an empty one
TURN = 50  # keys
PAUSE, EVERY = 0.8, 25  # seconds, and keys from one pause to the next: the server cuts and reads 0.4 s after a key
PACE = (60, 250)  # milliseconds from a key to the next

Times = list[float]
T = TypeVar("T")


def long_text(lines: int, size: int, seed: int = 0) -> str:
    """Return lines of words, all of one length."""
    words, random = TEXT.split(), Random(seed)
    return "".join(" ".join(random.choices(words, k=size))[: size - 1] + "\n" for _ in range(lines))


def some_sentences(count: int, seed: int = 0) -> list[str]:
    """Return sentences, hardly two of which are the same, of words in any order."""
    random, words = Random(seed), [word.strip(".,;?'").lower() for word in TEXT.split()]
    return [" ".join(random.choices(words, k=random.randint(5, 15))).capitalize() + "." for _ in range(count)]


def long_markdown(lines: int, seed: int = 0) -> str:
    """Return a Markdown file of paragraphs, lists, headings and fences, made of some hundred sentences."""
    random, sentences = Random(seed), some_sentences(SENTENCES, seed)
    written: list[str] = []
    while len(written) < lines:
        kind = random.random()
        if kind < 0.1:
            written += [f"## {random.choice(sentences)[:-1]}", ""]
        elif kind < 0.2:
            written += ["```python", "for line in document:", "    print(line)", "```", ""]
        elif kind < 0.4:
            written += [f"- {random.choice(sentences)}" for _ in range(3)] + [""]
        else:
            written += [random.choice(sentences) for _ in range(random.randint(1, 4))] + [""]
    return "\n".join(written[:lines])


def ours(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[str, Times]]:
    """Yield what is done to our document, and the milliseconds of each time."""
    document = Document("untitled:1", "markdown", 1, text, "utf-16")
    offsets = [document.offset(*place) for place in places]
    yield "a letter is typed", timed(lambda place: document.apply((place, place), "x"), places)
    yield "a line is split", timed(lambda place: document.apply((place, place), "\n"), places)
    yield "from a position to an offset", timed(lambda place: document.offset(*place), places)
    yield "from an offset to a position", timed(document.position, offsets)
    yield "4,000 characters before a position", timed(lambda place: document.before(*place, 4000), places)


def pygls(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[str, Times]]:
    """Yield the same of pygls' document, as far as it has it."""
    document = TextDocument("untitled:1", text)

    def apply(place: types.Position, new: str) -> None:
        change = types.TextDocumentContentChangePartial(types.Range(place, place), new)
        document.apply_change(change)

    positions = [types.Position(*place) for place in places]
    offsets = [document.offset_at_position(types.Position(*place)) for place in places]
    yield "a letter is typed", timed(lambda place: apply(place, "x"), positions)
    yield "a line is split", timed(lambda place: apply(place, "\n"), positions)
    yield "from a position to an offset", timed(document.offset_at_position, positions)
    yield "from an offset to a position", timed(document.client_position_at_offset, offsets)


def timed(work: Callable[[T], object], arguments: Sequence[T]) -> Times:
    """Return the milliseconds that each call takes."""
    times = []
    for argument in arguments:
        began = time.perf_counter()
        work(argument)
        times.append(1000 * (time.perf_counter() - began))
    return times


def edits_table(count: int, seed: int = 0) -> Table:
    """Measure edits and look-ups, ours and pygls'."""
    text, random = long_text(LINES, SIZE, seed), Random(seed)
    places = [(random.randrange(LINES), random.randrange(SIZE)) for _ in range(count)]
    theirs = dict(pygls(text, places[: max(1, count // 20)]))  # takes so much longer
    table = Table(title=f"A document of {LINES:,} lines and {len(text) / 1e6:.1f} MB: milliseconds")
    for heading in ("", "p50", "p95", f"target p95 <= {TARGET}", "pygls p50", "pygls p95"):
        table.add_column(heading, justify="left" if not heading or "target" in heading else "right")
    for name, times in ours(text, places):
        peer = [f"{percentile(theirs[name], percent):.4f}" for percent in (50, 95)] if name in theirs else ["", ""]
        worst = percentile(times, 95) or 0.0
        table.add_row(name, f"{percentile(times, 50):.4f}", f"{worst:.4f}", verdict(worst <= TARGET), *peer)
    return table


def typing(client: ServerClient, count: int, lines: int, seed: int = 0) -> dict[str, list[Press]]:
    """Type into an empty file and into the middle of a long one, by turns.

    Returns
    -------
    dict
        What became of the keys of each, ``"long"`` and ``"empty"``; and, apart from them, of the first one in the long
        file, ``"first"``, for which the text before it has to be read.
    """
    keys = script(TEXT[:count], every=count)  # without jumps back
    between = [
        PAUSE if number % EVERY == EVERY - 1 else gap for number, gap in enumerate(gaps(len(keys), PACE, seed=seed))
    ]
    text = long_markdown(lines, seed)
    middle = text.index("\n\n", len(text) // 2) + 2
    moved = [Key(middle + key.offset, key.written, key.kind) for key in keys]
    # A paragraph of its own, in front of the one that is there.
    long = ServerTypist(client, moved, between, name="long", text=text[:middle] + "\n\n" + text[middle:])
    empty = ServerTypist(client, keys, between, name="empty")
    long.rest(most=120.0)
    first = long.type(0, 1, lambda _: None)
    empty.type(0, 1, lambda _: None)
    long.rest()
    found, _ = take_turns([long, empty], len(keys), TURN, lambda _: None, begin=1)
    return {**found, "first": first}


def typing_table(found: dict[str, list[Press]], lines: int) -> Table:
    """Lay out what became of the keys."""
    table = Table(title="Milliseconds from a key to its words")
    for heading in ("typed into", "keys", "late", "p50", "p95"):
        table.add_column(heading, justify="left" if heading == "typed into" else "right")
    figures = {
        name: [percentile((press.milliseconds for press in presses), at) or 0.0 for at in (50, 95)]
        for name, presses in found.items()
    }
    for name, about in (("empty", "an empty file"), ("long", f"the middle of {lines:,} lines")):
        late = sum(press.late for press in found[name])
        table.add_row(about, str(len(found[name])), str(late), *(f"{figure:.2f}" for figure in figures[name]))
    ratios = [longer / shorter for shorter, longer in zip(figures["empty"], figures["long"], strict=True)]
    table.add_row("the first key there", "1", "", f"{found['first'][0].milliseconds:.2f}", "")
    table.add_row(f"ratio, target <= {RATIO}", "", "", *(f"{ratio:.2f}: {verdict(ratio <= RATIO)}" for ratio in ratios))
    return table


def verdict(met: bool) -> str:
    """Say whether a target is met."""
    return "[green]met[/]" if met else "[red]missed[/]"


def main(argv: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--count", type=int, default=2000, help="edits and look-ups of each kind (default: %(default)s)"
    )
    parser.add_argument("--keys", type=int, default=200, help="typed into each file (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=MARKDOWN_LINES, help="of the long file (default: %(default)s)")
    parser.add_argument("--no-typing", action="store_true", help="start no server")
    options = parser.parse_args(argv)
    console, progress = table_console(), TerminalProgress("steps")
    console.print(f"{machine.processor_name()}, {machine.usable_cores()} cores", highlight=False)
    console.print(edits_table(options.count))
    if options.no_typing:
        return
    with ServerClient() as client:
        progress.start("Starting the language server", 0)
        client.initialize()
        first_words(client)
        progress.finish()
        console.print(typing_table(typing(client, options.keys, options.lines), options.lines))
        for complaint in client.complaints:
            console.print(f"The server said: {complaint}", highlight=False, markup=False)


if __name__ == "__main__":
    main()

"""Grammar marks: how many on text as people publish it, how many slips are found, and how long a sentence takes.

Every mark on edited text is a false alarm or a slip that its editors missed: ``--show`` prints them, to be judged by
eye.
The slips were written for this. The threshold and the kinds of edits were chosen on each file's first sentences (in an
order drawn with a fixed seed), so ``--skip`` those to report.

    python benchmarks/grammar.py FILE ... [--skip 1500] [--sentences 1000] [--show]

A file is text, or JSONL documents with "paragraphs".
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from foreword.cli.loading import command_models
from foreword.engine.grammar import GrammarReader
from foreword.text.sentences import sentences
from foreword_models.grammar.edits import apply

SHORTEST, LONGEST = 4, 40  # words of a sentence

# Sentences with one slip each, and the sentence meant.
SLIPS = {
    "My brother is older then I thought.": "My brother is older than I thought.",
    "First we ate, than we slept.": "First we ate, then we slept.",
    "The company changed it's name last year.": "The company changed its name last year.",
    "I think its going to snow tonight.": "I think it's going to snow tonight.",
    "The children forgot there coats.": "The children forgot their coats.",
    "Their is a problem with the door.": "There is a problem with the door.",
    "If your ready, we can start.": "If you're ready, we can start.",
    "Is this you're umbrella?": "Is this your umbrella?",
    "They said there coming at noon.": "They said they're coming at noon.",
    "The soup is to hot to eat.": "The soup is too hot to eat.",
    "Be careful not to loose your ticket.": "Be careful not to lose your ticket.",
    "He past the exam at last.": "He passed the exam at last.",
    "The weather will effect our plans.": "The weather will affect our plans.",
    "I dont remember his name.": "I don't remember his name.",
    "She cant come on Friday.": "She can't come on Friday.",
    "That isnt what I meant.": "That isn't what I meant.",
    "Youre the best cook I know.": "You're the best cook I know.",
    "We shouldnt wait any longer.": "We shouldn't wait any longer.",
    "Whats the plan for Sunday?": "What's the plan for Sunday?",
    "We was waiting for an hour.": "We were waiting for an hour.",
    "The boys was very tired.": "The boys were very tired.",
    "She have two sisters.": "She has two sisters.",
    "He go to work by train.": "He goes to work by train.",
    "I seen that film last week.": "I saw that film last week.",
    "They have went home already.": "They have gone home already.",
    "She has wrote a long letter.": "She has written a long letter.",
    "You should of called me first.": "You should have called me first.",
    "He is a honest man.": "He is an honest man.",
    "I wonder weather it will rain.": "I wonder whether it will rain.",
    "Take a deep breathe and relax.": "Take a deep breath and relax.",
}


def read(path: Path) -> list[str]:
    """Return the sentences of a file, in an order drawn with a fixed seed."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        text = "\n\n".join("\n\n".join(json.loads(line)["paragraphs"]) for line in text.splitlines() if line.strip())
    found = [each.text for each in sentences(text) if each.finished]
    found = [each for each in found if SHORTEST <= len(each.split()) <= LONGEST]
    random.Random(0).shuffle(found)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--skip", type=int, default=0, help="sentences of each file left out")
    parser.add_argument("--sentences", type=int, default=1000, help="of each file (default: %(default)s)")
    parser.add_argument("--show", action="store_true", help="print every sentence that is marked")
    options = parser.parse_args()
    console, reader = Console(), command_models().grammar()
    table = Table(title="Marks on text as it was published")
    for heading in ("file", "sentences", "marked", "per 1,000", "ms p50", "ms p95"):
        table.add_column(heading)
    for path in options.files:
        texts = read(path)[options.skip : options.skip + options.sentences]
        marked, times = 0, []
        for text in texts:
            began = time.perf_counter()
            (edits,) = reader.read([text]).values()
            times.append(1000 * (time.perf_counter() - began))
            marked += bool(edits)
            if edits and options.show:
                changes = ", ".join(f"{text[edit.start : edit.end]} -> {edit.replacement}" for edit in edits)
                console.print(f"{changes}: {text}", markup=False, highlight=False)
        if len(texts) > 1:
            p95 = statistics.quantiles(times, n=20)[-1]
            numbers = (f"{1000 * marked / len(texts):.1f}", f"{statistics.median(times):.1f}", f"{p95:.1f}")
            table.add_row(path.name, str(len(texts)), str(marked), *numbers)
    if options.files:
        console.print(table)
    report_slips(reader, console)


def report_slips(reader: GrammarReader, console: Console) -> None:
    """Print how many of the slips are found, and how many of those are mended as meant."""
    found = reader.read(SLIPS)
    silent = [text for text in SLIPS if not found[text]]
    right = sum(apply(text, found[text]) == meant for text, meant in SLIPS.items())
    false = sum(bool(edits) for edits in reader.read(SLIPS.values()).values())
    console.print(f"Slips: {len(SLIPS)}, found {len(SLIPS) - len(silent)}, mended as meant {right}")
    console.print(f"The sentences meant, marked: {false}")
    console.print("Not found: " + " / ".join(silent), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()

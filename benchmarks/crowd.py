"""What a decoder's step takes beside other busy programs: with a thread for every core, and with one for each free one.

    python benchmarks/crowd.py

The other programs are processes of this benchmark that do nothing but count. The machine should be quiet otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
import torch
from rich.table import Table

from foreword.cli.console import table_console
from foreword.engine.crowd import Crowd
from foreword_models.gpt import machine
from foreword_models.gpt.decoder import Decoder
from foreword_models.gpt.model import open_model
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

CACHED = 256
KINDS = {"1 token": 1, "8 tokens": 8}


@contextmanager
def crowd_of(count: int) -> Iterator[None]:
    """Keep so many other processes busy."""
    others = [multiprocessing.get_context("spawn").Process(target=_count, daemon=True) for _ in range(count)]
    for other in others:
        other.start()
    time.sleep(1.0 if count else 0.0)  # until they have started
    try:
        yield
    finally:
        for other in others:
            other.terminate()
            other.join()


def _count() -> None:
    while True:
        pass


def times(decoder: Decoder, tokens: int, seconds: float, random: Random) -> list[float]:
    """Return the milliseconds of steps of `tokens` behind the same beginning, for so long, with a pause before each."""
    start = decoder.extend(decoder.root, list(range(1, CACHED + 1)))
    found, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        time.sleep(0.02)  # as between keys, so that the scheduler gives the cores to others
        ids = random.choices(range(1000, 20_000), k=tokens)  # drawn, since what was decoded before is cached
        began = time.perf_counter()
        decoder.logits(decoder.extend(start, ids))
        found.append(1000 * (time.perf_counter() - began))
    return found


def threads_of_the_server(most: int) -> int:
    """Return with how many threads the server computes now."""
    crowd = Crowd()
    crowd.threads(most)
    time.sleep(1.0)
    return crowd.threads(most)


def cell(decoder: Decoder, tokens: int, threads: int, seconds: float, random: Random) -> str:
    """Measure steps with so many threads."""
    torch.set_num_threads(threads)
    times(decoder, tokens, 0.5, random)  # the threads are there, and the memory has been touched
    found = times(decoder, tokens, seconds, random)
    return f"{np.median(found):.1f}, {np.percentile(found, 95):.1f} ({threads})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure")
    options = parser.parse_args()
    most, random = machine.most_threads(), Random(0)
    decoder = open_model(locate(options.model, "decoder", Store.default(), say=print), name=options.model).decoder
    table = Table(title="Milliseconds of a step: median, 95th of a hundred (threads)", title_style="bold")
    table.add_column("other busy programs")
    for kind in KINDS:
        for how in (f"{most} threads", "as the server"):
            table.add_column(f"{kind}, {how}", justify="right")
    for count in range(machine.usable_cores() + 1):
        with crowd_of(count):
            choices = (most, threads_of_the_server(most))
            cells = [cell(decoder, n, threads, options.seconds, random) for n in KINDS.values() for threads in choices]
        table.add_row(str(count), *cells)
    console = table_console()
    facts = f"{machine.processor_name()}: {machine.usable_cores()} cores, torch {torch.__version__}"
    console.print(f"{options.model} on {facts}", highlight=False)
    console.print(table)


if __name__ == "__main__":
    main()

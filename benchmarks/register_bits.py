"""What heads a text, by how far behind it the text has gone: bits per character bare, with a preamble, and learned.

    python benchmarks/register_bits.py documents.jsonl --register mail

Each text is read once behind each head, at the precision that words are predicted with; each character's bits count
where so many words of the text stand before it. Texts are cut after 512 tokens: by then the server has left the
register out, or soon does.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword_models.evaluation.bootstrap import interval
from foreword_models.evaluation.texts import read_samples
from foreword_models.evaluation.words import CONTEXT_BINS
from foreword_models.gpt.decoder import Node
from foreword_models.gpt.model import LanguageModel, open_model
from foreword_models.words.learned import folders
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import REGISTER_NAMES, REGISTERS, Register
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

LONGEST = 512  # tokens of a text


def token_bits(model: LanguageModel, head: Node, ids: Sequence[int]) -> NDArray[np.float64]:
    """Return -log2 of each token's probability behind a head and the tokens before it: shape (len(ids),)."""
    decoder = model.decoder
    logits = [decoder.logits(head)[None]]
    if len(ids) > 1:
        logits.append(decoder.all_logits(head, ids[:-1]))
    shares = torch.log_softmax(torch.cat(logits), -1).gather(1, torch.tensor(ids)[:, None].to(decoder.device))
    bits: NDArray[np.float64] = -shares[:, 0].double().cpu().numpy() / math.log(2)
    return bits


def places(model: LanguageModel, ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give for each token the words before it and its characters (those that end in it)."""
    spelled = b""
    for token in ids:
        before = spelled.decode("utf-8", "ignore")
        spelled += model.tokenizer.token_bytes[token]
        after = spelled.decode("utf-8", "ignore")
        yield len(re.findall(r"\S+\s", before)), len(after) - len(before)


def measure(
    model: LanguageModel, heads: dict[str, Node], texts: Sequence[str], progress: TerminalProgress
) -> list[list[list[float]]]:
    """Return for each text and bin of context: its characters, and its bits behind each head."""
    progress.start("Reading", len(texts))
    found = []
    for done, text in enumerate(texts):
        ids = model.tokenizer.encode(text)[:LONGEST]
        where = list(places(model, ids))
        bins = np.searchsorted(CONTEXT_BINS, [words for words, _ in where], side="right") - 1
        sizes = np.array([size for _, size in where])
        rows = [[float(sizes[bins == index].sum()) for index in range(len(CONTEXT_BINS))]]
        for head in heads.values():
            bits = token_bits(model, head, ids)
            rows.append([float(bits[bins == index].sum()) for index in range(len(CONTEXT_BINS))])
        found.append(rows)
        progress.update(done + 1)
    progress.finish()
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="one text a line, or JSONL documents")
    parser.add_argument("--register", choices=REGISTER_NAMES, default="everyday")
    parser.add_argument("--model", default="smollm2-135m", help="a model pack (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=None, help="only so many of each file")
    parser.add_argument("--learned", type=Path, help="folder of learned registers (default: own, then shipped)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    progress = TerminalProgress("steps")
    texts = ["\n\n".join(sample.paragraphs) for sample in read_samples(arguments.files, limit=arguments.texts)]
    use_all_cores()
    model = open_model(locate(arguments.model, "decoder", Store.default(), progress=progress, say=progress.say))
    where = (arguments.learned,) if arguments.learned else folders()
    learned, plain = Predictor(model, learned=where), Predictor(model, learned=())
    register: Register = REGISTERS[arguments.register]
    heads = {"bare": plain.head(None), "preamble": plain.head(register), "learned": learned.head(register)}
    print_table(np.array(measure(model, heads, texts, progress)), list(heads), arguments.json)


def print_table(found: NDArray[np.float64], names: Sequence[str], as_json: bool) -> None:
    """Print bits per character by bins of context; found has shape (texts, 1 + heads, bins)."""
    rows: list[dict[str, Any]] = []
    for index, low in enumerate((*CONTEXT_BINS, None)):
        each = found.sum(2) if low is None else found[:, :, index]
        characters = each[:, 0]
        if not characters.sum():
            continue
        rows.append(
            {
                "context_words": "all" if low is None else f"{low}+",
                "characters": int(characters.sum()),
                **{name: round(float(each[:, 1 + at].sum() / characters.sum()), 4) for at, name in enumerate(names)},
                "gain": [round(end, 4) for end in interval(list(each[:, 2] - each[:, 3]), list(characters))],
            }
        )
    if as_json:
        print(json.dumps(rows))
        return
    table = Table(title="Bits per character by words of context")
    for heading in ("context", "characters", *names, "preamble - learned (95 %)"):
        table.add_column(heading, justify="right")
    for row in rows:
        low, high = row["gain"]
        table.add_row(
            row["context_words"],
            str(row["characters"]),
            *(f"{row[name]:.3f}" for name in names),
            f"{low:.3f} to {high:.3f}",
        )
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()

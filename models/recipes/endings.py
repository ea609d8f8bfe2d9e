"""Measure the shipped table of how often a word ends behind each token of a model (`foreword_models.words.endings`).

Run ``python models/recipes/endings.py --data FOLDER --model smollm2-135m``. FOLDER holds texts that may be used for
what is shipped: GoEmotions comments (Apache-2.0), text messages of the SMS Spam Collection (CC BY 4.0), mails of the
SpamAssassin corpus (public domain), requests of the Stanford Politeness Corpus (Apache-2.0), questions of Banking77
(CC BY 4.0), Python's PEPs (public domain or CC0). The table holds a share for each token and nothing of the texts.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from foreword.cli.progress import TerminalProgress
from foreword.engine.models import use_all_cores
from foreword_models.gpt.model import open_model
from foreword_models.words.endings import SHIPPED, measure, save
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

SEED = 0
SHORTEST = 40  # characters of a text
SOURCES = "GoEmotions, SMS Spam Collection, SpamAssassin, Stanford Politeness Corpus, Banking77, PEPs"


def labelled(path: Path, label: str | None = None) -> Iterator[str]:
    """Read the texts of a table with the columns label and text; with `label`, those so labelled."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if label is None or row["label"] == label:
                yield row["text"]


def mails(path: Path) -> Iterator[str]:
    """Read the mails that are no spam, without their subjects."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            mail = json.loads(line)
            if mail["label"] == "ham":
                yield mail["text"].partition("\n\n")[2]


def peps(folder: Path) -> Iterator[str]:
    """Read the paragraphs of Python's proposals, without markup at their beginning."""
    for path in sorted(folder.glob("*.rst")):
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            if paragraph[:1].isalpha():
                yield " ".join(paragraph.split())


def texts(data: Path, count: int) -> list[str]:
    """Draw as many texts of each kind."""
    tables, random = data / "labelled", Random(SEED)  # noqa: S311  (nothing secret)
    kinds = [
        labelled(tables / "goemotions" / "train.tsv"),
        labelled(tables / "sms_spam" / "train.tsv", "ham"),
        mails(tables / "spamassassin" / "train.jsonl"),
        labelled(tables / "politeness_stack_exchange" / "train.tsv"),
        labelled(tables / "banking77" / "train.tsv"),
        peps(data / "text" / "peps"),
    ]
    drawn = []
    for kind in kinds:
        long_enough = sorted({text for each in kind if len(text := each.strip()) >= SHORTEST})
        drawn += random.sample(long_enough, min(count, len(long_enough)))
    return drawn


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of texts")
    parser.add_argument("--model", default="smollm2-135m", help="a model pack (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=150, help="of each kind (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="folder of the table (default: the package's)")
    arguments = parser.parse_args()
    progress = TerminalProgress("steps")
    folder = locate(arguments.model, "decoder", Store.default(), progress=progress, say=progress.say)
    use_all_cores()
    model = open_model(folder)
    endings = measure(model, texts(arguments.data, arguments.texts), progress=progress)
    path = arguments.output / f"{arguments.model}.safetensors"
    save(endings, model.tokenizer.token_bytes, path, model=arguments.model, texts=SOURCES)
    print(f"{path}: {len(endings)} tokens, {100 * float((endings >= 0.5).mean()):.1f} % end a word more often than not")


if __name__ == "__main__":
    main()

"""Make the shipped word n-grams (`foreword_models.words.ngram`): so far one, of everyday sentences of our own.

Run ``python models/recipes/ngrams.py``. What other people wrote is not counted: an n-gram repeats words as they stood,
and on everyday sentences those of forums and text messages only took from what it gains.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from register_texts import OWN

from foreword_models.words.ngram import SHIPPED
from foreword_models.words.ngram_training import count


def main() -> None:
    """Count, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=SHIPPED, help="folder of the n-grams (default: the package's)")
    arguments = parser.parse_args()
    texts = (OWN / "everyday.txt").read_text(encoding="utf-8").splitlines()
    path = arguments.output / "everyday.safetensors"
    ngram = count(texts)
    ngram.write(path, "sentences of our own, models/recipes/registers/everyday.txt (Apache-2.0)")
    size = path.stat().st_size / 1000
    print(f"{path}: {len(texts)} sentences, {len(ngram.words)} words, {size:.0f} kB")


if __name__ == "__main__":
    main()

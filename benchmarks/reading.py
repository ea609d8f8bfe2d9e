"""How fast sentences are read: every shipped classifier on them, beside transformers' encoder alone.

Run ``python benchmarks/reading.py FILE``, one sentence a line. Milliseconds of one sentence are the median over fifty.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from foreword.engine.reader import Reader
from foreword_models.bert.classifier import shipped_classifiers
from foreword_models.bert.encoder import best_precision
from foreword_models.bert.opening import open_classifiers
from foreword_models.gpt import machine
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="one sentence a line")
    parser.add_argument("--count", type=int, default=1000, help="of sentences read")
    options = parser.parse_args(argv)
    lines = options.file.read_text(encoding="utf-8").splitlines()
    texts = list(dict.fromkeys(filter(None, lines)))
    texts, others = texts[: options.count], texts[options.count : options.count + 50]
    torch.set_num_threads(machine.most_threads())
    folder = locate("minilm-l6", "encoder", Store.default())
    reader = Reader(open_classifiers(shipped_classifiers(), lambda _: folder))
    reader.read(["It rains.", "What was not read before warms the caches of the processor."])
    once = timed(lambda: reader.read(texts))
    again = timed(lambda: reader.read(texts))
    single = statistics.median(timed(partial(reader.read, [text])) for text in others)
    peer, peer_single = transformers_seconds(folder, texts, others)
    print(f"{machine.processor_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"| {len(texts):,} sentences | seconds | a second | one sentence, ms |")
    print("|---|---|---|---|")
    print(f"| six classifiers, {best_precision()} | {once:.2f} | {len(texts) / once:.0f} | {1000 * single:.1f} |")
    print(f"| the same again, unchanged | {again:.4f} | | |")
    print(f"| transformers' encoder, float32 | {peer:.2f} | {len(texts) / peer:.0f} | {1000 * peer_single:.1f} |")
    print(f"Ratio of sentences a second: {peer / once:.2f}")
    return 0


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def transformers_seconds(folder: Path, texts: Sequence[str], others: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of batches of 32 in the order of the text, and the median of one sentence."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModel.from_pretrained(folder).eval()

    def encode(batch: Sequence[str]) -> Any:
        with torch.inference_mode():
            return model(**tokenizer(list(batch), padding=True, truncation=True, return_tensors="pt"))

    encode(texts[:32])

    def everything() -> None:
        for start in range(0, len(texts), 32):
            encode(texts[start : start + 32])

    whole = timed(everything)
    return whole, statistics.median(timed(partial(encode, [text])) for text in others)


if __name__ == "__main__":
    sys.exit(main())

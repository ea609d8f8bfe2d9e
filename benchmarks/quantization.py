"""What quantized weights cost in accuracy: bits per character of ordinary text at every precision of a model.

    python benchmarks/quantization.py --model smollm2-135m FILE.jsonl ...

Each FILE holds documents, one JSON object with "paragraphs" a line. A document is read from its beginning, headed by
the start token, as the editor's text is: a prefill in steps, and (second figure) one token at a time, as it is typed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch

from foreword.engine.models import use_all_cores
from foreword_models.gpt.decoder import Decoder
from foreword_models.gpt.model import open_model
from foreword_models.gpt.packing import precisions
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store

LIMITS = {"int8": 1.0, "int4": 2.0, "int4+int8": 1.0}  # most percent above bfloat16


def documents(files: list[Path], each: int, characters: int) -> Iterator[str]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for _, line in zip(range(each), lines, strict=False):
                yield "\n".join(json.loads(line)["paragraphs"])[:characters]


def bits(decoder: Decoder, ids: list[int], size: int) -> float:
    """Bits of a text's tokens, read `size` at a time: what was said of each token before it was read."""
    decoder.forget()
    node = decoder.extend(decoder.root, [decoder.config.start_token])
    total = -float(torch.log_softmax(decoder.logits(node), -1)[ids[0]])
    for start in range(0, len(ids) - 1, size):
        run = ids[start : start + size]
        wanted = ids[start + 1 : start + 1 + len(run)]
        every = decoder.all_logits(node, run)[: len(wanted)] if size > 1 else None
        node = decoder.extend(node, run)
        logits = decoder.logits(node)[None] if every is None else every
        total -= float(torch.log_softmax(logits, -1).gather(1, torch.tensor(wanted)[:, None]).sum())
    return total / math.log(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--documents", type=int, default=4, help="from each file")
    parser.add_argument("--characters", type=int, default=1500, help="of each document")
    arguments = parser.parse_args()
    use_all_cores()
    folder = locate(arguments.model, "decoder", Store.default())
    texts = list(documents(arguments.files, arguments.documents, arguments.characters))
    characters = sum(map(len, texts))
    print(f"{arguments.model}, {len(texts)} documents, {characters} characters: bits per character")
    print(f"{'precision':<12}{'prefill':>9}{'typed':>9}{'over bfloat16':>24}")
    reference: list[float] = []
    skipped = ("bfloat16", "float32")
    for precision in (
        "bfloat16",
        *(other for other in precisions(folder, torch.device("cpu")) if other not in skipped),
    ):
        model = open_model(folder, precision=precision)
        rates = [
            sum(bits(model.decoder, model.tokenizer.encode(text), size) for text in texts) / characters
            for size in (128, 1)
        ]
        reference = reference or rates
        over = [100 * (rate / base - 1) for rate, base in zip(rates, reference, strict=True)]
        limit = LIMITS.get(precision)
        verdict = "" if limit is None else f"  limit {limit} %: {'met' if max(over) <= limit else 'MISSED'}"
        print(f"{precision:<12}{rates[0]:9.4f}{rates[1]:9.4f}{over[0]:+11.2f} %{over[1]:+9.2f} %{verdict}", flush=True)


if __name__ == "__main__":
    main()

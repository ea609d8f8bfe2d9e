"""How long a writer waits: start of the server, first words, words per key; beside transformers on the same keys.

Run on a quiet machine:  python benchmarks/first_light.py
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import time
from pathlib import Path

import psutil
import torch

from foreword.cli.demo import PARAGRAPH
from foreword.engine.models import use_all_cores
from foreword.typist import Key, session, type_text
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.tokenizer import Tokenizer
from foreword_models.zoo.locate import locate
from foreword_models.zoo.store import Store


async def one_run(pause: float) -> tuple[dict[str, float], list[Key]]:
    """Start a server, type the demo's paragraph, and return what was measured."""
    started = time.perf_counter()
    async with session({"completion": {"maxItems": 3}}) as opened:
        opened.open()
        opened.type("The ")
        await opened.words()
        first = time.perf_counter() - started
        opened.type("\n\n")
        keys = []
        text = opened.text + PARAGRAPH
        async for key in type_text(opened, text):
            keys.append(key)
            await asyncio.sleep(pause)
        await opened.settled_marks(5)
        process = psutil.Process(opened.process_id)
        await asyncio.sleep(2)
        busy = process.cpu_times()
        await asyncio.sleep(3)
        idle = process.cpu_times()
        return {
            "initialize, milliseconds": 1000 * opened.initialize_seconds,
            "first words after start, seconds": first,
            "resident memory, MB": process.memory_info().rss / 1e6,
            "idle CPU, percent": 100 * (idle.user + idle.system - busy.user - busy.system) / 3,
        }, keys


def transformers_keys() -> list[float]:
    """Milliseconds a key with transformers, float32, DynamicCache: re-read what changed, then one greedy token."""
    from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

    folder = locate("smollm2-135m", "decoder", Store.default())
    ours = DecoderConfig.read(folder / "config.json")
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=ours.vocabulary,
            hidden_size=ours.width,
            intermediate_size=ours.hidden,
            num_hidden_layers=ours.layers,
            num_attention_heads=ours.heads,
            num_key_value_heads=ours.kv_heads,
            rms_norm_eps=ours.norm_epsilon,
            rope_theta=ours.rope_theta,
            max_position_embeddings=ours.context,
            tie_word_embeddings=True,
        )
    ).eval()
    tokenizer = Tokenizer.read(folder / "tokenizer.json", ours.vocabulary)
    cache, known, times = DynamicCache(), [0], []
    with torch.inference_mode():
        model(torch.tensor([known]), past_key_values=cache)
        for end in range(1, len(PARAGRAPH)):
            ids = [0, *tokenizer.encode(PARAGRAPH[:end])]
            started = time.perf_counter()
            shared = min(
                next((i for i, (a, b) in enumerate(zip(ids, known, strict=False)) if a != b), len(known)), len(ids) - 1
            )
            if shared < len(known):
                cache.crop(shared - len(known))
            model(torch.tensor([ids[shared:]]), past_key_values=cache).logits[0, -1].argmax()
            times.append(1000 * (time.perf_counter() - started))
            known = ids
    return times


def percentile(values: list[float], share: float) -> float:
    """Value at a share of the sorted list, by nearest rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def processor() -> str:
    """Name this machine's processor."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor()


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="server starts (default 5)")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between keys (default 0.1)")
    arguments = parser.parse_args()
    use_all_cores()
    runs = [asyncio.run(one_run(arguments.pause)) for _ in range(arguments.rounds)]
    print(f"{processor()}, {psutil.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}")
    print(f"{'':44}{'median':>9}{'worst':>9}   of {arguments.rounds}")
    for name in runs[0][0]:
        values = [numbers[name] for numbers, _ in runs]
        print(f"{name:44}{statistics.median(values):9.2f}{max(values):9.2f}")
    keys = [key for _, run in runs for key in run]
    print(f"{'milliseconds a key':44}{'p50':>9}{'p95':>9}   of keys")
    rows = {
        "foreword, key inside a word": [key.milliseconds for key in keys if key.in_word],
        "foreword, key at a word boundary": [key.milliseconds for key in keys if not key.in_word],
        "transformers fp32, one greedy token a key": transformers_keys(),
    }
    for name, times in rows.items():
        print(f"{name:44}{percentile(times, 0.5):9.2f}{percentile(times, 0.95):9.2f}{len(times):8}")


if __name__ == "__main__":
    main()

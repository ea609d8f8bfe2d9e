"""transformers, asked once a key: float32, a `DynamicCache` that is cropped, the tokenizer of the model's folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from foreword_models.evaluation.engine_child import serve
from foreword_models.evaluation.peer_transformers import TransformersEngine, load
from foreword_models.evaluation.typing_child import KeyEngine, press
from foreword_models.gpt.tokenizer import Tokenizer


class TransformersTyping(TransformersEngine):
    """A causal language model of transformers that also reads text.

    Parameters
    ----------
    model
        Of any decoder class, ready for inference.
    tokenizer
        Of the same model.
    """

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        super().__init__(model)
        self._tokenizer = tokenizer
        start, end = model.config.bos_token_id, model.config.eos_token_id
        self._start = [] if start is None else [int(start)]
        self._ends = frozenset(end if isinstance(end, list) else [end])

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, headed by the start token if the model has one."""
        return [*self._start, *self._tokenizer.encode(text)]

    def ends(self, token: int) -> bool:
        """Whether the model ends its text with this token."""
        return token in self._ends


def make_engine(source: Path, cache: Path, tokenizer: Path, threads: int, device: str) -> KeyEngine:
    """Load the model and make the engine, on so many threads."""
    import torch

    torch.set_num_threads(threads)
    model = load(source, cache, device)
    return KeyEngine(TransformersTyping(model, Tokenizer.read(tokenizer, model.config.vocab_size)))


def main(arguments: list[str]) -> None:
    """Serve keys on stdin and stdout."""
    parser = argparse.ArgumentParser(prog="typing_transformers", description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    where = options.source, options.cache, options.tokenizer, options.threads, options.device
    serve(lambda: make_engine(*where), press)


if __name__ == "__main__":
    main(sys.argv[1:])

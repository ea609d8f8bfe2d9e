"""llama.cpp, asked once a key: its own tokenizer before the engine of the decoder's benchmark."""

from __future__ import annotations

import argparse
import sys

from foreword_models.evaluation.engine_child import serve
from foreword_models.evaluation.peer_llama_cpp import LlamaCppEngine
from foreword_models.evaluation.typing_child import KeyEngine, press


class LlamaCppTyping(LlamaCppEngine):
    """A GGUF model in llama.cpp that also reads text; the parameters are those of `LlamaCppEngine`."""

    def __init__(self, gguf: str, threads: int, gpu: bool = False) -> None:
        super().__init__(gguf, threads, gpu)
        self._words = self._api.llama_model_get_vocab(self._model)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text; what looks like a special token in it is text."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8  # a token is a byte or more, beside those that the model puts around a text
        tokens = (self._api.llama_token * room)()
        count = self._api.llama_tokenize(self._words, data, len(data), tokens, room, True, False)
        if count < 0:
            raise RuntimeError(f"llama_tokenize gave {count}")
        return list(tokens[:count])

    def ends(self, token: int) -> bool:
        """Whether the model ends its text with this token."""
        return bool(self._api.llama_vocab_is_eog(self._words, token))


def main(arguments: list[str]) -> None:
    """Serve keys on stdin and stdout."""
    parser = argparse.ArgumentParser(prog="typing_llama_cpp", description=__doc__)
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    serve(lambda: KeyEngine(LlamaCppTyping(options.gguf, options.threads, options.device != "cpu")), press)


if __name__ == "__main__":
    main(sys.argv[1:])

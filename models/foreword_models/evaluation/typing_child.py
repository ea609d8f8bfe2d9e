"""What a user of another engine would do at each key: tokenize the text, keep what is cached of it, generate a little.

The child's half, for `engine_child.serve`. Standard library only: a peer's interpreter may have nothing else of ours.

    parent {"text": "...", "new": n}
    child  {"milliseconds": m, "decoded": tokens, "generated": [ids]}
"""

from __future__ import annotations

import gc
import time
from typing import Any, Protocol

from foreword_models.evaluation.engine_child import Engine, common


class TextEngine(Engine, Protocol):
    """An engine that also knows its model's tokens."""

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, headed by the start token if the model wants one."""

    def ends(self, token: int) -> bool:
        """Whether a token ends a generation."""


class KeyEngine:
    """An engine asked once a key, with the text so far.

    It does what llama.cpp's server does with ``cache_prompt``: the cache is cropped to the longest beginning that the
    new text shares with what is held, generated tokens included, and only the rest is decoded.

    Parameters
    ----------
    engine
        Holds nothing yet.
    """

    def __init__(self, engine: TextEngine) -> None:
        self._engine = engine
        self._context: int = engine.facts()["context"]
        self._held: list[int] = []

    def facts(self) -> dict[str, Any]:
        """Return the engine's facts."""
        return self._engine.facts()

    def press(self, text: str, new: int) -> tuple[list[int], int]:
        """Read a text as far as it is not cached and generate up to `new` tokens greedily.

        Returns
        -------
        generated : list of int
            Fewer than `new` where the model ends its text.
        decoded : int
            Tokens decoded for that, those read and those generated.
        """
        engine = self._engine
        ids = self._fitting(engine.encode(text), new)
        if not ids:
            return [], 0
        # The last token is decoded even if it is cached: of a cached one the logits are gone.
        keep = min(common(self._held, ids), len(ids) - 1)
        engine.run(keep, [ids[keep:]])
        generated: list[int] = []
        self._held = ids
        while True:
            generated.append(engine.tops()[0])
            if len(generated) == new or engine.ends(generated[-1]):
                break
            engine.run(len(self._held), [generated[-1:]])
            self._held = [*self._held, generated[-1]]
        return generated, len(self._held) - keep

    def _fitting(self, ids: list[int], new: int) -> list[int]:
        """Cut a text's tokens at the front so that they fit, by a quarter of the room at once: else nothing is kept."""
        room = self._context - new
        hop = max(1, room // 4)
        return ids[-(-max(0, len(ids) - room) // hop) * hop :]


def press(engine: KeyEngine, request: dict[str, Any]) -> dict[str, Any]:
    """Time one key, from its text to the last generated token."""
    gc.disable()
    started = time.perf_counter()
    generated, decoded = engine.press(request["text"], request["new"])
    elapsed = time.perf_counter() - started
    gc.enable()
    return {"milliseconds": 1000 * elapsed, "decoded": decoded, "generated": generated}

"""The shape of a decoder: everything the forward pass needs to know beside the weights. Imports no torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args

from foreword_models.errors import CorruptModelError

Family = Literal["gpt2", "llama", "gemma3"]
Precision = Literal["int4+int8", "int8", "int4", "bfloat16", "float32"]
"""What weights are held in while they are used: on a CPU in 4 bits for single tokens and 8 bits for batches, or either
for all, or as floating-point numbers."""

PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
"""All of them, the quickest kinds first."""


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes and constants of one decoder.

    Attributes
    ----------
    family
        ``"gpt2"``: learned positions, LayerNorm, GELU (tanh), biases.
        ``"llama"``: rotary positions, RMSNorm, gated SiLU, grouped-query attention.
        ``"gemma3"``: like Llama, with GELU (tanh) gates, RMSNorm on queries and keys and after each sub-layer, scaled
        embeddings, and most layers looking only at the last `sliding_window` tokens (Gemma 3 report, 2025).
    width
        Size of the residual stream (``d_model``).
    hidden
        Size of the feed-forward layer's inner activation.
    context
        Longest sequence in tokens.
    rope_theta
        Base of the rotary frequencies (Su et al. 2021); unused by ``"gpt2"``.
    tied
        The output projection is the embedding matrix.
    start_token
        The id that heads every sequence: what the model saw in training between two documents.
    rope_theta_local
        Base of the rotary frequencies in layers that slide; unused where none does.
    sliding_window
        Tokens that a sliding layer looks back on, the current one among them; 0 if no layer slides.
    global_every
        Layers number ``global_every - 1, 2 global_every - 1, ...`` see the whole sequence, the others slide.
    attention_scale
        Factor of the attention scores; 0 stands for the usual ``head_dim ** -0.5``.
    embed_scale
        Factor of the embeddings where they enter the residual stream.
    """

    family: Family
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    vocabulary: int
    context: int
    norm_epsilon: float
    rope_theta: float
    tied: bool
    start_token: int
    rope_theta_local: float = 10000.0
    sliding_window: int = 0
    global_every: int = 1
    attention_scale: float = 0.0
    embed_scale: float = 1.0

    def slides(self, layer: int) -> bool:
        """Whether a layer (counted from 0) looks only at the last `sliding_window` tokens."""
        return self.sliding_window > 0 and (layer + 1) % self.global_every != 0

    def __post_init__(self) -> None:
        sizes = (self.layers, self.width, self.heads, self.kv_heads, self.head_dim, self.hidden, self.context)
        if min(sizes) < 1 or self.heads % self.kv_heads or self.head_dim % 2:
            raise CorruptModelError(f"The model's sizes do not fit together ({self}); fetch or export it again.")
        if not 0 <= self.start_token < self.vocabulary:
            raise CorruptModelError(
                f"The model's start token {self.start_token} is outside its vocabulary of {self.vocabulary}; "
                "fetch or export it again."
            )

    def write(self, path: Path) -> None:
        """Write the configuration as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> DecoderConfig:
        """Read what `write` wrote; `CorruptModelError` if it is anything else."""
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{field.name: values[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptModelError(
                f"{path} is not a decoder configuration ({error!r}); remove the model and fetch it again."
            ) from error

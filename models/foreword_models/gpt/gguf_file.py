"""Reading a GGUF file of the GPT-2, Llama or Gemma 3 family: sizes, tensors, tokenizer.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (read and de-quantized by the ``gguf`` library).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import tokenizers
import torch
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers
from torch import Tensor

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.config import DecoderConfig, Family
from foreword_models.gpt.layout import fused_qkv, grouped_out, side_by_side

_FAMILIES: dict[str, Family] = {"gpt2": "gpt2", "llama": "llama", "gemma3": "gemma3"}
_CONTROL, _UNKNOWN, _USER_DEFINED = 3, 2, 4  # tokenizer.ggml.token_type


def _unreported(_share: float) -> None:
    """Take a report of progress that nobody wants."""


class _Reader(gguf.GGUFReader):  # type: ignore[misc]
    """The library's reader, which would go on for ever where a damaged header counts more than the file holds."""

    def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
        if offset >= len(self.data) and count:
            raise ValueError("the header counts more than the file holds")
        return super()._get(offset, dtype, count, override_order)


class GGUFFile:
    """An opened GGUF file.

    Raises
    ------
    CorruptModelError
        The file is cut short, damaged, or not GGUF at all.
    UnsupportedModelError
        Another architecture, tokenizer or rotary scaling.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                if file.read(4) != b"GGUF":
                    raise ValueError("the magic number is missing")
            self._reader = _Reader(path)
            self._values = {name: field.contents() for name, field in self._reader.fields.items()}
        except OSError as error:
            raise CorruptModelError(f"{path} cannot be read ({error.strerror}); check the path.") from error
        except Exception as error:  # the reader meets damage with whatever numpy or struct raises
            raise CorruptModelError(f"{path} is not a sound GGUF file ({error}); fetch it again.") from error
        self._architecture = str(self._values.get("general.architecture"))
        if self._architecture not in _FAMILIES:
            raise UnsupportedModelError(
                f"{path.name} has the architecture {self._architecture!r}; GGUF files of "
                f"{', '.join(map(repr, _FAMILIES))} can be used."
            )

    def config(self) -> DecoderConfig:
        """The decoder's sizes."""
        family = _FAMILIES[self._architecture]
        scaling = self._values.get(f"{self._architecture}.rope.scaling.type", "none")
        if scaling != "none" or "rope_freqs.weight" in self._tensor_names():
            raise UnsupportedModelError(
                f"{self.path.name} scales its rotary positions ({scaling}), which is not supported; "
                "choose another model."
            )
        width, heads = int(self._key("embedding_length")), int(self._key("attention.head_count"))
        head_dim = int(self._key("attention.key_length", width // heads))
        if int(self._key("rope.dimension_count", head_dim)) != head_dim:
            raise UnsupportedModelError(
                f"{self.path.name} turns only part of each attention head, which is not supported; "
                "choose another model."
            )
        epsilon = "attention.layer_norm_epsilon" if family == "gpt2" else "attention.layer_norm_rms_epsilon"
        return DecoderConfig(
            **(self._gemma3_constants(width, heads, head_dim) if family == "gemma3" else {}),
            family=family,
            layers=int(self._key("block_count")),
            width=width,
            heads=heads,
            kv_heads=int(self._key("attention.head_count_kv", heads)),
            head_dim=head_dim,
            hidden=int(self._key("feed_forward_length")),
            vocabulary=len(self._tokens()),
            context=int(self._key("context_length")),
            norm_epsilon=float(self._key(epsilon)),
            rope_theta=float(self._key("rope.freq_base", 10000.0)),
            tied="output.weight" not in self._tensor_names(),
            start_token=self._start_token(),
        )

    def _gemma3_constants(self, width: int, heads: int, head_dim: int) -> dict[str, Any]:
        """What only Gemma 3 has. Its files leave most of it to the program that reads them."""
        for name in ("attn_logit_softcapping", "final_logit_softcapping"):
            if self._key(name, 0.0):
                raise UnsupportedModelError(
                    f"{self.path.name} caps its scores ({name}), which is not supported; choose another model."
                )
        layers, every = int(self._key("block_count")), 6
        regular = (every, [(i + 1) % every > 0 for i in range(layers)])
        if self._key("attention.sliding_window_pattern", every) not in regular:
            raise UnsupportedModelError(
                f"{self.path.name} has layers that see everything at other distances than {every}, which is not "
                "supported; choose another model."
            )
        # The largest Gemma 3, known by its 62 layers, scales by the width of a head's share rather than of the head.
        scaled_by = width // heads if layers == 62 else head_dim
        return {
            "rope_theta_local": float(self._key("rope.freq_base_swa", 10000.0)),
            "sliding_window": int(self._key("attention.sliding_window")),
            "global_every": every,
            "attention_scale": scaled_by**-0.5,
            "embed_scale": width**0.5,
        }

    def tensors(self, progress: Callable[[float], None] = _unreported) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor of the fused layout, de-quantized to float32."""
        config = self.config()
        stored = {tensor.name: tensor for tensor in self._reader.tensors}

        def read(name: str) -> Tensor:
            try:
                tensor = stored[name]
                values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
                shape = tuple(int(size) for size in reversed(tensor.shape))
                return torch.from_numpy(np.array(values, dtype=np.float32)).view(shape)
            except KeyError:
                raise CorruptModelError(
                    f"{self.path.name} has no tensor {name!r}: it is incomplete; fetch it again."
                ) from None
            except (ValueError, RuntimeError, NotImplementedError) as error:
                raise CorruptModelError(f"{self.path.name}: tensor {name!r} cannot be read ({error}).") from error

        yield "embed.weight", read("token_embd.weight")
        if config.family == "gpt2":
            yield "positions.weight", read("position_embd.weight")
        for i in range(config.layers):
            for fused, tensor in _block(config, i, read, stored):
                yield f"layers.{i}.{fused}", tensor
            progress((i + 1) / config.layers)
        for kind in ("weight", "bias") if config.family == "gpt2" else ("weight",):
            yield f"norm.{kind}", read(f"output_norm.{kind}")
        if not config.tied:
            yield "head.weight", read("output.weight")

    def tokenizer(self) -> tokenizers.Tokenizer:
        """The tokenizer that the file describes."""
        kind = self._values.get("tokenizer.ggml.model")
        if kind == "gpt2":
            backend = self._byte_level_bpe()
        elif kind == "llama":
            backend = self._sentencepiece_bpe()
        else:
            raise UnsupportedModelError(
                f"{self.path.name} has the tokenizer {kind!r}; 'gpt2' (byte-level BPE) and 'llama' (SentencePiece BPE) "
                "can be used."
            )
        types = self._values.get("tokenizer.ggml.token_type", [])
        special = [token for token, kind in zip(self._tokens(), types, strict=False) if kind in (_CONTROL, _UNKNOWN)]
        plain = [token for token, kind in zip(self._tokens(), types, strict=False) if kind == _USER_DEFINED]
        backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
        backend.add_tokens([AddedToken(token, special=False, normalized=False) for token in plain])
        return backend

    def _byte_level_bpe(self) -> tokenizers.Tokenizer:
        merges = [tuple(merge.split(" ", 1)) for merge in self._values["tokenizer.ggml.merges"]]
        vocabulary = {token: index for index, token in enumerate(self._tokens())}
        try:
            backend = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=False))
        except Exception as error:
            raise CorruptModelError(f"{self.path.name}: its tokenizer cannot be built ({error}).") from error
        name = str(self._values.get("tokenizer.ggml.pre", "default"))
        backend.pre_tokenizer = _pre_tokenizer(name, self.path.name)
        backend.decoder = decoders.ByteLevel()
        return backend

    def _sentencepiece_bpe(self) -> tokenizers.Tokenizer:
        tokens, scores = self._tokens(), self._values.get("tokenizer.ggml.scores", [])
        index = {token: number for number, token in enumerate(tokens)}
        # SentencePiece keeps no merge list: any two pieces that form a piece may merge, best score first.
        pairs = [
            (scores[index[left + right]], left, right)
            for piece in tokens
            for left, right in ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
            if left in index and right in index
        ]
        pairs.sort(key=lambda pair: (-pair[0], len(pair[1]), len(pair[2])))
        merges = [(left, right) for _, left, right in pairs]
        backend = tokenizers.Tokenizer(models.BPE(vocab=index, merges=merges, byte_fallback=True, fuse_unk=True))
        spaces = normalizers.Replace(" ", "\u2581")
        plain = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
        if self._values.get("tokenizer.ggml.add_space_prefix", True):
            backend.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), spaces])
            backend.decoder = decoders.Sequence([*plain, decoders.Strip(" ", 1, 0)])
        else:
            backend.normalizer, backend.decoder = spaces, decoders.Sequence(plain)
        return backend

    def _tokens(self) -> list[str]:
        tokens: list[str] = self._values.get("tokenizer.ggml.tokens", [])
        if not tokens:
            raise CorruptModelError(f"{self.path.name} carries no tokenizer; choose a GGUF file that does.")
        return tokens

    def _start_token(self) -> int:
        # Between documents, training text has <|endoftext|>; the begin token of a chat model announces a turn instead.
        tokens = self._tokens()
        if "<|endoftext|>" in tokens:
            return tokens.index("<|endoftext|>")
        return int(self._values.get("tokenizer.ggml.bos_token_id", 0))

    def _tensor_names(self) -> set[str]:
        return {tensor.name for tensor in self._reader.tensors}

    def _key(self, name: str, default: Any = None) -> Any:
        value = self._values.get(f"{self._architecture}.{name}", default)
        if value is None:
            raise CorruptModelError(f"{self.path.name} has no {name!r}: it is incomplete; fetch it again.")
        return value


def _block(
    config: DecoderConfig, i: int, read: Callable[[str], Tensor], stored: dict[str, Any]
) -> Iterator[tuple[str, Tensor]]:
    """The tensors of one transformer block, fused."""
    prefix = f"blk.{i}."
    if config.family == "gpt2":
        names = {
            "norm1": "attn_norm",
            "qkv": "attn_qkv",
            "out": "attn_output",
            "norm2": "ffn_norm",
            "up": "ffn_up",
            "down": "ffn_down",
        }
        for fused, name in names.items():
            for kind in ("weight", "bias"):
                yield f"{fused}.{kind}", read(f"{prefix}{name}.{kind}")
        return
    if f"{prefix}attn_q.bias" in stored or f"{prefix}ffn_up.bias" in stored:
        raise UnsupportedModelError("This model has biases, which are not supported; choose another model.")
    gemma3 = config.family == "gemma3"
    yield "norm1.weight", read(prefix + "attn_norm.weight")
    q, k, v = (read(f"{prefix}attn_{part}.weight") for part in "qkv")
    # llama.cpp brings the rotary pairs of Llama models side by side, and those of Gemma not.
    yield "qkv.weight", fused_qkv(config, q, k, v, pairs=not gemma3)
    yield "out.weight", grouped_out(config, read(prefix + "attn_output.weight"))
    yield "norm2.weight", read(prefix + "ffn_norm.weight")
    yield "up.weight", torch.cat([read(prefix + "ffn_gate.weight"), read(prefix + "ffn_up.weight")])
    yield "down.weight", read(prefix + "ffn_down.weight")
    if gemma3:  # the 1 that Gemma's checkpoints leave out of these factors is in the file
        yield "q_norm.weight", side_by_side(read(prefix + "attn_q_norm.weight"), 1)
        yield "k_norm.weight", side_by_side(read(prefix + "attn_k_norm.weight"), 1)
        yield "post1.weight", read(prefix + "post_attention_norm.weight")
        yield "post2.weight", read(prefix + "post_ffw_norm.weight")


def _pre_tokenizer(name: str, file: str) -> pre_tokenizers.PreTokenizer:
    """How text is cut before byte-pair merging, by the name that the file gives it."""
    if name in ("default", "gpt-2", "gpt2"):
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    if name == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    if name == "llama-bpe":
        pattern = (
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
        split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
        return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    raise UnsupportedModelError(
        f"{file} cuts text in the manner {name!r} before its byte-pair merges; 'gpt-2', 'smollm' and 'llama-bpe' "
        "are supported."
    )

"""Reading a transformers directory (GPT-2, Llama, Gemma 3 family): tensors and tokenizer. safetensors only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tokenizers
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.config import DecoderConfig, Family
from foreword_models.gpt.layout import fused_qkv, grouped_out, side_by_side
from foreword_models.gpt.transformers_config import FAMILIES, decoder_config


class TransformersFolder:
    """A directory as `PreTrainedModel.save_pretrained` writes it.

    Raises
    ------
    CorruptModelError
        A file is missing, cut short or damaged.
    UnsupportedModelError
        Another model type, another variant of a family, or weights held only in a pickle.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._config = _read_json(path / "config.json")
        model_type = str(self._config.get("model_type"))
        if model_type not in FAMILIES:
            raise UnsupportedModelError(
                f"{path} holds a model of type {model_type!r}; the types {', '.join(map(repr, FAMILIES))} can be used."
            )
        if "auto_map" in self._config:
            raise UnsupportedModelError(
                f"{path} asks to run code of its own (auto_map), which is never done; choose a plain model of its type."
            )
        self.family: Family = FAMILIES[model_type]
        self._files = self._weight_files()

    def config(self) -> DecoderConfig:
        """The decoder's sizes."""
        return decoder_config(self._config, self._document_token(), self.path)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor of the fused layout, in the type it is stored in."""
        config = self.config()
        where = {name: file for file, names in self._tensor_names().items() for name in names}
        # Base models are saved without the "transformer." or "model." that the language-model wrapper adds.
        prefix = "transformer." if self.family == "gpt2" else "model."
        prefix = prefix if any(name.startswith(prefix) for name in where) else ""

        def read(name: str) -> Tensor:
            if name not in where:
                raise CorruptModelError(f"{self.path} has no tensor {name!r}; export the model again.")
            with safe_open(where[name], framework="pt") as file:
                tensor: Tensor = file.get_tensor(name)
                return tensor

        blocks = _gpt2_tensors if self.family == "gpt2" else _llama_tensors
        for fused, parts, transposed in blocks(config, prefix):
            read_parts = [read(part) for part in parts]
            if config.family != "gpt2" and fused.endswith("qkv.weight"):
                tensor = fused_qkv(config, *read_parts, pairs=False)
            elif fused.endswith("out.weight"):
                tensor = grouped_out(config, read_parts[0].t() if transposed else read_parts[0])
                transposed = False
            elif config.family == "gemma3" and read_parts[0].dim() == 1:
                tensor = _gemma3_norm(fused, read_parts[0])
            else:
                tensor = torch.cat(read_parts) if len(parts) > 1 else read_parts[0]
            yield fused, tensor.t().contiguous() if transposed else tensor
        if not config.tied:
            yield "head.weight", read("lm_head.weight")

    def tokenizer(self) -> tokenizers.Tokenizer:
        """Read the directory's tokenizer: ``tokenizer.json``, else whatever transformers can make one of."""
        path = self.path / "tokenizer.json"
        try:
            if path.is_file():
                return tokenizers.Tokenizer.from_file(str(path))
            # Older directories hold only vocab.json and merges.txt, or a SentencePiece model. The import takes seconds.
            from transformers import AutoTokenizer

            wrapped = AutoTokenizer.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
            backend: tokenizers.Tokenizer = wrapped.backend_tokenizer
            return backend
        except Exception as error:  # both libraries raise whatever they meet
            reason = str(error).partition("\n")[0]
            raise CorruptModelError(
                f"{self.path} has no tokenizer that can be read ({reason}); load it once with "
                "transformers.AutoTokenizer and save_pretrained it there."
            ) from error

    def _document_token(self) -> int | None:
        """The token between two documents, as a GGUF file names it, if there is one beside a chat's begin of turn."""
        path = self.path / "tokenizer.json"
        try:
            added = _read_json(path).get("added_tokens", ()) if path.is_file() else ()
            return next((int(token["id"]) for token in added if token["content"] == "<|endoftext|>"), None)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptModelError(f"{path} is damaged ({error!r}); export the model again.") from error

    def _weight_files(self) -> list[Path]:
        index = self.path / "model.safetensors.index.json"
        if index.is_file():
            names = sorted(set(_read_json(index).get("weight_map", {}).values()))
            # The index names files beside it; a path that climbs out is not one of them.
            return [self.path / Path(str(name)).name for name in names]
        single = self.path / "model.safetensors"
        if single.is_file():
            return [single]
        if list(self.path.glob("*.bin")) or list(self.path.glob("*.pt")):
            raise UnsupportedModelError(
                f"{self.path} keeps its weights in a pickle, which is never opened; save it again with "
                "model.save_pretrained(path, safe_serialization=True)."
            )
        raise CorruptModelError(f"{self.path} has no model.safetensors; export the model again.")

    def _tensor_names(self) -> dict[Path, list[str]]:
        names: dict[Path, list[str]] = {}
        for file in self._files:
            try:
                with safe_open(file, framework="pt") as tensors:
                    names[file] = list(tensors.keys())
            except (OSError, SafetensorError) as error:
                raise CorruptModelError(f"{file} cannot be read ({error}); fetch or export it again.") from error
        return names


def _gpt2_tensors(config: DecoderConfig, prefix: str) -> Iterator[tuple[str, list[str], bool]]:
    """Fused name, parts, and whether to transpose: GPT-2's Conv1D stores (in, out)."""
    yield "embed.weight", [f"{prefix}wte.weight"], False
    yield "positions.weight", [f"{prefix}wpe.weight"], False
    names = {
        "norm1": "ln_1",
        "qkv": "attn.c_attn",
        "out": "attn.c_proj",
        "norm2": "ln_2",
        "up": "mlp.c_fc",
        "down": "mlp.c_proj",
    }
    for i in range(config.layers):
        for fused, name in names.items():
            yield f"layers.{i}.{fused}.weight", [f"{prefix}h.{i}.{name}.weight"], not fused.startswith("norm")
            yield f"layers.{i}.{fused}.bias", [f"{prefix}h.{i}.{name}.bias"], False
    yield "norm.weight", [f"{prefix}ln_f.weight"], False
    yield "norm.bias", [f"{prefix}ln_f.bias"], False


def _llama_tensors(config: DecoderConfig, prefix: str) -> Iterator[tuple[str, list[str], bool]]:
    """Fused name and parts, of Llama and Gemma 3."""
    gemma3 = config.family == "gemma3"
    yield "embed.weight", [f"{prefix}embed_tokens.weight"], False
    for i in range(config.layers):
        block, fused = f"{prefix}layers.{i}.", f"layers.{i}."
        yield fused + "norm1.weight", [block + "input_layernorm.weight"], False
        yield fused + "qkv.weight", [f"{block}self_attn.{part}_proj.weight" for part in "qkv"], False
        yield fused + "out.weight", [block + "self_attn.o_proj.weight"], False
        # In Gemma "post attention" is what it says: the norm of the attention's output.
        norm2 = "pre_feedforward_layernorm" if gemma3 else "post_attention_layernorm"
        yield fused + "norm2.weight", [f"{block}{norm2}.weight"], False
        yield fused + "up.weight", [f"{block}mlp.{part}_proj.weight" for part in ("gate", "up")], False
        yield fused + "down.weight", [block + "mlp.down_proj.weight"], False
        if gemma3:
            yield fused + "q_norm.weight", [block + "self_attn.q_norm.weight"], False
            yield fused + "k_norm.weight", [block + "self_attn.k_norm.weight"], False
            yield fused + "post1.weight", [block + "post_attention_layernorm.weight"], False
            yield fused + "post2.weight", [block + "post_feedforward_layernorm.weight"], False
    yield "norm.weight", [f"{prefix}norm.weight"], False


def _gemma3_norm(fused: str, weight: Tensor) -> Tensor:
    """Return a norm's factor, float32: the checkpoint has it less 1, and those of a head in the order of its rows."""
    factor = weight.float() + 1.0
    return side_by_side(factor, 1) if fused.endswith(("q_norm.weight", "k_norm.weight")) else factor


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it is not an object")
        return value
    except (OSError, ValueError) as error:
        raise CorruptModelError(f"{path} cannot be read ({error}); fetch or export the model again.") from error

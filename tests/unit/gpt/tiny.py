"""Tiny random models of each family, saved as transformers saves them."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 320
CONTEXT = 64
FAMILIES = ("gpt2", "llama", "llama-untied", "gemma3")
WIDE = "llama-wide"  # its matrices divide into groups of 32, as 4-bit weights need

# What logits may differ by from those of a full recompute: (absolute, relative) where products are as exact as the
# weights; where activations are quantized too, the least cosine similarity.
TOLERANCE = {"float32": (3e-4, 3e-4)}
SIMILARITY = {"bfloat16": 0.99, "int8": 0.98, "int4+int8": 0.98, "int4": 0.98}

CORPUS = [
    "We should schedule the meeting on Monday, and then we should talk about the schedule.",
    "I don't know whether the well-known author will be there in a minute or in a moment.",
    "The scheduler schedules scheduled jobs; she should be there soon. École, naïve café, 3.14.",
]


def make_reference(family: str, seed: int = 0, context: int = CONTEXT) -> torch.nn.Module:
    """A transformers model with random weights, larger than usual so that logits differ clearly."""
    from transformers import (
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
    )

    torch.manual_seed(seed)
    if family == "gpt2":
        config = GPT2Config(
            vocab_size=VOCABULARY, n_positions=context, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0
        )
        model: torch.nn.Module = GPT2LMHeadModel(config)
    elif family == "gemma3":
        gemma3 = Gemma3TextConfig(
            vocab_size=VOCABULARY,
            hidden_size=24,
            intermediate_size=40,
            num_hidden_layers=7,  # the sixth sees everything, the others slide
            num_attention_heads=4,
            num_key_value_heads=1,
            head_dim=8,
            query_pre_attn_scalar=8,
            sliding_window=8,
            max_position_embeddings=context,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
        )
        model = Gemma3ForCausalLM(gemma3)
    else:
        wide = family == WIDE
        llama = LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=64 if wide else 24,
            intermediate_size=96 if wide else 40,
            num_hidden_layers=2,
            num_attention_heads=4 if wide else 6,
            num_key_value_heads=2,
            head_dim=32 if wide else 4,
            max_position_embeddings=context,
            rope_theta=500.0,
            tie_word_embeddings=family != "llama-untied",
            bos_token_id=0,
            eos_token_id=0,
        )
        model = LlamaForCausalLM(llama)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8.0)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def make_tokenizer() -> Tokenizer:
    """A byte-level BPE tokenizer of `VOCABULARY` tokens, with <|endoftext|> as id 0."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS * 4, trainer)
    return backend


def save_model(folder: Path, family: str, seed: int = 0, context: int = CONTEXT) -> torch.nn.Module:
    """Save a random model and its tokenizer into `folder`; returns the reference model."""
    model = make_reference(family, seed, context)
    model.save_pretrained(folder, safe_serialization=True)  # type: ignore[operator]
    make_tokenizer().save(str(folder / "tokenizer.json"))
    return model

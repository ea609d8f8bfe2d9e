"""A tiny random BERT in a folder, as transformers would save it, with a tokenizer made here."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForMaskedLM, BertModel

from foreword_models.bert.entities import EntityTagger, TaggerConfig, digest
from foreword_models.bert.words import FEATURES, looks

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def tokenizer() -> Tokenizer:
    """WordPiece over letters, set, as published files are, to truncate and to pad in its own way."""
    tokens = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", ",", "the", "rain", "\ufffd"]
    made = Tokenizer(WordPiece({token: index for index, token in enumerate(tokens)}, unk_token="[UNK]"))
    made.normalizer = BertNormalizer(lowercase=True)
    made.pre_tokenizer = BertPreTokenizer()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.enable_truncation(8)
    made.enable_padding(length=8)
    return made


def config(**changes: object) -> BertConfig:
    sizes = {
        "vocab_size": 64,
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 96,
        "initializer_range": 0.3,  # far from zero, so that a wrong part shows
    }
    return BertConfig(**(sizes | changes))


def save(folder: Path, *, with_task_head: bool = False, **changes: object) -> BertModel:
    """Write the model's folder; return transformers' own model with the same weights."""
    torch.manual_seed(0)
    model = (BertForMaskedLM if with_task_head else BertModel)(config(**changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:  # biases and norms start at 0 and 1: a mix-up of them would not show
                parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    return model.bert if with_task_head else model


def save_tagger(folder: Path, encoder: str, hidden_size: int, adapter: Path | None = None) -> None:
    """Write a tagger to which every word with one capital is a person, whatever stands around it."""
    capital = (looks(["Ab"]) - looks(["ab"])).clamp(0)[0]
    capital[-1] = 0
    weight = torch.zeros(1, 4 * hidden_size + FEATURES)
    weight[0, 4 * hidden_size :] = 10 * capital
    head = {
        "hidden.weight": weight,
        "hidden.bias": torch.zeros(1),
        "output.weight": torch.tensor([[-1.0], [1.0], [-1.0]]),
        "output.bias": torch.tensor([5.0, -5.0, -5.0]),
    }
    changes = (None, None) if adapter is None else (str(adapter), digest(adapter))
    EntityTagger(TaggerConfig("names", ("person",), {"person": 0.9}, encoder, "concat-4", *changes), head).save(folder)

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Encoding
from transformers import BertModel

from foreword_models.bert.encoder import (
    CHARACTERS_PER_TOKEN,
    PADDING_BUDGET,
    TOKEN_BUDGET,
    Encoder,
    Layers,
    Pooling,
    Precision,
    batches,
)
from foreword_models.errors import Cancelled
from foreword_models.gpt.linear import int8_is_available
from tests.unit.bert import tiny

TEXTS = ["the rain", "a", "", "it is the rain, and the rain.", "the rain. " * 12, "xyz", "it never rains " * 40]

# Any Python string at all, lone surrogates and NUL included.
any_text = st.text(st.characters(exclude_categories=()), max_size=30)


def reference(model: BertModel, text: str, pooling: Pooling) -> torch.Tensor:
    """What transformers computes for one text on its own."""
    tokenizer = tiny.tokenizer()
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.config.max_position_embeddings)
    with torch.no_grad():
        states: torch.Tensor = model(torch.tensor([tokenizer.encode(text).ids])).last_hidden_state[0]
    return states.mean(0) if pooling == "mean" else states[0]


@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_equals_transformers(tiny_bert: tuple[Path, BertModel], encoder: Encoder, pooling: Pooling) -> None:
    expected = torch.stack([reference(tiny_bert[1], text, pooling) for text in TEXTS])
    torch.testing.assert_close(encoder.encode(TEXTS, pooling=pooling), expected, atol=1e-5, rtol=0)


def test_hidden_states_of_a_padded_batch_equal_transformers(
    tiny_bert: tuple[Path, BertModel], encoder: Encoder
) -> None:
    ids = torch.randint(4, 60, (3, 9))
    lengths = torch.tensor([9, 2, 5])
    mask = torch.arange(9) < lengths[:, None]
    with torch.no_grad():
        expected = tiny_bert[1](ids, attention_mask=mask.long()).last_hidden_state
        found = encoder.forward(ids, lengths)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-5, rtol=0)


def test_a_checkpoint_saved_with_a_task_head_is_read(tmp_path: Path) -> None:
    model = tiny.save(tmp_path, with_task_head=True)
    expected = reference(model, "the rain", "mean")
    torch.testing.assert_close(Encoder.load(tmp_path).encode(["the rain"])[0], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("precision", ["auto", "bfloat16", "int8"])
def test_lower_precision_stays_close_and_answers_float32(
    tiny_bert: tuple[Path, BertModel], encoder: Encoder, precision: Precision
) -> None:
    if precision == "int8" and not int8_is_available():
        pytest.skip("this build of torch has no fbgemm")
    found = Encoder.load(tiny_bert[0], precision).encode(TEXTS, normalize=True)
    assert found.dtype == torch.float32
    assert (found * encoder.encode(TEXTS, normalize=True)).sum(-1).min() > 0.99


@given(st.lists(any_text, max_size=6))
@settings(deadline=None)
def test_a_batch_equals_one_at_a_time(encoder: Encoder, texts: list[str]) -> None:
    found = encoder.encode(texts)
    assert found.shape == (len(texts), encoder.hidden_size)
    for vector, text in zip(found, texts, strict=True):
        torch.testing.assert_close(vector, encoder.encode([text])[0], atol=1e-5, rtol=0)


@given(st.permutations(TEXTS))
@settings(deadline=None, max_examples=20)
def test_order_is_kept(encoder: Encoder, texts: list[str]) -> None:
    by_text = dict(zip(TEXTS, encoder.encode(TEXTS), strict=True))
    expected = torch.stack([by_text[text] for text in texts])
    torch.testing.assert_close(encoder.encode(texts), expected, atol=1e-5, rtol=0)


def test_normalized_vectors_have_length_one(encoder: Encoder) -> None:
    torch.testing.assert_close(encoder.encode(TEXTS, normalize=True).norm(dim=-1), torch.ones(len(TEXTS)))


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.hidden_size)


def test_lone_surrogates_read_as_replacement_characters(encoder: Encoder) -> None:
    found = encoder.encode(["the \ud800 rain", "the \ufffd rain", "the \udfff rain"])
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize("text", ["a" * 1_000_000, "the rain " * 111_112, " " * 1_000_000, "\0" * 1_000_000])
def test_a_megabyte_on_one_line_is_not_tokenized_whole(
    encoder: Encoder, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = encoder._tokenizer
    seen: list[str] = []

    class Spy:
        def encode_batch_fast(self, texts: list[str]) -> list[Encoding]:
            seen.extend(texts)
            return tokenizer.encode_batch_fast(texts)

    monkeypatch.setattr(encoder, "_tokenizer", Spy())
    assert encoder.encode([text]).isfinite().all()
    assert max(map(len, seen)) <= encoder.max_tokens * CHARACTERS_PER_TOKEN


def test_a_long_text_is_read_as_its_first_tokens(encoder: Encoder) -> None:
    long = encoder.encode(["the rain " * 5000, "the rain " * 47])  # [CLS] + 94 + [SEP]
    torch.testing.assert_close(long[0], long[1], atol=1e-5, rtol=0)


def test_vectors_can_be_trained_on(encoder: Encoder) -> None:
    head = torch.nn.Linear(encoder.hidden_size, 2)
    head(encoder.encode(TEXTS)).sum().backward()
    assert head.weight.grad is not None


def test_the_checkpoint_runs_between_forwards_and_may_abandon(encoder: Encoder) -> None:
    many = ["the rain " * 40] * 30
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    encoder.encode(["the rain"], checkpoint=count)
    assert calls == 0, "one forward has no between"
    encoder.encode(many, checkpoint=count)
    assert calls == len(list(batches([82] * 30))) - 1

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        encoder.encode(many, checkpoint=stop)


@given(st.lists(st.integers(1, 512), max_size=200))
def test_batches_hold_every_text_once_within_the_budgets(lengths: list[int]) -> None:
    groups = list(batches(lengths))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        own = [lengths[index] for index in group]
        assert len(own) * max(own) <= TOKEN_BUDGET
        assert len(own) * max(own) - sum(own) <= PADDING_BUDGET
    assert all(max(lengths[i] for i in a) <= min(lengths[i] for i in b) for a, b in pairwise(groups))


def test_misuse_is_refused(encoder: Encoder) -> None:
    with pytest.raises(TypeError, match="sequence of texts"):
        encoder.encode("one text")
    with pytest.raises(ValueError, match="pooling"):
        encoder.encode(["a"], pooling="max")  # type: ignore[arg-type]


def test_reading_does_not_import_transformers() -> None:
    code = "import sys, foreword_models.bert.encoder, foreword_models.bert.classifier as c; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"transformers", "sklearn"} & set(done.stdout.split())


def test_token_vectors_equal_transformers_at_every_layer(tiny_bert: tuple[Path, BertModel], encoder: Encoder) -> None:
    folder_model, tokenizer = tiny_bert[1], tiny.tokenizer()
    tokenizer.no_padding()
    tokenizer.enable_truncation(folder_model.config.max_position_embeddings)
    layers: tuple[Layers, ...] = (1, 2, "last")
    for layer in layers:
        for text, found in zip(TEXTS, encoder.token_vectors(TEXTS, layers=layer), strict=True):
            encoding = tokenizer.encode(text)
            with torch.no_grad():
                states = folder_model(torch.tensor([encoding.ids]), output_hidden_states=True).hidden_states
            wanted = states[layer if isinstance(layer, int) else -1][0, 1:-1]  # without [CLS] and [SEP]
            torch.testing.assert_close(found.vectors, wanted, atol=1e-5, rtol=0)
            assert found.spans == encoding.offsets[1:-1]


def test_a_words_vector_is_the_mean_of_its_tokens(encoder: Encoder) -> None:
    (found,) = encoder.token_vectors(["\ud800 xyz rain"])
    # The tokenizer drops U+FFFD: x, ##y, ##z, rain
    torch.testing.assert_close(found.of(2, 5), found.vectors[:3].mean(0))
    torch.testing.assert_close(found.of(3, 4), found.vectors[1])
    assert found.of(0, 2) is None
    assert found.of(40, 50) is None

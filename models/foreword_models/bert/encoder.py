"""From sentences to vectors: one lean inference path for a BERT encoder (Devlin et al. 2019).

The encoder knows its weights and its tokenizer, and nothing of labels, documents or editors. It computes what
transformers' ``BertModel`` computes, with one matrix product for queries, keys and values, fused attention, and batches
that hold sentences of about one length. Work is cut into forwards of bounded size with a checkpoint between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from tokenizers import Tokenizer
from torch import Tensor

from foreword_models.bert.weights import (
    MAX_TOKENS,
    Affine,
    BertConfig,
    BertLayer,
    BertWeights,
    read_config,
    read_tokenizer,
    read_weights,
)

Pooling = Literal["mean", "cls"]

TOKEN_BUDGET = 2048
"""Most tokens of one forward, padding included: bounds both its time and its memory."""

PADDING_BUDGET = 256
"""Most padding tokens of one forward: about where another forward becomes cheaper than more padding."""

CHARACTERS_PER_TOKEN = 16
"""Characters read for each token of the model's length; English prose has four to five, so that this loses none."""

_TEXTS_AT_ONCE = 256
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TokenVectors:
    """A text as its tokens' vectors.

    Attributes
    ----------
    vectors
        float32, (tokens, hidden), those of [CLS] and [SEP] included.
    offsets
        The range of each token in the text, in code points; an empty one for [CLS] and [SEP].
    """

    vectors: Tensor
    offsets: tuple[tuple[int, int], ...]

    def of(self, start: int, end: int) -> Tensor | None:
        """Return the mean vector (hidden,) of the tokens in a range; None if no token that was read is in it."""
        rows = [row for row, (first, last) in enumerate(self.offsets) if first < last and first < end and start < last]
        return self.vectors[rows].mean(0) if rows else None


class Encoder:
    """A BERT encoder, ready to read sentences.

    Attributes
    ----------
    config
        The model's sizes.
    max_tokens
        Tokens kept of each text, [CLS] and [SEP] included.
    """

    def __init__(self, config: BertConfig, weights: BertWeights, tokenizer: Tokenizer) -> None:
        self.config = config
        self.max_tokens = min(MAX_TOKENS, config.max_position_embeddings)
        self._weights = weights
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path, dtype: torch.dtype = torch.float32) -> Encoder:
        """Load an encoder from a folder in transformers' format.

        Parameters
        ----------
        folder
            Holds ``config.json`` (model_type "bert"), ``model.safetensors`` and ``tokenizer.json``.
        dtype
            What the weights are computed in; float32 weights are then used where they lie in the mapped file.

        Raises
        ------
        UnsupportedModelError
            If the folder holds another family of model, or its weights only as a pickle.
        CorruptModelError
            If a file or a tensor is missing, damaged or misshapen.
        """
        folder = Path(folder)
        config = read_config(folder)
        return cls(config, read_weights(folder, config, dtype), read_tokenizer(folder, config))

    @property
    def hidden_size(self) -> int:
        """Length of a sentence's vector."""
        return self.config.hidden_size

    def encode(
        self,
        texts: Sequence[str],
        *,
        pooling: Pooling = "mean",
        normalize: bool = False,
        checkpoint: Callable[[], None] | None = None,
    ) -> Tensor:
        """Return one vector per text.

        Any string is accepted. Lone surrogates are read as U+FFFD. Of a long text the first ``max_tokens`` tokens
        count, and no more than ``CHARACTERS_PER_TOKEN`` times as many characters are looked at.

        Parameters
        ----------
        texts
            The sentences, in any order; the result has the same order.
        pooling
            "mean": the mean over a sentence's token vectors, special tokens included (Reimers and Gurevych 2019);
            "cls": the vector of its first token.
        normalize
            Scale each vector to Euclidean length one.
        checkpoint
            Called between forwards (bounded by ``TOKEN_BUDGET``); what it raises abandons the work and is passed on.

        Returns
        -------
        Tensor
            float32, (len(texts), hidden_size).
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        if pooling not in ("mean", "cls"):
            raise ValueError(f"pooling must be 'mean' or 'cls', not {pooling!r}")
        pause = checkpoint or _carry_on
        ids = self._token_ids(texts, pause)
        # Made outside inference mode, so that a caller may train a head on it.
        vectors = torch.empty(len(ids), self.hidden_size)
        for number, batch in enumerate(batches([len(row) for row in ids])):
            if number:
                pause()
            with torch.inference_mode():
                rows = [ids[index] for index in batch]
                lengths = torch.tensor([len(row) for row in rows])
                states = self.forward(pad(rows), lengths)
                pooled = mean_pool(states, lengths) if pooling == "mean" else states[:, 0].float()
                vectors[batch] = F.normalize(pooled, dim=-1) if normalize else pooled
        return vectors

    def token_vectors(
        self, texts: Sequence[str], *, layer: int | None = None, checkpoint: Callable[[], None] | None = None
    ) -> list[TokenVectors]:
        """Return each text's token vectors, as the text around them makes them; what is read of a text: see `encode`.

        Parameters
        ----------
        layer
            The layer that they are taken from, the first one is 1; the last by default. No further one is computed.
        checkpoint
            As for `encode`.
        """
        pause = checkpoint or _carry_on
        encodings = self._tokenizer.encode_batch([self._clean(text) for text in texts])
        found: list[TokenVectors | None] = [None] * len(encodings)
        for number, batch in enumerate(batches([len(encoding.ids) for encoding in encodings])):
            if number:
                pause()
            with torch.inference_mode():
                rows = [encodings[index].ids for index in batch]
                states = self.forward(pad(rows), torch.tensor([len(row) for row in rows]), layer).float()
            for index, row, state in zip(batch, rows, states, strict=True):
                found[index] = TokenVectors(state[: len(row)], tuple(encodings[index].offsets))
        return [each for each in found if each is not None]

    def forward(self, ids: Tensor, lengths: Tensor, layer: int | None = None) -> Tensor:
        """Return the hidden states of one padded batch.

        Parameters
        ----------
        ids
            Token ids, (B, T), T at most ``max_tokens``; what lies past a row's length is ignored.
        lengths
            Tokens of each row, (B,).
        layer
            Whose states: 1 is the first, None the last.

        Returns
        -------
        Tensor
            (B, T, hidden); rows past a text's length hold no meaning.
        """
        weights, eps = self._weights, self.config.layer_norm_eps
        width = ids.shape[1]
        # Without padding there is nothing to mask, and attention takes its faster path.
        mask = None if bool((lengths == width).all()) else (torch.arange(width) < lengths[:, None])[:, None, None, :]
        x = F.embedding(ids, weights.words) + weights.positions[:width]
        x = _norm(x, weights.embedding_norm, eps)
        for each in weights.layers[:layer]:
            x = _norm(x + self._attention(x, each, mask), each.attention_norm, eps)
            inner = F.gelu(_linear(x, each.intermediate))  # exact, by the error function
            x = _norm(x + _linear(inner, each.output), each.output_norm, eps)
        return x

    def _attention(self, x: Tensor, layer: BertLayer, mask: Tensor | None) -> Tensor:
        heads = self.config.num_attention_heads
        fused = _linear(x, layer.query_key_value)  # (B, T, 3 * hidden)
        split = fused.view(*x.shape[:2], 3, heads, -1)  # (B, T, 3, heads, head_dim)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, T, head_dim)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return _linear(mixed.transpose(1, 2).flatten(2), layer.attention_output)

    def _token_ids(self, texts: Sequence[str], pause: Callable[[], None]) -> list[list[int]]:
        ids: list[list[int]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            if start:
                pause()
            clean = [self._clean(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            ids += [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clean)]
        return ids

    def _clean(self, text: str) -> str:
        # A megabyte on one line must not be tokenized to keep 512 tokens of it.
        return _SURROGATE.sub("\ufffd", text[: self.max_tokens * CHARACTERS_PER_TOKEN])


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group texts of similar length: yield lists of indices into ``lengths``, each index once.

    A list times its longest text is at most ``TOKEN_BUDGET`` tokens, of which at most ``PADDING_BUDGET`` are padding; a
    single text is never refused.
    """
    batch: list[int] = []
    filled = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[index]
        padded = (len(batch) + 1) * length
        if batch and (padded > TOKEN_BUDGET or padded - filled - length > PADDING_BUDGET):
            yield batch
            batch, filled = [], 0
        batch.append(index)
        filled += length
    if batch:
        yield batch


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Return the rows as one tensor (B, longest), filled up with token 0, which no one attends to."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


def mean_pool(states: Tensor, lengths: Tensor) -> Tensor:
    """Return the float32 mean (B, hidden) over the first ``lengths`` (B,) of the states (B, T, hidden)."""
    inside = torch.arange(states.shape[1]) < lengths[:, None]  # (B, T)
    return states.float().mul(inside[..., None]).sum(1) / lengths[:, None]


def _linear(x: Tensor, affine: Affine) -> Tensor:
    return F.linear(x, affine.weight, affine.bias)


def _norm(x: Tensor, affine: Affine, eps: float) -> Tensor:
    return F.layer_norm(x, affine.bias.shape, affine.weight, affine.bias, eps)


def _carry_on() -> None:
    """The checkpoint of a caller who never abandons."""

"""From sentences to vectors: one lean inference path for a BERT encoder (Devlin et al. 2019).

The encoder knows its weights and its tokenizer, and nothing of labels, documents or editors. It computes what
transformers' ``BertModel`` computes, with one matrix product for queries, keys and values, fused attention, 8-bit
products where the machine has them, and batches that hold sentences of about one length. Work is cut into forwards of
bounded size with a checkpoint between them.
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

from foreword_models.bert.adapter import Adapter
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
from foreword_models.gpt.linear import Linear, fbgemm, float_linear, int8_is_available, int8_linear

Pooling = Literal["mean", "cls"]
Layers = Literal["last", "sum-4", "concat-4"] | int
Precision = Literal["auto", "float32", "bfloat16", "int8"]

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
    """The vectors of a text's tokens, (tokens, hidden), and from where to where in the text each token reaches."""

    spans: list[tuple[int, int]]
    vectors: Tensor

    def of(self, start: int, end: int) -> Tensor | None:
        """Return the mean vector (hidden,) of the tokens in a range; None if no token that was read is in it."""
        rows = [row for row, (first, last) in enumerate(self.spans) if first < last and first < end and start < last]
        return self.vectors[rows].mean(0) if rows else None

    @property
    def end(self) -> int:
        """Where in the text the last token that was read ends; 0 without any."""
        return max((last for _, last in self.spans), default=0)

    def first_of(self, places: Sequence[tuple[int, int]]) -> Tensor:
        """Return the vector of the first token in each range, (ranges, hidden), zeros where there is none.

        Parameters
        ----------
        places
            In the order of the text, none overlapping another.
        """
        rows, row = [], 0
        for start, end in places:
            while row < len(self.spans) and self.spans[row][1] <= start:
                row += 1
            rows.append(row if row < len(self.spans) and self.spans[row][0] < end else len(self.spans))
        return torch.cat([self.vectors, self.vectors.new_zeros(1, self.vectors.shape[1])])[rows]


@dataclass(frozen=True)
class _Layer:
    """One transformer layer, its products laid out for the machine."""

    query_key_value: Linear
    attention_output: Linear
    attention_norm: Affine
    intermediate: Linear
    output: Linear
    output_norm: Affine


class Encoder:
    """A BERT encoder, ready to read sentences.

    Attributes
    ----------
    config
        The model's sizes.
    precision
        Of its matrix products: "float32", "bfloat16" or "int8". Everything between them is float32.
    device
        Where it computes.
    max_tokens
        Tokens kept of each text, [CLS] and [SEP] included.
    source
        The folder and the adapter that it was loaded from, if it was.
    """

    def __init__(
        self,
        config: BertConfig,
        weights: BertWeights,
        tokenizer: Tokenizer,
        precision: Precision = "float32",
        device: torch.device | None = None,
    ) -> None:
        self.config = config
        self.precision = best_precision() if precision == "auto" else precision
        self.device = device or torch.device("cpu")
        self.max_tokens = min(MAX_TOKENS, config.max_position_embeddings)
        with fbgemm():
            self._layers = [_compile(layer, self.precision, self.device) for layer in weights.layers]
        self._words = weights.words.to(self.device)
        self._positions = weights.positions.to(self.device)
        self._embedding_norm = _moved(weights.embedding_norm, self.device)
        self._tokenizer = tokenizer
        self.source: tuple[Path, Path | None] | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        precision: Precision = "float32",
        *,
        adapter: Path | None = None,
        device: torch.device | None = None,
    ) -> Encoder:
        """Load an encoder from a folder in transformers' format.

        Parameters
        ----------
        folder
            Holds ``config.json`` (model_type "bert" or "distilbert"), ``model.safetensors`` and ``tokenizer.json``.
        precision
            Of the matrix products; "auto": the quickest that is as good here, see `best_precision`.
        adapter
            A file of changes to the weights, merged into them.
        device
            Where to compute; the CPU by default.

        Raises
        ------
        UnsupportedModelError
            If the folder holds another family of model, or its weights only as a pickle.
        CorruptModelError
            If a file or a tensor is missing, damaged or misshapen.
        """
        folder = Path(folder)
        config = read_config(folder)
        changes = None if adapter is None else Adapter.load(adapter)
        weights = read_weights(folder, config, torch.float32, changes)
        encoder = cls(config, weights, read_tokenizer(folder, config), precision, device)
        encoder.source = (folder, adapter)
        return encoder

    @property
    def hidden_size(self) -> int:
        """Length of a sentence's vector."""
        return self.config.hidden_size

    def encode(
        self,
        texts: Sequence[str],
        *,
        pooling: Pooling = "mean",
        layers: Layers = "last",
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
        layers
            Whose token vectors: the last layer's, those of a layer by number (1 is the first, and no further one is
            computed), or the sum or the concatenation of the last four's.
        normalize
            Scale each vector to Euclidean length one.
        checkpoint
            Called between forwards (bounded by ``TOKEN_BUDGET``); what it raises abandons the work and is passed on.

        Returns
        -------
        Tensor
            float32, (len(texts), hidden_size), or four times as long for "concat-4".
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts, not one text")
        if pooling not in ("mean", "cls"):
            raise ValueError(f"pooling must be 'mean' or 'cls', not {pooling!r}")
        pause = checkpoint or _carry_on
        ids = self._token_ids(texts, pause)
        # Made outside inference mode, so that a caller may train a head on it.
        vectors = torch.empty(len(ids), self.hidden_size * (4 if layers == "concat-4" else 1))
        for batch, states, lengths in self._batches(ids, layers, pause):
            with torch.inference_mode():
                pooled = mean_pool(states, lengths) if pooling == "mean" else states[:, 0].float()
                vectors[batch] = (F.normalize(pooled, dim=-1) if normalize else pooled).cpu()
        return vectors

    def token_vectors(
        self,
        texts: Sequence[str],
        *,
        layers: Layers = "last",
        checkpoint: Callable[[], None] | None = None,
    ) -> list[TokenVectors]:
        """Return a vector for each token of each text, special tokens left out; parameters as for `encode`."""
        if isinstance(texts, str):
            raise TypeError("token_vectors takes a sequence of texts, not one text")
        return self._with_tokens(texts, layers, checkpoint or _carry_on, None)

    def encode_with_tokens(
        self,
        texts: Sequence[str],
        *,
        pooling: Pooling = "mean",
        layers: Literal["last", "concat-4"] = "last",
        checkpoint: Callable[[], None] | None = None,
    ) -> tuple[Tensor, list[TokenVectors]]:
        """Return one vector per text, and the last four layers' of each token, of the same forwards.

        Parameters and results as for `encode`, and for `token_vectors` with "concat-4".
        """
        if pooling not in ("mean", "cls"):
            raise ValueError(f"pooling must be 'mean' or 'cls', not {pooling!r}")
        vectors = torch.empty(len(texts), self.hidden_size * (4 if layers == "concat-4" else 1))

        def pool(batch: list[int], states: Tensor, lengths: Tensor) -> None:
            own = states if layers == "concat-4" else states[..., -self.hidden_size :]
            vectors[batch] = (mean_pool(own, lengths) if pooling == "mean" else own[:, 0].float()).cpu()

        return vectors, self._with_tokens(texts, "concat-4", checkpoint or _carry_on, pool)

    def _with_tokens(
        self,
        texts: Sequence[str],
        layers: Layers,
        pause: Callable[[], None],
        look: Callable[[list[int], Tensor, Tensor], None] | None,
    ) -> list[TokenVectors]:
        """Return the vectors of tokens, and let another look at the states of each batch."""
        clean = [self._clean(text) for text in texts]
        encodings = self._tokenizer.encode_batch(clean)
        found: list[TokenVectors | None] = [None] * len(clean)
        for batch, states, lengths in self._batches([encoding.ids for encoding in encodings], layers, pause):
            if look is not None:
                with torch.inference_mode():
                    look(batch, states, lengths)
            for row, index in zip(states, batch, strict=True):
                own = [n for n, special in enumerate(encodings[index].special_tokens_mask) if not special]
                spans = [encodings[index].offsets[n] for n in own]
                found[index] = TokenVectors(spans, row[own].float().cpu().clone())
        return [each for each in found if each is not None]

    def _batches(
        self, ids: Sequence[Sequence[int]], layers: Layers, pause: Callable[[], None]
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        for number, batch in enumerate(batches([len(row) for row in ids])):
            if number:
                pause()
            with torch.inference_mode():
                rows = [ids[index] for index in batch]
                lengths = torch.tensor([len(row) for row in rows], device=self.device)
                states = self.forward(pad(rows).to(self.device), lengths, layers)
            yield batch, states, lengths

    def forward(self, ids: Tensor, lengths: Tensor, layers: Layers = "last") -> Tensor:
        """Return the hidden states of one padded batch.

        Parameters
        ----------
        ids
            Token ids, (B, T), T at most ``max_tokens``; what lies past a row's length is ignored.
        lengths
            Tokens of each row, (B,).
        layers
            As for `encode`.

        Returns
        -------
        Tensor
            (B, T, hidden), or four times hidden; rows past a text's length hold no meaning.
        """
        eps = self.config.layer_norm_eps
        rows, width = ids.shape
        # Without padding there is nothing to mask, and attention takes its faster path.
        full = bool((lengths == width).all())
        mask = None if full else (torch.arange(width, device=ids.device) < lengths[:, None])[:, None, None, :]
        x = F.embedding(ids, self._words) + self._positions[:width]
        x = _norm(x, self._embedding_norm, eps).flatten(0, 1)  # (B * T, hidden): products take rows of tokens
        last: list[Tensor] = []
        for layer in self._layers[: layers if isinstance(layers, int) else None]:
            x = _norm(x + self._attention(x, layer, mask, rows), layer.attention_norm, eps)
            inner = F.gelu(layer.intermediate(x))  # exact, by the error function
            x = _norm(x + layer.output(inner), layer.output_norm, eps)
            last = [*last[-3:], x]
        if layers == "sum-4":
            x = torch.stack(last).sum(0)
        elif layers == "concat-4":
            x = torch.cat(last, -1)
        return x.view(rows, width, -1)

    def _attention(self, x: Tensor, layer: _Layer, mask: Tensor | None, rows: int) -> Tensor:
        heads = self.config.num_attention_heads
        fused = layer.query_key_value(x)  # (B * T, 3 * hidden)
        split = fused.view(rows, -1, 3, heads, self.hidden_size // heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, T, head_dim)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return layer.attention_output(mixed.transpose(1, 2).flatten(2).flatten(0, 1))

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
    inside = torch.arange(states.shape[1], device=states.device) < lengths[:, None]  # (B, T)
    return states.float().mul(inside[..., None]).sum(1) / lengths[:, None]


def best_precision() -> Precision:
    """Return the quickest precision of the products that is as good on this CPU.

    bfloat16 where the CPU multiplies it itself: the vectors are the same to four digits, and little is slower than in
    8 bits. Elsewhere 8 bits, where fbgemm is.
    """
    if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return "bfloat16"
    return "int8" if int8_is_available() else "float32"


def _compile(layer: BertLayer, precision: Precision, device: torch.device) -> _Layer:
    def linear(affine: Affine, *, by_row: bool = False) -> Linear:
        if precision == "int8":
            return _int8(affine, by_row)
        kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
        product = float_linear(affine.weight.to(device, kind), affine.bias.to(device, kind))
        return product if kind == torch.float32 else lambda x: product(x).float()

    return _Layer(
        linear(layer.query_key_value),
        linear(layer.attention_output),
        _moved(layer.attention_norm, device),
        linear(layer.intermediate),
        linear(layer.output, by_row=True),  # what goes in there differs most in size from token to token
        _moved(layer.output_norm, device),
    )


def _int8(affine: Affine, by_row: bool) -> Linear:
    scales = affine.weight.abs().amax(1).clamp_min(1e-12) / 127
    codes = (affine.weight / scales[:, None]).round().to(torch.int8)
    bias = affine.bias.contiguous()
    if not by_row:
        return int8_linear(codes, scales, bias)
    product = int8_linear(codes, scales, None, by_row=True)
    return lambda x: product(x).add_(bias)


def _moved(affine: Affine, device: torch.device) -> Affine:
    return Affine(affine.weight.to(device), affine.bias.to(device))


def _norm(x: Tensor, affine: Affine, eps: float) -> Tensor:
    return F.layer_norm(x, affine.bias.shape, affine.weight, affine.bias, eps)


def _carry_on() -> None:
    """The checkpoint of a caller who never abandons."""

"""An incremental decoder: token ids in, logits out. It knows nothing of text.

A `Node` is a position in a tree of token sequences whose keys and values are held in one arena (`kv_cache`). Nodes
are extended, branched and cropped; none of these copies keys or values, and a node's slots are freed when the last node
through them is garbage. One forward may carry the new tokens of many branches: every token attends to its own ancestors
through a mask (tree attention, as in Miao et al., SpecInfer, 2023), so that the matrix products are shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (the field's name for it)

from foreword_models.errors import ContextTooLongError, DecoderError, UnknownTokenError
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.kv_cache import KVCache, Slots
from foreword_models.gpt.linear import Linear, make_linear
from foreword_models.gpt.weights import Affine, Weights

DEFAULT_CACHE_BYTES = 256 * 2**20
CHUNK = 128  # tokens of a prefill step: some tens of milliseconds on two cores, the longest wait for a cancellation

Ids = NDArray[np.int64]


class Node:
    """A sequence of decoded tokens: its ids, its slots in the arena, and the logits after its last token.

    Made by a `Decoder` only. Holds its slots while it lives.
    """

    __slots__ = ("_cache", "ids", "logits", "slots")

    def __init__(self, cache: KVCache, ids: Ids, slots: Slots, logits: Tensor | None) -> None:
        self._cache = cache
        self.ids = ids
        self.slots = slots
        self.logits = logits
        cache.retain(slots)

    def __len__(self) -> int:
        return len(self.ids)

    def __del__(self) -> None:
        self._cache.release(self.slots)


class _Layer(NamedTuple):
    """One transformer block, ready to be run."""

    norm1: Affine
    qkv: Linear
    out: Linear
    norm2: Affine
    up: Linear
    down: Linear


class Decoder:
    """A GPT-2 or Llama-type model over a static K/V arena.

    Parameters
    ----------
    weights
        In the fused layout of `foreword_models.gpt.weights`.
    cache_bytes
        Bound on the K/V arena.

    Notes
    -----
    The residual stream and the norms are float32; matrix products, keys and values have the weights' type.
    Not thread-safe: one thread owns a decoder.
    """

    def __init__(self, weights: Weights, *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.config: DecoderConfig = weights.config
        self.device = weights.embed.device
        self.dtype = weights.embed.dtype
        self.cache = KVCache(self.config, dtype=self.dtype, device=self.device, limit_bytes=cache_bytes)
        self.forwards = 0  # forward passes since construction, for reports
        # Copied, like what `make_linear` lays out anew: a view would keep the whole mapped file in memory.
        self._embed = weights.embed.clone()
        self._positions = None if weights.positions is None else weights.positions.clone()
        self._norm_out = weights.norm
        self._layers = [
            _Layer(
                norm1=layer.norm1,
                qkv=make_linear(layer.qkv),
                out=make_linear(layer.out),
                norm2=layer.norm2,
                up=make_linear(layer.up),
                down=make_linear(layer.down),
            )
            for layer in weights.layers
        ]
        self._head = make_linear(Affine(weights.head))
        self._rotary = None if self.config.family == "gpt2" else _rotary_table(self.config, self.device)
        self._root = Node(self.cache, np.empty(0, np.int64), np.empty(0, np.int64), None)

    @property
    def root(self) -> Node:
        """The empty sequence."""
        return self._root

    def extend(self, node: Node, ids: Sequence[int]) -> Node:
        """Decode `ids` after `node`, in chunks, and return the longer node (`node` itself if there are none)."""
        for longer in self.steps(node, ids):
            node = longer
        return node

    def steps(self, node: Node, ids: Sequence[int]) -> Iterator[Node]:
        """Decode `ids` after `node` one bounded forward at a time.

        Yields
        ------
        Node
            After each forward, the sequence so far: what is done is kept if the caller stops here.
        """
        self._check(node, ids)
        for start in range(0, len(ids), CHUNK):
            (node,) = self.branch([(node, ids[start : start + CHUNK])])
            yield node

    @torch.inference_mode()
    def branch(self, runs: Sequence[tuple[Node, Sequence[int]]]) -> list[Node]:
        """Extend several nodes, each by its own non-empty run of ids, in one forward.

        Parameters
        ----------
        runs
            Pairs of a node (the same one may stand in several pairs) and the ids to decode after it.

        Returns
        -------
        list of Node
            One a pair, in order, each with its logits.

        Raises
        ------
        ContextTooLongError, UnknownTokenError, CacheFullError
            Before anything is decoded; all nodes stay valid.
        """
        for node, ids in runs:
            self._check(node, ids)
            if not len(ids):
                raise DecoderError("A branch needs at least one token; pass the node itself instead.")
        if not runs:
            return []
        fresh = self.cache.allocate(sum(len(ids) for _, ids in runs))
        ends = np.cumsum([len(ids) for _, ids in runs])
        own = [fresh[end - len(ids) : end] for end, (_, ids) in zip(ends, runs, strict=True)]
        paths = [np.concatenate([node.slots, slots]) for (node, _), slots in zip(runs, own, strict=True)]
        tokens = np.concatenate([np.asarray(ids, np.int64) for _, ids in runs])
        positions = np.concatenate([np.arange(len(node), len(node) + len(ids)) for node, ids in runs])

        keys, columns = _key_slots(paths, self.cache.slots)
        mask = _tree_mask([node.slots for node, _ in runs], own, columns, _width(keys))
        logits = self._forward(tokens, positions, fresh, keys, mask, ends - 1)
        return [
            Node(self.cache, np.concatenate([node.ids, np.asarray(ids, np.int64)]), path, row)
            for (node, ids), path, row in zip(runs, paths, logits, strict=True)
        ]

    def crop(self, node: Node, length: int) -> Node:
        """Return the node of the first `length` tokens; its logits are computed when first asked for."""
        if not 0 <= length <= len(node):
            raise DecoderError(f"A sequence of {len(node)} tokens cannot be cropped to {length}.")
        if length == len(node):
            return node
        if length == 0:
            return self._root
        return Node(self.cache, node.ids[:length], node.slots[:length], None)

    def logits(self, node: Node) -> Tensor:
        """Return the logits of the token that follows `node`: shape (vocabulary,), float32."""
        if not len(node):
            raise DecoderError("The empty sequence has no logits; decode a start token first.")
        if node.logits is None:
            node.logits = self.extend(self.crop(node, len(node) - 1), node.ids[-1:].tolist()).logits
        assert node.logits is not None
        return node.logits

    def _check(self, node: Node, ids: Sequence[int]) -> None:
        if len(node) + len(ids) > self.config.context:
            raise ContextTooLongError(
                f"{len(node) + len(ids)} tokens are more than the model's context of {self.config.context}; "
                "pass a shorter text."
            )
        if len(ids) and not (min(ids) >= 0 and max(ids) < self.config.vocabulary):
            raise UnknownTokenError(
                f"A token id outside 0..{self.config.vocabulary - 1} was given; "
                "the tokenizer does not belong to this model."
            )

    def _forward(
        self,
        tokens: Ids,
        positions: Ids,
        fresh: Slots,
        keys: slice | Tensor,
        mask: NDArray[np.bool_] | None,
        rows: NDArray[np.int64],
    ) -> Tensor:
        """Run n new tokens through all layers.

        Parameters
        ----------
        tokens, positions, fresh
            Shape (n,): ids, positions in their sequences, slots that take their keys and values.
        keys
            The s slots attended to: a range of the arena, or an index into it.
        mask
            Shape (n, s), true where a token may look; None if every token may look everywhere.
        rows
            Which of the n tokens to return logits for.

        Returns
        -------
        Tensor
            Shape (len(rows), vocabulary), float32.
        """
        self.forwards += 1
        config, dtype = self.config, self.dtype
        n, groups = len(tokens), config.heads // config.kv_heads
        where = torch.from_numpy(positions).to(self.device)
        slots = torch.from_numpy(fresh).to(self.device)
        x = self._embed[torch.from_numpy(tokens).to(self.device)].float()  # (n, width)
        rotation = None
        if self._positions is not None:
            x = x + self._positions[where]
        else:
            assert self._rotary is not None
            rotation = self._rotary[:, where]  # (2, n, head_dim)
        # The query heads of a group lie as rows beside each other, so that one product serves the group.
        # Added to the scores rather than boolean: the attention kernel would convert it in each layer.
        bias = None if mask is None else torch.from_numpy(np.where(mask, np.float32(0), -np.inf)).to(self.device, dtype)
        bias = None if bias is None else bias.repeat(groups, 1)

        for index, layer in enumerate(self._layers):
            fused = layer.qkv(self._norm(x, layer.norm1).to(dtype))  # (n, (heads + 2 kv_heads) head_dim)
            heads = fused.view(n, config.heads + 2 * config.kv_heads, config.head_dim).transpose(0, 1)
            turning, v = heads[: config.heads + config.kv_heads], heads[config.heads + config.kv_heads :]
            if rotation is not None:
                turning = _rotate(turning, rotation).to(dtype)
            q, k = turning[: config.heads], turning[config.heads :]  # (heads, n, head_dim), (kv_heads, n, head_dim)
            arena = self.cache.arena[index]
            arena[0].index_copy_(1, slots, k)
            arena[1].index_copy_(1, slots, v)
            mixed = F.scaled_dot_product_attention(
                q.reshape(1, config.kv_heads, groups * n, config.head_dim),
                arena[0][:, keys].unsqueeze(0),
                arena[1][:, keys].unsqueeze(0),
                attn_mask=bias,
            )
            joined = mixed.view(config.heads, n, config.head_dim).transpose(0, 1).reshape(n, -1)
            x += layer.out(joined)
            inner = layer.up(self._norm(x, layer.norm2).to(dtype))
            if config.family == "llama":
                gate, up = inner[:, : config.hidden], inner[:, config.hidden :]
                inner = F.silu(gate).mul_(up)
            else:
                inner = F.gelu(inner, approximate="tanh")
            x += layer.down(inner)
        last = self._norm(x[torch.from_numpy(rows).to(self.device)], self._norm_out).to(dtype)
        return self._head(last).float()

    def _norm(self, x: Tensor, norm: Affine) -> Tensor:
        if self.config.family == "llama":
            # Half the time of F.rms_norm, which copies and converts on its way.
            square = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_()
            return x * torch.rsqrt(square.div_(self.config.width).add_(self.config.norm_epsilon)) * norm.weight
        return F.layer_norm(x, (self.config.width,), norm.weight, norm.bias, self.config.norm_epsilon)


def _rotary_table(config: DecoderConfig, device: torch.device) -> Tensor:
    """Cosines and sines of the rotary embedding (Su et al. 2021): shape (2, context, head_dim), halves repeated."""
    frequencies = config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim)
    angles = torch.outer(torch.arange(config.context, dtype=torch.float32), frequencies)
    angles = torch.cat([angles, angles], dim=-1)
    return torch.stack([angles.cos(), angles.sin()]).to(device)


def _rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn (heads, n, head_dim) by the angles of each position, pairing dimension i with i + head_dim / 2."""
    x = x.float()
    half = x.shape[-1] // 2
    swapped = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * rotation[0] + swapped * rotation[1]


def _key_slots(paths: Sequence[Slots], slots: int) -> tuple[slice | Tensor, NDArray[np.int64]]:
    """The slots that any path goes through, and the column of each slot among them.

    A range of the arena is attended to in place, at the price of masked strangers between; only when those outnumber
    the paths' own slots are the keys gathered, which copies them.
    """
    used = np.zeros(slots, dtype=bool)
    for path in paths:
        used[path] = True
    wanted = np.flatnonzero(used)
    low, high = int(wanted[0]), int(wanted[-1]) + 1
    if high - low <= 2 * len(wanted):
        return slice(low, high), np.arange(slots) - low
    columns = np.zeros(slots, dtype=np.int64)
    columns[wanted] = np.arange(len(wanted))
    return torch.from_numpy(wanted), columns


def _width(keys: slice | Tensor) -> int:
    return int(keys.stop - keys.start) if isinstance(keys, slice) else len(keys)


def _tree_mask(
    prefixes: Sequence[Slots], own: Sequence[Slots], columns: NDArray[np.int64], width: int
) -> NDArray[np.bool_] | None:
    """Who may look where: each new token at its prefix, earlier tokens of its run, and itself. Shape (n, width)."""
    if len(own) == 1 and len(own[0]) == 1 and len(prefixes[0]) + 1 == width:
        return None
    mask = np.zeros((sum(len(run) for run in own), width), dtype=bool)
    row = 0
    for prefix, run in zip(prefixes, own, strict=True):
        mask[row : row + len(run), columns[prefix]] = True
        mask[row : row + len(run), columns[run]] = np.tri(len(run), dtype=bool)
        row += len(run)
    return mask

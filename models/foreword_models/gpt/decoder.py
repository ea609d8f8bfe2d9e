"""An incremental decoder: token ids in, logits out. It knows nothing of text.

A `Node` is a position in a radix tree of token sequences (`radix`) whose keys and values are held in one arena
(`kv_cache`). Nodes are extended, branched and cropped; none of these copies what is cached. What nobody holds stays
cached, so that a text that comes back, be it by undo, in another buffer or at the next key, is decoded only from where
it differs; the least recently used leaves make room for new tokens. One forward may carry the new tokens of many
branches: every token attends to its own ancestors through a mask (tree attention, as in Miao et al., SpecInfer, 2023),
so that the matrix products are shared.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foreword_models.errors import (
    ContextTooLongError,
    DecoderError,
    OutOfMemoryError,
    UnknownTokenError,
)
from foreword_models.gpt.blocks import Stack
from foreword_models.gpt.config import DecoderConfig
from foreword_models.gpt.cuda_graphs import GraphedNetwork
from foreword_models.gpt.kv_cache import KVCache, Slots
from foreword_models.gpt.network import Network
from foreword_models.gpt.radix import RadixTree, Run
from foreword_models.gpt.tree_attention import SPREAD, tree_step

DEFAULT_CACHE_BYTES = 256 * 2**20
CHUNK = 128  # tokens of a prefill step: some tens of milliseconds on two cores, the longest wait for a cancellation

Ids = NDArray[np.int64]


class Node:
    """A cached sequence of tokens and, once computed, the logits after its last one. Made by a `Decoder` only.

    The sequence cannot be evicted while a node of it lives.

    Attributes
    ----------
    logits : Tensor or None
        Shape (vocabulary,), float32; `Decoder.logits` computes them where they are None.
    """

    __slots__ = ("_decoder", "_run", "logits")

    def __init__(self, decoder: Decoder, run: Run, logits: Tensor | None) -> None:
        self._decoder = decoder
        self._run = run
        self.logits = logits
        decoder._tree.pin(run)

    def __len__(self) -> int:
        return self._run.length

    @property
    def ids(self) -> Ids:
        """The sequence: shape (len,)."""
        return self._decoder._tree.path(self._run)[0]

    def __del__(self) -> None:
        # Not unpinned here: the collector may run in the middle of a change to the tree.
        self._decoder._left.append(self._run)


class _Item(NamedTuple):
    """What one sequence of a step asks for: `ids` after `start`, or the logits of `start` anew if there are none."""

    start: Node
    ids: Ids


class Decoder:
    """A GPT-2, Llama-type or Gemma 3 model over a static K/V arena.

    Parameters
    ----------
    stack
        The model's layers, at the precisions they are to be run in.
    cache_bytes
        Bound on the K/V arena.

    Notes
    -----
    Not thread-safe: one thread owns a decoder.
    """

    def __init__(self, stack: Stack, *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.config: DecoderConfig = stack.config
        self.device = stack.embed.device
        self.precision = "+".join(path.name for path in stack.paths)
        self.weight_bytes = stack.paths[0].weight_bytes
        self.cache = KVCache(self.config, dtype=stack.cache_dtype, device=self.device, limit_bytes=cache_bytes)
        self.forwards = 0  # forward passes since construction, for reports
        self.decoded_tokens = 0  # tokens that went through them, likewise
        self.reused_tokens = 0  # tokens asked for that were cached, likewise
        self._network = (GraphedNetwork if self.device.type == "cuda" else Network)(stack, self.cache)
        self._tree = RadixTree()
        self._left: deque[Run] = deque()  # runs whose nodes are gone
        self._prefix_tokens = 0  # learned ones so far: each gets an id of its own
        self._guesses: set[Run] = set()  # branched runs: dropped with their nodes
        self._root = Node(self, self._tree.root, None)

    @property
    def root(self) -> Node:
        """The empty sequence."""
        return self._root

    @property
    def bytes_in_use(self) -> int:
        """Bytes of the arena that hold cached tokens; never more than the bound it was made with."""
        self._settle()
        return self.cache.slots_in_use * self.cache.bytes_per_slot

    @property
    def pinned_bytes(self) -> int:
        """Bytes of the arena that live nodes keep from being evicted."""
        self._settle()
        return self._tree.pinned_tokens * self.cache.bytes_per_slot

    def prefix(self, keys_values: Tensor) -> Node:
        """Return a node that stands for learned keys and values (prefix tuning, Li and Liang 2021).

        Sequences that extend it take the positions after it. Like a decoded preamble, it is held by the caller,
        once for all texts that it heads. It is no text: no other sequence ever matches it, and it has no logits itself.

        Parameters
        ----------
        keys_values
            Shape (layers, 2 kv_heads, n, head_dim), any floating-point type: the heads of the keys, turned by their
            positions 0 to n - 1, then those of the values; as they would lie in the arena.

        Raises
        ------
        DecoderError
            The shape is not that of this model.
        ContextTooLongError, CacheFullError
            There is no room for it.
        """
        arena = self.cache.arena
        count = keys_values.shape[2] if keys_values.dim() == 4 else 0
        if not count or keys_values.shape != (*arena.shape[:2], count, arena.shape[3]):
            raise DecoderError(
                f"A prefix of shape {tuple(keys_values.shape)} does not belong to this model, which needs "
                f"{(*arena.shape[:2], 'n', arena.shape[3])}; use the one made for it."
            )
        if count > self.config.context:
            raise ContextTooLongError(
                f"A prefix of {count} tokens is longer than the model's context of {self.config.context}."
            )
        self._settle()
        ids = -1 - np.arange(self._prefix_tokens, self._prefix_tokens + count)  # ids that no vocabulary has
        slots = self._placed([_Item(self._root, ids)])
        arena[:, :, torch.from_numpy(slots).to(self.device)] = keys_values.to(self.device, arena.dtype)
        self._prefix_tokens += count
        return Node(self, self._tree.insert(self._tree.root, ids, slots), None)

    def keys_values(self, node: Node) -> Tensor:
        """Return a copy of a sequence's keys and values: what `prefix` takes to stand for it."""
        slots = torch.from_numpy(self._tree.path(node._run)[1]).to(self.device)
        return self.cache.arena.index_select(2, slots)

    def match(self, ids: Sequence[int]) -> Node:
        """Return the node of the longest beginning of `ids` that is cached."""
        self._settle()
        return Node(self, self._tree.match(ids), None)

    def extend(self, node: Node, ids: Sequence[int]) -> Node:
        """Decode `ids` after `node`, as far as they are not cached, and return the longer node (`node` if no ids)."""
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
        self._settle()
        wanted = np.asarray(ids, np.int64)
        end = len(node) + len(wanted)
        if not len(wanted):
            return
        start = Node(self, self._tree.match(wanted, node._run), None)
        self.reused_tokens += len(start) - len(node)
        if len(start) == end:
            yield start
        while len(start) < end:
            # The first token of a sequence draws attention sinks' extreme activations (Xiao et al. 2024), which would
            # coarsen the 8-bit scale of all the tokens in its step: it goes alone.
            size = 1 if not len(start) else CHUNK
            done = len(start) - len(node)
            (start,) = self._run([_Item(start, wanted[done : done + size])], guess=False)
            yield start

    def branch(self, runs: Sequence[tuple[Node, Sequence[int]]]) -> list[Node]:
        """Extend several nodes, each by its own non-empty run of ids, in one forward.

        What this caches is a guess about what follows, and is dropped with the returned node, unless that is kept
        (`keep`) or extended.

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
        ContextTooLongError, UnknownTokenError, CacheFullError, OutOfMemoryError
            All nodes stay valid, and the decoder usable.
        """
        for node, ids in runs:
            self._check(node, ids)
            if not len(ids):
                raise DecoderError("A branch needs at least one token; pass the node itself instead.")
        self._settle()
        items = []
        for node, ids in runs:
            wanted = np.asarray(ids, np.int64)
            start = Node(self, self._tree.match(wanted, node._run), None)
            items.append(_Item(start, wanted[len(start) - len(node) :]))
        return self._run(items, guess=True) if items else []

    def crop(self, node: Node, length: int) -> Node:
        """Return the node of the first `length` tokens; its logits are computed when first asked for."""
        if not 0 <= length <= len(node):
            raise DecoderError(f"A sequence of {len(node)} tokens cannot be cropped to {length}.")
        self._settle()
        return node if length == len(node) else Node(self, self._tree.ancestor(node._run, length), None)

    def logits(self, node: Node) -> Tensor:
        """Return the logits of the token that follows `node`: shape (vocabulary,), float32."""
        if not len(node):
            raise DecoderError("The empty sequence has no logits; decode a start token first.")
        if node.logits is None:
            if int(node.ids[-1]) < 0:
                raise DecoderError("A learned prefix has no logits; decode a token after it first.")
            self._settle()
            (again,) = self._run([_Item(node, np.empty(0, np.int64))], guess=False)
            node.logits = again.logits
        assert node.logits is not None
        return node.logits

    def all_logits(self, node: Node, ids: Sequence[int]) -> Tensor:
        """Return the logits after each of `ids` behind `node`, decoded in one step and not cached: for measuring.

        Returns
        -------
        Tensor
            Shape (len(ids), vocabulary), float32.
        """
        self._check(node, ids)
        self._settle()
        item = _Item(node, np.asarray(ids, np.int64))
        fresh = self._placed([item])
        try:
            return self._forward([self._tree.path(node._run)[1]], [fresh], [item.ids], every=True)
        finally:
            self.cache.release(fresh)

    def keep(self, node: Node) -> None:
        """Let a branched node stay cached, like an extended one, when it is no longer held."""
        self._guesses.discard(node._run)

    def forget(self) -> None:
        """Drop everything that no node holds."""
        self._settle()
        self.cache.release(self._tree.evict(self.cache.slots))

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

    def _settle(self) -> None:
        """Take note of the nodes that are gone."""
        while self._left:
            run = self._left.popleft()
            self._tree.unpin(run)
            while run in self._guesses and not run.pins and not run.children:
                self._guesses.discard(run)
                if run.parent is None:  # merged into what follows it
                    break
                parent = run.parent
                self.cache.release(self._tree.remove(run))
                run = parent

    def _run(self, items: Sequence[_Item], *, guess: bool) -> list[Node]:
        """Decode the items in one forward; nodes with logits, in order."""
        fresh = self._placed(items)
        prefixes = [self._tree.path(item.start._run)[1] for item in items]
        try:
            own, tokens = [], []
            for index, item in enumerate(items):
                if len(item.ids):
                    own.append(fresh[: len(item.ids)])
                    fresh = fresh[len(item.ids) :]
                    tokens.append(item.ids)
                else:  # cached, but without its logits: its last token is decoded again, into its own slot
                    own.append(prefixes[index][-1:])
                    tokens.append(self._tree.path(item.start._run)[0][-1:])
                    prefixes[index] = prefixes[index][:-1]
            logits = self._forward(prefixes, own, tokens)
        except BaseException as error:
            self.cache.release(fresh)
            for item, slots in zip(items, own, strict=False):
                if len(item.ids):
                    self.cache.release(slots)
            if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error):
                raise OutOfMemoryError(
                    "There is not enough memory for this text; close other programs or choose a smaller model."
                ) from error
            raise
        return [
            self._cached(item, slots, row, guess=guess) for item, slots, row in zip(items, own, logits, strict=True)
        ]

    def _cached(self, item: _Item, slots: Slots, logits: Tensor, *, guess: bool) -> Node:
        """Put what an item decoded into the tree."""
        if not len(item.ids):
            return Node(self, item.start._run, logits)
        run = self._tree.match(item.ids, item.start._run)  # an item before this one may have begun alike
        known = run.length - len(item.start)
        self.cache.release(slots[:known])
        if known == len(item.ids):
            return Node(self, run, logits)
        run = self._tree.insert(run, item.ids[known:], slots[known:])
        if guess:
            self._guesses.add(run)
        return Node(self, run, logits)

    def _placed(self, items: Sequence[_Item]) -> Slots:
        """Take slots for the items' tokens, beside what they follow: it is moved where there is no room beside it."""
        count = sum(len(item.ids) for item in items)
        missing = count - (self.cache.slots - self.cache.slots_in_use)
        if missing > 0:
            self.cache.release(self._tree.evict(missing))
            self._guesses = {run for run in self._guesses if run.parent is not None}
        longest = max((item.start._run for item in items), key=lambda run: run.length)
        before = self._tree.path(longest)[1]
        low = int(before.min(initial=self.cache.slots))
        fresh = self.cache.allocate(count, low)
        together = np.concatenate([before, fresh])
        if not len(before) or np.ptp(together) < SPREAD * len(together):
            return fresh
        self.cache.release(fresh)
        target = self.cache.allocate_run(len(together))
        if target is None:  # nowhere else: the keys are gathered in each layer instead
            return self.cache.allocate(count, low)
        self.cache.copy(before, target[: len(before)])
        self._tree.move(longest, target[: len(before)])
        self.cache.release(before)
        return target[len(before) :]

    def _forward(
        self, prefixes: Sequence[Slots], own: Sequence[Slots], tokens: Sequence[Ids], *, every: bool = False
    ) -> Tensor:
        """Logits (n, vocabulary) after n sequences (after every token of them), given the slots before and of those."""
        self.forwards += 1
        self.decoded_tokens += sum(map(len, tokens))
        return self._network.forward(
            tree_step(prefixes, own, tokens, self.cache.slots, self.config.sliding_window, every)
        )

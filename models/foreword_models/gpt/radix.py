"""A radix tree over token ids that remembers which arena slot holds the keys and values of each token.

The data structure of RadixAttention (Zheng et al., SGLang, 2024), without the model: it finds the longest cached prefix
of a sequence, lets sequences that begin alike share their slots, and names the slots to give up when room is needed.
It neither allocates slots nor knows what lies in them.

Which runs stay valid: a `Run` stands for the sequence from the root to its end. A pinned run is never dropped, and
keeps its end whatever is split, merged or evicted around it. An unpinned one may be dropped by `evict`, by the `unpin`
of its own last pin, and by the `remove` of it or of a child; by no other call. So pin a run before any of these.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Slots = NDArray[np.int64]


class Run:
    """One edge of the tree and the node at its end. Made by a `RadixTree` only.

    Attributes
    ----------
    ids, slots : array of int64
        The edge's tokens and the slot of each, shape (n,); empty for the root only.
    parent : Run or None
        The run before this one; None for the root, and for a run that was dropped.
    children : dict of int to Run
        By their first token id.
    pins : int
        How many hold this very run. What its descendants need is not counted: only leaves are ever evicted.
    used : int
        The tree's clock when this run or one below it was last used.
    length : int
        Tokens from the root to the end of this run; constant for the life of the object.
    """

    __slots__ = ("children", "ids", "length", "parent", "pins", "slots", "used")

    def __init__(self, parent: Run | None, ids: Ids, slots: Slots, *, used: int = 0) -> None:
        self.parent = parent
        self.ids = ids
        self.slots = slots
        self.children: dict[int, Run] = {}
        self.pins = 0
        self.used = used
        self.length: int = len(ids) + (0 if parent is None else parent.length)

    def __lt__(self, other: Run) -> bool:
        """Less recently used: the order of eviction."""
        return self.used < other.used


class RadixTree:
    """Cached sequences that share their beginnings.

    Attributes
    ----------
    root : Run
        The empty sequence; never dropped.
    tokens : int
        Slots held in the tree.

    Notes
    -----
    Not thread-safe, nor re-entrant: a finalizer may run inside any call, so it must not `unpin` but leave a note of it.
    """

    def __init__(self) -> None:
        self.root = Run(None, np.empty(0, np.int64), np.empty(0, np.int64))
        self.tokens = 0
        self._clock = 0

    @property
    def pinned_tokens(self) -> int:
        """Slots on the paths of pinned runs, each counted once: what no eviction can free."""
        kept: set[Run] = set()
        for run in self.runs():
            step: Run | None = run if run.pins else None
            while step is not None and step not in kept:
                kept.add(step)
                step = step.parent
        return sum(len(run.ids) for run in kept)

    def runs(self) -> Iterator[Run]:
        """Yield every run but the root, each after its parent. The tree must not be changed meanwhile."""
        stack = list(self.root.children.values())
        while stack:
            run = stack.pop()
            yield run
            stack += run.children.values()

    def path(self, run: Run) -> tuple[Ids, Slots]:
        """Return the ids and slots from the root to the end of `run`, each of shape (run.length,)."""
        ids, slots = [run.ids], [run.slots]
        while run.parent is not None:
            run = run.parent
            ids.append(run.ids)
            slots.append(run.slots)
        return np.concatenate(ids[::-1]), np.concatenate(slots[::-1])

    def match(self, ids: Sequence[int] | Ids, after: Run | None = None) -> Run:
        """Return the run at whose end the longest cached beginning of `ids` ends, splitting one to get it.

        The search starts at the end of the run `after`, by default the root, which is returned if nothing matches. The
        path counts as used now.
        """
        wanted = np.asarray(ids, np.int64)
        run, done = after or self.root, 0
        while done < len(wanted) and (child := run.children.get(int(wanted[done]))) is not None:
            n = min(len(child.ids), len(wanted) - done)
            differ = np.flatnonzero(child.ids[:n] != wanted[done : done + n])
            common = int(differ[0]) if len(differ) else n
            done += common
            if common < len(child.ids):
                run = self._split(child, common)
                break
            run = child
        self._touch(run)
        return run

    def ancestor(self, run: Run, length: int) -> Run:
        """Return the run that ends `length` tokens from the root on the path of `run`, splitting one to get it.

        The path to it counts as used now.

        Raises
        ------
        ValueError
            If `length` is not in 0..run.length, or `run` was dropped.
        """
        if not 0 <= length <= run.length:
            raise ValueError(f"A run that ends at token {run.length} has no ancestor that ends at {length}.")
        self._check(run)
        while run.parent is not None and run.parent.length >= length:
            run = run.parent
        if run.length > length:
            run = self._split(run, length - run.length)
        self._touch(run)
        return run

    def insert(self, run: Run, ids: Sequence[int] | Ids, slots: Sequence[int] | Slots) -> Run:
        """Put `ids`, held in `slots`, below `run` and return the new leaf, unpinned. The path counts as used now.

        Raises
        ------
        ValueError
            If `ids` is empty or not as long as `slots`; if `run` already has a child that begins with `ids[0]` (a
            caller matches first, and inserts what is missing); if `run` was dropped. Nothing is changed then.
        """
        if not len(ids) or len(ids) != len(slots):
            raise ValueError(f"{len(ids)} ids with {len(slots)} slots do not make a run.")
        if int(ids[0]) in run.children:
            raise ValueError(f"The run already has a child that begins with token {ids[0]}.")
        self._check(run)
        leaf = Run(run, np.array(ids, np.int64), np.array(slots, np.int64))
        run.children[int(ids[0])] = leaf
        self.tokens += len(ids)
        self._touch(leaf)
        return leaf

    def pin(self, run: Run) -> None:
        """Keep `run` and the path to it until as many calls of `unpin`. The path counts as used now."""
        self._check(run)
        run.pins += 1
        self._touch(run)

    def unpin(self, run: Run) -> None:
        """Take back one `pin`. The last one merges `run` into its child if it has only one: nothing ends there."""
        if not run.pins:
            raise ValueError("The run is not pinned.")
        run.pins -= 1
        self._merge(run)

    def remove(self, run: Run) -> Slots:
        """Drop an unpinned leaf and return its slots; an unpinned parent left with a single child is merged into it.

        Raises
        ------
        ValueError
            If the run is pinned, has children, or is the root.
        """
        if run.pins or run.children or run.parent is None:
            raise ValueError("Only an unpinned leaf can be removed.")
        parent = run.parent
        del parent.children[int(run.ids[0])]
        run.parent = None
        self.tokens -= len(run.ids)
        self._merge(parent)
        return run.slots

    def move(self, run: Run, slots: Slots) -> None:
        """Record that the tokens from the root to the end of `run` now lie in `slots`, shape (run.length,)."""
        if len(slots) != run.length:
            raise ValueError(f"{len(slots)} slots were given for {run.length} tokens.")
        step: Run | None = run
        while step is not None:
            step.slots = slots[step.length - len(step.ids) : step.length].copy()
            step = step.parent

    def evict(self, count: int) -> Slots:
        """Drop least recently used, unpinned leaves until `count` slots are free or nothing more can go.

        A leaf longer than what is missing loses its end only. A parent left without children is a leaf in its turn;
        one left with a single child is merged into it.

        Returns
        -------
        array of int64
            The slots freed: `count` of them, or all that are not on the path of a pinned run if those are fewer.
        """
        heap = [run for run in self.runs() if not run.children and not run.pins]
        heapq.heapify(heap)
        freed = [np.empty(0, np.int64)]
        while heap and count > 0:
            run = heapq.heappop(heap)
            if len(run.ids) > count:
                self._split(run, -count)
            parent = run.parent
            assert parent is not None
            del parent.children[int(run.ids[0])]
            run.parent = None
            freed.append(run.slots)
            self.tokens -= len(run.ids)
            count -= len(run.ids)
            if not parent.children and not parent.pins and parent is not self.root:
                heapq.heappush(heap, parent)
        # Of all runs, as a match whose result was never pinned leaves a split behind. Last, as it blurs what was used.
        for run in list(self.runs()):
            self._merge(run)
        return np.concatenate(freed)

    def _check(self, run: Run) -> None:
        if run.parent is None and run is not self.root:
            raise ValueError("The run was dropped from the tree; pin a run to keep it.")

    def _touch(self, run: Run) -> None:
        """Set the clock of the whole path, so that no parent ever looks older than its child."""
        self._clock += 1
        step: Run | None = run
        while step is not None:
            step.used = self._clock
            step = step.parent

    def _split(self, run: Run, at: int) -> Run:
        """Cut `run` before its token `at` (negative: from its end); it keeps the tail, a new run takes the head."""
        assert run.parent is not None
        head = Run(run.parent, run.ids[:at], run.slots[:at], used=run.used)
        run.parent.children[int(head.ids[0])] = head
        run.ids, run.slots, run.parent = run.ids[at:], run.slots[at:], head
        head.children[int(run.ids[0])] = run
        return head

    def _merge(self, run: Run) -> None:
        """Join `run` and its child if it has just one and nothing holds it; the child is what remains."""
        if run.pins or len(run.children) != 1 or run.parent is None:
            return
        (child,) = run.children.values()
        child.ids, child.slots = np.concatenate([run.ids, child.ids]), np.concatenate([run.slots, child.slots])
        child.parent, child.used = run.parent, run.used
        run.parent.children[int(run.ids[0])] = child
        run.parent = None
        run.children.clear()

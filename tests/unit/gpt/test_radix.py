"""The radix tree does what a plain table of all cached prefixes would, and never moves the end of a pinned run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from foreword_models.gpt.radix import RadixTree, Run

EVERYTHING = 10**9
Prefix = tuple[int, ...]


def sequence(tree: RadixTree, run: Run) -> tuple[Prefix, Prefix]:
    ids, slots = tree.path(run)
    assert ids.dtype == slots.dtype == np.int64
    return tuple(ids.tolist()), tuple(slots.tolist())


def shapes(tree: RadixTree) -> list[Prefix]:
    return sorted(tuple(run.ids.tolist()) for run in tree.runs())


def test_sequences_that_begin_alike_share_slots() -> None:
    tree = RadixTree()
    first = tree.insert(tree.root, [1, 2, 3, 4], [10, 11, 12, 13])
    shared = tree.match([1, 2, 5])
    second = tree.insert(shared, [5], [14])
    assert sequence(tree, second) == ((1, 2, 5), (10, 11, 14))
    assert sequence(tree, first) == ((1, 2, 3, 4), (10, 11, 12, 13))
    assert shapes(tree) == [(1, 2), (3, 4), (5,)]
    assert tree.tokens == 5


def test_nothing_cached_matches_the_root() -> None:
    tree = RadixTree()
    assert tree.match([1]) is tree.match([]) is tree.root
    assert sequence(tree, tree.root) == ((), ())
    tree.insert(tree.root, [1, 2], [0, 1])
    assert tree.match([2, 1]) is tree.root


def test_a_split_keeps_the_run_that_has_the_old_end() -> None:
    tree = RadixTree()
    whole = tree.insert(tree.root, [1, 2, 3], [10, 11, 12])
    tree.pin(whole)
    head = tree.ancestor(whole, 1)
    assert whole.parent is head
    assert (head.length, head.pins, whole.length, whole.pins) == (1, 0, 3, 1)
    assert tree.match([1, 2, 3]) is whole
    assert tree.ancestor(whole, 3) is whole
    assert tree.ancestor(whole, 0) is tree.root


def test_typing_leaves_one_run() -> None:
    tree = RadixTree()
    last = tree.insert(tree.root, [0], [0])
    tree.pin(last)
    for token in range(1, 50):
        longer = tree.insert(last, [token], [token])
        tree.pin(longer)
        tree.unpin(last)
        last = longer
    assert list(tree.runs()) == [last]
    assert sequence(tree, last) == (tuple(range(50)), tuple(range(50)))


def test_the_least_recently_used_leaf_goes_first_and_from_its_end() -> None:
    tree = RadixTree()
    tree.insert(tree.root, [1, 2, 3], [10, 11, 12])
    tree.insert(tree.root, [4, 5], [13, 14])
    tree.match([1, 2, 3])
    assert tree.evict(1).tolist() == [14]
    assert shapes(tree) == [(1, 2, 3), (4,)]
    assert tree.evict(3).tolist() == [13, 11, 12]
    assert shapes(tree) == [(1,)]


def test_a_pin_counts_as_use() -> None:
    tree = RadixTree()
    old = tree.insert(tree.root, [1], [10])
    tree.insert(tree.root, [2], [11])
    tree.pin(old)
    tree.unpin(old)
    assert tree.evict(1).tolist() == [11]


def test_a_pinned_run_keeps_its_path_and_not_what_is_below_it() -> None:
    tree = RadixTree()
    open_document = tree.insert(tree.root, [1, 2], [10, 11])
    tree.pin(open_document)
    tree.insert(open_document, [3], [12])
    tree.insert(open_document, [4], [13])
    assert tree.pinned_tokens == 2
    assert sorted(tree.evict(EVERYTHING).tolist()) == [12, 13]
    assert tree.evict(EVERYTHING).tolist() == []
    tree.unpin(open_document)
    assert sorted(tree.evict(EVERYTHING).tolist()) == [10, 11]
    assert (tree.tokens, tree.pinned_tokens) == (0, 0)


def test_the_branch_that_remains_is_merged_with_the_stem() -> None:
    tree = RadixTree()
    old = tree.insert(tree.root, [1, 2], [10, 11])
    stem = tree.ancestor(old, 1)
    young = tree.insert(stem, [3], [12])
    assert tree.evict(1).tolist() == [11]
    assert list(tree.runs()) == [young]
    assert sequence(tree, young) == ((1, 3), (10, 12))
    with pytest.raises(ValueError, match="dropped"):
        tree.pin(stem)


def test_what_the_tree_was_given_is_its_own() -> None:
    tree = RadixTree()
    slots = np.array([10, 11])
    run = tree.insert(tree.root, np.array([1, 2]), slots)
    slots[:] = 0
    tree.path(run)[1][:] = 0
    assert sequence(tree, run) == ((1, 2), (10, 11))


def test_wrong_use_is_refused_and_changes_nothing() -> None:
    tree = RadixTree()
    run = tree.insert(tree.root, [1, 2], [10, 11])
    for ids, slots in (([], []), ([1, 3], [12, 13]), ([3], [])):
        with pytest.raises(ValueError):
            tree.insert(tree.root, ids, slots)
    for length in (-1, 3):
        with pytest.raises(ValueError):
            tree.ancestor(run, length)
    with pytest.raises(ValueError, match="not pinned"):
        tree.unpin(run)
    assert shapes(tree) == [(1, 2)]
    tree.evict(EVERYTHING)
    with pytest.raises(ValueError, match="dropped"):
        tree.pin(run)
    with pytest.raises(ValueError, match="dropped"):
        tree.insert(run, [3], [12])
    with pytest.raises(ValueError, match="dropped"):
        tree.ancestor(run, 1)
    assert tree.tokens == 0


IDS = st.lists(st.integers(0, 2), max_size=8)  # few tokens, so that sequences often begin alike


class AgainstATable(RuleBasedStateMachine):
    """`table` holds the slots of every cached prefix, `last_use` the tree's clock when it was last used.

    `handles` are the pinned runs with what they must stand for; `loose` the unpinned ones that are still valid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tree = RadixTree()
        self.table: dict[Prefix, Prefix] = {(): ()}
        self.last_use: dict[Prefix, int] = {}
        self.handles: list[tuple[Run, Prefix, Prefix]] = []
        self.loose: list[tuple[Run, Prefix, Prefix]] = []
        self.slots_made = 0
        self.freed: list[int] = []

    def hold(self, run: Run, pin: bool = True) -> None:
        if pin:
            self.tree.pin(run)
        (self.handles if pin else self.loose).append((run, *sequence(self.tree, run)))
        self.use(sequence(self.tree, run)[0])

    def use(self, ids: Prefix) -> None:
        self.last_use.update({ids[:n]: self.tree.root.used for n in range(len(ids) + 1)})

    def insert(self, run: Run, ids: list[int]) -> Run:
        before = sequence(self.tree, run)
        slots = list(range(self.slots_made, self.slots_made + len(ids)))
        leaf = self.tree.insert(run, ids, slots)
        self.slots_made += len(ids)
        for n in range(1, len(ids) + 1):
            self.table[before[0] + tuple(ids[:n])] = before[1] + tuple(slots[:n])
        assert leaf.pins == 0
        assert not leaf.children
        return leaf

    def pinned(self) -> set[Prefix]:
        return {ids[:n] for _, ids, _ in self.handles for n in range(1, len(ids) + 1)}

    @rule(ids=IDS, pin=st.booleans())
    def match(self, ids: list[int], pin: bool) -> None:
        run = self.tree.match(ids)
        longest = max(n for n in range(len(ids) + 1) if tuple(ids[:n]) in self.table)
        prefix = tuple(ids[:longest])
        assert sequence(self.tree, run) == (prefix, self.table[prefix])
        self.hold(run, pin)

    @rule(ids=IDS, pin=st.booleans())
    def decode(self, ids: list[int], pin: bool) -> None:
        run = self.tree.match(ids)
        if run.length < len(ids):
            run = self.insert(run, ids[run.length :])
        assert sequence(self.tree, run) == (tuple(ids), self.table[tuple(ids)])
        self.hold(run, pin)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), ids=IDS.filter(bool), move=st.booleans())
    def grow(self, data: st.DataObject, ids: list[int], move: bool) -> None:
        index = data.draw(st.integers(0, len(self.handles) - 1))
        run, before, _ = self.handles[index]
        if (*before, ids[0]) in self.table:
            with pytest.raises(ValueError):
                self.tree.insert(run, ids, ids)
            return
        self.hold(self.insert(run, ids))
        if move:
            self.drop(index)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), pin=st.booleans())
    def crop(self, data: st.DataObject, pin: bool) -> None:
        run, ids, slots = data.draw(st.sampled_from(self.handles))
        length = data.draw(st.integers(0, len(ids)))
        cropped = self.tree.ancestor(run, length)
        assert cropped.length == length
        assert sequence(self.tree, cropped) == (ids[:length], slots[:length])
        self.hold(cropped, pin)

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        self.drop(data.draw(st.integers(0, len(self.handles) - 1)))

    def drop(self, index: int) -> None:
        run, _, _ = self.handles.pop(index)
        self.tree.unpin(run)
        self.loose = [kept for kept in self.loose if kept[0] is not run]
        if run in list(self.tree.runs()):
            assert run.pins or len(run.children) != 1

    @rule(ids=IDS)
    def remove(self, ids: list[int]) -> None:
        run = self.tree.match(ids)
        if run.pins or run.children or run is self.tree.root:
            with pytest.raises(ValueError):
                self.tree.remove(run)
            return
        gone, parent = sequence(self.tree, run)[0], run.parent
        freed = self.tree.remove(run).tolist()
        self.freed += freed
        self.table = {ids: slots for ids, slots in self.table.items() if not ids or slots[-1] not in set(freed)}
        assert gone not in self.table
        self.loose = [kept for kept in self.loose if kept[0] not in (run, parent)]

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        run, _, old = data.draw(st.sampled_from(self.handles))
        new = range(self.slots_made, self.slots_made + len(old))
        self.slots_made += len(old)
        self.tree.move(run, np.array(new, np.int64))
        self.freed += old
        to = dict(zip(old, new, strict=True))
        self.table = {ids: tuple(to.get(n, n) for n in slots) for ids, slots in self.table.items()}
        for kept in (self.handles, self.loose):
            kept[:] = [(which, ids, tuple(to.get(n, n) for n in slots)) for which, ids, slots in kept]

    @rule(count=st.integers(-1, 12))
    def evict(self, count: int) -> None:
        used = {int(slot): run.used for run in self.tree.runs() for slot in run.slots}
        self.loose.clear()
        freed = self.tree.evict(count).tolist()
        pinned = self.pinned()
        assert len(freed) == min(max(count, 0), len(self.table) - 1 - len(pinned))
        self.freed += freed
        gone = set(freed)
        self.table = {ids: slots for ids, slots in self.table.items() if not ids or slots[-1] not in gone}
        spared = [used[slots[-1]] for ids, slots in self.table.items() if ids and ids not in pinned]
        order = [used[slot] for slot in freed]
        assert order == sorted(order)
        assert max(order, default=0) <= min(spared, default=EVERYTHING)
        assert all(run.pins or len(run.children) != 1 for run in self.tree.runs())

    @invariant()
    def runs_stand_where_they_stood(self) -> None:
        for run, ids, slots in self.handles + self.loose:
            assert run.length == len(ids)
            assert sequence(self.tree, run) == (ids, slots)
        assert self.tree.pinned_tokens == len(self.pinned())

    @invariant()
    def tree_is_sound_and_holds_the_table(self) -> None:
        held: dict[Prefix, Prefix] = {(): ()}
        for run in self.tree.runs():
            assert run.parent is not None
            assert len(run.ids) == len(run.slots) == run.length - run.parent.length > 0
            assert run.parent.children[int(run.ids[0])] is run
            assert run.parent.used >= run.used
            assert run.pins == sum(handle is run for handle, _, _ in self.handles)
            ids, slots = sequence(self.tree, run)
            for n in range(run.parent.length + 1, run.length + 1):
                assert ids[:n] not in held
                held[ids[:n]] = slots[:n]
                assert run.used >= self.last_use[ids[:n]]
        assert held == self.table
        assert self.tree.tokens == len(held) - 1

    def teardown(self) -> None:
        while self.handles:
            self.drop(0)
        self.evict(EVERYTHING)
        assert not list(self.tree.runs())
        assert not self.tree.root.children
        assert self.tree.tokens == 0
        assert sorted(self.freed) == list(range(self.slots_made))  # each slot once


TestAgainstATable = AgainstATable.TestCase
TestAgainstATable.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

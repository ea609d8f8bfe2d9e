"""The decoder tells the truth: after any script of edits and evictions its logits are transformers' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import (
    CacheFullError,
    ContextTooLongError,
    DecoderError,
    OutOfMemoryError,
    UnknownTokenError,
)
from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.gpt.model import open_model
from foreword_models.gpt.network import Network

from .tiny import CONTEXT, FAMILIES, SIMILARITY, TOLERANCE, VOCABULARY, save_model

ARENA = 3 * CONTEXT  # tokens: small, so that scripts overflow it
IDS = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), IDS),
        st.tuples(st.just("crop"), st.floats(0, 1)),
        st.tuples(st.just("branch"), st.lists(st.tuples(st.integers(0, 9), IDS), min_size=1, max_size=4)),
        st.tuples(st.just("keep"), st.integers(0, 9)),
        st.tuples(st.just("hop"), st.floats(0, 1)),  # the window: the same text from a later token on
        st.tuples(st.just("again"), st.integers(0, 9)),  # undo, or another buffer: a sequence from its ids alone
        st.tuples(st.just("drop"), st.integers(0, 9)),
        st.tuples(st.just("forget"), st.none()),
    ),
    max_size=14,
)


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Decoder]:
    folder = tmp_path_factory.mktemp(request.param)
    reference = save_model(folder, request.param)
    return reference, open_float(folder, ARENA)


@pytest.fixture
def decoder(tmp_path: Path) -> Decoder:
    save_model(tmp_path, "llama")
    return open_float(tmp_path, ARENA)


def open_float(folder: Path, slots: int) -> Decoder:
    bytes_per_slot = open_model(folder, precision="float32").decoder.cache.bytes_per_slot
    return open_model(folder, precision="float32", cache_bytes=slots * bytes_per_slot).decoder


def expected(reference: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = reference(torch.tensor([ids])).logits[0, -1]
        return result


def assert_true(decoder: Decoder, reference: Any, node: Node) -> None:
    absolute, relative = TOLERANCE["float32"]
    torch.testing.assert_close(
        decoder.logits(node), expected(reference, node.ids.tolist()), atol=absolute, rtol=relative
    )


def run(decoder: Decoder, steps: list[tuple[str, Any]]) -> list[Node]:
    """Follow a script; when what is held fills the arena, the oldest nodes are let go, as a caller would."""
    nodes = [decoder.extend(decoder.root, [0])]
    for kind, argument in steps:
        while True:
            try:
                nodes += take(decoder, nodes, kind, argument)
                break
            except CacheFullError:
                assert len(nodes) > 1, "one sequence always fits"
                del nodes[: len(nodes) // 2]
        if kind == "drop" and len(nodes) > 1:
            del nodes[argument % len(nodes)]
    return nodes


def take(decoder: Decoder, nodes: list[Node], kind: str, argument: Any) -> list[Node]:
    last = nodes[-1]
    if kind == "extend" and len(last) + len(argument) <= CONTEXT:
        return [decoder.extend(last, argument)]
    if kind == "crop":
        return [decoder.crop(last, max(1, int(argument * len(last))))]
    if kind == "branch":
        runs = [(nodes[which % len(nodes)], ids) for which, ids in argument]
        return decoder.branch([(node, ids) for node, ids in runs if len(node) + len(ids) <= CONTEXT])
    if kind == "keep":
        decoder.keep(nodes[argument % len(nodes)])
    if kind == "hop":
        return [decoder.extend(decoder.root, [0, *last.ids.tolist()[1 + int(argument * (len(last) - 1)) :]])]
    if kind == "again":
        return [decoder.extend(decoder.root, nodes[argument % len(nodes)].ids.tolist())]
    if kind == "forget":
        decoder.forget()
    return []


@settings(max_examples=50, deadline=None)
@given(steps=STEPS)
def test_logits_equal_a_full_recompute(pair: tuple[Any, Decoder], steps: list[tuple[str, Any]]) -> None:
    reference, decoder = pair
    for node in run(decoder, steps):
        assert_true(decoder, reference, node)


@settings(max_examples=50, deadline=None)
@given(steps=STEPS)
def test_bytes_in_use_are_bounded_and_return_to_the_pinned_set(
    pair: tuple[Any, Decoder], steps: list[tuple[str, Any]]
) -> None:
    decoder = pair[1]
    nodes = run(decoder, steps)
    assert decoder.pinned_bytes <= decoder.bytes_in_use <= ARENA * decoder.cache.bytes_per_slot
    held = {tuple(node.ids[:end].tolist()) for node in nodes for end in range(1, len(node) + 1)}
    decoder.forget()
    assert decoder.bytes_in_use == decoder.pinned_bytes == len(held) * decoder.cache.bytes_per_slot
    nodes.clear()
    decoder.forget()
    assert decoder.bytes_in_use == 0


def test_branches_share_their_prefix_and_go_with_their_nodes(decoder: Decoder) -> None:
    prefix = decoder.extend(decoder.root, range(20))
    before, forwards = decoder.bytes_in_use, decoder.forwards
    branches = decoder.branch([(prefix, [i]) for i in range(16)])
    assert decoder.bytes_in_use - before == 16 * decoder.cache.bytes_per_slot
    assert decoder.forwards - forwards == 1
    deeper = decoder.branch([(branches[3], [7])])
    decoder.keep(branches[5])
    del branches
    assert decoder.bytes_in_use - before == 3 * decoder.cache.bytes_per_slot
    del deeper
    assert decoder.bytes_in_use - before == decoder.cache.bytes_per_slot


def test_what_comes_back_is_not_decoded_again(decoder: Decoder) -> None:
    text = list(range(1, 40))
    node = decoder.extend(decoder.root, text)
    edited = decoder.extend(decoder.crop(node, 30), [99, 98])
    del node, edited
    forwards = decoder.forwards
    undone = decoder.extend(decoder.root, text)
    assert decoder.forwards == forwards
    assert decoder.match([*text, 5]).ids.tolist() == text
    other_buffer = decoder.extend(decoder.root, [*text[:20], 77])
    assert decoder.forwards == forwards + 1
    assert (len(undone), len(other_buffer)) == (39, 21)


def test_the_least_recently_used_makes_room(decoder: Decoder) -> None:
    texts = [[0, first, *range(CONTEXT - 2)] for first in (1, 2, 3)]
    for text in texts:
        decoder.extend(decoder.root, text)
    assert decoder.bytes_in_use <= ARENA * decoder.cache.bytes_per_slot
    decoder.extend(decoder.root, texts[0])
    decoder.extend(decoder.root, [0, 4, *range(CONTEXT - 2)])
    assert [len(decoder.match(text)) for text in texts] == [CONTEXT, 3, CONTEXT]


def test_a_held_sequence_is_not_evicted(decoder: Decoder) -> None:
    held = decoder.extend(decoder.root, [0, 1, *range(CONTEXT - 2)])
    for first in range(2, 9):
        decoder.extend(decoder.root, [0, first, *range(CONTEXT - 2)])
    assert len(decoder.match(held.ids.tolist())) == CONTEXT


def test_a_preamble_is_decoded_once_for_all_texts(decoder: Decoder) -> None:
    preamble = decoder.extend(decoder.root, range(1, 25))
    for first in range(30, 36):  # more text than the arena holds beside it
        decoder.extend(preamble, [first, *range(30)])
    forwards = decoder.forwards
    decoder.extend(decoder.root, [*range(1, 25), 99])
    assert decoder.forwards == forwards + 1


def test_learned_keys_and_values_head_a_sequence(pair: tuple[Any, Decoder]) -> None:
    """Those of a decoded text stand in for the text itself."""
    reference, decoder = pair
    text, rest = [0, *range(40, 52)], [7, 8, 9]
    node = decoder.extend(decoder.root, text)
    learned = decoder.prefix(decoder.keys_values(node))
    del node
    headed = decoder.extend(learned, rest)
    absolute, relative = TOLERANCE["float32"]
    torch.testing.assert_close(
        decoder.logits(headed), expected(reference, [*text, *rest]), atol=absolute, rtol=relative
    )
    other = decoder.prefix(torch.zeros_like(decoder.cache.arena[:, :, :3]))
    assert not torch.allclose(decoder.logits(decoder.extend(other, rest)), decoder.logits(headed))
    assert len(decoder.match(rest)) == 0
    with pytest.raises(DecoderError, match="no logits"):
        decoder.logits(learned)
    with pytest.raises(DecoderError, match="does not belong"):
        decoder.prefix(torch.zeros(1, 2, 3))
    with pytest.raises(ContextTooLongError):
        decoder.prefix(torch.zeros_like(decoder.cache.arena[:, :, : CONTEXT + 1]))


def test_a_scattered_sequence_is_moved_together(tmp_path: Path) -> None:
    reference = save_model(tmp_path, "llama")
    decoder = open_float(tmp_path, 40 * CONTEXT)
    kept, others = decoder.extend(decoder.root, [1]), []
    for token in range(20):  # each of its tokens is followed, in the arena, by many that are not its own
        others.append(decoder.extend(decoder.root, [token, *range(30)]))
        kept = decoder.extend(kept, [token])
    slots = decoder._tree.path(kept._run)[1]
    assert slots.max() - slots.min() < 2 * len(slots)
    for node in [kept, *others]:
        node.logits = None
        assert_true(decoder, reference, node)


def test_where_nothing_can_be_moved_the_keys_are_gathered(tmp_path: Path) -> None:
    reference = save_model(tmp_path, "llama")
    decoder = open_float(tmp_path, 2 * CONTEXT)
    first = decoder.extend(decoder.root, [0, *range(5)])
    blocks = [decoder.extend(decoder.root, [block, *range(9)]) for block in range(1, 12)]
    blocks.pop()
    decoder.forget()  # 22 slots are free, all at the end: room for the tokens below, but not for the sequence
    last = decoder.extend(first, range(20))
    assert_true(decoder, reference, last)
    slots = decoder._tree.path(last._run)[1]
    assert slots.max() - slots.min() >= 2 * len(slots)


def test_a_long_extension_is_cut_into_steps(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreword_models.gpt.decoder.CHUNK", 10)
    # The first token goes alone: its extreme activations would coarsen the others' 8-bit scale.
    assert [len(node) for node in decoder.steps(decoder.root, range(25))] == [1, 11, 21, 25]
    assert [len(node) for node in decoder.steps(decoder.root, range(30))] == [30]


def test_an_abandoned_extension_keeps_what_is_done(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreword_models.gpt.decoder.CHUNK", 10)
    steps = decoder.steps(decoder.root, range(40))
    for _ in range(3):
        next(steps)
    del steps
    assert len(decoder.match(range(40))) == 21


@pytest.mark.parametrize(
    ("ids", "error"),
    [(range(CONTEXT + 1), ContextTooLongError), ([VOCABULARY], UnknownTokenError), ([-1], UnknownTokenError)],
)
def test_bad_ids_are_named_and_change_nothing(decoder: Decoder, ids: Any, error: type[Exception]) -> None:
    node = decoder.extend(decoder.root, [1, 2])
    with pytest.raises(error):
        decoder.extend(node, [*ids])
    with pytest.raises(error):
        decoder.branch([(node, [3]), (node, [*ids])])
    assert decoder.bytes_in_use == 2 * decoder.cache.bytes_per_slot
    assert decoder.logits(decoder.extend(node, [3])).shape == (VOCABULARY,)


def test_an_arena_too_small_for_one_text_is_named_and_survived(tmp_path: Path) -> None:
    save_model(tmp_path, "llama")
    decoder = open_float(tmp_path, 8)
    node = decoder.extend(decoder.root, range(6))
    with pytest.raises(CacheFullError):
        decoder.extend(node, [1, 2, 3])
    assert len(decoder.extend(node, [1, 2])) == 8
    with pytest.raises(CacheFullError):
        open_model(tmp_path, cache_bytes=1)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), torch.OutOfMemoryError()]
)
def test_out_of_memory_is_named_and_survived(
    decoder: Decoder, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = decoder.extend(decoder.root, range(6))

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Network, "forward", fail)
        with pytest.raises(OutOfMemoryError):
            decoder.extend(node, [1, 2, 3])
        with pytest.raises(OutOfMemoryError):
            decoder.branch([(node, [1]), (node, [2, 3])])
    assert decoder.bytes_in_use == 6 * decoder.cache.bytes_per_slot
    assert len(decoder.extend(node, [1, 2, 3])) == 9


def test_the_empty_sequence_has_no_logits(decoder: Decoder) -> None:
    with pytest.raises(DecoderError):
        decoder.logits(decoder.root)
    with pytest.raises(DecoderError):
        decoder.branch([(decoder.root, [])])
    with pytest.raises(DecoderError):
        decoder.crop(decoder.root, 1)
    assert decoder.extend(decoder.root, []) is decoder.root


@pytest.mark.parametrize("device", ["cuda", "mps"])
@pytest.mark.parametrize("family", FAMILIES)
def test_on_an_accelerator(tmp_path: Path, family: str, device: str) -> None:
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[device]:
        pytest.skip(f"this machine has no {device} device")
    reference = save_model(tmp_path, family)
    decoder = open_model(tmp_path, precision="float32", device=device).decoder
    node = decoder.extend(decoder.root, [0, *range(30)])
    for first in (0, 100):  # a device may record a step the first time, and repeat it from then on
        runs = [(node, [first + i]) for i in range(16)]
        for tested in (node, decoder.crop(node, 12), *decoder.branch(runs), decoder.extend(node, [first + 50])):
            got = decoder.logits(tested).cpu()
            torch.testing.assert_close(got, expected(reference, tested.ids.tolist()), atol=5e-3, rtol=5e-3)


def test_bfloat16_is_close(tmp_path: Path) -> None:
    reference = save_model(tmp_path, "llama")
    decoder = open_model(tmp_path, precision="bfloat16").decoder
    ids = list(range(30))
    got, want = decoder.logits(decoder.extend(decoder.root, ids)), expected(reference, ids)
    assert torch.nn.functional.cosine_similarity(got, want, dim=0) > SIMILARITY["bfloat16"]

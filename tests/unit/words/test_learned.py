"""Learned registers: kept in files, used for the model that they were learned with and for no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword_models.errors import CorruptModelError, UnsupportedModelError
from foreword_models.gpt.model import LanguageModel, open_model
from foreword_models.gpt.packing import digest, pack
from foreword_models.words.learned import FILE, SHIPPED, LearnedRegister, find, rounded
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import REGISTER_NAMES, REGISTERS, Register
from tests.unit.gpt.tiny import save_model

MAIL = Register("mail", "Dear Sir,\n")


def packed(folder: Path, seed: int = 0) -> Path:
    (folder / "source").mkdir(parents=True)
    (folder / "packed").mkdir()
    save_model(folder / "source", "llama", seed=seed, context=512)
    pack(folder / "source", folder / "packed")
    return folder / "packed"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    return open_model(packed(tmp_path_factory.mktemp("model")), precision="float32")


def learned_from(model: LanguageModel, preamble: str) -> LearnedRegister:
    """What a training of no steps makes of a preamble."""
    decoder = model.decoder
    ids = [decoder.config.start_token, *model.tokenizer.encode(preamble)]
    prefix = decoder.keys_values(decoder.extend(decoder.root, ids[:-1]))
    return LearnedRegister("mail", model.digest, prefix, ids[-1])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), count=st.integers(1, 5), size=st.floats(1e-3, 1e3))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, size: float
) -> None:
    prefix = size * torch.randn(2, 4, count, 6, generator=torch.Generator().manual_seed(seed))
    path = tmp_path_factory.mktemp("register") / "some" / FILE
    LearnedRegister("chat", "abc", prefix, 17).write(path)
    found = LearnedRegister.read(path, "chat", "abc")
    assert (found.name, found.digest, found.last) == ("chat", "abc", 17)
    assert torch.equal(found.prefix, rounded(prefix))
    largest = prefix.abs().amax(-1, keepdim=True)
    assert ((found.prefix - prefix).abs() <= largest / 127).all()
    assert torch.allclose(rounded(found.prefix), found.prefix)


def test_a_models_digest_is_that_of_its_weights(tmp_path: Path, model: LanguageModel) -> None:
    same, other = packed(tmp_path / "same"), packed(tmp_path / "other", seed=1)
    assert digest(same) == model.digest == open_model(same, precision="bfloat16").digest
    assert digest(other) != model.digest
    assert open_model(tmp_path / "same" / "source").digest == ""
    (same / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(CorruptModelError):
        digest(same)


def test_another_models_register_is_refused(tmp_path: Path, model: LanguageModel) -> None:
    learned_from(model, "We should ").write(tmp_path / "one" / FILE)
    with pytest.raises(UnsupportedModelError, match="another model"):
        LearnedRegister.read(tmp_path / "one" / FILE, "mail", "0" * 64)
    with pytest.raises(UnsupportedModelError, match="kind mail"):
        LearnedRegister.read(tmp_path / "one" / FILE, "chat", model.digest)
    assert find("mail", "0" * 64, [tmp_path]) is None
    assert find("chat", model.digest, [tmp_path]) is None
    assert find("mail", model.digest, [tmp_path / "nowhere", tmp_path]) is not None


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "other"])
def test_a_damaged_file_is_one_sentence_and_not_used(tmp_path: Path, model: LanguageModel, damage: str) -> None:
    path = tmp_path / "one" / FILE
    learned_from(model, "We should ").write(path)
    whole = path.read_bytes()
    other = LearnedRegister("mail", model.digest, torch.full((1, 2, 3, 4), torch.nan), 1)
    if damage == "other":
        other.write(path)
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "text": b"not a register", "empty": b""}[damage])
    with pytest.raises(CorruptModelError, match="train it again"):
        LearnedRegister.read(path, "mail", model.digest)
    assert find("mail", model.digest, [tmp_path]) is None
    predictor = Predictor(model, learned=(tmp_path,))
    assert predictor.predict("We ", 3, register=MAIL).words == Predictor(model).predict("We ", 3, register=MAIL).words


def test_a_learned_register_stands_in_for_the_preamble(tmp_path: Path, model: LanguageModel) -> None:
    learned_from(model, "They talk about the schedule, and then they talk. ").write(tmp_path / "one" / FILE)
    text = Register("mail", "They talk about the schedule, and then they talk. ")
    headed, plain = Predictor(model, learned=(tmp_path,)), Predictor(model)
    for context in ("", "We should ", "We should sche"):
        got = headed.predict(context, 5, register=MAIL)
        want = plain.predict(context, 5, register=text)
        assert [word.text for word in got.words] == [word.text for word in want.words]
        close = [pytest.approx(word.probability, abs=0.02) for word in want.words]
        assert [word.probability for word in got.words] == close
        assert got.words != headed.predict(context, 5).words
        assert headed.predict(context, 5).words == plain.predict(context, 5).words


def test_what_is_shipped_is_small_and_sound() -> None:
    for path in SHIPPED.glob(f"*/{FILE}"):
        name = path.parent.name.partition("-")[0]
        assert name in REGISTER_NAMES
        assert path.stat().st_size < 2 * 2**20  # 160 vectors of the default model
        assert REGISTERS[name].preamble
        assert (path.parent / "README.md").is_file()

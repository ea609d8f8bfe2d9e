"""The tagger around its model: words and tokens, missing and damaged files, and nothing imported that is not needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from foreword.engine.grammar import GrammarReader
from foreword_models.errors import Cancelled, CorruptModelError, MissingExtraError
from foreword_models.grammar.tagger import MAX_TOKENS, Tagger

NAMES = ("$KEEP", "$REPLACE_than", "$REPLACE_don't")
VOCABULARY = {"[CLS]": 0, "[SEP]": 1, "[UNK]": 2, "then": 3, "do": 4, "##nt": 5, "'": 6, "t": 7, "a": 8, "##a": 9}


class Session:
    """Says that "then" is to be "than" and "do" to be "don't", with certainty; everything else is kept."""

    def __init__(self) -> None:
        self.forwards = 0

    def run(self, outputs: list[str], inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        assert outputs == ["logits"]
        self.forwards += 1
        ids = inputs["input_ids"]
        assert ids.shape == inputs["attention_mask"].shape
        assert ids.shape[1] <= MAX_TOKENS
        logits = np.zeros((*ids.shape, len(NAMES)), np.float32)
        logits[..., 0] = 20
        logits[ids == VOCABULARY["then"]] = [0, 20, 0]
        logits[ids == VOCABULARY["do"]] = [0, 0, 20]
        logits[ids == VOCABULARY["##nt"]] = [0, 20, 0]  # not a word's first token: it says nothing
        return [logits]


def tokenizer() -> Tokenizer:
    made = Tokenizer(WordPiece(VOCABULARY, unk_token="[UNK]", max_input_chars_per_word=100))
    made.pre_tokenizer = BertPreTokenizer()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)])
    made.enable_truncation(MAX_TOKENS)
    return made


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def tagger(session: Session) -> Tagger:
    return Tagger(session, tokenizer(), NAMES)


def test_tags_stand_on_the_words(tagger: Tagger) -> None:
    sentence = "é then, dont... (then) a’t"
    found = tagger.tags(sentence)
    assert [(sentence[tag.start : tag.end], tag.tag) for tag in found] == [
        ("then", "$REPLACE_than"),
        ("dont", "$REPLACE_don't"),
        ("then", "$REPLACE_than"),
    ]
    assert all(tag.probability == pytest.approx(1) for tag in found)


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_string_is_read(text: str) -> None:
    for tag in Tagger(Session(), tokenizer(), NAMES).tags(text):
        assert text[tag.start : tag.end] in ("then", "do", "dont")


@pytest.mark.parametrize("text", ["", " \n", "then " * 100_000, "a" * 1_000_000, "." * 100_000, "`" * 100_000])
def test_only_so_much_is_read(tagger: Tagger, text: str) -> None:
    assert len(tagger.tags(text)) <= MAX_TOKENS


@pytest.mark.parametrize("text", ["a", "a-", "'a", "<", "`", "a@", "/a", '"a', "‘", "$a", "a_"])
def test_a_long_line_is_read_in_bounded_time(text: str) -> None:
    reader = GrammarReader(Tagger(Session(), tokenizer(), NAMES))
    assert reader.read(["then " + text * 50_000])


def test_what_was_read_is_remembered(tagger: Tagger, session: Session) -> None:
    reader = GrammarReader(tagger)
    texts = ["more then", "do", "more then", "a"]
    first = reader.read(texts)
    assert list(first) == ["more then", "do", "a"]
    assert [edit.replacement for edit in first["more then"]] == ["than"]
    assert first["a"] == ()
    assert session.forwards == 3
    assert reader.read([*texts, "new"]) == first | {"new": ()}
    assert session.forwards == 4


def test_what_was_read_before_an_interruption_is_kept(tagger: Tagger, session: Session) -> None:
    def interrupt() -> None:
        raise Cancelled

    reader = GrammarReader(tagger)
    with pytest.raises(Cancelled):
        reader.read(["then", "a"], checkpoint=interrupt)
    reader.read(["then"])
    assert session.forwards == 1


def write(folder: Path) -> None:
    (folder / "tag_vocab.json").write_text(json.dumps({"tags": NAMES}))
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tagger.onnx").write_bytes(b"no model")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tagger.onnx", None),
        ("tagger.onnx", b"no model"),
        ("tokenizer.json", None),
        ("tokenizer.json", b"{}"),
        ("tag_vocab.json", None),
        ("tag_vocab.json", b"{"),
        ("tag_vocab.json", b"[]"),
        ("tag_vocab.json", b'{"tags": ["a"]}'),
        ("tag_vocab.json", b'{"tags": [1]}'),
    ],
)
def test_missing_and_damaged_files(tmp_path: Path, name: str, content: bytes | None) -> None:
    pytest.importorskip("onnxruntime")
    write(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(CorruptModelError, match=name):
        Tagger.load(tmp_path)


def test_without_onnxruntime_the_sentence_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foreword.engine.models import Models
    from foreword_models.zoo.progress import Silent

    write(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setenv("FOREWORD_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    models = Models(decoder="", encoder="", progress=Silent(), say=said.append)
    for load in (lambda: Tagger.load(tmp_path), models.grammar, models.grammar):
        with pytest.raises(MissingExtraError, match="pip install onnxruntime"):
            load()
    assert said == [], "nothing is fetched for what cannot run"


def test_onnxruntime_is_not_imported_before_it_is_needed() -> None:
    modules = "foreword.cli.app, foreword.engine.grammar, foreword.engine.models, foreword_models.grammar.tagger"
    code = f"import sys, {modules}; sys.exit('onnxruntime' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

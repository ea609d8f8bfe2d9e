"""Words by meaning and grammar marks with the real packs: what the commands print, and what their models say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foreword_models.bert.encoder import Encoder
from foreword_models.grammar.edits import apply, edits
from foreword_models.static.senses import Senses, alone_vectors, frequent
from foreword_models.static.vectors import WordVectors
from tests.e2e.test_cli import foreword, result, told

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]


def test_words_near(pack: Callable[[str], Path], tmp_path: Path) -> None:
    pack("glove-50d")
    answer = result(foreword("words", "near", "Wonderful", "--n", "5", "--json"))
    assert set(answer) >= {"word", "sentence", "vectors", "neighbours", "milliseconds"}
    assert len(answer["neighbours"]) == 5
    assert "terrific" in {each["word"] for each in answer["neighbours"]}
    assert foreword("words", "near", "wonderful").stdout.split()
    assert "'zqxj'" in told(foreword("words", "near", "zqxj"))
    assert foreword("words", "near", "cat", "--in", "There is no such word here.").returncode == 2
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 0\ndog 1 0.1\nsea 0 1\n")
    own = result(foreword("words", "near", "cat", "--vectors", str(path), "--json", FOREWORD_CACHE=str(tmp_path / "c")))
    assert [each["word"] for each in own["neighbours"]] == ["dog", "sea"]
    path.write_text("cat 1 0\ndog 1\n")
    assert "row 2" in told(foreword("words", "near", "cat", "--vectors", str(path), FOREWORD_CACHE=str(tmp_path / "c")))


def test_a_sentence_tells_the_sense(pack: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreword_models.static.senses.WORDS", 3000)
    vectors, encoder = WordVectors.load(pack("glove-50d")), Encoder.load(pack("minilm-l6"))
    finder = Senses(vectors, encoder, alone_vectors(encoder, frequent(vectors)[1]))

    def near(sentence: str) -> set[str]:
        start = sentence.index("interest")
        return {each.word for each in finder.near(sentence, start, start + len("interest"))}

    assert near("The interest on the loan goes up next year.") & {"loans", "debt", "payments"}
    assert near("He showed no interest in what we had to say.") & {"attention", "involvement", "concern"}


SLIPS = {
    "He is taller then me.": "He is taller than me.",
    "The children forgot there coats.": "The children forgot their coats.",
    "I dont know what your doing.": "I don't know what you're doing.",
    "Theyre late, and its not there fault.": "They're late, and it's not their fault.",
    "The dog wagged it's tail.": "The dog wagged its tail.",
    "Don’t do that, its mine.": "Don’t do that, it’s mine.",
    "I have went to the store.": "I have gone to the store.",
}
SOUND = [
    "He is taller than me.",
    "It's raining and their house is leaking.",
    "Then we went to their house, which has lost its roof.",
    "She said “your late” and left.",
    "Run `git add its` and then commit.",
    "Your letter arrived, and you're right about it.",
]


def test_slips_are_mended_and_sound_sentences_left_alone(pack: Callable[[str], Path]) -> None:
    pytest.importorskip("onnxruntime")
    from foreword_models.grammar.tagger import Tagger

    tagger = Tagger.load(pack("grammar-tagger"))
    for sentence, expected in SLIPS.items():
        assert apply(sentence, edits(sentence, tagger.tags(sentence))) == expected
    for sentence in SOUND:
        assert edits(sentence, tagger.tags(sentence)) == []


def test_grammar_prints_marks_on_the_offsets_of_the_text(pack: Callable[[str], Path]) -> None:
    pytest.importorskip("onnxruntime")
    pack("grammar-tagger")
    text = "All is well. 🙂 He is taller then me."
    first, second = result(foreword("grammar", text, "--json"))["sentences"]
    assert first["edits"] == []
    (edit,) = second["edits"]
    assert text[edit["start"] : edit["end"]] == edit["text"] == "then"
    assert (edit["replacement"], edit["kind"]) == ("than", "confusion")
    assert second["corrected"].endswith("He is taller than me.")
    assert "then -> than" in foreword("grammar", text).stdout.decode()
    assert result(foreword("grammar", "", "--json")) == {"sentences": []}

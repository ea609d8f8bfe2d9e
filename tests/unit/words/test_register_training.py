"""Learning a register from texts: divided by their hash, resumed after a kill, written only if something is gained."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from foreword_models.errors import TrainingError
from foreword_models.gpt.prefix_tuning import Schedule
from foreword_models.words.learned import FILE, LearnedRegister
from foreword_models.words.register_card import card
from foreword_models.words.register_training import UNFINISHED, Parts, RegisterTraining, divide
from foreword_models.words.registers import Register
from tests.unit.words.test_learned import packed

CHAT = Register("chat", "They talk.\n")
WORDS = ("we", "should", "talk", "about", "the", "schedule", "then", "there", "be", "in", "a", "minute", "or", "moment")


def sentences(count: int, seed: int = 0) -> list[str]:
    random = Random(seed)
    return [" ".join(random.sample(WORDS, random.randint(2, 6))) for _ in range(count)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("model"))


def training(folder: Path, *, steps: int = 12, rate: float = 0.05, seed: int = 0) -> RegisterTraining:
    schedule = Schedule(steps=steps, lines=8, every=3, rate=rate, seed=seed)
    return RegisterTraining(folder, CHAT, divide(sentences(200)), schedule)


class KilledError(Exception):
    pass


class Killer:
    """Progress that ends the work."""

    def __init__(self, at: int) -> None:
        self.at = at

    def start(self, description: str, total: int) -> None:
        assert description
        assert total

    def update(self, done: int) -> None:
        if done >= self.at:
            raise KilledError

    def finish(self) -> None:
        pass


def test_a_text_always_falls_to_the_same_part() -> None:
    texts = sentences(300)
    parts, again = divide(texts), divide([*texts[::-1], *texts])
    assert {part: set(getattr(parts, part)) for part in ("train", "kept", "held_out")} == {
        part: set(getattr(again, part)) for part in ("train", "kept", "held_out")
    }
    everything = [*parts.train, *parts.kept, *parts.held_out]
    assert sorted(everything) == sorted(set(texts))
    assert len(parts.train) > 2 * len([*parts.kept, *parts.held_out])
    with pytest.raises(TrainingError, match="too few"):
        divide(texts[:5])


def test_what_is_learned_is_written_and_told(folder: Path, tmp_path: Path) -> None:
    made = training(folder)
    assert made.seconds_left() > 0
    learned = made.run(tmp_path / "out", {"others": ["What is that?", "", "we talk " * 2000]})
    assert [path.name for path in (tmp_path / "out").iterdir()] == [FILE]
    assert learned.gains["held out"].learned < learned.gains["held out"].preamble
    assert learned.gains["others"].texts == 2
    assert learned.gains["others"].characters < 1000  # of a long text, its beginning
    found = LearnedRegister.read(tmp_path / "out" / FILE, "chat", made.digest)
    assert found.prefix.shape == learned.register.prefix.shape
    written = card(learned, made.parts, made.schedule, model="tiny", sources=["`a.txt`"], command="make it")
    assert "| held out |" in written
    assert "make it" in written


def test_a_killed_training_goes_on(folder: Path, tmp_path: Path) -> None:
    whole = training(folder).run(tmp_path / "whole")
    with pytest.raises(KilledError):
        training(folder).run(tmp_path / "out", progress=Killer(7))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [UNFINISHED]
    again = training(folder)
    assert again.resume(tmp_path / "out")
    assert again.steps_done == 6  # the last look
    assert again.run(tmp_path / "out").tuned.checks == whole.tuned.checks
    assert (tmp_path / "out" / FILE).read_bytes() == (tmp_path / "whole" / FILE).read_bytes()


def test_another_trainings_state_is_left_alone(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        training(folder).run(tmp_path, progress=Killer(7))
    assert not training(folder, seed=1).resume(tmp_path)
    assert not training(folder).resume(tmp_path / "nowhere")
    (tmp_path / UNFINISHED).write_bytes(b"damaged")
    assert not training(folder).resume(tmp_path)


def test_without_a_gain_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"an earlier one")
    parts = Parts(["we should talk about it"] * 30, ["?!"], ["about the schedule"])
    schedule = Schedule(steps=2, lines=4, every=1, rate=1e-9)
    made = RegisterTraining(folder, CHAT, parts, schedule, preamble=CHAT.preamble)
    with pytest.raises(TrainingError, match="stays in use"):
        made.run(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"an earlier one"


def test_a_folder_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(TrainingError, match="another folder"):
        training(folder).run(tmp_path / "file" / "out")

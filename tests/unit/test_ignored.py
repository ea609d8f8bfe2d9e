"""Sentences that are not to be marked: remembered as hashes, for every process."""

from __future__ import annotations

from pathlib import Path

from foreword.ignored import IgnoredSentences, sentence_hash


def test_a_sentence_is_remembered_by_its_words_only(tmp_path: Path) -> None:
    ignored = IgnoredSentences(tmp_path / "new" / "ignored")
    assert "It rains." not in ignored
    ignored.add(sentence_hash("It  rains\non me."))
    assert "It rains on me." in ignored
    assert "It rains on him." not in ignored
    assert "rains" not in (tmp_path / "new" / "ignored").read_text(encoding="utf-8")


def test_another_process_hears_of_it(tmp_path: Path) -> None:
    one, other = (IgnoredSentences(tmp_path / "ignored") for _ in range(2))
    one.add(sentence_hash("It rains."))
    one.add(sentence_hash("It rains."))
    assert len(other) == 1
    other.add(sentence_hash("It pours."))
    assert len(one) == 2
    (tmp_path / "ignored").unlink()
    assert len(one) == 0


def test_without_a_file_they_are_kept_in_memory() -> None:
    ignored = IgnoredSentences(None)
    ignored.add(sentence_hash("It rains."))
    assert "It rains." in ignored
    assert len(ignored) == 1


def test_whatever_is_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "ignored").write_bytes(b"\xff\n\n# x\n" + sentence_hash("It rains.").encode())
    ignored = IgnoredSentences(tmp_path / "ignored")
    ignored.reload()
    assert "It rains." in ignored
    assert "\ud800" not in ignored

"""What is certain about an answer is found out once, and only if somebody asks in time."""

from __future__ import annotations

from foreword_models.words.certainty import Certainty


def test_it_is_found_out_once() -> None:
    asked = []

    def find() -> tuple[bool, float]:
        asked.append(1)
        return True, 0.25

    certainty = Certainty(find)
    assert not asked
    assert certainty.exact
    assert certainty.bound == 0.25
    certainty.expire()
    assert certainty.exact
    assert asked == [1]


def test_nothing_is_certain_of_what_nobody_has_asked_for_in_time() -> None:
    certainty = Certainty(lambda: (True, 0.0))
    certainty.expire()
    assert not certainty.exact
    assert certainty.bound == 1.0

"""Strict scores of entities, and what a file calls its types."""

from __future__ import annotations

from foreword_models.evaluation.entities import Guess, as_json, score
from foreword_models.evaluation.entity_files import known_names


def test_only_the_whole_entity_counts() -> None:
    right = [[("a", 0, 2), ("b", 3, 4)], [("a", 1, 2)], []]
    found = [
        [Guess(("a", 0, 2), 0.9, True), Guess(("b", 2, 4), 0.9, True)],  # one begins too early
        [Guess(("b", 1, 2), 0.9, False)],  # another type
        [Guess(("a", 0, 1), 0.3, False)],
    ]
    scores = as_json(score(("a", "b"), right, found))
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0.25, 0.3333, 0.2857)
    assert scores["shown"] == {"count": 2, "precision": 0.5, "recall": 0.3333}
    assert scores["per_type"]["a"]["f1"] == 0.5
    assert scores["per_type"]["b"]["precision"] == 0.0
    assert list(scores) == ["precision", "recall", "f1", "entities", "shown", "per_type"]


def test_nothing_found_and_nothing_there() -> None:
    scores = as_json(score(("a",), [[]], [[]]))
    assert (scores["f1"], scores["shown"]) == (0.0, {"count": 0, "precision": None, "recall": None})


def test_usual_names_of_types() -> None:
    known = ("person", "location", "organization")
    assert known_names(["PER", "LOC", "MISC", "corporation", "group", "person"], known) == {
        "PER": "person",
        "LOC": "location",
        "corporation": "organization",
        "group": "organization",
        "person": "person",
    }
    assert known_names(["PER", "plant"], ("plant",)) == {"plant": "plant"}

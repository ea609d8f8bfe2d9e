"""Dividing examples: every label in each part, and no text on two sides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foreword_models.bert.training.examples import Example, Parts, identity, split, without_repeats
from foreword_models.bert.training.tasks import Task, rows

examples = st.lists(
    st.builds(
        Example, st.text("ab ", min_size=1, max_size=8), st.sampled_from([("x",), ("y",), ("x", "y")]), st.just("set")
    ),
    max_size=60,
)


@given(examples, st.integers(0, 3))
def test_each_example_in_one_part_and_no_text_in_two(found: list[Example], seed: int) -> None:
    unique = without_repeats(found)
    assert len({identity(example.text) for example in unique}) == len(unique)
    parts = split(unique, calibration=0.2, test=0.2, seed=seed)
    assert sorted([*parts.train, *parts.calibration, *parts.test]) == list(range(len(unique)))


@given(st.integers(3, 30), st.integers(3, 30))
def test_every_label_is_in_every_part(some: int, others: int) -> None:
    found = [Example(f"x {n}", ("x",)) for n in range(some)] + [Example(f"y {n}", ("y",)) for n in range(others)]
    parts = split(found, calibration=0.1, test=0.1, seed=0)
    for part in (parts.train, parts.calibration, parts.test):
        assert {found[index].labels for index in part} == {("x",), ("y",)}


def test_the_same_seed_gives_the_same_parts() -> None:
    found = [Example(f"text {n}", ("x" if n % 3 else "y",)) for n in range(50)]
    one, same, other = (split(found, calibration=0.2, test=0.2, seed=seed) for seed in (1, 1, 2))
    assert one.test.tolist() == same.test.tolist() != other.test.tolist()


def test_repeats_of_the_held_out_are_left_out_too() -> None:
    assert without_repeats([Example("A b", ("x",)), Example("c", ("x",))], [Example("a  B", ("y",))]) == [
        Example("c", ("x",))
    ]


def test_passes_are_counted_by_set_and_by_label() -> None:
    found = [Example(f"{n}", ("x" if n < 4 else "y",), "set") for n in range(8)]
    everything = split(found, calibration=0, test=0, seed=0)
    task = Task("t", "softmax", ("x", "y"), found, everything, {"set": 2.0, "set/y": 0.5})
    order = task.schedule(0)
    assert [order.count(index) for index in range(4)] == [2, 2, 2, 2]
    assert sum(order.count(index) for index in range(4, 8)) == 2


def test_rows_carry_targets_weights_and_lengths() -> None:
    found = [Example("one", ("x",)), Example("three", ("y",))]
    parts = Parts(*(split(found, calibration=0, test=0, seed=0).train for _ in range(3)))
    task = Task("t", "softmax", ("x", "y"), found, parts, label_weights={"y": 3.0})
    made = rows([task], lambda texts, _most: [[len(text)] * len(text) for text in texts], 0)
    assert [(row["length"], row["targets"].tolist(), row["weight"]) for row in made] == [
        (3, [1, 0], 1.0),
        (5, [0, 1], 3.0),
    ]

"""Splits: disjoint, complete, of the right size, and the same for the same generator."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.notes.splits import (
    group_split,
    pitch_split,
    random_split,
    source_split,
    split_by_values,
    split_sizes,
    velocity_split,
)

weights = st.lists(st.integers(1, 30), min_size=1, max_size=5)
seeds = st.integers(0, 2**32)
BY_VALUE = [group_split, velocity_split, source_split, pitch_split]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def as_ratios(parts: list[int]) -> list[float]:
    return [part / sum(parts) for part in parts]


def check_partition(parts: list[np.ndarray], n: int) -> None:
    joined = np.concatenate(parts)
    assert np.array_equal(np.sort(joined), np.arange(n))
    for part in parts:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


@given(n=st.integers(0, 10**6), parts=weights)
def test_sizes_sum_and_are_within_one(n: int, parts: list[int]) -> None:
    sizes = split_sizes(n, as_ratios(parts))
    assert sum(sizes) == n
    for size, part in zip(sizes, parts, strict=True):
        assert abs(size - n * part / sum(parts)) < 1 + 1e-6


@given(
    n=st.integers(0, 5000),
    hundredths=st.lists(st.integers(1, 98), min_size=1, max_size=4).filter(lambda x: sum(x) < 100),
)
def test_ratios_are_decimal_numbers(n: int, hundredths: list[int]) -> None:
    hundredths = [*hundredths, 100 - sum(hundredths)]
    sizes = split_sizes(100 * n, [number / 100 for number in hundredths])
    assert sizes == [n * number for number in hundredths]


@pytest.mark.parametrize(
    ("n", "ratios", "sizes"),
    [
        (10, (0.8, 0.1, 0.1), [8, 1, 1]),
        (100, (0.29, 0.71), [29, 71]),
        (7, (1 / 3, 1 / 3, 1 / 3), [3, 2, 2]),
        (3, (0.8, 0.1, 0.1), [3, 0, 0]),
        (2, (0.5, 0.25, 0.25), [1, 1, 0]),
        (5, (0.3, 0.1, 0.6), [2, 0, 3]),
        (10, (1.0,), [10]),
        (1000, np.float32([0.7, 0.2, 0.1]), [700, 200, 100]),
        (10, {"train": 0.6, "test": 0.4}, [6, 4]),
    ],
)
def test_largest_remainders(n: int, ratios: object, sizes: list[int]) -> None:
    assert split_sizes(n, ratios) == sizes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ((0.8, 0.1, 0.2), r"expected a sum of 1, got 1\.1 from \[0\.8, 0\.1, 0\.2\]"),
        ((0.8, 0.1), r"expected a sum of 1, got 0\.9"),
        ((80, 10, 10), "expected a sum of 1, got 100"),
        ((1.2, -0.2), "expected positive numbers"),
        ((1.0, 0.0), "expected positive numbers"),
        ((float("nan"), 1.0), "expected positive numbers"),
        ((float("inf"),), "expected positive numbers"),
        ((), "expected positive numbers, got"),
        (("a", "b"), "expected numbers"),
        (0.8, "expected numbers"),
        (None, "expected numbers"),
    ],
)
@pytest.mark.parametrize("split", [random_split, group_split, pitch_split])
def test_wrong_ratios_are_refused(split: Callable, ratios: object, message: str) -> None:
    notes = 10 if split is random_split else np.arange(10)
    with pytest.raises(ParameterError, match=f"ratios: {message}"):
        split(notes, ratios, generator=rng())


@pytest.mark.parametrize("n", [-1, 2.5, True])
def test_wrong_numbers_of_notes_are_refused(n: object) -> None:
    with pytest.raises(ParameterError, match="n: expected a whole number from 0"):
        random_split(n, [1.0], generator=rng())  # type: ignore[call-overload]


@given(n=st.integers(0, 300), parts=weights, seed=seeds)
def test_random_split(n: int, parts: list[int], seed: int) -> None:
    ratios = as_ratios(parts)
    indices = random_split(n, ratios, generator=rng(seed))
    check_partition(indices, n)
    assert [len(index) for index in indices] == split_sizes(n, ratios)


def test_random_split_gives_every_note_the_same_chance() -> None:
    times = np.zeros(20)
    for seed in range(500):
        times[random_split(20, [0.7, 0.3], generator=rng(seed))[1]] += 1
    assert np.abs(times / 500 - 0.3).max() < 0.1


@st.composite
def grouped(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[float], np.random.Generator]:
    """Draw notes by group, each group of one family, and ratios with no more parts than groups."""
    sizes = draw(st.lists(st.integers(1, 30), min_size=1, max_size=40))
    families = draw(st.lists(st.integers(0, 4), min_size=len(sizes), max_size=len(sizes)))
    ratios = as_ratios(draw(weights.filter(lambda parts: len(parts) <= len(sizes))))
    generator = rng(draw(seeds))
    order = generator.permutation(sum(sizes))
    groups = np.repeat([f"g{i}" for i in range(len(sizes))], sizes)[order]
    return groups, np.repeat(families, sizes)[order], ratios, generator


@given(case=grouped(), split=st.sampled_from(BY_VALUE))
def test_no_value_stands_on_two_sides(case: tuple, split: Callable) -> None:
    groups, _, ratios, generator = case
    values = np.unique(groups, return_inverse=True)[1]
    indices = split(values, ratios, generator=generator)
    check_partition(indices, len(groups))
    assert all(len(index) for index in indices)
    sides = [set(values[index]) for index in indices]
    assert sum(map(len, sides)) == len(set(values))


@given(case=grouped())
def test_groups_come_close_to_the_ratios(case: tuple) -> None:
    groups, _, ratios, generator = case
    indices = group_split(groups, ratios, generator=generator)
    if all(len(set(groups[index])) > 1 for index in indices):
        largest = np.unique(groups, return_counts=True)[1].max()
        for index, ratio in zip(indices, ratios, strict=True):
            assert abs(len(index) - ratio * len(groups)) <= largest + 1e-6


def test_groups_are_swapped_where_no_single_move_helps() -> None:
    groups = np.repeat(np.arange(4), [5, 5, 4, 4])
    for seed in range(20):
        assert [len(i) for i in group_split(groups, [0.5, 0.5], generator=rng(seed))] == [9, 9]


def test_many_groups_come_very_close() -> None:
    sizes = rng(1).integers(20, 400, 300)
    groups = np.repeat(np.arange(300), sizes)
    train, validation, test = group_split(groups, [0.8, 0.1, 0.1], generator=rng())
    assert abs(len(train) / len(groups) - 0.8) < 0.001
    assert abs(len(validation) - len(test)) < 20


@given(case=grouped())
def test_every_part_gets_every_family_that_has_groups_enough(case: tuple) -> None:
    groups, families, ratios, generator = case
    indices = group_split(groups, ratios, generator=generator, stratify=families)
    check_partition(indices, len(groups))
    for family in np.unique(families):
        n_groups = len(set(groups[families == family]))
        parts_with = sum((families[index] == family).any() for index in indices)
        assert parts_with == min(n_groups, len(ratios))


def test_stratified_parts_have_the_ratios_in_each_family() -> None:
    sizes = rng(2).integers(20, 60, 220)
    groups, families = np.repeat(np.arange(220), sizes), np.repeat(np.arange(220) % 11, sizes)
    parts = group_split(groups, [0.7, 0.15, 0.15], generator=rng(), stratify=families)
    for part, ratio in zip(parts, [0.7, 0.15, 0.15], strict=True):
        shares = np.bincount(families[part], minlength=11) / np.bincount(families)
        assert np.abs(shares - ratio).max() < 0.03


def test_groups_of_several_families() -> None:
    groups = np.repeat(np.arange(30), 4)
    families = rng(3).integers(0, 3, 120)
    parts = group_split(groups, [0.5, 0.25, 0.25], generator=rng(), stratify=families)
    check_partition(parts, 120)
    assert all(set(families[part]) == {0, 1, 2} for part in parts)


@pytest.mark.parametrize("split", BY_VALUE)
def test_the_same_generator_gives_the_same_split(split: Callable) -> None:
    values = rng(5).integers(0, 30, 500)
    first, again, other = (split(values, [0.5, 0.5], generator=rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_pitch_ranges_go_from_low_to_high() -> None:
    pitches = rng(4).integers(24, 97, 2000)
    low, middle, high = (pitches[i] for i in pitch_split(pitches, [0.25, 0.5, 0.25]))
    assert low.max() < middle.min()
    assert middle.max() < high.min()
    assert abs(len(low) - 500) < 30
    assert abs(len(high) - 500) < 30


@given(
    pitches=st.lists(st.integers(0, 127), min_size=1, max_size=200),
    parts=weights,
)
def test_pitch_ranges_are_disjoint_and_none_is_empty(pitches: list[int], parts: list[int]) -> None:
    ratios = as_ratios(parts)
    if len(set(pitches)) < len(parts):
        with pytest.raises(ParameterError, match=f"expected at least {len(parts)} pitches"):
            pitch_split(pitches, ratios)
        return
    indices = pitch_split(pitches, ratios)
    check_partition(indices, len(pitches))
    sides = [np.asarray(pitches)[index] for index in indices]
    assert all(len(side) for side in sides)
    for lower, higher in pairwise(sides):
        assert lower.max() < higher.min()


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ParameterError, match="expected at least 3 groups, one a part, got 2"):
        group_split(["a", "b", "b"], [0.8, 0.1, 0.1], generator=rng())


def test_mappings_give_mappings() -> None:
    ratios = {"train": 0.5, "test": 0.5}
    for split in (random_split(10, ratios, generator=rng()), pitch_split(np.arange(9), ratios)):
        assert list(split) == ["train", "test"]
    assert list(group_split(np.arange(9), ratios, generator=rng())) == ["train", "test"]


@pytest.mark.parametrize("generator", [0, None, np.random.RandomState(0)])
def test_a_seed_is_no_generator(generator: object) -> None:
    with pytest.raises(ParameterError, match=r"expected a numpy\.random\.Generator such as"):
        random_split(10, [1.0], generator=generator)  # type: ignore[call-overload]


def test_split_by_values() -> None:
    sources = np.asarray([0, 1, 2, 0, 2, 1])
    parts = split_by_values(sources, {"train": [0], "test": {2}})
    assert parts["train"].tolist() == [0, 3]
    assert parts["test"].tolist() == [2, 4]
    assert [i.tolist() for i in split_by_values(["a", "b", "a"], [["b"], ["a"]])] == [[1], [0, 2]]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([[0, 1], [1]], "expected disjoint parts, got 1 twice"),
        ([[0], [7]], r"no note has a value in \[7\]"),
        ([[0], []], r"no note has a value in \[\]"),
        ({"train": "ab"}, "expected a collection of values"),
    ],
)
def test_wrong_parts_are_refused(parts: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        split_by_values([0, 1, 2], parts)  # type: ignore[call-overload]


def test_shapes_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"got shape=\(3, 1\)"):
        group_split(np.zeros((3, 1)), [1.0], generator=rng())
    with pytest.raises(ParameterError, match="expected one family a note"):
        group_split([1, 2, 3], [1.0], generator=rng(), stratify=[0, 1])
    with pytest.raises(ParameterError, match="True needs a NoteSet"):
        group_split([1, 2, 3], [1.0], generator=rng(), stratify=True)

"""The three parts of the pipeline: complete, disjoint, in proportion, by group, by family."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.notes.splits import split_sizes, train_validation_test_split
from utils.notes.stratify import spread_evenly

PARTS = ["train", "validation", "test"]
RATIOS = [(8, 1, 1), (9, 0.5, 0.5), (6, 2, 2), (0.8, 0.1, 0.1)]
ratios = st.sampled_from(RATIOS) | st.tuples(*[st.integers(1, 20)] * 3)
seeds = st.integers(0, 2**32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def check_partition(parts: dict[str, np.ndarray], n: int) -> None:
    assert list(parts) == PARTS
    joined = np.concatenate(list(parts.values()))
    assert np.array_equal(np.sort(joined), np.arange(n))
    for part in parts.values():
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


@given(n=st.integers(0, 300), ratios=ratios, seed=seeds)
def test_note_by_note(n, ratios, seed):
    parts = train_validation_test_split(n, ratios=ratios, generator=rng(seed))
    check_partition(parts, n)
    sizes = [len(part) for part in parts.values()]
    assert sizes == split_sizes(n, [ratio / sum(ratios) for ratio in ratios])


@pytest.mark.parametrize(
    ("ratios", "sizes"),
    [((8, 1, 1), [160, 20, 20]), ((9, 0.5, 0.5), [180, 10, 10]), ((6, 2, 2), [120, 40, 40])],
)
def test_the_ratios_of_the_lecture(ratios, sizes):
    for labels in (False, np.arange(200) % 11):
        parts = train_validation_test_split(200, ratios=ratios, labels=labels, generator=rng())
        assert [len(part) for part in parts.values()] == sizes
    parts = train_validation_test_split(list(range(200)), generator=rng())
    assert [len(part) for part in parts.values()] == [160, 20, 20]


@given(
    sizes=st.lists(st.integers(1, 20), min_size=3, max_size=30),
    ratios=ratios,
    seed=seeds,
    stratify=st.booleans(),
)
def test_no_group_stands_in_two_parts(sizes, ratios, seed, stratify):
    groups = rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    families = groups % 3 if stratify else False
    parts = train_validation_test_split(
        len(groups), ratios=ratios, groups=groups, labels=families, generator=rng(seed)
    )
    check_partition(parts, len(groups))
    sides = [set(groups[part]) for part in parts.values()]
    assert sum(map(len, sides)) == len(sizes)
    assert all(sides)


def test_groups_by_family():
    groups = np.repeat(np.arange(110), 20)
    families = groups % 11
    parts = train_validation_test_split(2200, groups=groups, labels=families, generator=rng())
    for name, count in zip(PARTS, (160, 20, 20), strict=True):
        assert np.bincount(families[parts[name]]).tolist() == [count] * 11


@given(labels=st.lists(st.sampled_from("abcde"), max_size=200), ratios=ratios, seed=seeds)
def test_notes_by_family(labels, ratios, seed):
    n = len(labels)
    parts = train_validation_test_split(n, ratios=ratios, labels=labels, generator=rng(seed))
    check_partition(parts, n)
    shares = [ratio / sum(ratios) for ratio in ratios]
    assert [len(part) for part in parts.values()] == split_sizes(n, shares)
    for label in set(labels):
        of_label = np.asarray(labels) == label
        for part, size in zip(parts.values(), split_sizes(n, shares), strict=True):
            assert abs(of_label[part].sum() - of_label.sum() * size / n) < 2


@pytest.mark.parametrize("seed", range(5))
def test_many_notes_by_family(seed):
    families = rng(seed).permutation(np.repeat(np.arange(11), 100))
    parts = train_validation_test_split(1100, labels=families, generator=rng(seed))
    for name, count in zip(PARTS, (80, 10, 10), strict=True):
        assert np.abs(np.bincount(families[parts[name]], minlength=11) - count).max() <= 1


def test_a_column_of_the_notes_is_found():
    class Notes(SimpleNamespace):
        def __len__(self):
            return len(self.groups)

    notes = Notes(groups=np.repeat(np.arange(40), 5), families=np.repeat(np.arange(40) % 4, 5))
    found = train_validation_test_split(notes, groups=True, labels=True, generator=rng())
    given = train_validation_test_split(
        200, groups=notes.groups, labels=notes.families, generator=rng()
    )
    for part in PARTS:
        assert np.array_equal(found[part], given[part])


@pytest.mark.parametrize("labels", [False, np.arange(300) % 7])
def test_every_note_has_the_same_chance_and_seeds_differ(labels):
    times = np.zeros(300)
    for seed in range(400):
        parts = train_validation_test_split(300, labels=labels, generator=rng(seed))
        times[parts["validation"]] += 1
    assert abs(times.mean() / 400 - 0.1) < 1e-9
    assert np.abs(times / 400 - 0.1).max() < 0.07
    first, again, other = (
        train_validation_test_split(300, labels=labels, generator=rng(s))["test"] for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_spreading_many_parts():
    part_of = spread_evenly(np.zeros(100), [50, 30, 20], rng())
    assert np.bincount(part_of).tolist() == [50, 30, 20]
    assert spread_evenly([], [0, 0, 0], rng()).shape == (0,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratios": (8, 2)}, r"ratios: expected three positive numbers, got \[8\.0, 2\.0\]"),
        ({"ratios": (8, 1, 0)}, "ratios: expected three positive numbers"),
        ({"ratios": (8, 1, float("nan"))}, "ratios: expected three positive numbers"),
        ({"ratios": (8, 1, float("inf"))}, "ratios: expected three positive numbers"),
        ({"ratios": "abc"}, "ratios: expected three numbers, got 'abc'"),
        ({"groups": np.arange(9)}, r"groups: expected shape \(10,\), got shape=\(9,\)"),
        ({"labels": np.zeros((10, 1))}, r"labels: expected shape \(10,\), got shape=\(10, 1\)"),
        ({"groups": True}, "groups: True needs a NoteSet; give an array of groups instead"),
        ({"labels": True}, "labels: True needs a NoteSet; give an array of families instead"),
        ({"groups": [0, 1] * 5}, "expected at least 3 groups, one a part, got 2"),
        ({"generator": 0}, r"expected a numpy\.random\.Generator"),
        ({"generator": 0, "labels": [0] * 10}, r"expected a numpy\.random\.Generator"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        train_validation_test_split(10, **({"generator": rng()} | options))

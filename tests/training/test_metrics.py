"""Metrics against scikit-learn, by hand, and (the interval) by simulation."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sk

from utils.errors import ParameterError
from utils.training.metrics import (
    Interval,
    accuracy,
    cluster_bootstrap_interval,
    confusion_matrix,
    group_balanced_accuracy,
    macro_f1,
    per_family_recall,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def labels(rng):
    """400 notes without family 9, with predictions that are right half the time."""
    y = rng.choice([c for c in range(11) if c != 9], size=400)
    predicted = np.where(rng.random(400) < 0.5, y, rng.integers(0, 11, 400))
    return y, predicted


def test_against_scikit_learn(labels):
    y, predicted = labels
    present = sorted(set(y))
    assert accuracy(y, predicted) == sk.accuracy_score(y, predicted)
    np.testing.assert_array_equal(
        confusion_matrix(y, predicted), sk.confusion_matrix(y, predicted, labels=range(11))
    )
    recall = per_family_recall(y, predicted)
    assert np.isnan(recall[9])
    np.testing.assert_allclose(
        recall[present], sk.recall_score(y, predicted, labels=present, average=None)
    )
    assert macro_f1(y, predicted) == pytest.approx(
        sk.f1_score(y, predicted, labels=present, average="macro")
    )


def test_confusion_rows_are_the_truth():
    matrix = confusion_matrix([0, 0, 1], [0, 2, 2], n_classes=3)
    np.testing.assert_array_equal(matrix, [[1, 0, 1], [0, 0, 1], [0, 0, 0]])
    assert matrix.dtype == np.int64


def test_macro_f1_leaves_absent_families_out():
    # Family 2 is predicted but absent: it lowers no mean of its own.
    assert macro_f1([0, 0, 1, 1], [0, 0, 1, 2], n_classes=3) == pytest.approx((1 + 2 / 3) / 2)


def test_group_balanced_accuracy_by_hand():
    y = np.zeros(6, dtype=int)
    predicted = [0, 0, 0, 1, 1, 0]
    groups = ["a", "a", "a", "a", "b", "c"]
    assert accuracy(y, predicted) == pytest.approx(4 / 6)
    assert group_balanced_accuracy(y, predicted, groups) == pytest.approx((3 / 4 + 0 + 1) / 3)


def test_group_balanced_accuracy_is_a_weighted_accuracy(labels, rng):
    y, predicted = labels
    groups = rng.integers(0, 30, 400)
    weights = 1 / np.bincount(groups)[groups]
    assert group_balanced_accuracy(y, predicted, groups) == pytest.approx(
        sk.accuracy_score(y, predicted, sample_weight=weights)
    )
    order = rng.permutation(400)
    assert group_balanced_accuracy(y[order], predicted[order], groups[order]) == pytest.approx(
        group_balanced_accuracy(y, predicted, groups)
    )


def test_perfect_and_wrong():
    y = np.arange(11)
    assert accuracy(y, y) == macro_f1(y, y) == group_balanced_accuracy(y, y, y) == 1
    wrong = (y + 1) % 11
    assert accuracy(y, wrong) == macro_f1(y, wrong) == group_balanced_accuracy(y, wrong, y) == 0


def slow_bootstrap(correct, groups, draws, statistic):
    """Resample group by group; a draw says how often each group comes."""
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    values = []
    for times in draws:
        chosen = [correct[m] for m, n in zip(members, times, strict=True) for _ in range(n)]
        if statistic == "accuracy":
            values.append(np.concatenate(chosen).mean())
        else:
            values.append(np.mean([c.mean() for c in chosen]))
    return np.quantile(values, [0.05, 0.95])


@pytest.mark.parametrize("statistic", ["group_balanced", "accuracy"])
def test_interval_equals_a_plain_loop(rng, statistic):
    groups = np.array([f"g{int(n)}" for n in 12 * rng.random(150) ** 3])  # of unequal size
    correct = rng.random(150) < 0.6
    n_groups = len(set(groups))
    draws = np.random.default_rng(1).multinomial(n_groups, [1 / n_groups] * n_groups, size=500)
    assert (draws.sum(axis=1) == n_groups).all()
    found = cluster_bootstrap_interval(
        correct,
        groups,
        level=0.9,
        n_resamples=500,
        statistic=statistic,
        generator=np.random.default_rng(1),
    )
    assert isinstance(found, Interval)
    np.testing.assert_allclose(found, slow_bootstrap(correct, groups, draws, statistic))


def test_interval_follows_the_generator(rng):
    correct, groups = rng.random(90) < 0.5, np.repeat(np.arange(9), 10)

    def once(seed, level=0.95):
        generator = np.random.default_rng(seed)
        return cluster_bootstrap_interval(correct, groups, level=level, generator=generator)

    assert once(0) == once(0) != once(1)
    narrow, wide = once(0, 0.5), once(0, 0.99)
    assert wide.low < narrow.low < correct.mean() < narrow.high < wide.high


def notes_of_instruments(rng, n_groups, n_notes, mean, rho):
    """Draw which notes are right: each instrument has an accuracy of its own."""
    a, b = mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho
    groups = np.repeat(np.arange(n_groups), n_notes // n_groups)
    return rng.random(len(groups)) < rng.beta(a, b, n_groups)[groups], groups


def test_interval_covers_where_the_binomial_one_does_not(rng):
    """1 023 notes of 33 instruments at 75 %: about 93 % against 67 %."""
    n_trials, true_value = 600, 0.75
    cluster = binomial = 0
    for _ in range(n_trials):
        correct, groups = notes_of_instruments(rng, 33, 1024, true_value, rho=0.1)
        low, high = cluster_bootstrap_interval(correct, groups, n_resamples=400, generator=rng)
        cluster += low <= true_value <= high
        mean = correct.mean()
        half = 1.96 * np.sqrt(mean * (1 - mean) / len(correct))
        binomial += abs(mean - true_value) <= half
    assert 0.90 <= cluster / n_trials <= 0.97
    assert 0.60 <= binomial / n_trials <= 0.74


def test_interval_has_no_width_without_variation(rng):
    found = cluster_bootstrap_interval(np.ones(20), np.repeat([0, 1], 10), generator=rng)
    assert found == (1.0, 1.0)


@pytest.mark.parametrize(
    ("y", "predicted", "message"),
    [
        ([], [], r"targets of shape \(n,\), n >= 1, got shape \(0,\)"),
        (3, [3], r"targets of shape \(n,\), n >= 1, got shape \(\)"),
        ([1, 2], [1], r"as many predictions as targets \(2\), got 1"),
        ([1, 2], np.zeros((2, 11)), r"got shape \(2, 11\); for logits, take .argmax\(1\) first"),
        ([1, 2], [1.0, 2.0], "predictions to be integers, got dtype float64"),
    ],
)
def test_refuses_what_are_no_labels(y, predicted, message):
    for metric in (accuracy, confusion_matrix, per_family_recall, macro_f1):
        with pytest.raises(ParameterError, match=message):
            metric(y, predicted)


@pytest.mark.parametrize(("y", "predicted", "which"), [([11], [0], "targets"), ([0], [-1], "pred")])
def test_refuses_labels_outside_the_classes(y, predicted, which):
    with pytest.raises(ParameterError, match=rf"expected {which}.* in 0 … 10, got -?1"):
        confusion_matrix(y, predicted)


def test_refuses_groups_of_another_length():
    with pytest.raises(ParameterError, match=r"groups of shape \(2,\), got shape \(3,\)"):
        group_balanced_accuracy([0, 1], [0, 1], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correct": [0.5, 1, 1, 0]}, "correct to hold True and False"),
        ({"correct": [[1, 0]]}, r"correct of shape \(n,\), n >= 1, got shape \(1, 2\)"),
        ({"groups": [1, 1, 1, 1]}, "at least 2 instrument groups, got 1"),
        ({"groups": [1, 2]}, r"groups of shape \(4,\), got shape \(2,\)"),
        ({"level": 95}, "level between 0 and 1, such as 0.95, got 95"),
        ({"n_resamples": 10}, "n_resamples to be an int >= 100, got 10"),
        ({"statistic": "median"}, "or \"accuracy\", got 'median'"),
        ({"generator": 0}, r"numpy\.random\.Generator, such as .*, got int"),
    ],
)
def test_interval_refuses(rng, change, message):
    arguments = {"correct": [1, 0, 1, 1], "groups": [1, 1, 2, 2], "generator": rng} | change
    correct, groups = arguments.pop("correct"), arguments.pop("groups")
    with pytest.raises(ParameterError, match=message):
        cluster_bootstrap_interval(correct, groups, **arguments)


def test_loads_without_torch():
    """The grader's processes start with this module."""
    code = (
        "import sys, utils.training.metrics, utils.training.history; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'sklearn', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""K-means against scikit-learn from the same start; the seeding's chances; inertia falls."""

import itertools

import pytest
import sklearn.cluster
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.kmeans import (
    assign,
    kmeans,
    kmeans_plus_plus,
    squared_distances,
    update_centers,
)


def blobs(n=60, seed=0, dtype=torch.float64):
    """Return points around three places that overlap a little."""
    places = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]], dtype=dtype)
    return places.repeat(n // 3, 1) + randn(n, 2, dtype=dtype, seed=seed)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 3, 8])
def test_agrees_with_scikit_learn(dtype, k):
    points = blobs(dtype=dtype)
    start = points[:k]
    theirs = sklearn.cluster.KMeans(k, init=start.numpy(), n_init=1, tol=0, max_iter=100)
    theirs.fit(points.numpy())
    run = kmeans(points, k, start=start)
    close(run.centers, torch.from_numpy(theirs.cluster_centers_), tolerance=1e-5)
    assert run.labels.tolist() == theirs.labels_.tolist()
    assert run.inertias[-1] == pytest.approx(theirs.inertia_, rel=1e-5)
    assert len(run.inertias) == theirs.n_iter_


@pytest.mark.parametrize("dtype", DTYPES)
def test_distances_far_from_zero_keep_their_digits(dtype):
    points, centers = randn(9, 3, dtype=dtype) + 1000, randn(4, 3, dtype=dtype, seed=1) + 1000
    expected = ((points[:, None] - centers) ** 2).sum(2)
    close(squared_distances(points, centers), expected, tolerance=1e-5)
    assert torch.equal(assign(points, centers), expected.argmin(1))


@given(seed=st.integers(0, 500), k=st.integers(1, 12), dtype=st.sampled_from(DTYPES))
def test_inertia_never_rises_and_ends_at_a_fixed_point(seed, k, dtype):
    points = randn(20, 2, dtype=dtype, seed=seed).round(decimals=0)  # with many equal points
    run = kmeans(points, k, generator=generator(seed))
    assert all(b <= a * (1 + 1e-5) + 1e-9 for a, b in itertools.pairwise(run.inertias))
    assert torch.equal(run.labels, assign(points, run.centers))
    for j in run.labels.unique():
        close(run.centers[j], points[run.labels == j].mean(0), tolerance=1e-5)


def test_empty_clusters_get_the_farthest_points():
    points = torch.tensor([[0.0], [1.0], [2.0], [9.0], [20.0]])
    start = torch.tensor([[1.0], [100.0], [200.0]])
    labels = assign(points, start)
    assert labels.tolist() == [0] * 5
    new = update_centers(points, labels, start)
    close(new, torch.tensor([[6.4], [20.0], [9.0]]))
    run = kmeans(points, 3, start=start)
    assert sorted(run.centers[:, 0].tolist()) == [1.0, 9.0, 20.0]


def test_steps_and_start_are_kept_to():
    points = blobs()
    run = kmeans(points, 3, start=points[:3], steps=0)
    assert torch.equal(run.centers, points[:3])
    assert len(run.inertias) == 1
    assert len(kmeans(points, 3, start=points[:3], steps=2).inertias) == 3
    again = [kmeans(points, 3, generator=generator(5)).centers for _ in range(2)]
    assert torch.equal(*again)


def test_seeding_chooses_in_proportion_to_the_squared_distance():
    points = torch.tensor([[0.0], [1.0], [3.0]])
    g = generator()
    pairs = [tuple(kmeans_plus_plus(points, 2, generator=g)[:, 0].tolist()) for _ in range(3000)]
    expected = {
        (0.0, 1.0): 1 / 30, (0.0, 3.0): 9 / 30, (1.0, 0.0): 1 / 15,
        (1.0, 3.0): 4 / 15, (3.0, 0.0): 9 / 39, (3.0, 1.0): 4 / 39,
    }  # fmt: skip
    assert set(pairs) == set(expected)
    for pair, chance in expected.items():
        assert pairs.count(pair) / 3000 == pytest.approx(chance, abs=0.03)


def test_seeding_never_repeats_a_point_before_it_must():
    points = torch.tensor([[0.0], [0.0], [0.0], [5.0], [7.0]])
    for seed in range(20):
        centers = kmeans_plus_plus(points, 5, generator=generator(seed))[:, 0].tolist()
        assert sorted(centers[:3]) == [0.0, 5.0, 7.0]


def test_bad_arguments():
    points = torch.zeros(4, 2)
    for k in (0, 5):
        with pytest.raises(ParameterError, match=f"expected k from 1 to 4, got {k}"):
            kmeans(points, k)
        with pytest.raises(ParameterError, match=f"expected k from 1 to 4, got {k}"):
            kmeans_plus_plus(points, k)
    with pytest.raises(ParameterError, match="expected steps ≥ 0, got -1"):
        kmeans(points, 2, steps=-1)
    with pytest.raises(ParameterError, match=r"expected start of shape \(2, 2\), got shape=\(3, 2"):
        kmeans(points, 2, start=points[:3])
    with pytest.raises(ParameterError, match=r"expected points of shape \(n, n_features\), n ≥ 1"):
        kmeans(points[:0], 2)
    with pytest.raises(ParameterError, match=r"expected centers of shape \(n, 2\)"):
        assign(points, torch.zeros(3, 1))
    with pytest.raises(ParameterError, match="expected points of a floating-point dtype"):
        assign(points.long(), points)

"""Directions and trajectories against plain loops, scikit-learn and least squares in NumPy."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from torch import nn

from utils.errors import ParameterError
from utils.training.landscape_directions import (
    Plane,
    filter_normalize,
    random_direction,
    random_plane,
    snapshot,
)
from utils.training.landscape_trajectory import project, trajectory_directions, trajectory_span


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(dtype: torch.dtype = torch.float64) -> nn.Sequential:
    with torch.random.fork_rng([]):
        torch.manual_seed(3)
        layers = nn.Sequential(
            nn.Conv2d(1, 5, 3, padding=1),
            nn.BatchNorm2d(5),
            nn.LayerNorm([4, 4]),
            nn.Flatten(),
            nn.Linear(80, 6),
            nn.ReLU(),
            nn.Linear(6, 3),
        )
        for p in layers.parameters():
            nn.init.normal_(p)
    return layers.to(dtype)


FILTERS = ("0.weight", "4.weight", "6.weight")


def run_of(n: int, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """Make n snapshots on a random walk."""
    generator = seeded(seed)
    point = {"w": torch.zeros(4, 3, dtype=torch.float64), "b": torch.zeros(4).double()}
    walk = []
    for _ in range(n):
        point = {
            name: t + torch.randn(t.shape, generator=generator).double()
            for name, t in point.items()
        }
        walk.append(point)
    return walk


def matrix(snapshots) -> np.ndarray:
    return np.array([np.concatenate([t.numpy().ravel() for t in s.values()]) for s in snapshots])


def test_a_snapshot_is_a_copy_of_the_parameters_only():
    model = network()
    taken = snapshot(model)
    assert taken.keys() == dict(model.named_parameters()).keys()
    assert "1.running_mean" not in taken
    before = taken["6.bias"].clone()
    with torch.no_grad():
        model[6].bias += 1
    assert torch.equal(taken["6.bias"], before)
    assert not any(t.requires_grad for t in taken.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_random_directions_have_the_shape_of_the_model_and_follow_the_generator(dtype):
    model = network(dtype)
    first, again = (random_direction(model, generator=seeded(1)) for _ in range(2))
    other = random_direction(model, generator=seeded(2))
    for name, p in model.named_parameters():
        assert first[name].shape == p.shape
        assert first[name].dtype == dtype
        assert torch.equal(first[name], again[name])
        assert not torch.equal(first[name], other[name])
    numbers = torch.cat([t.flatten() for t in first.values()])
    assert abs(float(numbers.mean())) < 0.2
    assert float(numbers.std()) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_filter_has_the_length_of_the_models(dtype):
    model = network(dtype)
    raw = random_direction(model, generator=seeded())
    direction = filter_normalize(raw, model)
    for name, w in snapshot(model).items():
        d = direction[name]
        assert d.dtype == dtype
        if name not in FILTERS:
            assert not d.any(), f"{name} must not move"
            continue
        for d_j, raw_j, w_j in zip(d, raw[name], w, strict=True):
            assert float(d_j.norm()) == pytest.approx(float(w_j.norm()), rel=1e-5)
            assert float(torch.sum(d_j * raw_j)) == pytest.approx(
                float(d_j.norm() * raw_j.norm()), rel=1e-5
            ), "the direction itself must stay"


def test_filter_normalization_is_idempotent_blind_to_lengths_and_linear_in_the_filters():
    model = network()
    raw = random_direction(model, generator=seeded())
    once = filter_normalize(raw, model)
    twice = filter_normalize(once, model)
    longer = filter_normalize({name: 7 * d for name, d in raw.items()}, model)
    with torch.no_grad():
        model[0].weight[2] *= 3
    after = filter_normalize(raw, model)
    for name in FILTERS:
        torch.testing.assert_close(twice[name], once[name])
        torch.testing.assert_close(longer[name], once[name])
    torch.testing.assert_close(after["0.weight"][2], 3 * once["0.weight"][2])
    torch.testing.assert_close(after["0.weight"][3], once["0.weight"][3])


def test_a_filter_of_zeros_stays_zero():
    model = network()
    raw = random_direction(model, generator=seeded())
    raw["0.weight"][1] = 0
    direction = filter_normalize(raw, model)
    assert not direction["0.weight"][1].any()
    assert direction["0.weight"].isfinite().all()


def test_a_direction_of_another_model_is_refused():
    model = network()
    wrong = random_direction(model)
    with pytest.raises(ParameterError, match=r"'6.bias' of shape \(3,\), got none at all"):
        filter_normalize({k: v for k, v in wrong.items() if k != "6.bias"}, model)
    with pytest.raises(ParameterError, match=r"'x' of shape none at all, got \(1,\)"):
        filter_normalize({**wrong, "x": torch.ones(1)}, model)
    with pytest.raises(ParameterError, match=r"'6.bias' of shape \(3,\), got \(4,\)"):
        filter_normalize({**wrong, "6.bias": torch.ones(4)}, model)


def test_a_random_plane_has_two_independent_normalized_directions():
    model = network()
    plane = random_plane(model, generator=seeded(4))
    generator = seeded(4)
    for direction in plane.directions:
        expected = filter_normalize(random_direction(model, generator=generator), model)
        assert all(torch.equal(direction[name], expected[name]) for name in expected)
    assert all(torch.equal(plane.origin[n], p) for n, p in model.named_parameters())
    first, second = (
        np.concatenate([d[name].numpy().ravel() for name in FILTERS]) for d in plane.directions
    )
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert plane.cosine == pytest.approx(cosine)
    assert 0 < abs(plane.cosine) < 0.2


def test_the_plane_of_a_trajectory_is_that_of_scikit_learn():
    snapshots = run_of(9)
    plane = trajectory_directions(snapshots)
    data = matrix(snapshots)
    moves = data[:-1] - data[-1]
    svd = TruncatedSVD(2, algorithm="arpack").fit(moves)
    for mine, theirs in zip(matrix(plane.directions), svd.components_, strict=True):
        assert abs(mine @ theirs) == pytest.approx(1, abs=1e-9)
    shares = svd.singular_values_**2 / (moves**2).sum()
    assert plane.explained == pytest.approx(tuple(shares))
    assert np.array_equal(matrix([plane.origin])[0], data[-1])


def test_axes_of_a_trajectory_are_orthonormal_and_signed_by_its_start():
    for seed in range(8):
        snapshots = run_of(6, seed)
        plane = trajectory_directions(snapshots)
        axes = matrix(plane.directions)
        np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-12)
        assert (project(snapshots, plane)[0] > 0).all()
        assert plane.explained[0] >= plane.explained[1] > 0


def test_a_trajectory_in_a_plane_is_explained_and_recovered_entirely():
    base, plane = run_of(3), trajectory_directions(run_of(7, 5))
    plane = Plane(base[0], *plane.directions)
    points = torch.tensor([[3.0, 1.0], [-1.0, 2.0], [0.5, -2.0], [0.0, 0.0]], dtype=torch.float64)
    walk = [
        {k: plane.origin[k] + a * plane.first[k] + b * plane.second[k] for k in plane.origin}
        for a, b in points.tolist()
    ]
    found = trajectory_directions(walk)
    assert sum(found.explained) == pytest.approx(1)
    torch.testing.assert_close(project(walk, plane), points)
    np.testing.assert_allclose(
        project(walk, found).norm(dim=1), np.linalg.norm(points, axis=1), rtol=1e-9
    )


def test_projection_on_oblique_directions_is_least_squares():
    snapshots = run_of(8, 2)
    plane = Plane(snapshots[3], run_of(2, 3)[1], run_of(3, 3)[2])  # shares its first steps
    basis = matrix(plane.directions).T
    lengths = np.linalg.norm(basis, axis=0)
    assert plane.cosine == pytest.approx(basis[:, 0] @ basis[:, 1] / lengths.prod())
    assert abs(plane.cosine) > 0.3
    assert lengths[0] != pytest.approx(lengths[1])
    moves = matrix(snapshots) - matrix([plane.origin])
    expected = np.linalg.lstsq(basis, moves.T, rcond=None)[0].T
    found = project(snapshots, plane)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(found[3], 0, atol=1e-12)


def test_the_order_of_names_does_not_matter():
    snapshots = run_of(5)
    backwards = [dict(reversed(s.items())) for s in snapshots[:-1]] + [snapshots[-1]]
    plane = trajectory_directions(snapshots)
    turned = Plane(plane.origin, dict(reversed(plane.first.items())), plane.second)
    torch.testing.assert_close(project(backwards, turned), project(snapshots, plane))
    assert turned.cosine == pytest.approx(0, abs=1e-12)
    assert trajectory_directions(backwards).explained == pytest.approx(plane.explained)


def test_float32_snapshots_make_float32_directions():
    snapshots = [{k: t.float() for k, t in s.items()} for s in run_of(5)]
    plane = trajectory_directions(snapshots)
    assert {t.dtype for d in plane.directions for t in d.values()} == {torch.float32}
    exact = trajectory_directions(run_of(5))
    assert plane.explained == pytest.approx(exact.explained, rel=1e-4)


def test_trajectories_without_a_plane_are_refused():
    a, b, c = run_of(3)
    with pytest.raises(ParameterError, match="at least 3 snapshots, got 2"):
        trajectory_directions([a, b])
    halfway = {k: (a[k] + b[k]) / 2 for k in a}
    with pytest.raises(ParameterError, match="got one on a line"):
        trajectory_directions([a, halfway, b])
    with pytest.raises(ParameterError, match="got one on a line"):
        trajectory_directions([{"x": torch.ones(1) * i} for i in range(4)])
    with pytest.raises(ParameterError, match="finite weights in all snapshots"):
        trajectory_directions([a, {**b, "b": b["b"] * math.nan}, c])
    with pytest.raises(ParameterError, match="expected snapshot 1 to have 'b'"):
        trajectory_directions([a, {"w": b["w"]}, c])
    with pytest.raises(ParameterError, match="not parallel, got a line"):
        project([a], Plane(a, b, {k: 2 * t for k, t in b.items()}))
    with pytest.raises(ParameterError, match="second direction to have 'b'"):
        project([a], Plane(a, b, {"w": c["w"]}))


def test_a_span_holds_the_trajectory_with_room_on_each_side():
    points = torch.tensor([[4.0, 1.0], [0.0, 0.0], [2.0, -1.0]])
    np.testing.assert_allclose(trajectory_span(points), ((-0.8, 4.8), (-1.8, 1.8)), rtol=1e-6)
    assert trajectory_span(points, margin=0) == ((0, 4), (-1, 1))
    with pytest.raises(ParameterError, match=r"coordinates \(n, 2\), got \(3,\)"):
        trajectory_span(points[:, 0])
    with pytest.raises(ParameterError, match=r"coordinates \(n, 2\), got \(0, 2\)"):
        trajectory_span(points[:0])
    with pytest.raises(ParameterError, match=r"got margin=-0\.1"):
        trajectory_span(points, margin=-0.1)
    with pytest.raises(ParameterError, match="points that differ"):
        trajectory_span(points[:1])

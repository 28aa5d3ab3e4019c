"""The plane of a classifier against plain layers, autograd and finite differences."""

import copy
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.training.landscape_classifier import (
    ClassifierPlane,
    classifier_features,
    classifier_plane,
)
from utils.training.landscape_directions import Plane, random_direction, random_plane, snapshot
from utils.training.landscape_loss import LossAt
from utils.training.landscape_plane import classifier_surface, plane_loss, plane_loss_grad


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def linear(bias: bool = True) -> nn.Linear:
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        return nn.Linear(6, 4, bias=bias).double()


FEATURES = torch.randn(9, 6, generator=seeded(3), dtype=torch.float64)
TARGETS = torch.randint(0, 4, (9,), generator=seeded(4))
LAYER = linear()
MOVES = tuple(random_direction(LAYER, generator=seeded(i)) for i in (5, 6))  # biases move too
PLANE = classifier_plane(FEATURES, TARGETS, LAYER.weight, LAYER.bias, MOVES)
PARTS = (PLANE.z0, PLANE.z1, PLANE.z2, PLANE.targets)


def at(a: float, b: float) -> torch.Tensor:
    return torch.tensor([a, b], dtype=torch.float64)


def moved(layer: nn.Linear, a: float, b: float) -> nn.Linear:
    other = copy.deepcopy(layer)
    with torch.no_grad():
        for name, p in other.named_parameters():
            p += a * MOVES[0][name] + b * MOVES[1][name]
    return other


POINTS = [(0, 0), (1, 0), (0, 1), (-0.7, 2.5), (30, -20)]


@pytest.mark.parametrize(("a", "b"), POINTS)
def test_the_loss_is_that_of_the_moved_layer(a, b):
    expected = F.cross_entropy(moved(LAYER, a, b)(FEATURES), TARGETS).item()
    assert plane_loss(*PARTS, at(a, b)).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("a", "b"), POINTS)
def test_the_gradient_is_that_of_autograd(a, b):
    layer = moved(LAYER, a, b)
    F.cross_entropy(layer(FEATURES), TARGETS).backward()
    expected = [
        sum(float((p.grad * move[name]).sum()) for name, p in layer.named_parameters())
        for move in MOVES
    ]
    assert plane_loss_grad(*PARTS, at(a, b)).tolist() == pytest.approx(expected, rel=1e-9)
    point = at(a, b).requires_grad_()
    plane_loss(*PARTS, point).backward()
    torch.testing.assert_close(plane_loss_grad(*PARTS, at(a, b)), point.grad)


@pytest.mark.parametrize(("a", "b"), POINTS[:4])
def test_the_gradient_is_that_of_finite_differences(a, b):
    h = 1e-5
    expected = [
        (plane_loss(*PARTS, at(a, b) + d * h) - plane_loss(*PARTS, at(a, b) - d * h)).item() / 2 / h
        for d in torch.eye(2).double()
    ]
    assert plane_loss_grad(*PARTS, at(a, b)).tolist() == pytest.approx(expected, abs=1e-8)


@given(*[st.floats(-20, 20)] * 4)
def test_the_plane_is_convex(a, b, c, d):
    ends = torch.stack([at(a, b), at(c, d)])
    first, second = plane_loss(*PARTS, ends).tolist()
    assert plane_loss(*PARTS, ends.mean(dim=0)).item() <= (first + second) / 2 + 1e-9
    # and above each of its tangents
    slope = plane_loss_grad(*PARTS, ends[0])
    assert second >= first + float(slope @ (ends[1] - ends[0])) - 1e-9


def test_many_points_at_once():
    points = torch.randn(2, 3, 2, generator=seeded(), dtype=torch.float64)
    values, slopes = plane_loss(*PARTS, points), plane_loss_grad(*PARTS, points)
    assert values.shape == (2, 3)
    assert slopes.shape == (2, 3, 2)
    torch.testing.assert_close(values[1, 2], plane_loss(*PARTS, points[1, 2]))
    torch.testing.assert_close(slopes[1, 2], plane_loss_grad(*PARTS, points[1, 2]))


def test_float32_stays_float32():
    parts = (*(z.float() for z in PARTS[:3]), TARGETS)
    for function in (plane_loss, plane_loss_grad):
        found = function(*parts, at(0.5, 0.5).float())
        assert found.dtype == torch.float32
        torch.testing.assert_close(
            found.double(), function(*PARTS, at(0.5, 0.5)), rtol=1e-5, atol=1e-5
        )


def test_the_grid_has_rows_along_the_second_direction():
    found = classifier_surface(PLANE, span=((-1, 2), (0, 3)), resolution=5)
    landscape = found.landscape
    assert landscape.complete
    assert found.slope.shape == (5, 5, 2)
    for i, b in enumerate(np.linspace(0, 3, 5)):
        for j, a in enumerate(np.linspace(-1, 2, 5)):
            value = plane_loss(*PARTS, at(a, b)).item()
            assert landscape.values[i, j] == pytest.approx(value, rel=1e-12)
            assert found.slope[i, j].tolist() == pytest.approx(
                plane_loss_grad(*PARTS, at(a, b)).tolist(), rel=1e-9
            )


def test_a_layer_without_bias():
    layer = linear(bias=False)
    moves = [random_direction(layer, generator=seeded(i)) for i in (1, 2)]
    plane = classifier_plane(FEATURES, TARGETS, layer.weight, None, moves)
    torch.testing.assert_close(plane.z0, layer(FEATURES).detach())
    torch.testing.assert_close(plane.z2, FEATURES @ moves[1]["weight"].T)


def test_json_is_rounded_and_changes_the_loss_as_little_as_promised():
    document = json.loads(json.dumps(PLANE.to_dict(decimals=3)))
    again = ClassifierPlane(
        *(torch.tensor(document[k], dtype=torch.float64) for k in ("z0", "z1", "z2")),
        torch.tensor(document["targets"]),
    )
    assert torch.equal(again.targets, TARGETS)
    torch.testing.assert_close(again.z1, PLANE.z1, rtol=0, atol=0.5001e-3)
    assert not torch.equal(again.z1, PLANE.z1)
    parts = (again.z0, again.z1, again.z2, again.targets)
    for a, b in POINTS:
        change = abs(float(plane_loss(*parts, at(a, b)) - plane_loss(*PARTS, at(a, b))))
        assert change <= (1 + abs(a) + abs(b)) * 1e-3


# The features of a network


@pytest.fixture(scope="module")
def notes():
    inputs = torch.rand(7, 1, 64, 64, generator=seeded(8))
    return inputs, torch.randint(0, 11, (7,), generator=seeded(9))


@pytest.fixture(scope="module")
def cnn():
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        return LectureCNN()


def test_features_go_into_the_last_layer(cnn, notes):
    features, targets = classifier_features(cnn, TensorDataset(*notes), batch_size=3)
    assert features.shape == (7, 2048)
    assert torch.equal(targets, notes[1])
    assert not features.requires_grad
    assert not cnn.fc._forward_hooks
    assert cnn.training
    with torch.no_grad():
        torch.testing.assert_close(cnn.fc(features), cnn(notes[0]))


def test_the_plane_of_a_cnn_is_its_loss_landscape(cnn, notes):
    last = random_plane(cnn.fc, generator=seeded(2))
    features, targets = classifier_features(cnn, notes)
    plane = classifier_plane(features, targets, cnn.fc.weight, cnn.fc.bias, last.directions)
    surface = classifier_surface(plane, span=2, resolution=3).landscape

    def direction(moves):
        whole = {name: torch.zeros_like(w) for name, w in snapshot(cnn).items()}
        return whole | {f"fc.{name}": d for name, d in moves.items()}

    height = LossAt(cnn, notes, Plane(snapshot(cnn), *map(direction, last.directions)))
    for i, b in enumerate((-2, 0, 2)):
        for j, a in enumerate((-2, 0, 2)):
            assert surface.values[i, j] == pytest.approx(height(a, b), rel=1e-5)


def test_features_are_those_of_eval_mode():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))
    x = torch.randn(8, 3, generator=seeded())
    features, _ = classifier_features(model, (x, torch.zeros(8, dtype=torch.long)))
    torch.testing.assert_close(features, x, rtol=1e-4, atol=1e-4)
    assert model[0].num_batches_tracked == 0


def test_a_model_that_does_not_end_with_the_layer_is_refused():
    x, y = torch.randn(4, 3), torch.zeros(4, dtype=torch.long)
    for model in (
        nn.Sequential(nn.Linear(3, 2), nn.ReLU()),
        nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2), nn.Softmax(dim=1)),
    ):
        with pytest.raises(ParameterError, match="ends with its linear layer"):
            classifier_features(model, (x, y))
        assert not any(module._forward_hooks for module in model.modules())
    two = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    assert torch.equal(classifier_features(two, (x, y))[0], two[0](x))
    with pytest.raises(ParameterError, match="ends with its linear layer"):
        classifier_features(two, (x, y), layer=two[0])
    with pytest.raises(ParameterError, match="with a linear layer, got ReLU"):
        classifier_features(nn.ReLU(), (x, y))


def test_bad_planes():
    weight, bias = LAYER.weight, LAYER.bias
    with pytest.raises(ParameterError, match="2 directions, got 1"):
        classifier_plane(FEATURES, TARGETS, weight, bias, MOVES[:1])
    with pytest.raises(ParameterError, match="the second direction to have 'bias'"):
        classifier_plane(FEATURES, TARGETS, weight, bias, [MOVES[0], {"weight": weight}])
    with pytest.raises(ParameterError, match=r"features \(n, 6\), got \(9, 5\)"):
        classifier_plane(FEATURES[:, :5], TARGETS, weight, bias, MOVES)
    with pytest.raises(ParameterError, match=r"targets \(n,\), got .*\(8,\)"):
        classifier_plane(FEATURES, TARGETS[:8], weight, bias, MOVES)
    assert (int(TARGETS.min()), int(TARGETS.max())) == (0, 3)
    for wrong in (TARGETS + 1, TARGETS - 1):
        with pytest.raises(ParameterError, match="all from 0 to 3"):
            classifier_plane(FEATURES, wrong, weight, bias, MOVES)
    with pytest.raises(ParameterError, match="at least 1 target"):
        classifier_plane(FEATURES[:0], TARGETS[:0], weight, bias, MOVES)
    with pytest.raises(ParameterError, match=r"points of shape \(\.\.\., 2\), got \(3,\)"):
        plane_loss(*PARTS, torch.zeros(3))
    with pytest.raises(ParameterError, match="of one shape"):
        plane_loss_grad(PLANE.z0, PLANE.z1[:5], PLANE.z2, TARGETS, at(0, 0))
    with pytest.raises(ParameterError, match="odd number"):
        classifier_surface(PLANE, resolution=50)

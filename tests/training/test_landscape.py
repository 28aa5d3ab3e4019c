"""Loss landscapes against closed forms, plain evaluation, and models changed by hand."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from utils.errors import ParameterError
from utils.training.evaluate import evaluate
from utils.training.fit import fit
from utils.training.landscape import loss_line, loss_surface
from utils.training.landscape_directions import (
    Plane,
    filter_normalize,
    random_direction,
    random_plane,
    snapshot,
)
from utils.training.landscape_loss import LossAt
from utils.training.landscape_refine import refine_surface
from utils.training.landscape_trajectory import project, trajectory_directions, trajectory_span


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def notes(n: int = 23, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = seeded(1)
    inputs = torch.randn(n, 1, 6, 6, generator=generator, dtype=dtype)
    return inputs, torch.randint(0, 3, (n,), generator=generator)


class Net(nn.Module):
    """Convolutions, batch norm and dropout; fails on demand."""

    def __init__(self, norm: bool = True, dropout: float = 0.5, bias: bool = True):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(2)
            self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=bias)
            self.norm1 = nn.BatchNorm2d(4, eps=1e-12) if norm else nn.Identity()
            self.conv2 = nn.Conv2d(4, 5, 3, padding=1, bias=bias)
            self.norm2 = nn.BatchNorm2d(5, eps=1e-12) if norm else nn.Identity()
            self.dropout = nn.Dropout(dropout)
            self.fc = nn.Linear(5 * 4, 3)
        self.calls, self.fail_at, self.error = 0, -1, KeyboardInterrupt
        self.double()

    def forward(self, x):
        self.calls += 1
        if self.calls == self.fail_at:
            raise self.error
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        return self.fc(self.dropout(F.adaptive_avg_pool2d(x, 2).flatten(1)))


def lived_in(**options) -> Net:
    """Return a network with running statistics, gradients and mixed modes of its own."""
    model = Net(**options)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        for _ in range(3):
            F.cross_entropy(model(notes()[0]), notes()[1]).backward()
    model.conv2.eval()
    model.fc.bias.requires_grad_(False)
    model.calls = 0
    return model


def everything(model: nn.Module):
    """Return all that must not change."""
    return (
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()},
        [id(p) for p in model.parameters()] + [id(b) for b in model.buffers()],
        [module.training for module in model.modules()],
        [p.requires_grad for p in model.parameters()],
        torch.is_grad_enabled(),
        torch.get_rng_state(),
    )


def same(first, second) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, tuple):
        return all(same(a, b) for a, b in zip(first, second, strict=True))
    return first == second


def moved(model: nn.Module, plane: Plane, a: float, b: float) -> nn.Module:
    """Return another model with the weights at (a, b)."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        for name, p in other.named_parameters():
            p.copy_(plane.origin[name] + a * plane.first[name] + b * plane.second[name])
    return other


def whole_batch(model: nn.Module) -> float:
    """Return the loss of one batch, with batch norm in train mode and dropout off."""
    model.train()
    model.dropout.eval()
    with torch.no_grad():
        return F.cross_entropy(model(notes()[0]), notes()[1]).item()


# The middle of the landscape, and its closed form


def test_a_linear_model_has_its_parabola():
    model = nn.Linear(3, 1).double()
    x = torch.randn(10, 3, generator=seeded(), dtype=torch.float64)
    y = torch.randn(10, 1, generator=seeded(1), dtype=torch.float64)
    plane = Plane(
        snapshot(model),
        random_direction(model, generator=seeded(2)),
        random_direction(model, generator=seeded(3)),
    )
    found = loss_surface(
        model, (x, y), plane, loss=F.mse_loss, resolution=5, progress=False, batch_size=4
    )
    rows = np.column_stack([x.numpy(), np.ones(10)])
    theta, d, e = (
        np.append(w["weight"].numpy(), w["bias"].numpy())
        for w in (plane.origin, plane.first, plane.second)
    )
    r, u, v = rows @ theta - y.numpy().ravel(), rows @ d, rows @ e
    for i, b in enumerate(np.linspace(-1, 1, 5)):
        for j, a in enumerate(np.linspace(-1, 1, 5)):
            expected = (
                r @ r
                + a * a * (u @ u)
                + b * b * (v @ v)
                + 2 * (a * (r @ u) + b * (r @ v) + a * b * (u @ v))
            ) / 10
            assert found.values[i, j] == pytest.approx(expected)


@pytest.mark.parametrize("batch_size", [1, 7, 23, 100])
def test_the_middle_is_plain_evaluation(batch_size):
    model, data = lived_in(), TensorDataset(*notes())
    expected = evaluate(model, data).loss
    for given in (data, notes()):
        height = LossAt(model, given, batch_norm="keep", batch_size=batch_size)
        assert height(0, 0) == pytest.approx(expected, rel=1e-12)


def test_every_point_is_plain_evaluation_of_a_moved_model():
    model, data = lived_in(), TensorDataset(*notes())
    plane = random_plane(model, generator=seeded(5))
    height = LossAt(model, data, plane, batch_norm="keep")
    for a, b in ((1, 0), (0, 1), (-0.4, 0.7)):
        expected = evaluate(moved(model, plane, a, b), data).loss
        assert height(a, b) == pytest.approx(expected, rel=1e-9)


def test_weights_of_a_point():
    model = Net()
    plane = random_plane(model, generator=seeded())
    at = LossAt(model, notes(), plane).weights(0.5, -2)
    for name, w in moved(model, plane, 0.5, -2).named_parameters():
        torch.testing.assert_close(at[name], w.detach())


# Batch norm


def test_recomputed_statistics_are_those_of_one_batch_in_train_mode():
    model = lived_in()
    plane = random_plane(model, generator=seeded(5))
    height = LossAt(model, notes(), plane, batch_size=4)
    for a, b in ((0, 0), (1, 0), (-0.4, 0.7)):
        assert height(a, b) == pytest.approx(whole_batch(moved(model, plane, a, b)), rel=1e-12)
    kept = LossAt(model, notes(), plane, batch_norm="keep")
    assert abs(height(1, 0) - kept(1, 0)) > 1e-3


def test_recomputed_values_do_not_depend_on_what_was_computed_before():
    model = lived_in()
    height = LossAt(model, notes(), generator=seeded())
    first = height(0.3, 0.3)
    height(5, 5)
    assert height(0.3, 0.3) == first


def test_without_batch_norm_both_ways_agree():
    model = Net(norm=False)
    plane = random_plane(model, generator=seeded())
    ways = [
        LossAt(model, notes(), plane, batch_norm=way)(0.5, 0.5) for way in ("recompute", "keep")
    ]
    assert ways[0] == ways[1]


def test_batch_norm_without_running_statistics_sees_all_notes_either_way():
    model = Net()
    model.norm1 = nn.BatchNorm2d(4, track_running_stats=False).double()
    one, many = (LossAt(model, notes(), batch_norm="keep", batch_size=n)(0, 0) for n in (23, 5))
    assert one == many


@pytest.mark.parametrize("factor", [0.1, 30.0])
def test_scaling_a_filter_before_batch_norm_changes_nothing(factor):
    """Same network, same landscape: this is what filter normalization is for."""
    model, scaled = Net(bias=False), Net(bias=False)
    with torch.no_grad():
        scaled.conv1.weight[1] *= factor
        scaled.conv2.weight[3] *= factor
    raw = [random_direction(model, generator=seeded(i)) for i in range(2)]

    def landscape(net, normalize):
        directions = [filter_normalize(d, net) if normalize else d for d in raw]
        plane = Plane(snapshot(net), *directions)
        return loss_surface(net, notes(), plane, resolution=3, progress=False).values

    np.testing.assert_allclose(landscape(model, True), landscape(scaled, True), rtol=1e-6)
    assert np.abs(landscape(model, False) - landscape(scaled, False)).max() > 1e-3


# The model is only read


@pytest.mark.parametrize("batch_norm", ["recompute", "keep"])
def test_the_model_is_untouched(batch_norm):
    model = lived_in()
    before = everything(model)
    loss_surface(
        model, notes(), resolution=3, batch_norm=batch_norm, progress=False, generator=seeded()
    )
    loss_line(
        model, notes(), resolution=3, batch_norm=batch_norm, progress=False, generator=seeded()
    )
    assert same(before, everything(model))
    assert model.calls > 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, ZeroDivisionError])
@pytest.mark.parametrize("batch_norm", ["recompute", "keep"])
def test_the_model_is_untouched_after_an_error(error, batch_norm):
    model = lived_in()
    model.fail_at, model.error = 7, error
    before = everything(model)
    with pytest.raises(error):
        loss_surface(model, notes(), batch_norm=batch_norm, progress=False, generator=seeded())
    assert same(before, everything(model))
    assert model.calls == 7


def test_an_error_in_the_loss_leaves_the_model_too():
    model = lived_in()
    before = everything(model)
    with pytest.raises(ParameterError, match=r"one number, the mean over the batch, got shape"):
        LossAt(model, notes(), loss=nn.CrossEntropyLoss(reduction="none"), generator=seeded())(0)
    assert same(before, everything(model))


def test_between_two_levels_the_model_is_free_and_the_landscape_stays():
    model = lived_in()
    quiet = loss_surface(model, notes(), resolution=9, progress=False, generator=seeded())
    height = LossAt(model, notes(), generator=seeded())
    steps = refine_surface(height, resolution=9, progress=False)
    before = everything(model)
    next(steps)
    assert same(before, everything(model))
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
        for b in model.buffers():
            b.add_(1)
    assert np.array_equal(next(steps).values, quiet.values)


def test_with_frozen_statistics_the_landscape_stays_too():
    model = lived_in()
    height = LossAt(model, notes(), batch_norm="keep", generator=seeded())
    value = height(0.2, 0.1)
    with torch.no_grad():
        model.norm1.running_mean += 3
    assert height(0.2, 0.1) == value


def test_ctrl_c_after_the_first_level_keeps_it(capsys):
    model = lived_in()
    model.fail_at = 30
    before = everything(model)
    found = loss_surface(model, notes(), progress=False, generator=seeded())
    assert found.computed.sum() == 25
    assert "Stopped by hand: 9% of the points" in capsys.readouterr().out
    assert same(before, everything(model))


# What surrounds it


def test_equal_generators_give_equal_landscapes():
    model = lived_in()
    options = {"resolution": 3, "progress": False}
    first, again = (
        loss_surface(model, notes(), generator=seeded(7), **options).values for _ in range(2)
    )
    other = loss_surface(model, notes(), generator=seeded(8), **options).values
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_budget_and_the_span_are_passed_on():
    model = Net(norm=False)
    found = loss_surface(
        model,
        notes(),
        span=((0, 1), (2, 3)),
        resolution=9,
        budget_seconds=0,
        progress=False,
        generator=seeded(),
    )
    assert found.computed.sum() == 25
    assert (found.first[0], found.second[0]) == (0, 2)
    height = LossAt(model, notes(), generator=seeded())
    assert found.values[8, 0] == height(0, 3)
    assert found.values[0, 8] == height(1, 2)


def test_a_line_is_the_middle_row_of_a_surface():
    model = lived_in()
    plane = random_plane(model, generator=seeded(3))
    told = []
    line = loss_line(
        model,
        notes(),
        plane.first,
        resolution=9,
        span=0.5,
        progress=lambda done, total: told.append((done, total)),
    )
    surface = loss_surface(model, notes(), plane, resolution=9, span=0.5, progress=False)
    assert line.values.shape == (1, 9)
    assert line.complete
    assert line.second.tolist() == [0]
    np.testing.assert_allclose(line.values[0], surface.values[4], rtol=1e-12)
    assert told == [(i + 1, 9) for i in range(9)]


def test_a_line_leads_from_one_network_to_another():
    start, end = Net(norm=False), Net(norm=False)
    with torch.no_grad():
        for p in end.parameters():
            p.mul_(1.5)
    way = {name: snapshot(end)[name] - w for name, w in snapshot(start).items()}
    line = loss_line(start, notes(), way, span=(0, 1), resolution=3, progress=False)
    data = TensorDataset(*notes())
    assert line.values[0, 0] == pytest.approx(evaluate(start, data).loss)
    assert line.values[0, 2] == pytest.approx(evaluate(end, data).loss)


def test_a_random_line_is_filter_normalized():
    model = Net(norm=False)
    line = loss_line(model, notes(), resolution=3, progress=False, generator=seeded(3))
    direction = filter_normalize(random_direction(model, generator=seeded(3)), model)
    same_line = loss_line(model, notes(), direction, resolution=3, progress=False)
    assert np.array_equal(line.values, same_line.values)


def test_tied_weights_move_together():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).double()
    model[1].weight = model[0].weight
    x, y = torch.randn(5, 3, generator=seeded(), dtype=torch.float64), torch.arange(5) % 3
    plane = random_plane(model, generator=seeded())
    expected = evaluate(moved(model, plane, 1, 1), TensorDataset(x, y)).loss
    assert LossAt(model, (x, y), plane)(1, 1) == pytest.approx(expected)


def test_a_training_run_lies_on_its_landscape():
    model, data = Net(), TensorDataset(*notes())
    way = [snapshot(model)]
    fit(
        model,
        data,
        data,
        epochs=3,
        on_epoch_end=lambda _: way.append(snapshot(model)),
        generator=seeded(),
        device="cpu",
        history_path=None,
        progress=False,
    )
    plane = trajectory_directions(way)
    coordinates = project(way, plane)
    span = trajectory_span(coordinates)
    found = loss_surface(model, data, plane, span=span, resolution=3, progress=False)
    assert (found.first[0], found.second[-1]) == pytest.approx((span[0][0], span[1][1]))
    end = moved(model, plane, 0, 0)  # the last epoch, which need not be the best
    assert LossAt(model, data, plane)(*coordinates[-1].tolist()) == pytest.approx(whole_batch(end))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_norm": "ignore"}, "batch_norm 'recompute' or 'keep', got 'ignore'"),
        ({"batch_size": 0}, "batch_size to be an int >= 1, got 0"),
        ({"data": (torch.zeros(0, 1, 6, 6), torch.zeros(0).long())}, "at least 1, got 0 and 0"),
        ({"data": (notes()[0], notes()[1][:5])}, "as many inputs as targets.*got 23 and 5"),
        ({"data": TensorDataset(*(t[:0] for t in notes()))}, "at least 1 note"),
        ({"plane": random_plane(nn.Linear(2, 2))}, "expected the plane's origin to have"),
        ({"resolution": 4}, "odd number"),
    ],
)
def test_bad_arguments(change, words):
    options = {"model": Net(), "data": notes(), "progress": False} | change
    with pytest.raises(ParameterError, match=words):
        loss_surface(**options)

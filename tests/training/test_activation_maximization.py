"""Activation maximization: it climbs, finds known optima, and is the same for a seed."""

import pytest
import torch
from torch import nn

from utils.errors import ParameterError
from utils.models.lecture_cnn import LectureCNN
from utils.training.activation_maximization import activation_maximization, total_variation


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LectureCNN()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def linear(weights):
    """Return a network whose only logit is the sum of weights times cells."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(weights.numel(), 1, bias=False))
    model[1].weight.data = weights.reshape(1, -1)
    return model


@pytest.mark.parametrize("unit", [4, ("conv3", 7), ("pool:2", 1)])
def test_the_activation_climbs(model, unit):
    found = activation_maximization(model, unit, steps=15, generator=seeded(1))
    assert found.picture.shape == (1, 1, 64, 64)
    assert found.picture.min() >= 0
    assert found.picture.max() <= 1
    assert len(found.history) == 16
    assert found.history[-1] > found.history[7] > found.history[0]
    assert found.history[-1] > found.history[0] + 0.02


def test_a_linear_unit_has_a_known_optimum():
    weights = torch.randn(5, 6, generator=seeded(2))
    weights += 0.3 * weights.sign()
    found = activation_maximization(linear(weights), 0, steps=200, lr=0.1, shape=(1, 5, 6))
    assert torch.equal(found.picture[0, 0], (weights > 0).float())
    assert found.history[-1] == pytest.approx(float(weights.clamp_min(0).sum()), rel=1e-5)


def test_one_step_is_the_formula():
    weights = torch.randn(5, 6, generator=seeded(2))
    start = torch.rand(1, 1, 5, 6, generator=seeded(3))
    x = start.clone().requires_grad_()
    tv = (x[..., 1:, :] - x[..., :-1, :]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
    (0.01 * (x * weights).sum() - 3 * (x**2).sum() / 30 - 2 * tv).backward()
    expected = (start + 0.05 * x.grad / (x.grad**2).mean().sqrt()).clip(0, 1)
    found = activation_maximization(
        linear(0.01 * weights), 0, steps=1, lr=0.05, l2=3, tv=2, start=start
    )
    torch.testing.assert_close(found.picture, expected)
    assert found.history[0] == pytest.approx(0.01 * float((start * weights).sum()), abs=1e-6)


def test_regularization_holds_back(model):
    free, small, smooth = (
        activation_maximization(model, 2, steps=12, generator=seeded(1), **options).picture
        for options in ({}, {"l2": 10.0}, {"tv": 10.0})
    )
    assert small.square().mean() < 0.5 * free.square().mean()
    assert total_variation(smooth) < 0.5 * total_variation(free)


def test_seeds_decide(model):
    def run(seed, **options):
        generator = None if seed is None else seeded(seed)
        return activation_maximization(model, 1, steps=3, generator=generator, **options).picture

    assert torch.equal(run(5, jitter=3), run(5, jitter=3))
    assert torch.equal(run(None), run(None))
    assert not torch.equal(run(5, jitter=3), run(6, jitter=3))
    start = torch.full((1, 1, 64, 64), 0.5)
    assert torch.equal(run(5, start=start), run(6, start=start))
    assert not torch.equal(run(5, start=start), run(5, start=start, jitter=3))
    assert torch.equal(start, torch.full((1, 1, 64, 64), 0.5))


def test_jitter_moves_along_both_axes_and_both_ways():
    weights = torch.zeros(9, 9)
    weights[4, 4] = 1
    start = torch.zeros(1, 1, 9, 9)
    found = activation_maximization(linear(weights), 0, steps=200, lr=1e-3, jitter=1, start=start)
    reached = found.picture[0, 0] > 0
    assert reached[3:6, 3:6].all()
    assert reached.sum() == 9


def test_the_model_stays_as_it_was(model):
    model.train()
    before = [p.clone() for p in model.parameters()]
    with torch.no_grad():
        activation_maximization(model, ("conv2", 1), steps=2)
    assert model.training
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_a_dead_unit_gives_no_nan():
    found = activation_maximization(linear(torch.zeros(4, 4)), 0, steps=2, shape=(1, 4, 4))
    assert found.picture.isfinite().all()
    assert found.history == [0, 0, 0]


def test_total_variation():
    assert total_variation(torch.full((1, 4, 5), 0.3)) == 0
    ramp = torch.arange(4.0)[:, None] * torch.ones(5) + 2 * torch.arange(5.0)
    assert total_variation(ramp) == pytest.approx(3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps ≥ 1"),
        ({"lr": 0.0}, "lr > 0"),
        ({"l2": -1.0}, "l2, tv, jitter ≥ 0"),
        ({"tv": -1.0}, "l2, tv, jitter ≥ 0"),
        ({"jitter": -1}, "l2, tv, jitter ≥ 0"),
        ({"start": torch.full((1, 1, 64, 64), 2.0)}, r"values in \[0, 1\]"),
        ({"unit": 11}, "unit from 0 to 10, got 11"),
        ({"unit": ("conv1", 16)}, "unit from 0 to 15, got 16"),
    ],
)
def test_bad_arguments(model, options, words):
    with pytest.raises(ParameterError, match=words):
        activation_maximization(model, **{"unit": 0, **options})

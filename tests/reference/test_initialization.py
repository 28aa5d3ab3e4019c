"""Initial weights: the same as PyTorch's, of the right variance, and steady through a deep net."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.reference.helpers import close, randn
from utils.errors import ParameterError
from utils.reference.initialization import (
    fans,
    he_normal,
    he_uniform,
    xavier_normal,
    xavier_uniform,
)

INIT = torch.nn.init
SHAPES = [(3, 5), (7, 2), (4, 2, 3), (6, 3, 3, 2)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (xavier_uniform, INIT.xavier_uniform_, {}),
        (xavier_uniform, INIT.xavier_uniform_, {"gain": 5 / 3}),
        (xavier_normal, INIT.xavier_normal_, {}),
        (xavier_normal, INIT.xavier_normal_, {"gain": 0.5}),
        (he_uniform, INIT.kaiming_uniform_, {}),
        (he_uniform, INIT.kaiming_uniform_, {"mode": "fan_out"}),
        (he_normal, INIT.kaiming_normal_, {}),
        (he_normal, INIT.kaiming_normal_, {"mode": "fan_out"}),
    ],
)
def test_same_seed_same_weights_as_pytorch(dtype, shape, ours, theirs, options):
    kaiming = {"nonlinearity": "relu"} if ours in (he_uniform, he_normal) else {}
    expected = theirs(torch.empty(shape, dtype=dtype), generator=seeded(), **options, **kaiming)
    close(ours(shape, dtype=dtype, generator=seeded(), **options), expected)


@pytest.mark.parametrize("shape", [(200, 100), (40, 20, 5, 5)])
@pytest.mark.parametrize(
    ("make", "uniform"),
    [(xavier_uniform, True), (xavier_normal, False), (he_uniform, True), (he_normal, False)],
)
def test_measured_variance_and_distribution(shape, make, uniform):
    """n = 20 000: the variance's standard error is at most √(2/n) = 1 %."""
    weight = make(shape, dtype=torch.float64, generator=seeded(1))
    n_in, n_out = shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])
    variance = 2 / (n_in + n_out) if make in (xavier_uniform, xavier_normal) else 2 / n_in
    assert weight.var().item() == pytest.approx(variance, rel=0.04)
    assert abs(weight.mean().item()) < 4 * math.sqrt(variance / weight.numel())
    std = math.sqrt(variance)
    law = stats.uniform(-std * 3**0.5, 2 * std * 3**0.5) if uniform else stats.norm(0, std)
    assert stats.kstest(weight.flatten().numpy(), law.cdf).pvalue > 1e-3


def depth_factors(make, activation, *, gradients):
    """Return how much a net of 20 layers, 64 units each, changes the mean square of signals."""
    x = randn(256, 64).requires_grad_()
    h, generator = x, seeded(2)
    for _ in range(20):
        z = h @ make((64, 64), dtype=torch.float64, generator=generator).T
        h = activation(z)
    if not gradients:
        return (h.square().mean() / x.square().mean()).item()
    upstream = randn(256, 64, seed=1)
    (grad,) = torch.autograd.grad(h, x, upstream)
    return (grad.square().mean() / upstream.square().mean()).item()


@pytest.mark.parametrize("gradients", [False, True])
def test_signals_stay_in_range_through_twenty_layers(gradients):
    for make in (he_normal, he_uniform):
        assert 0.1 < depth_factors(make, torch.relu, gradients=gradients) < 10
        assert 1e5 < depth_factors(make, lambda z: z, gradients=gradients) < 1e7  # 2²⁰
    for make in (xavier_normal, xavier_uniform):
        assert 0.1 < depth_factors(make, lambda z: z, gradients=gradients) < 10
        assert 1e-7 < depth_factors(make, torch.relu, gradients=gradients) < 1e-5  # 2⁻²⁰


@given(
    n_out=st.integers(1, 9),
    n_in=st.integers(1, 9),
    kernel=st.lists(st.integers(1, 3), max_size=2),
    seed=st.integers(0, 99),
)
def test_properties(n_out, n_in, kernel, seed):
    shape = (n_out, n_in, *kernel)
    assert fans(shape) == INIT._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert fans((n_in, n_out, *kernel)) == fans(shape)[::-1]
    one, two = (xavier_normal(shape, gain=g, generator=seeded(seed)) for g in (1.0, 2.0))
    close(two, 2 * one)
    bound = math.sqrt(6 / fans(shape)[0])
    assert he_uniform(shape, generator=seeded(seed)).abs().max() <= bound * (1 + 1e-6)


def test_bad_arguments():
    for make in (xavier_uniform, xavier_normal, he_uniform, he_normal):
        with pytest.raises(ParameterError, match=r"two or more axes ≥ 1, got \(3,\)"):
            make((3,))
        with pytest.raises(ParameterError, match=r"two or more axes ≥ 1, got \(3, 0\)"):
            make((3, 0))
    for make in (xavier_uniform, xavier_normal):
        with pytest.raises(ParameterError, match="expected gain > 0, got 0"):
            make((3, 3), gain=0)
    for make in (he_uniform, he_normal):
        with pytest.raises(ParameterError, match="expected mode 'fan_in' or 'fan_out', got 'fan'"):
            make((3, 3), mode="fan")

"""Gradient descent against torch.optim.SGD and closed forms."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, randn
from utils.errors import ParameterError
from utils.reference.gradient_descent import gradient_descent


def bumpy(theta):
    return (theta**2).sum() / 2 + torch.cos(3 * theta).sum()


def bumpy_grad(theta):
    return theta - 3 * torch.sin(3 * theta)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 4)])
def test_every_step_agrees_with_pytorch(dtype, shape):
    start = randn(*shape, dtype=dtype)
    theta = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([theta], lr=0.05)
    expected = [start]
    for _ in range(50):
        optimizer.zero_grad()
        bumpy(theta).backward()
        optimizer.step()
        expected.append(theta.detach().clone())
    close(
        gradient_descent(bumpy_grad, start, lr=0.05, steps=50),
        torch.stack(expected),
        tolerance=1e-5 if dtype == torch.float32 else 1e-12,
    )


@given(curvature=st.floats(0.1, 10), factor=st.floats(0.05, 2.5))
def test_the_stability_limit_is_two_over_the_curvature(curvature, factor):
    lr = factor / curvature
    start = torch.tensor([1.0]).double()
    path = gradient_descent(lambda x: curvature * x, start, lr=lr, steps=20)
    powers = (1 - factor) ** torch.arange(21).double()
    torch.testing.assert_close(path[:, 0], powers, rtol=1e-9, atol=1e-12)
    assert (path[-1].abs() < 1) == (factor < 2) or abs(factor - 2) < 1e-6


def test_start_points_decide_which_minimum_is_found():
    starts = torch.tensor([-0.1, 0.1, 2.5]).double()
    ends = gradient_descent(bumpy_grad, starts, lr=0.05, steps=500)[-1]
    assert len(set(ends.round(decimals=3).tolist())) == 3
    close(bumpy_grad(ends), torch.zeros(3).double(), tolerance=1e-9)


def test_it_stops_when_converged():
    path = gradient_descent(lambda x: x, torch.tensor([8.0]), lr=0.5, steps=100, tolerance=1.0)
    assert path.flatten().tolist() == [8, 4, 2, 1]
    at_rest = gradient_descent(lambda x: x, torch.zeros(2), lr=0.5, steps=9, tolerance=0)
    assert at_rest.shape == (1, 2)
    assert gradient_descent(lambda x: x, torch.zeros(2), lr=0.5, steps=9).shape == (10, 2)
    assert gradient_descent(lambda x: x, torch.ones(2), lr=0.5, steps=0).shape == (1, 2)


def test_the_start_is_left_alone():
    start = torch.ones(2)
    path = gradient_descent(lambda x: x, start, lr=0.5, steps=3)
    path += 1
    assert start.tolist() == [1, 1]


def test_bad_arguments():
    with pytest.raises(ParameterError, match="expected lr > 0, got 0"):
        gradient_descent(bumpy_grad, torch.zeros(2), lr=0, steps=1)
    with pytest.raises(
        ParameterError, match="expected steps ≥ 0 and tolerance ≥ 0, got -1 and None"
    ):
        gradient_descent(bumpy_grad, torch.zeros(2), lr=1, steps=-1)
    with pytest.raises(ParameterError, match="got 1 and -2"):
        gradient_descent(bumpy_grad, torch.zeros(2), lr=1, steps=1, tolerance=-2)
    with pytest.raises(ParameterError, match=r"expected a gradient of shape=\(2,\), got \(\)"):
        gradient_descent(lambda x: x.sum(), torch.zeros(2), lr=1, steps=1)
    with pytest.raises(ParameterError, match="expected start of a floating-point dtype"):
        gradient_descent(bumpy_grad, torch.zeros(2, dtype=torch.int64), lr=1, steps=1)

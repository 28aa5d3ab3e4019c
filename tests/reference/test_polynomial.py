"""Polynomial fits against NumPy and scikit-learn; loss and gradient against autograd."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.reference.polynomial import (
    Polynomial,
    polynomial_features,
    polynomial_fit,
    polynomial_loss,
    polynomial_loss_grad,
)


def points(n: int = 30, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    x = 3 + 4 * torch.rand(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return x, torch.sin(2 * x) + 0.3 * randn(n, seed=seed + 1)


@pytest.mark.parametrize("degree", [0, 1, 3, 9, 15])
def test_fit_agrees_with_numpy(degree):
    x, y = points()
    expected = np.polynomial.Polynomial.fit(x.numpy(), y.numpy(), degree)
    fit = polynomial_fit(x, y, degree=degree)
    assert fit.degree == degree
    assert fit.domain == pytest.approx(tuple(expected.domain))
    close(fit.coefficients, torch.from_numpy(expected.coef), tolerance=1e-6)
    unseen = torch.linspace(2.5, 7.5, 40, dtype=torch.float64)
    close(fit(unseen), torch.from_numpy(expected(unseen.numpy())), tolerance=1e-6)


@pytest.mark.parametrize("strength", [1e-6, 0.01, 1.0])
@pytest.mark.parametrize("degree", [1, 4, 12])
def test_ridge_agrees_with_scikit_learn(degree, strength):
    x, y = points()
    features = polynomial_features(x, degree=degree, domain=(2.0, 8.0))
    other = Ridge(alpha=len(x) * strength, solver="svd").fit(features[:, 1:].numpy(), y.numpy())
    fit = polynomial_fit(x, y, degree=degree, strength=strength, domain=(2.0, 8.0))
    expected = np.concatenate([[other.intercept_], other.coef_])
    close(fit.coefficients, torch.from_numpy(expected), tolerance=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_features_are_powers(dtype):
    x = torch.tensor([1.0, 2.0, 5.0], dtype=dtype)
    features = polynomial_features(x, degree=3, domain=(1.0, 5.0))
    u = np.array([-1.0, -0.5, 1.0])
    close(features, torch.from_numpy(np.vander(u, 4, increasing=True)).to(dtype))


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_loss_and_gradient(strength):
    features, y, w = randn(8, 4), randn(8, seed=1), randn(4, seed=2)
    loss = polynomial_loss(w, features, y, strength=strength)
    expected = torch.nn.functional.mse_loss(features @ w, y) + strength * (w[1:] ** 2).sum()
    close(loss, expected)
    by_torch = gradient_of(lambda w: polynomial_loss(w, features, y, strength=strength), w)
    close(polynomial_loss_grad(w, features, y, strength=strength), by_torch)


@given(
    degree=st.integers(0, 8), strength=st.sampled_from([0.0, 1e-3, 1.0]), seed=st.integers(0, 99)
)
def test_the_gradient_vanishes_at_the_fit(degree, strength, seed):
    x, y = points(seed=seed)
    fit = polynomial_fit(x, y, degree=degree, strength=strength)
    features = polynomial_features(x, degree=degree, domain=fit.domain)
    gradient = polynomial_loss_grad(fit.coefficients, features, y, strength=strength)
    close(gradient, torch.zeros_like(gradient), tolerance=1e-10)


@given(degree=st.integers(0, 6), seed=st.integers(0, 99))
def test_a_polynomial_is_found_again(degree, seed):
    true = Polynomial(randn(degree + 1, seed=seed), (3.0, 7.0))
    x = points(seed=seed)[0]
    fit = polynomial_fit(x, true(x), degree=degree, domain=(3.0, 7.0))
    close(fit.coefficients, true.coefficients, tolerance=1e-9)


def test_more_capacity_never_fits_worse_and_enough_goes_through_all_points():
    x, y = points(8)
    errors = [float((polynomial_fit(x, y, degree=d)(x) - y).square().mean()) for d in range(8)]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(errors))
    assert errors[0] > 0.1
    assert errors[7] < 1e-12


def test_too_few_points_give_the_smallest_coefficients():
    x, y = points(5)
    fit = polynomial_fit(x, y, degree=11)
    close(fit(x), y, tolerance=1e-9)
    features = polynomial_features(x, degree=11, domain=fit.domain)
    close(fit.coefficients, torch.linalg.pinv(features) @ y, tolerance=1e-8)
    assert polynomial_fit(x[:1], y[:1], degree=0)(x[:1]).item() == pytest.approx(y[0].item())


def test_ridge_shrinks_all_but_the_constant():
    x, y = points()
    sizes = [
        float(polynomial_fit(x, y, degree=9, strength=s).coefficients[1:].norm())
        for s in (0.0, 1e-4, 1e-2, 1.0, 1e6)
    ]
    assert sizes == sorted(sizes, reverse=True)
    flat = polynomial_fit(x, y, degree=9, strength=1e9)
    close(flat.coefficients[0], y.mean(), tolerance=1e-6)


def test_large_numbers_do_not_drown():
    x = 1e6 + torch.arange(50, dtype=torch.float64)
    y = torch.sin(x / 5)
    fit = polynomial_fit(x, y, degree=12)
    expected = np.polynomial.Chebyshev.fit(x.numpy(), y.numpy(), 12)(x.numpy())
    close(fit(x), torch.from_numpy(expected), tolerance=1e-7)


def test_float32_stays():
    x, y = points()
    fit = polynomial_fit(x.float(), y.float(), degree=4, strength=0.01)
    assert fit.coefficients.dtype == torch.float32
    expected = polynomial_fit(x, y, degree=4, strength=0.01).coefficients
    close(fit.coefficients.double(), expected, tolerance=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": torch.arange(4)}, "expected x of a floating-point dtype"),
        ({"x": torch.zeros(3)}, "expected y and x of the same shape"),
        ({"x": torch.zeros(2, 2), "y": torch.zeros(2, 2)}, r"expected x of shape \(n,\)"),
        ({"x": torch.zeros(0), "y": torch.zeros(0)}, "expected at least one point, got none"),
        ({"degree": -1}, "expected a whole degree ≥ 0, got -1"),
        ({"degree": 1.5}, r"expected a whole degree ≥ 0, got 1\.5"),
        ({"strength": -0.1}, r"expected strength ≥ 0, got -0\.1"),
        ({"domain": (1.0, 1.0)}, "expected a domain from low to high"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    options = {"x": torch.linspace(0, 1, 4), "y": torch.zeros(4), "degree": 1} | changes
    x, y = options.pop("x"), options.pop("y")
    with pytest.raises(ParameterError, match=message):
        polynomial_fit(x, y, **options)


def test_wrong_shapes_are_refused():
    with pytest.raises(ParameterError, match=r"expected features of shape \(5, 3\), got shape="):
        polynomial_loss(torch.zeros(3), torch.zeros(5, 2), torch.zeros(5))
    with pytest.raises(ParameterError, match="expected strength ≥ 0"):
        polynomial_loss_grad(torch.zeros(2), torch.zeros(5, 2), torch.zeros(5), strength=-1)

"""Training and test error against what linear algebra says they are on average."""

import numpy as np
import pytest
import torch

from tests.reference.helpers import close
from utils.errors import ParameterError
from utils.reference.bias_variance import fit_errors


def curve(x: torch.Tensor) -> torch.Tensor:
    return torch.sin(4 * x)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def exact(degree: int, n: int, noise: float, strength: float = 0.0) -> tuple[float, ...]:
    """Return the expected train error, bias² and variance, from the hat matrix."""
    x, unseen = np.linspace(-1, 1, n), np.linspace(-1, 1, 201)
    X, U = (np.polynomial.chebyshev.chebvander(z, degree) for z in (x, unseen))
    if strength:
        X, U = (np.vander(z, degree + 1, increasing=True) for z in (x, unseen))
        penalty = n * strength * np.diag([0.0] + [1.0] * degree)
        solve = np.linalg.solve(X.T @ X + penalty, X.T)
    else:
        solve = np.linalg.pinv(X)
    hat, out = X @ solve, U @ solve
    residual = np.eye(n) - hat
    train = np.square(residual @ np.sin(4 * x)).mean() + noise**2 * np.square(residual).sum() / n
    bias = np.square(out @ np.sin(4 * x) - np.sin(4 * unseen)).mean()
    return train, bias, noise**2 * np.square(out).sum(1).mean()


@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_errors_are_those_of_linear_algebra(strength):
    degrees = [0, 2, 5, 9]
    errors = fit_errors(
        curve,
        degrees=degrees,
        n_points=15,
        noise=0.3,
        n_repeats=600,
        strength=strength,
        generator=seeded(),
    )
    for i, degree in enumerate(degrees):
        train, bias, variance = exact(degree, 15, 0.3, strength)
        assert float(errors.train[i]) == pytest.approx(train, rel=0.08)
        assert float(errors.variance[i]) == pytest.approx(variance, rel=0.12)
        assert float(errors.bias_squared[i]) == pytest.approx(bias, abs=0.002)


def test_the_test_error_is_the_sum_of_its_parts():
    errors = fit_errors(
        curve, degrees=[1, 4], n_points=10, noise=0.2, n_repeats=7, generator=seeded()
    )
    close(errors.test, errors.bias_squared + errors.variance + 0.2**2)
    assert errors.degrees == [1, 4]
    assert errors.train.dtype == torch.float64


def test_without_noise_there_is_no_variance():
    errors = fit_errors(curve, degrees=[3], n_points=9, noise=0.0, n_repeats=3)
    close(errors.variance, torch.zeros(1).double())
    close(errors.test, errors.bias_squared)
    train, bias, _ = exact(3, 9, 0.0)
    close(
        torch.stack([errors.train[0], errors.bias_squared[0]]), torch.tensor([train, bias]).double()
    )


def test_under_and_overfitting():
    degrees = list(range(13))
    errors = fit_errors(
        curve, degrees=degrees, n_points=15, noise=0.3, n_repeats=40, generator=seeded()
    )
    assert (errors.train.diff() <= 1e-12).all()
    best = int(errors.test.argmin())
    assert 3 <= best <= 7
    assert errors.test[0] > 2 * errors.test[best]
    assert errors.test[-1] > 2 * errors.test[best]
    assert errors.bias_squared[0] > 10 * errors.variance[0]
    assert errors.bias_squared[-1] < 0.1 * errors.variance[-1]


def test_more_points_or_less_noise_lower_the_variance():
    def variance(**changes: float) -> float:
        options = {"n_points": 20, "noise": 0.3} | changes
        return float(fit_errors(curve, degrees=[7], generator=seeded(), **options).variance[0])

    assert variance(n_points=80) < 0.5 * variance()
    assert variance(noise=0.15) == pytest.approx(variance() / 4)


def test_the_generator_decides():
    first, again, other = (
        fit_errors(curve, degrees=[3], n_points=9, noise=0.2, n_repeats=3, generator=seeded(s))
        for s in (1, 1, 2)
    )
    assert torch.equal(first.train, again.train)
    assert not torch.equal(first.train, other.train)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": -1.0}, "expected noise ≥ 0, got -1"),
        ({"n_points": 1}, "expected n_points ≥ 2.* got 1"),
        ({"n_repeats": 0}, "n_repeats ≥ 1 and a degree or more, got 9, 0"),
        ({"degrees": []}, r"a degree or more, got 9, 50 and \[\]"),
        ({"degrees": [-1]}, "expected a whole degree ≥ 0"),
        ({"strength": -1.0}, "expected strength ≥ 0"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    options = {"degrees": [1], "n_points": 9, "noise": 0.1} | changes
    with pytest.raises(ParameterError, match=message):
        fit_errors(curve, **options)

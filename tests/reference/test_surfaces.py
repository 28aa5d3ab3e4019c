"""Surfaces against autograd, finite differences and SciPy; the stability limit by descent."""

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.helpers import DTYPES, close, gradient_of, randn
from utils.errors import ParameterError
from utils.reference.gradient_descent import gradient_descent
from utils.reference.gradients import numerical_gradient
from utils.reference.optimizers import SGD
from utils.reference.stability import stability_limit
from utils.reference.surfaces import (
    BEALE,
    HIMMELBLAU,
    MANY_MINIMA,
    PLATEAU,
    RAVINE,
    ROSENBROCK,
    SADDLE,
    SURFACES,
    noisy_gradient,
    quadratic,
)

LOWEST = {"saddle": -0.25}
each = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def inside(surface, n):
    """Return points between the bounds, uniformly distributed, shape (n, 2)."""
    low, high = torch.tensor(surface.bounds, dtype=torch.float64).T
    uniform = torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return low + (high - low) * uniform


@each
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (5,), (3, 4)])
def test_gradients_agree_with_autograd(surface, dtype, shape):
    theta = randn(*shape, 2, dtype=dtype)
    assert surface(theta).shape == shape
    assert surface(theta).dtype == dtype
    expected = gradient_of(surface, theta)
    scale = max(1.0, float(expected.abs().max()))
    close(surface.gradient(theta) / scale, expected / scale)


@each
def test_gradients_agree_with_finite_differences(surface):
    for theta in inside(surface, 5):
        close(surface.gradient(theta), numerical_gradient(surface, theta), tolerance=1e-5)


@each
def test_nothing_is_lower_than_the_minima(surface):
    minima = torch.tensor(surface.minima, dtype=torch.float64)
    lowest = torch.full((len(minima),), LOWEST.get(surface.name, 0.0)).double()
    close(surface(minima), lowest)
    close(surface.gradient(minima), torch.zeros_like(minima), tolerance=1e-9)
    assert surface(inside(surface, 2000)).min() >= lowest[0]
    for point in (*minima.tolist(), surface.start):
        for x, (low, high) in zip(point, surface.bounds, strict=True):
            assert low < x < high
    assert surface(tensor(*surface.start)) > lowest[0]


def minima_found_by_scipy(surface, n=20):
    found = set()
    for theta in inside(surface, n).numpy():
        result = scipy.optimize.minimize(
            lambda x: float(surface(torch.from_numpy(x))),
            theta,
            jac=lambda x: surface.gradient(torch.from_numpy(x)).numpy(),
            method="BFGS",
            options={"maxiter": 100},
        )
        if result.success and result.fun < LOWEST.get(surface.name, 0.0) + 1e-8:
            found.add(tuple(float(x) for x in np.round(result.x, 3) + 0.0))
    return found


@pytest.mark.parametrize("surface", [SADDLE, ROSENBROCK, BEALE, HIMMELBLAU], ids=lambda s: s.name)
def test_scipy_finds_the_minima_and_no_others(surface):
    assert minima_found_by_scipy(surface) == {
        tuple(round(x, 3) for x in point) for point in surface.minima
    }


def test_rosenbrock_is_that_of_scipy():
    points = inside(ROSENBROCK, 20)
    close(ROSENBROCK(points), torch.from_numpy(scipy.optimize.rosen(points.T.numpy())))
    slopes = np.stack([scipy.optimize.rosen_der(point) for point in points.numpy()])
    close(ROSENBROCK.gradient(points), torch.from_numpy(slopes), tolerance=1e-10)


def test_known_heights():
    zero = tensor(0, 0)
    assert HIMMELBLAU(zero) == 170
    assert BEALE(zero) == 1.5**2 + 2.25**2 + 2.625**2
    assert ROSENBROCK(tensor(-1.2, 1)) == pytest.approx(24.2)
    assert MANY_MINIMA(tensor(0.5, 0)) == pytest.approx(20.25)
    assert PLATEAU(tensor(1, 1)) == pytest.approx(0.63212, abs=1e-5)
    assert RAVINE(tensor(1, 2)) == 0.5 + 60


# What each surface is there to show


def descend(surface, start, *, lr, steps):
    return gradient_descent(surface.gradient, tensor(*start), lr=lr, steps=steps)[-1]


def test_a_saddle_stops_those_who_come_exactly_along_its_ridge():
    close(descend(SADDLE, (-1.5, 0), lr=0.1, steps=500), tensor(0, 0), tolerance=1e-9)
    assert SADDLE.gradient(tensor(0, 0)).tolist() == [0, 0]
    nearly = descend(SADDLE, SADDLE.start, lr=0.1, steps=40)
    assert nearly.norm() < 0.1, "after 40 steps it should still look stuck"
    close(descend(SADDLE, SADDLE.start, lr=0.1, steps=500), tensor(0, 1), tolerance=1e-9)


def test_a_plateau_has_hardly_any_gradient():
    assert PLATEAU.gradient(tensor(*PLATEAU.start)).norm() < 0.02
    assert PLATEAU.gradient(tensor(0.5, 0.5)).norm() > 0.5


def test_one_of_many_minima_is_found_but_not_the_lowest():
    end = descend(MANY_MINIMA, MANY_MINIMA.start, lr=0.001, steps=2000)
    close(MANY_MINIMA.gradient(end), tensor(0, 0), tolerance=1e-6)
    assert end.round().tolist() == [3, -3]
    assert MANY_MINIMA(end) > 15


def test_the_steep_axis_of_a_ravine_limits_the_rate_of_both():
    limit = stability_limit(30)
    below = descend(RAVINE, RAVINE.start, lr=0.95 * limit, steps=100)
    above = descend(RAVINE, RAVINE.start, lr=1.05 * limit, steps=100)
    assert below[1].abs() < 1e-3
    assert above[1].abs() > 1e3
    assert (above[0] / RAVINE.start[0]).abs() < 0.01  # fine on its own


@given(
    curvature=st.floats(0.1, 100),
    momentum=st.floats(0, 0.95),
    nesterov=st.booleans(),
)
def test_just_below_the_limit_converges_and_just_above_diverges(curvature, momentum, nesterov):
    nesterov = nesterov and momentum > 0
    limit = stability_limit(curvature, momentum=momentum, nesterov=nesterov)
    ends = []
    for lr in (0.99 * limit, 1.01 * limit):
        bowl, optimizer = quadratic([curvature]), SGD(lr=lr, momentum=momentum, nesterov=nesterov)
        theta = tensor(1.0)
        for _ in range(400):
            theta = optimizer.step(theta, bowl.gradient(theta))
        ends.append(float(theta.abs()))
    assert ends[0] < 0.05
    assert ends[1] > 20


def test_the_limits_of_the_lecture():
    assert stability_limit(4) == 0.5
    assert stability_limit(4, momentum=0.5) == 0.75
    assert stability_limit(4, momentum=0.5, nesterov=True) == 0.375
    theta, optimizer = tensor(1.0), SGD(lr=stability_limit(4))
    for step in range(10):
        theta = optimizer.step(theta, 4 * theta)
        assert float(theta) == (-1) ** (step + 1)  # from one side to the other, for ever


def test_quadratic():
    bowl = quadratic([2.0, 8, 0.5], bounds=3)
    theta = randn(4, 3)
    close(bowl(theta), theta[:, 0] ** 2 + 4 * theta[:, 1] ** 2 + theta[:, 2] ** 2 / 4)
    close(bowl.gradient(theta), gradient_of(bowl, theta))
    rims = [0.5 * c * high**2 for c, (_, high) in zip([2.0, 8, 0.5], bowl.bounds, strict=True)]
    assert rims == pytest.approx([2.25] * 3)
    assert bowl.minima == ((0, 0, 0),)


def test_a_noisy_gradient_is_right_on_average():
    gradient = noisy_gradient(BEALE, noise=0.5, generator=torch.Generator().manual_seed(1))
    theta = tensor(1.0, 0.2).expand(20000, 2)
    error = gradient(theta) - BEALE.gradient(theta)
    close(error.mean(0), tensor(0, 0), tolerance=0.02)
    close(error.std(0), tensor(0.5, 0.5), tolerance=0.02)
    assert not torch.equal(gradient(theta), gradient(theta))
    again = noisy_gradient(BEALE, noise=0.5, generator=torch.Generator().manual_seed(1))
    close(again(theta) - BEALE.gradient(theta), error)
    close(noisy_gradient(BEALE, noise=0)(theta), BEALE.gradient(theta))
    assert gradient(theta.float()).dtype == torch.float32


def test_noise_leads_out_of_a_pit():
    generator = torch.Generator().manual_seed(0)
    noisy = noisy_gradient(MANY_MINIMA, noise=100, generator=generator)
    start = tensor(3.2, -2.7)
    path = gradient_descent(noisy, start, lr=0.01, steps=500)
    assert MANY_MINIMA(path).min() < MANY_MINIMA(descend(MANY_MINIMA, start, lr=0.001, steps=500))


def test_the_surfaces_have_their_names():
    assert list(SURFACES) == [
        "ravine", "saddle", "plateau", "rosenbrock", "beale", "himmelblau", "many minima"
    ]  # fmt: skip


def test_bad_arguments():
    with pytest.raises(ParameterError, match=r"theta of 2 numbers in its last axis, got shape=\(3"):
        BEALE(torch.zeros(3))
    with pytest.raises(
        ParameterError, match=r"theta of 2 numbers in its last axis, got shape=\(\)"
    ):
        BEALE.gradient(torch.tensor(1.0))
    with pytest.raises(ParameterError, match="expected theta of a floating-point dtype"):
        BEALE(torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ParameterError, match="expected at least one curvature, got none"):
        quadratic([])
    with pytest.raises(ParameterError, match="expected curvature > 0, got -1"):
        quadratic([1, -1])
    with pytest.raises(ParameterError, match="expected bounds > 0, got 0"):
        quadratic([1], bounds=0)
    with pytest.raises(ParameterError, match="expected curvature > 0, got 0"):
        stability_limit(0)
    with pytest.raises(ParameterError, match="expected 0 ≤ momentum < 1, got 1"):
        stability_limit(1, momentum=1)
    with pytest.raises(ParameterError, match="expected noise ≥ 0, got -1"):
        noisy_gradient(BEALE, noise=-1)

"""The gradient checker: right slopes pass, every usual mistake is caught."""

import math

import pytest
import scipy.optimize
import torch
from hypothesis import given

from tests.reference.helpers import gradient_of, randn, vectors
from utils.errors import ParameterError
from utils.reference.gradients import check_gradient, numerical_gradient


def cubic(theta):
    return (theta**3).sum() - theta.sum() ** 2


def cubic_grad(theta):
    return 3 * theta**2 - 2 * theta.sum()


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_pytorch(shape, dtype):
    point = randn(*shape, dtype=dtype)
    gradient = numerical_gradient(cubic, point)
    assert gradient.dtype == torch.float64
    assert gradient.shape == point.shape
    torch.testing.assert_close(gradient, gradient_of(cubic, point.double()), rtol=1e-8, atol=1e-8)


def test_agrees_with_scipy():
    point = randn(5)
    expected = scipy.optimize.approx_fprime(
        point.numpy(), lambda x: cubic(torch.from_numpy(x)).item(), 1e-7
    )
    actual = numerical_gradient(cubic, point).numpy()
    assert actual == pytest.approx(expected, abs=1e-5)


@given(a=vectors(3, 3), point=vectors(3, 3))
def test_is_exact_for_parabolas_whatever_the_step(a, point):
    gradient = numerical_gradient(lambda x: (a * x**2).sum(), point, step=0.5)
    torch.testing.assert_close(gradient, 2 * a * point, rtol=1e-9, atol=1e-9)


def test_central_differences_have_an_error_of_second_order():
    point = torch.tensor(1.0)
    errors = [
        abs(numerical_gradient(torch.exp, point, step=h).item() - math.e) for h in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


def test_the_point_is_left_alone_and_transposed_ones_work():
    point = randn(3, 2).T
    before = point.clone()
    expected = gradient_of(lambda x: (x**2 * torch.arange(6.0).view(2, 3)).sum(), point)
    actual = numerical_gradient(lambda x: (x**2 * torch.arange(6.0).view(2, 3)).sum(), point)
    torch.testing.assert_close(actual, expected, rtol=1e-7, atol=1e-7)
    assert torch.equal(point, before)


def test_a_right_gradient_passes():
    check = check_gradient(cubic, cubic_grad, randn(2, 3))
    assert check
    assert check.passed
    assert check.max_error < 1e-7
    assert check.relative_error < 1e-8
    assert str(check).startswith("The gradients agree")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: -cubic_grad(x),
        lambda x: 3 * x**2,  # a term forgotten
        lambda x: x**2 - 2 * x.sum(),  # the factor forgotten
        lambda x: cubic_grad(x) * (1 + 1e-4),
        lambda x: cubic_grad(x).flip(0),
    ],
)
def test_a_wrong_gradient_fails(wrong):
    check = check_gradient(cubic, wrong, randn(4))
    assert not check
    assert check.relative_error > 1e-5


def test_the_worst_element_is_named():
    def wrong(theta):
        gradient = cubic_grad(theta)
        gradient[1, 2] += 1
        return gradient

    check = check_gradient(cubic, wrong, torch.zeros(2, 3))
    assert check.worst_index == (1, 2)
    assert check.max_error == pytest.approx(1)
    assert str(check).startswith("The gradients differ most at (1, 2): yours is 1, finite ")
    assert check_gradient(cubic, lambda x: -cubic_grad(x), randn(3)).relative_error == (
        pytest.approx(1)
    )


def test_bad_arguments():
    with pytest.raises(ParameterError, match=r"returns a scalar, got shape=\(2,\)"):
        numerical_gradient(lambda x: x, torch.zeros(2))
    with pytest.raises(ParameterError, match="expected step > 0, got 0"):
        numerical_gradient(cubic, torch.zeros(2), step=0)
    with pytest.raises(ParameterError, match="expected point of a floating-point dtype"):
        numerical_gradient(cubic, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(
        ParameterError, match="expected the gradient and the point of the same shape"
    ):
        check_gradient(cubic, lambda x: x.sum(), torch.zeros(2))

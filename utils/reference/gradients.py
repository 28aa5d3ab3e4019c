"""Check a gradient that was worked out by hand against finite differences.

A central difference asks the function itself how it changes, so it knows nothing about the
chain rule and makes none of its mistakes. It costs two evaluations for every parameter,
which is why nobody trains with it. All differences are taken in float64.

References
----------
Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press, 2016, section 11.5.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_positive, require_same_shape

__all__ = ["GradientCheck", "check_gradient", "numerical_gradient"]


def numerical_gradient(
    function: Callable[[torch.Tensor], torch.Tensor], point: torch.Tensor, *, step: float = 1e-5
) -> torch.Tensor:
    r"""Compute the gradient of a scalar function by central differences.

    Parameters
    ----------
    function : Callable
        From a float64 tensor of the shape of `point` to a scalar. Called ``2 * point.numel()``
        times.
    point : torch.Tensor
        θ, where to take the gradient: scalar, vector, matrix or tensor, floating point.
    step : float
        h > 0. Too large, and the curvature shows; too small, and rounding does. The error is
        about h² + 10⁻¹⁶/h, best near h = 10⁻⁵.

    Returns
    -------
    torch.Tensor
        Same shape, float64: one slope for every element of `point`.

    Raises
    ------
    ParameterError
        If `point` is not floating point, `step` ≤ 0 or the function does not return a scalar.

    Notes
    -----
    .. math:: \frac{\partial f}{\partial\theta_i}
              \approx \frac{f(\theta + h\mathbf e_i) - f(\theta - h\mathbf e_i)}{2h}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    require_float("point", point)
    require_positive("step", step)
    theta = point.detach().double().clone(memory_format=torch.contiguous_format)
    gradient = torch.zeros_like(theta)
    for i in range(theta.numel()):
        value = theta.view(-1)[i].item()
        theta.view(-1)[i] = value + step
        above = _scalar(function(theta.clone()))
        theta.view(-1)[i] = value - step
        below = _scalar(function(theta.clone()))
        theta.view(-1)[i] = value
        gradient.view(-1)[i] = (above - below) / (2 * step)
    return gradient


@dataclass(frozen=True)
class GradientCheck:
    """What the comparison of two gradients found.

    Attributes
    ----------
    passed : bool
        Whether every element agrees within the tolerances.
    analytic, numerical : torch.Tensor
        The two gradients, float64.
    max_error : float
        The largest absolute difference.
    relative_error : float
        The length of the difference over the sum of the lengths: 0 for equal gradients, 1 for
        opposite ones; below about 1e-6 is fine.
    worst_index : tuple of int
        Where the difference is largest.
    """

    passed: bool
    analytic: torch.Tensor
    numerical: torch.Tensor
    max_error: float
    relative_error: float
    worst_index: tuple[int, ...]

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if self.passed:
            return f"The gradients agree (largest difference {self.max_error:.1e})."
        return (
            f"The gradients differ most at {self.worst_index}: yours is "
            f"{float(self.analytic[self.worst_index]):.6g}, finite differences say "
            f"{float(self.numerical[self.worst_index]):.6g}."
        )


def check_gradient(
    function: Callable[[torch.Tensor], torch.Tensor],
    gradient: Callable[[torch.Tensor], torch.Tensor],
    point: torch.Tensor,
    *,
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> GradientCheck:
    r"""Compute both gradients at a point and compare them.

    Parameters
    ----------
    function : Callable
        The scalar function, as for :func:`numerical_gradient`.
    gradient : Callable
        The gradient to check: from a float64 tensor to one of the same shape.
    point : torch.Tensor
        Where to compare them. Random points are best: zeros and ones hide mistakes.
    step : float
        As for :func:`numerical_gradient`.
    rtol, atol : float
        Allowed difference, relative to the numerical gradient and absolute.

    Returns
    -------
    GradientCheck
        True if they agree; ``print`` it to read where they don't.

    Raises
    ------
    ParameterError
        If the gradient has another shape than `point`, or as in :func:`numerical_gradient`.

    Notes
    -----
    .. math:: \frac{\lVert g - \tilde g \rVert}{\lVert g \rVert + \lVert \tilde g \rVert}

    is the relative error of the gradient g against the numerical one.

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """
    numerical = numerical_gradient(function, point, step=step)
    analytic = gradient(point.detach().double().clone()).detach().double()
    require_same_shape("the gradient", analytic, "the point", point)
    difference = (analytic - numerical).abs()
    lengths = float(analytic.norm() + numerical.norm())
    worst = int(difference.argmax()) if difference.numel() else 0
    index = torch.unravel_index(torch.tensor(worst), difference.shape)
    return GradientCheck(
        passed=bool((difference <= atol + rtol * numerical.abs()).all()),
        analytic=analytic,
        numerical=numerical,
        max_error=float(difference.max()),
        relative_error=float(difference.norm()) / lengths if lengths else 0.0,
        worst_index=tuple(int(i) for i in index),
    )


def _scalar(value: torch.Tensor) -> float:
    if torch.as_tensor(value).numel() != 1:
        raise ParameterError(
            f"expected a function that returns a scalar, got shape={tuple(value.shape)}"
        )
    return float(value)

"""Gradient descent in its plainest form: the whole path, one step after the other.

Momentum, Adam and the other optimizers have a module of their own.
"""

from collections.abc import Callable

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_positive

__all__ = ["gradient_descent"]


def gradient_descent(
    gradient: Callable[[torch.Tensor], torch.Tensor],
    start: torch.Tensor,
    *,
    lr: float,
    steps: int,
    tolerance: float | None = None,
) -> torch.Tensor:
    r"""Return the trajectory of gradient descent from a start point.

    Parameters
    ----------
    gradient : Callable
        From parameters of the shape of `start` to the gradient of the loss, same shape. Called
        once a step.
    start : torch.Tensor
        θ₀, floating point. A batch of start points works too, if `gradient` takes one.
    lr : float
        Learning rate η > 0. A quadratic with curvature c converges for η < 2/c.
    steps : int
        Number of updates at most, ≥ 0.
    tolerance : float, optional
        Converged, hence done, when the length of the gradient is not above this, ≥ 0. Without
        it, all steps are taken.

    Returns
    -------
    torch.Tensor
        Shape (taken + 1, \*start.shape), the first row is `start`. Too large a learning rate
        shows as rows that grow, up to infinity.

    Raises
    ------
    ParameterError
        If a number is out of range or the gradient's shape differs from that of `start`.

    Notes
    -----
    .. math:: \theta_{t+1} = \theta_t - \eta\,\nabla L(\theta_t)

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées",
    *Comptes rendus* 25, 1847; Nocedal and Wright, *Numerical Optimization*, 2nd edition,
    Springer, 2006, chapter 3.
    """
    require_float("start", start)
    require_positive("lr", lr)
    if steps < 0 or (tolerance is not None and tolerance < 0):
        raise ParameterError(f"expected steps ≥ 0 and tolerance ≥ 0, got {steps} and {tolerance}")
    theta = start.detach().clone()
    trajectory = [theta]
    for _ in range(steps):
        slope = gradient(theta)
        if slope.shape != theta.shape:
            raise ParameterError(
                f"expected a gradient of shape={tuple(theta.shape)}, got {tuple(slope.shape)}"
            )
        if tolerance is not None and float(slope.norm()) <= tolerance:
            break
        theta = theta - lr * slope.detach()
        trajectory.append(theta)
    return torch.stack(trajectory)

"""The Huber loss: a compromise between L1 and L2 that outliers can't pull far.

Conventions as in :mod:`utils.reference.losses`.
"""

import torch

from utils.reference.checks import require_positive
from utils.reference.losses import signed_error

__all__ = ["huber_loss", "huber_loss_grad"]


def huber_loss(
    prediction: torch.Tensor, target: torch.Tensor, *, delta: float = 1.0
) -> torch.Tensor:
    r"""Return a loss of every element that is quadratic near zero and linear beyond `delta`.

    Parameters
    ----------
    prediction, target : torch.Tensor
        ŷ and y; any shape, the same for both, floating point.
    delta : float
        Where the parabola becomes a line, > 0, in the target's unit.

    Returns
    -------
    torch.Tensor
        Loss of every element, ≥ 0; same shape.

    Raises
    ------
    ParameterError
        If the shapes differ or the tensors are not floating point, or `delta` ≤ 0.

    Notes
    -----
    With r = ŷ - y,

    .. math:: L(\hat y, y) = \tfrac12 r^2 \text{ for } |r| \le \delta,
              \qquad \delta\,(|r| - \tfrac12\delta) \text{ beyond}

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", *Annals of Mathematical
    Statistics* 35, 1964.
    """
    require_positive("delta", delta)
    r = signed_error(prediction, target).abs()
    return torch.where(r <= delta, r**2 / 2, delta * (r - delta / 2))


def huber_loss_grad(
    prediction: torch.Tensor, target: torch.Tensor, *, delta: float = 1.0
) -> torch.Tensor:
    r"""Return the derivative of :func:`huber_loss`: the error, limited to ±δ.

    Parameters
    ----------
    prediction, target : torch.Tensor
        As for :func:`huber_loss`.
    delta : float
        As for :func:`huber_loss`.

    Returns
    -------
    torch.Tensor
        ∂L/∂ŷ of every element; same shape.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial \hat y}
              = \min(\max(\hat y - y, -\delta), \delta)

    Lecture: ``lectures/01_losses.ipynb``
    """
    require_positive("delta", delta)
    return signed_error(prediction, target).clamp(-delta, delta)

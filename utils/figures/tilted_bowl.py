"""A long bowl, straight or turned: where momentum helps, and where a rate for every axis does."""

import math

import torch

from utils.reference.checks import require_positive
from utils.reference.surfaces import Surface

__all__ = ["tilted_bowl"]


def tilted_bowl(steep: float, *, turn: float = 0.0) -> Surface:
    r"""Return a bowl of curvature 1 along and c across, turned by an angle.

    Parameters
    ----------
    steep : float
        c > 0.
    turn : float
        α in degrees, against the clock.

    Returns
    -------
    Surface
        Its only minimum is at zero.

    Raises
    ------
    ParameterError
        If `steep` is not above zero.

    Notes
    -----
    .. math:: L(\theta) = \tfrac12 (u^2 + c\,w^2), \qquad
              u = \theta_1\cos\alpha + \theta_2\sin\alpha, \quad
              w = \theta_2\cos\alpha - \theta_1\sin\alpha

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_positive("steep", steep)
    angle = math.radians(turn)
    k, s = math.cos(angle), math.sin(angle)
    a, b, d = k * k + steep * s * s, (1 - steep) * k * s, s * s + steep * k * k

    def value(theta: torch.Tensor) -> torch.Tensor:
        x, y = theta[..., 0], theta[..., 1]
        return (a * x * x + 2 * b * x * y + d * y * y) / 2

    def slope(theta: torch.Tensor) -> torch.Tensor:
        x, y = theta[..., 0], theta[..., 1]
        return torch.stack((a * x + b * y, b * x + d * y), -1)

    return Surface(
        name="ravine" if steep > 3 else "bowl",
        formula=r"\tfrac12 (u^2 + c\,w^2)",
        value=value,
        slope=slope,
        minima=((0.0, 0.0),),
        bounds=((-4.0, 4.0), (-4.0, 4.0)),
        start=(3.5, 1.5),
    )

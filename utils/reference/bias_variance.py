r"""Underfitting and overfitting in numbers: the error that stays, and the error that wobbles.

The same experiment is made many times: points with fresh noise, a fit, and a look at how far
it is from the truth. The mean of all fits misses the truth by the bias (too inexpressive);
single fits differ from their mean by the variance (too expressive).

References
----------
Geman, Bienenstock and Doursat, "Neural Networks and the Bias/Variance Dilemma",
*Neural Computation* 4, 1992.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least
from utils.reference.polynomial import polynomial_fit

__all__ = ["FitErrors", "fit_errors"]

N_TEST = 201  # assumed: dense enough for the curves in question


@dataclass(frozen=True)
class FitErrors:
    """Squared errors against the degree, means over all repetitions; each (n_degrees,).

    Attributes
    ----------
    degrees : list of int
        The capacities.
    train : torch.Tensor
        On the points that were fitted.
    test : torch.Tensor
        On fresh noisy points of the same curve: bias² + variance + noise².
    bias_squared : torch.Tensor
        Of the mean fit, from the curve without noise.
    variance : torch.Tensor
        Of single fits, from the mean fit.
    """

    degrees: list[int]
    train: torch.Tensor
    test: torch.Tensor
    bias_squared: torch.Tensor
    variance: torch.Tensor


def fit_errors(
    target: Callable[[torch.Tensor], torch.Tensor],
    *,
    degrees: Sequence[int],
    n_points: int,
    noise: float,
    n_repeats: int = 50,
    strength: float = 0.0,
    generator: torch.Generator | None = None,
) -> FitErrors:
    r"""Compute training and test error of polynomial fits against the degree.

    Parameters
    ----------
    target : callable
        f, the true curve, from points (n,) in [-1, 1] to values (n,).
    degrees : sequence of int
        Of the polynomials, each ≥ 0.
    n_points : int
        Training points ≥ 2, evenly spaced (assumed) on [-1, 1].
    noise : float
        σ ≥ 0, standard deviation of the noise on the targets.
    n_repeats : int
        Training sets, ≥ 1, that differ in their noise.
    strength : float
        λ ≥ 0 of the ridge penalty.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    FitErrors
        In float64.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    With the mean :math:`\bar f` of all fits :math:`\hat f`, averaged over x,

    .. math:: \mathbb{E}\,(\hat f(x) - y)^2
              = \underbrace{(\bar f(x) - f(x))^2}_{\text{bias}^2}
              + \underbrace{\mathbb{E}\,(\hat f(x) - \bar f(x))^2}_{\text{variance}}
              + \sigma^2

    All degrees see the same noise, so that their differences are their own.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_at_least(0, noise=noise)
    if n_points < 2 or n_repeats < 1 or not degrees:
        raise ParameterError(
            f"expected n_points ≥ 2, n_repeats ≥ 1 and a degree or more, "
            f"got {n_points}, {n_repeats} and {list(degrees)}"
        )
    x = torch.linspace(-1, 1, n_points, dtype=torch.float64)
    unseen = torch.linspace(-1, 1, N_TEST, dtype=torch.float64)
    truth = target(unseen)
    shape = (n_repeats, n_points)
    ys = target(x) + noise * torch.randn(shape, dtype=x.dtype, generator=generator)
    rows = []
    for degree in degrees:
        fits = [polynomial_fit(x, y, degree=degree, strength=strength) for y in ys]
        train = torch.stack([fit(x) for fit in fits]) - ys
        curves = torch.stack([fit(unseen) for fit in fits])
        bias = curves.mean(0) - truth
        wobble = curves - curves.mean(0)
        rows.append(torch.stack([part.square().mean() for part in (train, bias, wobble)]))
    train_error, bias_squared, variance = torch.stack(rows, dim=1)
    test = bias_squared + variance + noise**2
    return FitErrors(list(degrees), train_error, test, bias_squared, variance)

r"""Polynomials through points: capacity that can be counted, a model with one best answer.

A polynomial of degree d has d + 1 coefficients. It is linear in them, so the best ones follow
from linear algebra, without steps and without a learning rate. That makes it the plainest
case of underfitting (d too small) and overfitting (d too large).

Conventions: points are vectors (n,). The coefficients w stand from the constant upward and
belong to the scaled axis u, on which the domain is [-1, 1]: powers of large numbers would
drown in rounding. λ is called `strength` as in :mod:`utils.reference.regularizers`; the
constant is not penalized.

References
----------
Bishop, *Pattern Recognition and Machine Learning*, Springer, 2006, section 1.1.
"""

from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_float, require_same_shape

__all__ = [
    "Polynomial",
    "polynomial_features",
    "polynomial_fit",
    "polynomial_loss",
    "polynomial_loss_grad",
]

Domain = tuple[float, float]


@dataclass(frozen=True)
class Polynomial:
    """A polynomial that can be called on points.

    Attributes
    ----------
    coefficients : torch.Tensor
        w, shape (degree + 1,), from the constant upward, on the scaled axis.
    domain : (float, float)
        The ends of the axis that become -1 and 1.
    """

    coefficients: torch.Tensor
    domain: Domain = (-1.0, 1.0)

    @property
    def degree(self) -> int:
        """The highest power."""
        return len(self.coefficients) - 1

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the predictions ŷ, shape (n,), at the points x (n,)."""
        features = polynomial_features(x, degree=self.degree, domain=self.domain)
        return features @ self.coefficients


def polynomial_features(
    x: torch.Tensor, *, degree: int, domain: Domain = (-1.0, 1.0)
) -> torch.Tensor:
    r"""Return the powers of points, one point a row (Vandermonde matrix).

    Parameters
    ----------
    x : torch.Tensor
        Points, shape (n,), floating point.
    degree : int
        d ≥ 0.
    domain : (float, float)
        [a, b], a < b: the axis is scaled so that it becomes [-1, 1].

    Returns
    -------
    torch.Tensor
        X, shape (n, degree + 1), from power 0 upward.

    Raises
    ------
    ParameterError
        If x is no floating-point vector, or degree or domain are out of range.

    Notes
    -----
    .. math:: X_{ik} = u_i^k, \qquad u = \frac{2x - a - b}{b - a}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_float("x", x)
    if x.ndim != 1:
        raise ParameterError(f"expected x of shape (n,), got shape={tuple(x.shape)}")
    if isinstance(degree, bool) or degree != int(degree) or degree < 0:
        raise ParameterError(f"expected a whole degree ≥ 0, got {degree}")
    low, high = domain
    if not low < high:
        raise ParameterError(f"expected a domain from low to high, got {domain}")
    u = (2 * x - low - high) / (high - low)
    return u[:, None] ** torch.arange(int(degree) + 1, device=x.device)


def polynomial_loss(
    coefficients: torch.Tensor,
    features: torch.Tensor,
    targets: torch.Tensor,
    *,
    strength: float = 0.0,
) -> torch.Tensor:
    r"""Compute the mean squared error plus the ridge penalty.

    Parameters
    ----------
    coefficients : torch.Tensor
        w, shape (d + 1,).
    features : torch.Tensor
        X, shape (n, d + 1), from :func:`polynomial_features`.
    targets : torch.Tensor
        y, shape (n,).
    strength : float
        λ ≥ 0.

    Returns
    -------
    torch.Tensor
        A scalar.

    Raises
    ------
    ParameterError
        If the shapes don't fit or `strength` < 0.

    Notes
    -----
    .. math:: L(w) = \frac1n \sum_i \Big(\sum_k X_{ik} w_k - y_i\Big)^2
              + \lambda \sum_{k \ge 1} w_k^2

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_at_least(0, strength=strength)
    error = _error(coefficients, features, targets)
    return error.square().mean() + strength * coefficients[1:].square().sum()


def polynomial_loss_grad(
    coefficients: torch.Tensor,
    features: torch.Tensor,
    targets: torch.Tensor,
    *,
    strength: float = 0.0,
) -> torch.Tensor:
    r"""Return the gradient of :func:`polynomial_loss` with respect to the coefficients.

    Parameters
    ----------
    coefficients, features, targets, strength
        As for :func:`polynomial_loss`.

    Returns
    -------
    torch.Tensor
        Shape (d + 1,).

    Raises
    ------
    ParameterError
        As in :func:`polynomial_loss`.

    Notes
    -----
    .. math:: \nabla L(w) = \frac2n X^\top (X w - y) + 2 \lambda\, (0, w_1, \dots, w_d)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_at_least(0, strength=strength)
    error = _error(coefficients, features, targets)
    penalized = torch.cat([torch.zeros_like(coefficients[:1]), coefficients[1:]])
    return 2 / len(targets) * features.T @ error + 2 * strength * penalized


def polynomial_fit(
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    degree: int,
    strength: float = 0.0,
    domain: Domain | None = None,
) -> Polynomial:
    r"""Return the polynomial with the least squared error, with a ridge penalty if wanted.

    Parameters
    ----------
    x : torch.Tensor
        Points, shape (n,), floating point, n ≥ 1.
    y : torch.Tensor
        Targets, shape (n,).
    degree : int
        d ≥ 0: the capacity.
    strength : float
        λ ≥ 0 of the ridge penalty.
    domain : (float, float), optional
        What becomes [-1, 1]; by default from the smallest to the largest point.

    Returns
    -------
    Polynomial
        With too few points for its degree, that with the smallest coefficients.

    Raises
    ------
    ParameterError
        If the shapes don't fit, there is no point, or a number is out of range.

    Notes
    -----
    The gradient is zero where

    .. math:: (X^\top X + n \lambda D)\, w = X^\top y, \qquad D = \mathrm{diag}(0, 1, \dots, 1)

    It is not solved like that, which would square the rounding errors, but as the least
    squares of :math:`X` with the rows :math:`\sqrt{n\lambda} D` below it and zeros as targets.

    Lecture: ``lectures/04_overfitting.ipynb``

    References
    ----------
    Hoerl and Kennard, "Ridge Regression", *Technometrics* 12, 1970.
    """
    require_float("x", x)
    require_same_shape("y", y, "x", x)
    require_at_least(0, strength=strength)
    if x.numel() == 0:
        raise ParameterError("expected at least one point, got none")
    domain = _domain(x) if domain is None else domain
    features = polynomial_features(x, degree=degree, domain=domain)
    penalty = torch.eye(degree + 1).to(features) * (len(x) * strength) ** 0.5
    penalty[0, 0] = 0
    rows = torch.cat([features, penalty])
    targets = torch.cat([y, y.new_zeros(degree + 1)])
    # On the CPU, the singular values tell which directions the points leave open.
    solution = torch.linalg.lstsq(rows.cpu(), targets.cpu()[:, None], driver="gelsd").solution
    return Polynomial(solution[:, 0].to(x.device), domain)


def _domain(x: torch.Tensor) -> Domain:
    low, high = float(x.min()), float(x.max())
    return (low, high) if low < high else (low - 1, high + 1)


def _error(
    coefficients: torch.Tensor, features: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    expected = (len(targets), len(coefficients))
    if tuple(features.shape) != expected or targets.ndim != 1:
        raise ParameterError(
            f"expected features of shape {expected}, got shape={tuple(features.shape)}"
        )
    return features @ coefficients - targets

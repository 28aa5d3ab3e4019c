"""Loss landscapes of two parameters that are difficult each in its own way.

Conventions: a surface takes points θ = (x, y) in the last axis, hence a whole grid at once;
gradients are by hand, for each point. ``SURFACES`` has all of them by name, for menus; bounds
are what to draw, and the start is where the difficulty shows.

References
----------
Rosenbrock, "An automatic method for finding the greatest or least value of a function",
*Computer Journal* 3(3), 1960; Beale, "On an iterative method for finding a local minimum of a
function of more than one variable", Princeton, 1958; Himmelblau, *Applied Nonlinear
Programming*, McGraw-Hill, 1972; Rastrigin, *Systems of Extremal Control*, Nauka, 1974.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_float, require_positive

__all__ = [
    "BEALE",
    "HIMMELBLAU",
    "MANY_MINIMA",
    "PLATEAU",
    "RAVINE",
    "ROSENBROCK",
    "SADDLE",
    "SURFACES",
    "Point",
    "Surface",
    "noisy_gradient",
    "quadratic",
]

Point = tuple[float, ...]


@dataclass(frozen=True)
class Surface:
    """A loss landscape with its gradient; call it for its height.

    Attributes
    ----------
    name : str
        For menus.
    formula : str
        In LaTeX.
    value : Callable
        From points (..., n) to heights (...).
    slope : Callable
        From points (..., n) to gradients (..., n).
    minima : tuple of tuple of float
        All points of the lowest height; there may be more minima, but higher ones.
    bounds : tuple of (float, float)
        What to draw, for each axis.
    start : tuple of float
        Where a race could start.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """

    name: str
    formula: str
    value: Callable[[torch.Tensor], torch.Tensor]
    slope: Callable[[torch.Tensor], torch.Tensor]
    minima: tuple[Point, ...]
    bounds: tuple[tuple[float, float], ...]
    start: Point

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the height L(θ) of points (..., n); shape (...)."""
        self._check(theta)
        return self.value(theta)

    def gradient(self, theta: torch.Tensor) -> torch.Tensor:
        """Return ∇L(θ) of points (..., n); same shape."""
        self._check(theta)
        return self.slope(theta)

    def _check(self, theta: torch.Tensor) -> None:
        require_float("theta", theta)
        n = len(self.start)
        if theta.ndim == 0 or theta.shape[-1] != n:
            raise ParameterError(
                f"expected theta of {n} numbers in its last axis, got shape={tuple(theta.shape)}"
            )


def quadratic(
    curvature: Sequence[float], *, name: str = "quadratic", bounds: float = 4.0
) -> Surface:
    r"""Return a bowl with a given curvature along each axis.

    Parameters
    ----------
    curvature : sequence of float
        c, all > 0, one for each axis.
    name : str
        Of the surface.
    bounds : float
        How far to draw, > 0; narrower on steep axes, so that the rim is equally high.

    Returns
    -------
    Surface
        Its gradient is cθ; its only minimum is at zero.

    Raises
    ------
    ParameterError
        If there is no curvature or one is not above zero.

    Notes
    -----
    .. math:: L(\theta) = \tfrac12 \sum_i c_i \theta_i^2

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if not len(curvature):
        raise ParameterError("expected at least one curvature, got none")
    for one in curvature:
        require_positive("curvature", one)
    require_positive("bounds", bounds)
    c = torch.tensor(curvature, dtype=torch.float64)
    widths = [bounds * math.sqrt(min(curvature) / one) for one in curvature]
    return Surface(
        name=name,
        formula=r"\tfrac12 \sum_i c_i \theta_i^2",
        value=lambda theta: (c.to(theta) * theta**2).sum(-1) / 2,
        slope=lambda theta: c.to(theta) * theta,
        minima=((0.0,) * len(curvature),),
        bounds=tuple((-width, width) for width in widths),
        start=tuple(0.9 * width for width in widths),
    )


def noisy_gradient(
    surface: Surface, *, noise: float, generator: torch.Generator | None = None
) -> Callable[[torch.Tensor], torch.Tensor]:
    r"""Return a gradient as a few random examples would give it: right on average only.

    Parameters
    ----------
    surface : Surface
        Any.
    noise : float
        σ ≥ 0, the standard deviation along each axis. B examples have σ/√B of what one has.
    generator : torch.Generator, optional
        Where the noise comes from.

    Returns
    -------
    Callable
        As ``surface.gradient``, but different in every call.

    Raises
    ------
    ParameterError
        If `noise` is negative.

    Notes
    -----
    .. math:: g(\theta) = \nabla L(\theta) + \sigma\,\xi, \qquad \xi \sim \mathcal N(0, 1)

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    require_at_least(0, noise=noise)

    def gradient(theta: torch.Tensor) -> torch.Tensor:
        xi = torch.randn(theta.shape, generator=generator, dtype=theta.dtype, device=theta.device)
        return surface.gradient(theta) + noise * xi

    return gradient


_Curve = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_Slopes = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def _surface(
    name: str, formula: str, f: _Curve, g: _Slopes, half: float, start: Point, *minima: Point
) -> Surface:
    """Return a square surface from its height and its two slopes as functions of x and y."""
    return Surface(
        name=name,
        formula=formula,
        value=lambda theta: f(theta[..., 0], theta[..., 1]),
        slope=lambda theta: torch.stack(g(theta[..., 0], theta[..., 1]), dim=-1),
        minima=minima,
        bounds=((-half, half), (-half, half)),
        start=start,
    )


def _beale(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _beale_slopes(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    return (
        2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)),
        2 * x * (a + 2 * b * y + 3 * c * y**2),
    )


RAVINE = quadratic((1.0, 30.0), name="ravine")
"""Steep across, nearly flat along: the steep axis limits the rate for both."""

SADDLE = _surface(
    "saddle",
    r"\tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4",
    lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
    lambda x, y: (x, y**3 - y),
    2.0,
    (-1.5, 1e-3),
    (0.0, 1.0),
    (0.0, -1.0),
)
"""A minimum along x and a maximum along y at zero: no gradient there, but two ways down."""

PLATEAU = _surface(
    "plateau",
    r"1 - e^{-(x^2 + y^2) / 2}",
    lambda x, y: 1 - torch.exp(-(x**2 + y**2) / 2),
    lambda x, y: (x * torch.exp(-(x**2 + y**2) / 2), y * torch.exp(-(x**2 + y**2) / 2)),
    4.0,
    (2.5, 2.0),
    (0.0, 0.0),
)
"""Hardly any gradient but near the minimum."""

ROSENBROCK = _surface(
    "rosenbrock",
    r"(1 - x)^2 + 100\,(y - x^2)^2",
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    2.0,
    (-1.2, 1.0),
    (1.0, 1.0),
)
"""A ravine that bends."""

BEALE = _surface(
    "beale",
    r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
    _beale,
    _beale_slopes,
    4.5,
    (1.0, 1.5),
    (3.0, 0.5),
)
"""Flat around the minimum, with steep walls in the corners."""

HIMMELBLAU = _surface(
    "himmelblau",
    r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    lambda x, y: (
        4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
        2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
    ),
    5.0,
    (-0.5, -0.5),
    (3.0, 2.0),
    (-2.805118086952745, 3.131312518250573),
    (-3.779310253377747, -3.2831859912861696),
    (3.5844283403304917, -1.8481265269644036),
)
"""Four minima, equally good: the start decides."""

MANY_MINIMA = _surface(
    "many minima",
    r"20 + x^2 + y^2 - 10 \cos 2\pi x - 10 \cos 2\pi y",
    lambda x, y: (
        20 + x**2 + y**2 - 10 * torch.cos(2 * math.pi * x) - 10 * torch.cos(2 * math.pi * y)
    ),
    lambda x, y: (
        2 * x + 20 * math.pi * torch.sin(2 * math.pi * x),
        2 * y + 20 * math.pi * torch.sin(2 * math.pi * y),
    ),
    5.12,
    (3.2, -2.7),
    (0.0, 0.0),
)
"""A bowl with 121 pits (Rastrigin): only the one in the middle is the lowest."""

SURFACES = {
    surface.name: surface
    for surface in (RAVINE, SADDLE, PLATEAU, ROSENBROCK, BEALE, HIMMELBLAU, MANY_MINIMA)
}

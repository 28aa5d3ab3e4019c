"""Two ways to find a minimum without any gradient: chance, and chance with selection.

Both count what matters when a loss is dear: how often they called the function. They never
exceed their budget, and they need no derivative, so bit rates and codec speeds can be
searched this way. In many dimensions they hardly get anywhere.

Conventions: a box from `low` to `high`, both of shape (d,), is searched; the function takes
one point of shape (d,) and returns a scalar; NaN counts as worse than anything.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_positive, require_same_shape

__all__ = ["SearchResult", "evolution_search", "random_search"]

Function = Callable[[torch.Tensor], torch.Tensor | float]


@dataclass(frozen=True)
class SearchResult:
    """All that a search tried, in order.

    Attributes
    ----------
    points : torch.Tensor
        Shape (n_evaluations, d).
    values : torch.Tensor
        Shape (n_evaluations,): the function at those points.
    """

    points: torch.Tensor
    values: torch.Tensor

    @property
    def n_evaluations(self) -> int:
        """How often the function was called."""
        return len(self.values)

    @property
    def best_so_far(self) -> torch.Tensor:
        """The lowest value after every evaluation, shape (n_evaluations,): it never rises."""
        return self.values.nan_to_num(nan=torch.inf, neginf=-torch.inf).cummin(0).values

    @property
    def best_value(self) -> float:
        """The lowest value found."""
        return float(self.best_so_far[-1])

    @property
    def best_point(self) -> torch.Tensor:
        """Where it was found, shape (d,)."""
        return self.points[_ranked(self.values)[0]]


def random_search(
    function: Function,
    low: torch.Tensor,
    high: torch.Tensor,
    *,
    budget: int,
    generator: torch.Generator | None = None,
) -> SearchResult:
    r"""Return what comes of trying points of a box at random.

    Parameters
    ----------
    function : Callable
        The loss: from a point of shape (d,) to a scalar.
    low, high : torch.Tensor
        Corners of the box, shape (d,), floating point, low < high.
    budget : int
        Number of evaluations, ≥ 1.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    SearchResult
        With exactly `budget` evaluations.

    Raises
    ------
    ParameterError
        If the box is empty or `budget` < 1.

    Notes
    -----
    .. math:: \theta^* = \arg\min_i L(\theta_i), \qquad
              \theta_i \sim \mathcal U(\mathrm{low}, \mathrm{high})

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", *JMLR* 13, 2012.
    """
    _check_box(low, high, budget)
    points = _uniform(low, high, budget, generator)
    return SearchResult(points, _evaluate(function, points))


def evolution_search(
    function: Function,
    low: torch.Tensor,
    high: torch.Tensor,
    *,
    budget: int,
    population: int = 20,
    parents: int = 5,
    mutation: float = 0.1,
    decay: float = 0.95,
    generator: torch.Generator | None = None,
) -> SearchResult:
    r"""Return what comes of breeding points: the fittest mix and mutate, generation by generation.

    Parameters
    ----------
    function : Callable
        The loss: from a point of shape (d,) to a scalar. The fitness is minus the loss.
    low, high : torch.Tensor
        Corners of the box, shape (d,), floating point, low < high. Nothing leaves it.
    budget : int
        Number of evaluations, ≥ 1; the last generation is cut short to keep it.
    population : int
        Children a generation, ≥ 1; the first one is random.
    parents : int
        How many of all points so far breed: the best, from 1 to `population`.
    mutation : float
        Standard deviation of the first mutations, > 0, as a fraction of the box.
    decay : float
        Factor on the mutations after every generation, in (0, 1].
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    SearchResult
        With exactly `budget` evaluations.

    Raises
    ------
    ParameterError
        If the box is empty or a number is out of range.

    Notes
    -----
    Each coordinate of a child comes from one of two random parents (crossover), then

    .. math:: \theta_{\text{child}} = \theta_{\text{mix}} + \sigma_t\,\epsilon, \qquad
              \epsilon \sim \mathcal N(0, I),\quad \sigma_{t+1} = \text{decay}\cdot\sigma_t

    Parents compete with their children (a μ + λ strategy), so the best is never lost.

    Lecture: ``lectures/02_gradient_descent.ipynb``

    References
    ----------
    Beyer and Schwefel, "Evolution Strategies: A Comprehensive Introduction", *Natural
    Computing* 1, 2002.
    """
    _check_box(low, high, budget)
    require_positive("mutation", mutation)
    if not 1 <= parents <= population:
        raise ParameterError(f"expected 1 ≤ parents ≤ population, got {parents} and {population}")
    if not 0 < decay <= 1:
        raise ParameterError(f"expected 0 < decay ≤ 1, got {decay}")
    points = _uniform(low, high, min(population, budget), generator)
    values = _evaluate(function, points)
    sigma = mutation * (high - low)
    while len(points) < budget:
        best = points[_ranked(values)[:parents]]
        shape = (min(population, budget - len(points)), len(low))
        # One row of parents a child, and for every coordinate one of the two.
        mother, father = torch.randint(len(best), (2, shape[0]), generator=generator)
        from_mother = torch.rand(shape, generator=generator) < 0.5
        mix = torch.where(from_mother, best[mother], best[father])
        noise = torch.randn(shape, generator=generator, dtype=low.dtype)
        children = (mix + sigma * noise).clamp(low, high)
        points = torch.cat([points, children])
        values = torch.cat([values, _evaluate(function, children)])
        sigma = decay * sigma
    return SearchResult(points, values)


def _check_box(low: torch.Tensor, high: torch.Tensor, budget: int) -> None:
    require_float("low", low)
    require_float("high", high)
    require_same_shape("low", low, "high", high)
    if low.ndim != 1 or not bool((low < high).all()):
        raise ParameterError(
            f"expected low < high of shape (d,), got {low.tolist()} and {high.tolist()}"
        )
    if budget < 1:
        raise ParameterError(f"expected budget ≥ 1, got {budget}")


def _uniform(
    low: torch.Tensor, high: torch.Tensor, n: int, generator: torch.Generator | None
) -> torch.Tensor:
    return low + (high - low) * torch.rand(n, len(low), generator=generator, dtype=low.dtype)


def _evaluate(function: Function, points: torch.Tensor) -> torch.Tensor:
    values = [torch.as_tensor(function(p), dtype=points.dtype).detach() for p in points]
    if values[0].numel() != 1:
        raise ParameterError(
            f"expected a function that returns a scalar, got shape={tuple(values[0].shape)}"
        )
    return torch.stack([value.reshape(()) for value in values])


def _ranked(values: torch.Tensor) -> torch.Tensor:
    """Return the indices from the lowest value to the highest, NaN last."""
    return values.nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf).argsort()

"""Three ways to search for a minimum, paying for every evaluation: chance, evolution, descent.

The view computes with ``kit/math/search.js``, this face with :mod:`utils.reference.search`.
Both draw from a seed, but not the same numbers.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.reference.gradient_descent import gradient_descent
from utils.reference.search import evolution_search, random_search
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer

__all__ = ["BOUND", "LANDSCAPES", "SearchRace"]

BOUND = 4.0
BUDGET = 600
STEEPEST = 30.0

Function = Callable[[torch.Tensor], torch.Tensor]


def _bends(theta: torch.Tensor) -> torch.Tensor:
    d = theta.shape[-1]
    return STEEPEST ** (torch.arange(d, dtype=theta.dtype) / max(1, d - 1))


LANDSCAPES: dict[str, tuple[Function, Function, float]] = {
    "bowl": (lambda t: (t**2).sum() / 2, lambda t: t, 0.1),
    "ravine": (lambda t: (_bends(t) * t**2).sum() / 2, lambda t: _bends(t) * t, 0.05),
    "many pits": (
        lambda t: (t**2 / 2 + 2 - 2 * torch.cos(2 * math.pi * t)).sum(),
        lambda t: t + 4 * math.pi * torch.sin(2 * math.pi * t),
        0.02,
    ),
}
"""Loss, gradient and a learning rate that suits it, in any number of dimensions."""


class SearchRace(CourseWidget):
    r"""Random search, evolution and gradient descent on one landscape, with one budget.

    State: `landscape`, `dims`, `budget` (evaluations so far), `price` (evaluations that a
    gradient costs: "backprop" 3, "differences" 2 for each dimension), `seed`.

    Notes
    -----
    Backpropagation costs about two more forward passes, whatever the number of parameters;
    central differences cost two for each parameter:

    .. math:: \frac{\partial L}{\partial\theta_i}
              \approx \frac{L(\theta + h\mathbf e_i) - L(\theta - h\mathbf e_i)}{2h}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """

    NAME = "search_race"
    TITLE = "Three ways to search, one budget"
    GOAL = (
        "Find a landscape on which gradient descent loses. "
        "Then raise the dimensions until nobody else has a chance."
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "budget": Integer(label="Evaluations", default=200, low=10, high=BUDGET, step=10),
        "dims": Integer(label="Dimensions", default=2, low=2, high=50),
        "landscape": Choice(label="Landscape", default="bowl", options=tuple(LANDSCAPES)),
        "price": Choice(
            label="A gradient costs",
            default="backprop",
            options=("backprop", "differences"),
            labels=("3 evaluations (backprop)", "2 a dimension (differences)"),
        ),
        "seed": Integer(label="Other random numbers", default=1, low=1, high=99),
    }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the lowest loss of each searcher in words."""
        best = {name: values[-1] for name, (_, values) in self._curves(state).items()}
        ranking = sorted(best, key=best.__getitem__)
        losses = ", ".join(f"{name} {best[name]:.3g}" for name in ranking)
        return (
            f"{state['landscape']} in {state['dims']} dimensions, {state['budget']} evaluations; "
            f"lowest loss: {losses}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the lowest loss so far over the evaluations."""
        ax = figure.subplots()
        styles = {
            "gradient descent": ("#0072B2", "-"),
            "evolution": ("#009E73", "-."),
            "random search": ("#CC79A7", ":"),
        }
        for name, (cost, values) in self._curves(state).items():
            color, dash = styles[name]
            ax.step(cost, values, where="post", color=color, linestyle=dash, label=name)
        ax.set(xlabel="evaluations", ylabel="lowest loss so far", yscale="log")
        ax.legend(frameon=False, fontsize="small")

    def _curves(self, state: Mapping[str, Any]) -> dict[str, tuple[list[float], list[float]]]:
        value, gradient, lr = LANDSCAPES[state["landscape"]]
        dims, budget = int(state["dims"]), int(state["budget"])
        high = torch.full((dims,), BOUND, dtype=torch.float64)
        generator = torch.Generator().manual_seed(int(state["seed"]))
        chance = random_search(value, -high, high, budget=budget, generator=generator)
        evolved = evolution_search(value, -high, high, budget=budget, generator=generator)
        price = 3 if state["price"] == "backprop" else 2 * dims
        start = (2 * torch.rand(dims, generator=generator, dtype=torch.float64) - 1) * BOUND
        path = gradient_descent(gradient, start, lr=lr, steps=(budget - 1) // price)
        descended = torch.stack([value(theta) for theta in path]).cummin(0).values
        count = [float(k + 1) for k in range(budget)]
        return {
            "gradient descent": ([1.0 + price * k for k in range(len(path))], descended.tolist()),
            "evolution": (count, evolved.best_so_far.tolist()),
            "random search": (count, chance.best_so_far.tolist()),
        }

"""How much gradient reaches each layer: depth, activation and gain, and the norms as bars.

The view computes with ``kit/math/flow.js``, this face with
:mod:`utils.reference.gradient_flow`, both with the same random numbers.
"""

from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.figures.seeded_noise import normal_numbers
from utils.reference.gradient_flow import layer_gradient_norms
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number

__all__ = ["BATCH", "WIDTH", "GradientFlow"]

WIDTH, BATCH = 16, 16
SMALL, LARGE = 0.01, 100.0
"""Below and above, learning is hopeless with one rate for all layers."""

LOWEST = 1e-30
"""What is smaller is drawn as this."""


class GradientFlow(CourseWidget):
    r"""A deep net with random weights, and the length of the gradient in each of its layers.

    State: `depth` (layers), `activation`, `gain` (of the first weights), `seed`.

    Notes
    -----
    .. math:: \Big\lVert\frac{\partial L}{\partial W^{(k)}}\Big\rVert, \qquad
              W^{(k)}_{ij} \sim \mathcal N(0, g^2 / n_{\text{in}})

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """

    NAME = "gradient_flow"
    TITLE = "How much gradient reaches the first layer?"
    GOAL = (
        "With 20 layers or more, keep every layer's gradient between 0.01 and 100. Which "
        "activations let you, and at which gain?"
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "depth": Integer(label="Layers", default=12, low=2, high=30),
        "activation": Choice(
            label="Activation",
            default="sigmoid",
            options=("sigmoid", "tanh", "relu"),
            labels=("sigmoid", "tanh", "ReLU"),
        ),
        "gain": Number(
            label="Gain g", default=1.0, low=0.25, high=4.0, scale="log", step=0.02, digits=3
        ),
        "seed": Integer(label="Other random weights", default=1, low=1, high=50),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(
            options={"width": WIDTH, "batch": BATCH, "small": SMALL, "large": LARGE}, **options
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the gradients of the first and last layer in words."""
        norms = self._norms(state)
        verdict = (
            "explodes"
            if max(norms) > LARGE
            else "vanishes"
            if min(norms) < SMALL
            else "arrives everywhere"
        )
        return (
            f"{state['depth']} layers, {state['activation']}, gain {state['gain']:.3g}: the "
            f"weights' gradient has length {norms[-1]:.2g} in the last layer and {norms[0]:.2g} "
            f"in the first: it {verdict}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw a bar a layer, on a logarithmic axis."""
        norms = [max(norm, LOWEST) for norm in self._norms(state)]
        ax = figure.subplots()
        ax.bar(range(1, len(norms) + 1), norms, color="#0072B2", edgecolor="black")
        ax.set(xlabel="layer, from input to output", ylabel="length of ∂L/∂W", yscale="log")
        ax.set_title(f"{state['activation']}, gain {state['gain']:.3g}", fontsize=11)

    def _norms(self, state: Mapping[str, Any]) -> list[float]:
        seed, depth = int(state["seed"]), int(state["depth"])
        numbers = normal_numbers(seed)
        parameters = [
            (
                _matrix(numbers, n_out, n_in) * state["gain"] / n_in**0.5,
                torch.zeros(n_out, dtype=torch.float64),
            )
            for n_in, n_out in pairwise([WIDTH] * depth + [1])
        ]
        inputs = _matrix(normal_numbers(seed + 1000), BATCH, WIDTH)
        targets = _matrix(normal_numbers(seed + 2000), BATCH, 1)
        norms = layer_gradient_norms(parameters, inputs, targets, activation=state["activation"])
        return [float(norm) for norm in norms]


def _matrix(numbers: Iterator[float], rows: int, cols: int) -> torch.Tensor:
    """Return the next numbers as a matrix, row by row."""
    return torch.tensor(list(islice(numbers, rows * cols)), dtype=torch.float64).view(rows, cols)

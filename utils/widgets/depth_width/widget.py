"""Depth against width: two nets with the same number of parameters draw the same line.

The view trains with ``kit/math/curveNet.js`` and ``kit/math/optimizers.js``, this face with
:mod:`utils.reference.mlp` and :mod:`utils.reference.adaptive_optimizers`.
"""

from collections.abc import Mapping
from itertools import islice, pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.envelopes import PITCH_LINES
from utils.figures.seeded_noise import normal_numbers, uniform_numbers
from utils.reference.adaptive_optimizers import Adam
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import Parameters, mlp_backward, mlp_forward
from utils.reference.parameter_count import count_parameters, matching_width
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number

__all__ = ["DepthWidth", "first_parameters", "train"]

STEPS = 600
POINTS = 64
GAINS = {"relu": 2**0.5, "tanh": 1.5}
STYLES = {"wide": ("#0072B2", "-"), "deep": ("#D55E00", "--")}


def first_parameters(sizes: list[int], *, seed: int, gain: float) -> Parameters:
    r"""Return the first parameters of a net, the same as the browser's.

    Parameters
    ----------
    sizes : list of int
        From the one input to the output.
    seed : int
        ≥ 0.
    gain : float
        Weights have the deviation gain / √(inputs).

    Notes
    -----
    The units of the first layer bend at random places u between -1 and 1, so b = -w·u; all
    other biases are 0.

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    weights, places = normal_numbers(seed), uniform_numbers(seed + 1000)
    parameters: Parameters = []
    for n_in, n_out in pairwise(sizes):
        numbers = torch.tensor(list(islice(weights, n_in * n_out)), dtype=torch.float64)
        weight = numbers.reshape(n_out, n_in) * gain / n_in**0.5
        bias = torch.zeros(n_out, dtype=torch.float64)
        if not parameters:
            spread = torch.tensor(list(islice(places, n_out)), dtype=torch.float64)
            bias = -weight[:, 0] * (2 * spread - 1)
        parameters.append((weight, bias))
    return parameters


def train(
    parameters: Parameters, target: NDArray[np.float64], *, activation: str, lr: float, steps: int
) -> tuple[list[float], NDArray[np.float64]]:
    """Return the losses before each step and after the last, and the last curve.

    Parameters
    ----------
    parameters : list of (torch.Tensor, torch.Tensor)
    target : ndarray
        At as many points from -1 to 1.
    activation : str
    lr : float
        Learning rate of Adam.
    steps : int
        ≥ 0.

    Notes
    -----
    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    x = torch.linspace(-1, 1, len(target), dtype=torch.float64)[:, None]
    y = torch.from_numpy(target)[:, None]
    adam = Adam(lr=lr)
    losses = []
    for step in range(steps + 1):
        forward = mlp_forward(parameters, x, activation=activation)
        losses.append(float(mean_squared_error(forward.prediction, y)))
        if step == steps:
            break
        gradients = mlp_backward(parameters, forward, y, activation=activation).parameters
        flat = adam.step(_flat(parameters), _flat(gradients))
        parameters = list(zip(flat[::2], flat[1::2], strict=True))
    return losses, forward.prediction[:, 0].numpy()


def _flat(parameters: Parameters) -> list[torch.Tensor]:
    return [tensor for pair in parameters for tensor in pair]


class DepthWidth(CourseWidget):
    """A net with one wide hidden layer and one with several narrow layers, trained side by side.

    State: `target` (the line), `budget` (parameters that each may have), `depth` (hidden
    layers of the deep one), `activation`, `lr`, `seed`, `t` (the step that is shown).

    Notes
    -----
    Lecture: ``lectures/00_neural_networks.ipynb``
    """

    NAME = "depth_width"
    TITLE = "Deep against wide, with equal means"
    GOAL = (
        "Play each to the end: find a line that the deep net draws at least three times "
        "better (by the loss), and one that the wide net does."
    )
    OUTPUTS = ("wide", "deep", "wide_loss", "deep_loss")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "t": Integer(label="Training step", default=120, low=0, high=STEPS, step=10),
        "target": Choice(label="Line of pitch", default="vibrato", options=tuple(PITCH_LINES)),
        "budget": Integer(label="Parameters ≤", default=60, low=30, high=200, step=10),
        "depth": Integer(label="Deep net: layers", default=3, low=2, high=5),
        "activation": Choice(
            label="Activation", default="tanh", options=("tanh", "relu"), labels=("tanh", "ReLU")
        ),
        "lr": Number(
            label="Learning rate η", default=0.01, low=0.001, high=0.1, scale="log", digits=2
        ),
        "seed": Integer(label="Seed", default=0, low=0, high=9),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(options={"points": POINTS, "gains": GAINS}, **options)

    @staticmethod
    def sizes(state: Mapping[str, Any]) -> dict[str, list[int]]:
        """Return the layer sizes of both nets.

        Parameters
        ----------
        state : mapping
        """
        found = {}
        for name, depth in (("wide", 1), ("deep", state["depth"])):
            width = matching_width(state["budget"], hidden_layers=depth)
            found[name] = [1, *[width] * depth, 1]
        return found

    def runs(self, state: Mapping[str, Any]) -> dict[str, tuple[list[float], NDArray[np.float64]]]:
        """Return losses and curve of both nets after `t` steps.

        Parameters
        ----------
        state : mapping
        """
        target = PITCH_LINES[state["target"]](np.linspace(0, 1, POINTS))
        kind, gain = state["activation"], GAINS[state["activation"]]
        return {
            name: train(
                first_parameters(sizes, seed=state["seed"], gain=gain),
                target,
                activation=kind,
                lr=state["lr"],
                steps=state["t"],
            )
            for name, sizes in self.sizes(state).items()
        }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return both nets with their parameters and losses."""
        runs, sizes = self.runs(state), self.sizes(state)
        words = [
            f"{name} net {'–'.join(map(str, layers))}, {count_parameters(layers)} parameters: "
            f"loss {runs[name][0][-1]:.2g}"
            for name, layers in sizes.items()
        ]
        return f"The line “{state['target']}” after {state['t']} steps of Adam. {'; '.join(words)}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw both curves with the target, and the losses."""
        left, right = figure.subplots(1, 2)
        time = np.linspace(0, 1, POINTS)
        left.plot(time, PITCH_LINES[state["target"]](time), color="gray", label="target")
        for name, (losses, curve) in self.runs(state).items():
            color, dash = STYLES[name]
            left.plot(time, curve, dash, color=color, linewidth=2.5, label=name)
            right.semilogy(losses, dash, color=color)
        left.set(xlabel="time (s)", ylabel="pitch (0: low, 1: high)")
        left.legend()
        right.set(xlabel="step", ylabel="loss L")

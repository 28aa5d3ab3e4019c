"""A net with one input, a few hidden units and one output: every parameter can be turned.

What the net draws is the envelope of a tone. The view computes with
``kit/math/curveNet.js``, this face with :mod:`utils.reference.mlp`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.envelopes import ENVELOPES
from utils.reference.losses import mean_squared_error
from utils.reference.mlp import Parameters, mlp_forward
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number

__all__ = ["TinyMLP"]

UNITS = 4
LIMIT = 10.0
POINTS = 101
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
TARGETS = {
    "adsr": "ADSR envelope",
    "swell": "swell",
    "pluck": "plucked string",
    "ramp": "ramp",
}
START = ((0.0, 3.0), (-0.3, -4.0), (-0.6, 2.0), (-0.8, -2.0))


def _fields() -> dict[str, Field]:
    fields: dict[str, Field] = {
        "hidden": Integer(label="Hidden units", default=UNITS, low=1, high=UNITS),
        "activation": Choice(
            label="Activation",
            default="relu",
            options=("relu", "tanh", "identity"),
            labels=("ReLU", "tanh", "none"),
        ),
        "target": Choice(
            label="Target",
            default="adsr",
            options=tuple(TARGETS),
            labels=tuple(TARGETS.values()),
        ),
        "unit": Choice(
            label="Knobs of unit", default="1", options=tuple(str(j + 1) for j in range(UNITS))
        ),
        "c": Number(label="Output bias c", default=0.0, low=-2.0, high=2.0, step=0.01),
    }
    for j, (bias, height) in enumerate(START):
        name = "₁₂₃₄"[j]
        fields[f"w{j + 1}"] = _knob(f"weight w{name}", 1.0)
        fields[f"b{j + 1}"] = _knob(f"bias b{name}", bias)
        fields[f"v{j + 1}"] = _knob(f"output weight v{name}", height)
    return fields


def _knob(label: str, default: float) -> Number:
    return Number(label=label, default=default, low=-LIMIT, high=LIMIT, step=0.05)


class TinyMLP(CourseWidget):
    r"""The curve of a 1–h–1 net, the part of each hidden unit in it, and a target.

    State: `hidden`, `activation`, `target`, `unit` (whose knobs are shown), the parameters
    `w1`, `b1`, `v1` … `w4`, `b4`, `v4`, and `c`.

    Notes
    -----
    .. math:: \hat y(t) = c + \sum_{j=1}^{h} v_j\, g(w_j t + b_j)

    Lecture: ``lectures/00_neural_networks.ipynb``
    """

    NAME = "tiny_mlp"
    TITLE = "A net of four bends draws an envelope"
    GOAL = "Turn the knobs until the loss is below 0.002, and hear how close the net has come."
    OUTPUTS = ("loss", "parameters", "bend")
    FIELDS: ClassVar[Mapping[str, Field]] = _fields()

    def parameters(self, state: Mapping[str, Any]) -> Parameters:
        """Return weight and bias of both layers, as the reference has them.

        Parameters
        ----------
        state : mapping
        """
        rows = [[state[f"{key}{j + 1}"] for j in range(state["hidden"])] for key in "wbv"]
        w, b, v = torch.tensor(rows, dtype=torch.float64)
        return [(w[:, None], b), (v[None], torch.tensor([state["c"]], dtype=torch.float64))]

    def curve(self, state: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return what the net draws at 101 times from 0 to 1.

        Parameters
        ----------
        state : mapping
        """
        pass_ = mlp_forward(self.parameters(state), _times(), activation=state["activation"])
        return pass_.prediction[:, 0].numpy()

    def loss(self, state: Mapping[str, Any]) -> float:
        """Return the mean squared error to the target.

        Parameters
        ----------
        state : mapping
        """
        target = ENVELOPES[state["target"]](_times()[:, 0].numpy())
        return float(mean_squared_error(torch.from_numpy(self.curve(state)), torch.tensor(target)))

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the size of the net and how near its curve is."""
        n = state["hidden"]
        drawn = self.curve(state)
        return (
            f"A net with {n} hidden units and {3 * n + 1} parameters, activation "
            f"{state['activation']}, draws a curve from {drawn[0]:.2f} to {drawn[-1]:.2f} with its "
            f"highest point {drawn.max():.2f}. Loss to the {TARGETS[state['target']]}: "
            f"{self.loss(state):.2g}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw curve and target, and the parts of the units."""
        left, right = figure.subplots(1, 2)
        t = _times()[:, 0].numpy()
        left.plot(t, ENVELOPES[state["target"]](t), "--", color="gray", label="target")
        left.plot(t, self.curve(state), linewidth=3, label="net")
        left.set(xlabel="time (s)", ylabel="level", ylim=(-0.3, 1.3))
        left.legend()
        (w, b), (v, _) = self.parameters(state)
        for j in range(state["hidden"]):
            alone: Parameters = [(w[j : j + 1], b[j : j + 1]), (v[:, j : j + 1], 0 * b[:1])]
            part = mlp_forward(alone, _times(), activation=state["activation"]).prediction
            right.plot(t, part[:, 0], color=COLORS[j], label=f"unit {j + 1}")
        right.set(xlabel="time (s)", ylabel="part in the sum")
        right.legend()


def _times() -> torch.Tensor:
    return torch.linspace(0, 1, POINTS, dtype=torch.float64)[:, None]

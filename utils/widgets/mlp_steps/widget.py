"""Training by hand: the ten steps for a small sigmoid net, with every number.

The view computes with ``kit/math/mlp.js`` and has ``kit/math/tape.js`` check it; this face uses
:mod:`utils.reference.mlp`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.reference.losses import mean_squared_error
from utils.reference.mlp import (
    Parameters,
    initialize_mlp,
    mlp_backward,
    mlp_forward,
    mlp_update,
)
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Field, Integer, Number

__all__ = ["STEPS", "MLPSteps"]

SIZES = (2, 2, 2, 2, 1)
TRAIN = ((1.0, -0.5), 0.9)
VALIDATION = ((0.4, 0.6), 0.7)
MOST_ROUNDS = 40

STEPS = (
    "Initialize all weights at random",
    "Forward: compute every z and h, and keep them",
    "The loss, and the gradients of the output layer",
    "Layer 3: back through the sigmoid",
    "Layer 3: its weights, and the h below",
    "Layer 2: back through the sigmoid",
    "Layer 2: its weights, and the h below",
    "Layer 1: the same again; then update all weights",
    "Repeat forward, backward and update",
    "Watch the validation loss, and stop when it no longer falls",
)
"""What is done in each step."""


class MLPSteps(CourseWidget):
    r"""A net of three hidden sigmoid layers of two units, trained on one example by hand.

    State: `step` (1 to 10), `rounds` (updates that were made before), `lr`.

    Parameters
    ----------
    seed : int
        Of the first weights.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \frac{\partial L}{\partial z_i} = \frac{\partial L}{\partial h_i}\,h_i (1 - h_i),
              \quad \frac{\partial L}{\partial W_{ij}} = \frac{\partial L}{\partial z_i}\,
              h_j^{\text{below}}, \quad \frac{\partial L}{\partial h_j^{\text{below}}}
              = \sum_i \frac{\partial L}{\partial z_i}\,W_{ij}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """

    NAME = "mlp_steps"
    TITLE = "Training by hand, in ten steps"
    GOAL = "Go to step 10 and stop where a wise trainer stops: at the lowest validation loss."
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "step": Integer(label="Step", default=1, low=1, high=10),
        "rounds": Integer(label="Updates made", default=0, low=0, high=MOST_ROUNDS),
        "lr": Number(
            label="Learning rate η", default=0.05, low=0.01, high=1.0, scale="log", digits=2
        ),
    }

    def __init__(self, *, seed: int = 5, **options: Any) -> None:
        generator = torch.Generator().manual_seed(seed)
        exact = initialize_mlp(SIZES, gain=2.0, dtype=torch.float64, generator=generator)
        # Two digits: these numbers are read, and calculated with on paper.
        self._first: Parameters = [(w.mul(100).round() / 100, b) for w, b in exact]
        layers = [{"weight": w.tolist(), "bias": b.tolist()} for w, b in self._first]
        words = {"layers": layers, "steps": STEPS, "train": TRAIN, "validation": VALIDATION}
        super().__init__(options=words, **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the step and its main numbers in words."""
        parameters, losses, checks = self._run(state)
        inputs, targets = _example(TRAIN)
        forward = mlp_forward(parameters, inputs)
        gradients = mlp_backward(parameters, forward, targets)
        norms = ", ".join(f"{w.norm():.3g}" for w, _ in gradients.parameters)
        best = min(range(len(checks)), key=checks.__getitem__)
        return (
            f"Step {state['step']} of 10: {STEPS[state['step'] - 1]}. After {state['rounds']} "
            f"updates with learning rate {state['lr']:.2g}: ŷ = {forward.prediction.item():.3f}, "
            f"y = {TRAIN[1]}, loss {losses[state['rounds']]:.4f}. Length of the weights' "
            f"gradient, layers 1 to 4: {norms}. The validation loss is lowest after {best} updates."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the losses over the updates, and the gradient of each layer."""
        parameters, losses, checks = self._run(state)
        inputs, targets = _example(TRAIN)
        gradients = mlp_backward(parameters, mlp_forward(parameters, inputs), targets)
        left, right = figure.subplots(1, 2)
        left.plot(losses, color="#0072B2", label="train")
        left.plot(checks, "--", color="#D55E00", label="validation")
        left.axvline(state["rounds"], color="0.6", linewidth=1)
        left.set(xlabel="updates", ylabel="loss")
        left.legend(frameon=False)
        norms = [float(w.norm()) for w, _ in gradients.parameters]
        right.bar(range(1, 5), norms, color="#E69F00", edgecolor="black")
        right.set(xlabel="layer", ylabel="length of ∂L/∂W", yscale="log", xticks=range(1, 5))

    def _run(self, state: Mapping[str, Any]) -> tuple[Parameters, list[float], list[float]]:
        """Return the parameters after the updates, and both losses after each of all updates."""
        inputs, targets = _example(TRAIN)
        new_inputs, new_targets = _example(VALIDATION)
        parameters, shown = self._first, self._first
        losses: list[float] = []
        checks: list[float] = []
        for k in range(MOST_ROUNDS + 1):
            if k == state["rounds"]:
                shown = parameters
            forward = mlp_forward(parameters, inputs)
            losses.append(float(mean_squared_error(forward.prediction, targets)))
            checked = mlp_forward(parameters, new_inputs).prediction
            checks.append(float(mean_squared_error(checked, new_targets)))
            gradients = mlp_backward(parameters, forward, targets)
            parameters = mlp_update(parameters, gradients, lr=state["lr"])
        return shown, losses, checks


def _example(pair: tuple[tuple[float, float], float]) -> tuple[torch.Tensor, torch.Tensor]:
    inputs, target = pair
    return torch.tensor([inputs], dtype=torch.float64), torch.tensor([[target]]).double()

"""AdaGrad, RMSProp and Adam on a long bowl: which rate each axis gets, and what that does.

The view computes with ``kit/math/axisRates.js``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.figures.descent import Descended, draw_path
from utils.figures.tilted_bowl import tilted_bowl
from utils.reference.adaptive_optimizers import AdaGrad, Adam, RMSProp
from utils.reference.optimizers import SGD, Optimizer
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number, Numbers

__all__ = ["Adaptive"]

STEPS = 60


class Adaptive(CourseWidget):
    r"""See the learning rate of each axis while an adaptive optimizer goes down a long bowl.

    State: `kind` ("adagrad", "rmsprop" or "adam"), `lr`, `memory` (α of RMSProp, β₂ of Adam),
    `steep` (the curvature across; along the valley it is 1), `turn` (by how many degrees the
    valley is turned away from θ₁), `start`, `t` (the step that is shown).

    Parameters
    ----------
    goal : str, optional
        Words; it is reached when the loss after 60 steps is below `below` with the valley
        turned by 45°.
    below : float
        For the goal.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    The rate of an axis is the factor on its gradient (Adam: on the corrected average m̂ of it):

    .. math:: \frac{\eta}{\sqrt{h} + \epsilon}

    with h the sum or an average of squared gradients.

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "adaptive"
    TITLE = "A rate for every axis"
    OUTPUTS = ("rate1", "rate2", "ratio", "loss")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "kind": Choice(
            label="Optimizer",
            default="adagrad",
            options=("adagrad", "rmsprop", "adam"),
            labels=("AdaGrad", "RMSProp", "Adam"),
        ),
        "lr": Number(label="Learning rate η", default=1.0, low=0.01, high=3.0, scale="log"),
        "memory": Number(label="Memory α or β₂", default=0.9, low=0.0, high=0.999, step=0.001),
        "steep": Number(label="Curvature across", default=30.0, low=1.0, high=60.0, step=1.0),
        "turn": Number(label="Turned by", default=0.0, low=0.0, high=45.0, step=1.0, unit="°"),
        "start": Numbers(label="Start", default=(3.5, 2.0), low=-4.0, high=4.0),
        "t": Integer(label="Step", default=3, low=0, high=STEPS),
    }

    def __init__(self, *, goal: str | None = None, below: float = 0.01, **options: Any) -> None:
        words = (
            f"Turn the valley by 45°. Bring the loss below {below:g} in {STEPS} steps there, too."
        )
        super().__init__(
            options={"steps": STEPS, "goal": below},
            goal=words if goal is None else goal,
            **options,
        )

    def run(self, state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the path, shape (steps + 1, 2), and the rates of each step, shape (steps, 2).

        Parameters
        ----------
        state : mapping
            See the class.
        """
        lr, memory = state["lr"], state["memory"]
        optimizer: Optimizer = {
            "adagrad": lambda: AdaGrad(lr=lr),
            "rmsprop": lambda: RMSProp(lr=lr, alpha=memory),
            "adam": lambda: Adam(lr=lr, betas=(0.9, memory)),
        }[state["kind"]]()
        return self._run(optimizer, state)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the rates of the shown step and where the run is."""
        path, rates = self.run(state)
        t = min(state["t"], len(path) - 1)
        loss = tilted_bowl(state["steep"], turn=state["turn"])(path[t]).item()
        first, second = rates[min(t, len(rates) - 1)].tolist()
        return (
            f"{state['kind']} on a bowl of curvature 1 along and {state['steep']:.3g} across, "
            f"turned by {state['turn']:.0f}°. After {t} steps the loss is {loss:.3g}; the next "
            f"step has rate {first:.3g} on the first axis and {second:.3g} on the second."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the path and the rates over the steps."""
        left, right = figure.subplots(1, 2)
        surface = tilted_bowl(state["steep"], turn=state["turn"])
        path, rates = self.run(state)
        shown = path[: state["t"] + 1]
        draw_path(surface, Descended(shown, surface(shown), -1), ax=left)
        left.set_title(state["kind"], fontsize="medium")
        for axis, (dash, color) in enumerate((("-", "#0072B2"), ("--", "#E69F00"))):
            right.plot(rates[:, axis], dash, color=color, label=f"θ{'₁₂'[axis]}")
        right.set(xlabel="step", ylabel="rate", yscale="log")
        right.legend(frameon=False)

    def plain(self, state: Mapping[str, Any]) -> torch.Tensor:
        """Return the path of gradient descent at its best rate.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        return self._run(SGD(lr=2 / (1 + state["steep"])), state)[0]

    def _run(
        self, optimizer: Optimizer, state: Mapping[str, Any]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        surface = tilted_bowl(state["steep"], turn=state["turn"])
        theta = torch.tensor(state["start"], dtype=torch.float64)
        path, rates = [theta], []
        for _ in range(STEPS):
            theta = optimizer.step(theta, surface.gradient(theta))
            path.append(theta)
            rates.append(optimizer.effective_lr()[0])
        return torch.stack(path), torch.stack(rates)

"""Momentum and Nesterov on a long bowl, with the two vectors that every step is made of.

The view computes with ``kit/math/inertia.js``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.descent import Descended, draw_losses, draw_path
from utils.figures.tilted_bowl import tilted_bowl
from utils.reference.optimizers import SGD, VelocitySGD
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Numbers

__all__ = ["Momentum"]

STEPS = 60
CUT = 10
SHOW = ("nesterov", "slides")


class Momentum(CourseWidget):
    r"""Roll through a long bowl with momentum.

    State: `kind` ("momentum" or "nesterov"), `beta`, `lr`, `steep` (the curvature across; along
    the valley it is 1), `start`, `t` (the step that is shown), `slides` (the form of the slides
    beside PyTorch's), `cut` (the rate falls to a tenth before step 10).

    Parameters
    ----------
    show : sequence of str
        Controls beyond the sliders: "nesterov", "slides".
    goal : str, optional
        Words; it is reached as soon as the loss stays below 0.01 from step `by` on.
    by : int
        For the goal. 0: it is reached when the two forms have come apart instead.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a control is unknown or a number is out of range.

    Notes
    -----
    .. math:: v \leftarrow \beta v + \nabla L(\theta), \qquad \theta \leftarrow \theta - \eta v

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "momentum"
    TITLE = "Momentum"
    OUTPUTS = ("keep", "limit", "plainlimit", "loss", "gap", "arrival")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "kind": Choice(
            label="Method",
            default="momentum",
            options=("momentum", "nesterov"),
            labels=("momentum", "Nesterov"),
        ),
        "beta": Number(label="Momentum β", default=0.8, low=0.0, high=0.99, step=0.01),
        "lr": Number(label="Learning rate η", default=0.03, low=1e-3, high=1.0, scale="log"),
        "steep": Number(label="Curvature across", default=30.0, low=1.0, high=60.0, step=1.0),
        "start": Numbers(label="Start", default=(3.5, 2.0), low=-4.0, high=4.0),
        "t": Integer(label="Step", default=12, low=0, high=STEPS),
        "slides": Boolean(label="Also the form of the slides", default=False),
        "cut": Boolean(label=f"η falls to a tenth before step {CUT}", default=False),
    }

    def __init__(
        self,
        *,
        show: Sequence[str] = SHOW,
        goal: str | None = None,
        by: int = 35,
        **options: Any,
    ) -> None:
        for name in show:
            if name not in SHOW:
                raise ParameterError(f"expected a control of {', '.join(SHOW)}, got {name!r}")
        words = (
            f"Bring the loss below 0.01 for good in at most {by} steps."
            if by
            else "Make the two forms of momentum take different paths."
        )
        super().__init__(
            options={"steps": STEPS, "show": list(show), "cut": CUT, "goal": by},
            goal=words if goal is None else goal,
            **options,
        )

    def run(self, state: Mapping[str, Any], *, beta: float | None = None) -> torch.Tensor:
        """Return the path as PyTorch takes it, shape (steps + 1, 2); it ends where it diverges.

        Parameters
        ----------
        state : mapping
            See the class.
        beta : float, optional
            Default: that of the state. 0: plain gradient descent.
        """
        beta = state["beta"] if beta is None else beta
        nesterov = state["kind"] == "nesterov" and beta > 0
        return self._path(SGD(lr=state["lr"], momentum=beta, nesterov=nesterov), state)[0]

    def slides(self, state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the slides' x, and the points ahead, y, where its gradients are taken.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        nesterov = state["kind"] == "nesterov"
        return self._path(
            VelocitySGD(lr=state["lr"], momentum=state["beta"], nesterov=nesterov), state
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how far momentum and plain descent get."""
        parts = []
        for name, beta in (("plain descent", 0.0), (state["kind"], None)):
            path = self.run(state, beta=beta)
            end = path[min(state["t"], len(path) - 1)]
            loss = tilted_bowl(state["steep"])(end).item()
            parts.append(
                f"{name} diverges" if len(path) <= STEPS else f"{name} has loss {loss:.3g}"
            )
        return (
            f"A bowl of curvature 1 along and {state['steep']:.3g} across. After {state['t']} "
            f"steps with learning rate {state['lr']:.3g} and β = {state['beta']:.2g}: "
            f"{', '.join(parts)}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the path and the losses with and without momentum."""
        left, right = figure.subplots(1, 2)
        surface = tilted_bowl(state["steep"])
        runs = {}
        for name, beta in (("plain descent", 0.0), (state["kind"], None)):
            path = self.run(state, beta=beta)[: state["t"] + 1]
            runs[name] = Descended(path, surface(path), -1)
        draw_path(surface, runs[state["kind"]], ax=left)
        left.set_title(f"{state['kind']}, β = {state['beta']:.2g}", fontsize="medium")
        draw_losses(runs, ax=right)

    def _path(
        self, optimizer: SGD | VelocitySGD, state: Mapping[str, Any]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        surface = tilted_bowl(state["steep"])
        theta = torch.tensor(state["start"], dtype=torch.float64)
        path, ahead = [theta], [theta]
        for step in range(1, STEPS + 1):
            if state["cut"] and step == CUT:
                optimizer.lr = state["lr"] / 10
            theta = optimizer.step(theta, surface.gradient(ahead[-1]))
            if not bool((theta.abs() <= 40).all()):
                break
            path.append(theta)
            slides = isinstance(optimizer, VelocitySGD)
            ahead.append(optimizer.lookahead(theta) if slides else theta)  # type: ignore[union-attr]
        return torch.stack(path), torch.stack(ahead)

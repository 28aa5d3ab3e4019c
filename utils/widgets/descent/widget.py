"""Gradient descent to play with, on a line and on landscapes, from above, in 3-D and as a curve.

The view computes with ``kit/math``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.descent import (
    LANDSCAPES,
    RATES,
    Descended,
    descend,
    draw_losses,
    draw_path,
    noise_deviation,
)
from utils.reference.optimizers import SGD
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Numbers

__all__ = ["Descent"]

VIEWS = ("contour", "surface", "curve", "loss")
SHOW = ("surface", "play", "lr", "momentum", "noise", "arrows", "basins", "log")
STEPS = 60


class Descent(CourseWidget):
    r"""Click a start and watch gradient descent go, with the limit of its learning rate marked.

    State: `surface`, `start` (two numbers; on a line the first one counts), `lr`, `momentum`,
    `noise` (deviation on each slope, as a share of the slope at the landscape's own start),
    `seed` of the noise, `steps` of the run, `t` (the step that is shown), `arrows`, `basins`
    (which minimum each start reaches), `log` (the loss on a logarithmic axis), and `azimuth`
    and `elevation` of the 3-D view.

    Parameters
    ----------
    surface : str
        One of ``LANDSCAPES`` of :mod:`utils.figures.descent`.
    views : sequence of str
        Of "contour", "surface" (3-D), "curve" (the landscape of one dimension, or the cut along
        the next step) and "loss".
    show : sequence of str
        Controls: "surface", "play", "lr", "momentum", "steps", "noise", "arrows", "basins", "log".
    surfaces : sequence of str, optional
        The landscapes to choose from; default: all.
    goal : str or mapping, optional
        Words, or ``{"steps": 12, "within": 0.01}``: get the loss this close to the lowest.
    start : sequence of float, optional
        One or two numbers; default: where the landscape's difficulty shows.
    lr : float, optional
        Default: one that suits the landscape.
    steps : int
        Of the run, 1 to 300.
    t : int, optional
        The step that is shown at first; default: the last one. 0 shows only the start.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a surface, view or control is unknown, or a number is out of range.

    Notes
    -----
    .. math:: \theta_{t+1} = \theta_t - \eta\,\nabla L(\theta_t), \qquad
              \eta_{\max} = \frac{2 (1 + \beta)}{c}

    with c the largest curvature at the minimum to which tiny steps lead from the start.

    Lecture: ``lectures/02_gradient_descent.ipynb`` and ``lectures/03_optimizers.ipynb``
    """

    NAME = "descent"
    TITLE = "Gradient descent"
    OUTPUTS = ("loss", "slope", "limit", "curvature", "minimum", "arrival")

    def __init__(
        self,
        *,
        surface: str = "ravine",
        views: Sequence[str] = VIEWS,
        show: Sequence[str] = SHOW,
        surfaces: Sequence[str] | None = None,
        goal: str | Mapping[str, float] | None = None,
        start: Sequence[float] | None = None,
        lr: float | None = None,
        steps: int = STEPS,
        t: int | None = None,
        **options: Any,
    ) -> None:
        names = tuple(surfaces or LANDSCAPES)
        _require_known("surface", (*names, surface), LANDSCAPES)
        _require_known("view", views, VIEWS)
        _require_known("control", show, (*SHOW, "steps"))
        target = {"steps": 12, "within": 0.01, **(goal if isinstance(goal, Mapping) else {})}
        begin = [*(LANDSCAPES[surface].start if start is None else start), 0.0][:2]
        given: dict[str, Any] = {
            "surface": surface,
            "start": begin,
            "lr": RATES[surface] if lr is None else lr,
            "steps": steps,
            "t": steps if t is None else t,
        }
        super().__init__(
            fields=_fields(max_t=300 if "steps" in show else max(1, steps)),
            options={
                "views": list(views),
                "show": list(show),
                "surfaces": [name for name in LANDSCAPES if name in (*names, surface)],
                "rates": RATES,
                "goal": target,
            },
            goal=goal if isinstance(goal, str) else _goal_text(target),
            **given,
            **options,
        )

    def run(self, state: Mapping[str, Any]) -> Descended:
        """Return the run of a state up to the step that is shown.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        surface = LANDSCAPES[state["surface"]]
        return descend(
            surface,
            SGD(lr=state["lr"], momentum=state["momentum"]),
            state["start"][: len(surface.start)],
            steps=min(state["t"], state["steps"]),
            noise=noise_deviation(surface, state["noise"]),
            seed=state["seed"],
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return where the run begins and ends, and whether it diverges."""
        run = self.run(state)
        momentum = f", momentum {state['momentum']:.2g}" if state["momentum"] else ""
        taken = len(run.path) - 1
        end = (
            f"Diverged: step {run.left} jumps out of the landscape."
            if run.left >= 0
            else f"Loss {run.losses[-1]:.3g} at {_place(run.path[-1])} after {taken} steps."
        )
        return (
            f"Gradient descent on the landscape “{state['surface']}” from {_place(run.path[0])} "
            f"with learning rate {state['lr']:.3g}{momentum}: loss {run.losses[0]:.3g} at the "
            f"start. {end}"
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the path on the landscape and the losses."""
        left, right = figure.subplots(1, 2)
        run = self.run(state)
        surface = LANDSCAPES[state["surface"]]
        draw_path(surface, run, ax=left)
        left.set_title(f"{surface.name}, learning rate {state['lr']:.3g}", fontsize="medium")
        draw_losses({"": run}, ax=right)


def _require_known(
    what: str, names: Sequence[str], known: Sequence[str] | Mapping[str, Any]
) -> None:
    for name in names:
        if name not in known:
            raise ParameterError(f"expected a {what} of {', '.join(known)}, got {name!r}")


def _goal_text(goal: Mapping[str, float]) -> str:
    return f"Come within {goal['within']:g} of the lowest loss in at most {goal['steps']:g} steps."


def _place(theta: torch.Tensor) -> str:
    return "(" + ", ".join(f"{float(v):.2f}" for v in theta) + ")"


def _fields(*, max_t: int) -> dict[str, Field]:
    return {
        "surface": Choice(label="Landscape", default="ravine", options=tuple(LANDSCAPES)),
        "start": Numbers(label="Start", default=(3.6, 0.65), low=-6.0, high=6.0),
        "lr": Number(label="Learning rate η", default=0.05, low=1e-4, high=5.0, scale="log"),
        "momentum": Number(label="Momentum β", default=0.0, low=0.0, high=0.99, step=0.01),
        "noise": Number(label="Noise", default=0.0, low=0.0, high=2.0, step=0.05),
        "seed": Integer(label="Seed", default=0, low=0, high=99),
        "steps": Integer(label="Steps", default=min(STEPS, max_t), low=1, high=300),
        "t": Integer(label="Step", default=min(STEPS, max_t), low=0, high=max_t),
        "arrows": Boolean(label="Arrows down the slope", default=False),
        "basins": Boolean(label="Which minimum each start reaches", default=False),
        "log": Boolean(label="Logarithmic loss", default=False),
        "azimuth": Number(label="Turn", default=-35.0, low=-180.0, high=180.0, unit="°"),
        "elevation": Number(label="Tilt", default=35.0, low=5.0, high=89.0, unit="°"),
    }

"""A string is tuned by gradient descent, and heard at each step.

The view computes with ``kit/math/tuning.js``, this face with
:mod:`utils.reference.gradient_descent`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.notes.embedded import load_sound, sounds
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.gradient_descent import gradient_descent
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Field, Integer, Number

__all__ = ["Tuning"]

SECONDS = 1.3
"""Of the note that goes to the browser; detuned upward, it is read faster."""


class Tuning(CourseWidget):
    r"""One parameter, one parabola: how far off a string is, and how each step corrects it.

    State: `start` (θ₀ in cents), `lr`, `steps`.

    Parameters
    ----------
    note : str, optional
        One of the embedded sounds by its `note_str`; default: a guitar near A2.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: L(\theta) = \tfrac12 \theta^2, \qquad
              \theta_{t+1} = \theta_t - \eta\,\frac{\mathrm dL}{\mathrm d\theta}

    Lecture: ``lectures/02_gradient_descent.ipynb``
    """

    NAME = "tuning"
    TITLE = "Tune a string by gradient descent"
    GOAL = (
        "Tune the string in a single step. Then find the learning rate from which on every step "
        "makes it worse, and listen to it."
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "start": Number(
            label="Start θ₀", default=40.0, low=-60.0, high=60.0, step=1.0, unit="cents", digits=2
        ),
        "lr": Number(label="Learning rate η", default=0.3, low=0.05, high=2.5, step=0.05),
        "steps": Integer(label="Steps", default=6, low=1, high=12),
    }
    OUTPUTS = ("slope", "next", "last", "verdict")

    def __init__(self, *, note: str | None = None, **options: Any) -> None:
        wave = load_sound(note or _a_guitar())[: int(SECONDS * SAMPLE_RATE)]
        scale = float(np.abs(wave).max()) or 1.0
        pcm = np.round(0.9 * wave / scale * 32767).astype(np.int16)
        super().__init__(data={"pcm": pcm}, options={"rate": SAMPLE_RATE}, **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the path of the string in words."""
        path = ", ".join(f"{theta:.1f}" for theta in self._path(state))
        return (
            f"Gradient descent on ½ θ² with learning rate {state['lr']:.2g}: the string is off by "
            f"{path} cents. Below 1 it comes closer from one side, between 1 and 2 it jumps past "
            f"the goal, above 2 it gets worse."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the parabola with the steps, and the detuning after each step."""
        path = self._path(state)
        left, right = figure.subplots(1, 2)
        grid = np.linspace(-80, 80, 161)
        left.plot(grid, grid**2 / 2, color="0.4")
        left.plot(path, path**2 / 2, "o-", color="#0072B2", linewidth=1.2)
        left.set(xlim=(-80, 80), ylim=(-150, 3200), xlabel="θ (cents)", ylabel="loss L")
        right.plot(path, "o-", color="#0072B2")
        right.axhline(0, color="0.5", linestyle="--", linewidth=1)
        right.set(ylim=(-80, 80), xlabel="step", ylabel="θ (cents)")

    def _path(self, state: Mapping[str, Any]) -> np.ndarray:
        start = torch.tensor([state["start"]], dtype=torch.float64)
        path = gradient_descent(
            lambda theta: theta, start, lr=state["lr"], steps=int(state["steps"])
        )
        return path[:, 0].numpy()


def _a_guitar() -> str:
    """Return the embedded guitar whose pitch is closest to A2."""
    guitars = [sound for sound in sounds() if sound.family == "guitar"]
    if not guitars:
        raise ParameterError("expected a guitar among the embedded sounds, got none")
    return min(guitars, key=lambda sound: (abs(sound.pitch - 45), sound.note_str)).note_str

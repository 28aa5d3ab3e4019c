"""A line through the onsets of a scale, and its signed errors, which cancel.

The view computes the means itself, this face with :mod:`utils.reference.losses`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.figures.line_fits import BEATS, ONSETS, tempo
from utils.figures.metronome import scale_note
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.losses import mean_absolute_error, mean_squared_error, signed_error
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Field, Number

__all__ = ["Residuals"]

ABOVE, BELOW = "#D55E00", "#0072B2"


class Residuals(CourseWidget):
    r"""Ten onsets of a scale, and a line by hand that predicts them.

    State: `left` and `right`, the seconds that the line predicts for the first and the last
    note.

    Parameters
    ----------
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \frac1n\sum_i (\hat y_i - y_i), \qquad \frac1n\sum_i |\hat y_i - y_i|, \qquad
              \frac1n\sum_i (\hat y_i - y_i)^2

    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "residuals"
    TITLE = "Errors that cancel"
    GOAL = (
        "Make the mean signed error 0 with the worst line that you can find: "
        "a mean absolute error above 2 s."
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "left": Number(label="First note at", default=1.5, low=0.0, high=6.0, step=0.05, unit="s"),
        "right": Number(label="Last note at", default=5.5, low=0.0, high=6.0, step=0.05, unit="s"),
    }
    OUTPUTS = ("signed", "absolute", "squared", "tempo")

    def __init__(self, **options: Any) -> None:
        super().__init__(
            data={"pcm": scale_note(), "onsets": np.array(ONSETS)},
            options={"rate": SAMPLE_RATE},
            **options,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the line and its three mean errors in words."""
        line, target = self._line(state), torch.tensor(ONSETS, dtype=torch.float64)
        slope = (state["right"] - state["left"]) / BEATS[-1]
        return (
            f"The line predicts the first of ten notes at {state['left']:.2f} s and the last at "
            f"{state['right']:.2f} s, {tempo(slope)}. Mean signed error "
            f"{signed_error(line, target).mean():.2f} s, mean absolute error "
            f"{mean_absolute_error(line, target):.2f} s, mean squared error "
            f"{mean_squared_error(line, target):.2f} s²."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the onsets with the line, and the signed errors as bars."""
        left, right = figure.subplots(1, 2)
        line = self._line(state).numpy()
        errors = line - np.array(ONSETS)
        colors = [ABOVE if error > 0 else BELOW for error in errors]
        left.vlines(BEATS, ONSETS, line, colors=colors, linewidth=3)
        left.plot(BEATS, line, color="black", linewidth=2.5)
        left.plot(BEATS, ONSETS, "o", color="#009E73")
        left.set(xlabel="beat", ylabel="onset (s)", ylim=(-0.3, 6.3))
        right.bar(BEATS, errors, color=colors)
        right.axhline(errors.mean(), color="black", linestyle="--", label="mean")
        right.set(xlabel="beat", ylabel="error ŷ − y (s)", ylim=(-6, 6))
        right.legend(frameon=False)

    def _line(self, state: Mapping[str, Any]) -> torch.Tensor:
        return torch.linspace(state["left"], state["right"], len(BEATS), dtype=torch.float64)

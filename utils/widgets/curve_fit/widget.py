"""Polynomials through the measured pitch of a singer, and the error on new measurements.

The view computes with ``kit/math/polynomial.js`` and ``kit/math/melody.js``, this face with
:mod:`utils.reference.polynomial` and :mod:`utils.figures.melody`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.figures.melody import measured, sung
from utils.figures.style import SPLIT_STYLES
from utils.reference.polynomial import Polynomial, polynomial_fit
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Field, Integer, Number, Points

__all__ = ["CurveFit"]

DEGREES = 15
DOMAIN = (-1.0, 1.0)
LIMIT = 6.0


class CurveFit(CourseWidget):
    r"""A polynomial through noisy points; beside it, train and test error for every degree.

    State: `degree`; `ridge` and `strength`, whether there is a penalty and its λ; `points`
    (how many), `noise` (standard deviation in semitones), `seed`; `moved`, dragged points
    as pairs of number and pitch.

    Notes
    -----
    The test error is that of infinitely many new measurements,

    .. math:: \overline{(\hat y(u) - y(u))^2} + \sigma^2

    over 201 points of the true curve y, and can't fall below the noise :math:`\sigma^2`.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "curve_fit"
    TITLE = "A curve through a singer's pitch"
    GOAL = (
        "Find the degree with the smallest test error. Then set degree 15 and get almost as low "
        "with the ridge penalty alone."
    )
    OUTPUTS = ("train", "test", "best")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "degree": Integer(label="Degree", default=1, low=0, high=DEGREES),
        "ridge": Boolean(label="Ridge penalty λΣw²", default=False),
        "strength": Number(label="λ", default=0.001, low=1e-6, high=1.0, step=0.25, scale="log"),
        "points": Integer(label="Points", default=16, low=6, high=60),
        "noise": Number(label="Noise σ", default=0.4, low=0.0, high=1.5, step=0.05, unit="st"),
        "seed": Integer(label="Another take", default=2, low=0, high=50),
        "moved": Points(label="Dragged points", default=(), x=(0, 59), y=(-LIMIT, LIMIT)),
    }

    def points(self, state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the training points u and y, each of shape (n,).

        Parameters
        ----------
        state : mapping
        """
        u, y = measured(state["points"], noise=state["noise"], seed=state["seed"])
        for place, pitch in state["moved"]:
            if place < len(y):
                y[int(place)] = pitch
        return u, y

    def fit(self, state: Mapping[str, Any], degree: int) -> tuple[Polynomial, float, float]:
        """Return the polynomial of a degree with its train and test error.

        Parameters
        ----------
        state : mapping
        degree : int
        """
        u, y = self.points(state)
        strength = state["strength"] if state["ridge"] else 0.0
        found = polynomial_fit(u, y, degree=degree, strength=strength, domain=DOMAIN)
        grid = torch.linspace(-1, 1, 201, dtype=torch.float64)
        test = (found(grid) - sung(grid)).square().mean() + state["noise"] ** 2
        return found, float((found(u) - y).square().mean()), float(test)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the errors of this degree, and the best degree."""
        errors = [self.fit(state, d)[1:] for d in range(DEGREES + 1)]
        train, test = errors[state["degree"]]
        best = min(range(DEGREES + 1), key=lambda d: errors[d][1])
        ridge = f", ridge λ = {state['strength']:.2g}" if state["ridge"] else ""
        return (
            f"Degree {state['degree']}{ridge}, {state['points']} points. Mean squared error: "
            f"training {train:.3g}, test {test:.3g}. The test error is smallest for degree {best}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the fit, and the errors over the degree."""
        left, right = figure.subplots(1, 2)
        u, y = self.points(state)
        grid = torch.linspace(-1, 1, 201, dtype=torch.float64)
        fitted = self.fit(state, state["degree"])[0]
        left.plot(grid + 1, sung(grid), color="gray", linestyle=":", label="sung")
        left.plot(grid + 1, fitted(grid), color="black", linewidth=2.5, label="fit")
        left.plot(u + 1, y, "o", color=SPLIT_STYLES["train"].color, label="measured")
        left.set(xlabel="time (s)", ylabel="pitch (semitones)", ylim=(-LIMIT, LIMIT))
        left.legend(frameon=False)
        errors = torch.tensor([self.fit(state, d)[1:] for d in range(DEGREES + 1)])
        for column, split in enumerate(("train", "test")):
            style = SPLIT_STYLES[split]
            shown = errors[:, column].clamp_min(1e-3)
            right.plot(shown, color=style.color, linestyle=style.dash, label=split)
        right.axvline(state["degree"], color="gray", linestyle="--")
        right.set(xlabel="degree", ylabel="mean squared error", yscale="log", ylim=(1e-3, 1e2))
        right.legend(frameon=False)

"""Polynomials or nets through the measured pitch of a singer, and the error on new measurements.

The view computes with ``kit/math/polynomial.js``, ``kit/math/widthFit.js`` and
``kit/math/melody.js``, this face with :mod:`utils.reference.polynomial`,
:mod:`utils.figures.width_fits` and :mod:`utils.figures.melody`.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.figures.melody import measured, sung
from utils.figures.style import SPLIT_STYLES
from utils.figures.width_fits import INIT, LR, STEPS, WIDTHS, fit_net
from utils.reference.polynomial import polynomial_fit
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number, Points

__all__ = ["CurveFit"]

DEGREES = 15
DOMAIN = (-1.0, 1.0)
LIMIT = 6.0
GRID = torch.linspace(-1, 1, 201, dtype=torch.float64)
Curve = Callable[[torch.Tensor], torch.Tensor]


class CurveFit(CourseWidget):
    r"""A polynomial or a net through noisy points; beside it, the errors for every degree or width.

    State: `model` ("polynomial" or "net", with one hidden tanh layer); its `degree` or `width`;
    `ridge` and `strength`, whether there is a penalty and its λ; `points` (how many), `noise`
    (standard deviation in semitones), `seed`; `moved`, dragged points as pairs of number and
    pitch.

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
        "model": Choice(
            label="Curve",
            default="polynomial",
            options=("polynomial", "net"),
            labels=("polynomial", "small net (MLP)"),
        ),
        "degree": Integer(label="Degree", default=1, low=0, high=DEGREES),
        "width": Integer(label="Hidden units", default=4, low=1, high=WIDTHS[-1]),
        "ridge": Boolean(label="Ridge penalty λΣw²", default=False),
        "strength": Number(label="λ", default=0.001, low=1e-6, high=1.0, step=0.25, scale="log"),
        "points": Integer(label="Points", default=16, low=6, high=60),
        "noise": Number(label="Noise σ", default=0.4, low=0.0, high=1.5, step=0.05, unit="st"),
        "seed": Integer(label="Another take", default=2, low=0, high=50),
        "moved": Points(label="Dragged points", default=(), x=(0, 59), y=(-LIMIT, LIMIT)),
    }

    def __init__(self, **options: Any) -> None:
        recipe = {"lr": LR, "steps": STEPS, "init": INIT, "widths": list(WIDTHS)}
        super().__init__(options={"recipe": recipe}, **options)

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

    def fit(self, state: Mapping[str, Any], size: int) -> tuple[Curve, float, float]:
        """Return the polynomial of a degree, or the net of a width, with train and test error.

        Parameters
        ----------
        state : mapping
        size : int
        """
        u, y = self.points(state)
        strength = state["strength"] if state["ridge"] else 0.0
        found: Curve
        if state["model"] == "net":
            found = fit_net(u.numpy(), y.numpy(), size, strength=strength)
        else:
            found = polynomial_fit(u, y, degree=size, strength=strength, domain=DOMAIN)
        test = (found(GRID) - sung(GRID)).square().mean() + state["noise"] ** 2
        return found, float((found(u) - y).square().mean()), float(test)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the errors of this degree or width, and for polynomials the best degree."""
        ridge = f", ridge λ = {state['strength']:.2g}" if state["ridge"] else ""
        if state["model"] == "net":
            train, test = self.fit(state, state["width"])[1:]
            return (
                f"Net with {state['width']} hidden units{ridge}, {state['points']} points. Mean "
                f"squared error: training {train:.3g}, test {test:.3g}."
            )
        errors = [self.fit(state, d)[1:] for d in range(DEGREES + 1)]
        train, test = errors[state["degree"]]
        best = min(range(DEGREES + 1), key=lambda d: errors[d][1])
        return (
            f"Degree {state['degree']}{ridge}, {state['points']} points. Mean squared error: "
            f"training {train:.3g}, test {test:.3g}. The test error is smallest for degree {best}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the fit, and the errors over the degree or the width."""
        left, right = figure.subplots(1, 2)
        net = state["model"] == "net"
        size = state["width" if net else "degree"]
        u, y = self.points(state)
        left.plot(GRID + 1, sung(GRID), color="gray", linestyle=":", label="sung")
        left.plot(GRID + 1, self.fit(state, size)[0](GRID), "k", linewidth=2.5, label="fit")
        left.plot(u + 1, y, "o", color=SPLIT_STYLES["train"].color, label="measured")
        left.set(xlabel="time (s)", ylabel="pitch (semitones)", ylim=(-LIMIT, LIMIT))
        left.legend(frameon=False)
        sizes = WIDTHS if net else range(DEGREES + 1)
        errors = torch.tensor([self.fit(state, one)[1:] for one in sizes])
        for column, split in enumerate(("train", "test")):
            style = SPLIT_STYLES[split]
            shown = errors[:, column].clamp_min(1e-3)
            right.plot(sizes, shown, color=style.color, linestyle=style.dash, label=split)
        right.axvline(size, color="gray", linestyle="--")
        right.set(xlabel="hidden units" if net else "degree", ylabel="mean squared error")
        right.set(xscale="log" if net else "linear", yscale="log", ylim=(1e-3, 1e2))
        right.legend(frameon=False)

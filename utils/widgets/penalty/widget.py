"""L1 and L2 penalties on a regression that tells a note's pitch from nine features.

The view computes with ``kit/math/penalty.js``, this face with :mod:`utils.figures.note_regression`
and scikit-learn.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.note_regression import FEATURES, note_regression
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Number

__all__ = ["Penalty"]

LOW, HIGH = 0.001, 5.0


class Penalty(CourseWidget):
    r"""Weights over the strength λ of a penalty, and the picture of two of them.

    State: `kind` ("L1" or "L2"), `strength` (λ), `first` and `second`, the features of the
    contour picture.

    Notes
    -----
    .. math:: L = \frac1n \sum_i (x_i^\top w - y_i)^2
              + \lambda \sum_j |w_j| \quad\text{or}\quad + \lambda \sum_j w_j^2

    Features and targets are standardized. The contour picture is a regression with two
    features only, under the same λ.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "penalty"
    TITLE = "L1 and L2: which weights survive?"
    GOAL = (
        "One feature is pure chance. Find the λ with the smallest validation error for L1. "
        "Is the weight of chance zero there? Can L2 do that?"
    )
    OUTPUTS = ("zeros", "train", "validation", "weight_decay")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "kind": Choice(
            label="Penalty",
            default="L2",
            options=("L1", "L2"),
            labels=("L1: λΣ|w|", "L2: λΣw²"),
        ),
        "strength": Number(label="λ", default=0.03, low=LOW, high=HIGH, step=0.1, scale="log"),
        "first": Choice(label="Contours: first", default="brightness", options=FEATURES),
        "second": Choice(label="second", default="attack", options=FEATURES),
    }

    def __init__(self, **options: Any) -> None:
        data = note_regression()
        self._moments = {split: data.moments(split) for split in ("train", "validation")}
        constants = {
            split: {"g": g.tolist(), "c": c.tolist(), "square": square}
            for split, (g, c, square) in self._moments.items()
        }
        super().__init__(options={**constants, "features": list(FEATURES)}, **options)

    def weights(self, kind: str, strength: float) -> NDArray[np.float64]:
        """Return the weights of all features.

        Parameters
        ----------
        kind : str
            "L1" or "L2".
        strength : float
            λ.
        """
        x, y = note_regression().train
        if kind == "L2":
            g, c, _ = self._moments["train"]
            return np.asarray(np.linalg.solve(g + strength * np.eye(len(c)), c), dtype=np.float64)
        from sklearn.linear_model import Lasso

        lasso = Lasso(alpha=strength / 2, fit_intercept=False, tol=1e-10, max_iter=100_000)
        return np.asarray(lasso.fit(x, y).coef_)

    def error(self, split: str, weights: NDArray[np.float64]) -> float:
        """Return the mean squared error on a split.

        Parameters
        ----------
        split : str
        weights : ndarray, shape (9,)
        """
        g, c, square = self._moments[split]
        return float(weights @ g @ weights - 2 * c @ weights + square)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the zeros and the errors."""
        weights = self.weights(state["kind"], state["strength"])
        zeros = int((weights == 0).sum())
        largest = FEATURES[int(np.abs(weights).argmax())] if zeros < len(weights) else "none"
        train, validation = (self.error(split, weights) for split in ("train", "validation"))
        return (
            f"{state['kind']} with λ = {state['strength']:.3g}: {zeros} of {len(weights)} weights "
            f"are zero; the largest is that of: {largest}. Mean squared error: training "
            f"{train:.3f}, validation {validation:.3f}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the weights over λ, and the errors."""
        left, right = figure.subplots(1, 2)
        strengths = np.geomspace(LOW, HIGH, 60)
        path = np.stack([self.weights(state["kind"], float(s)) for s in strengths])
        for j, name in enumerate(FEATURES):
            left.plot(strengths, path[:, j], label=name, linestyle="-" if j < 7 else "--")
        left.set(xscale="log", xlabel="λ", ylabel="weight")
        left.legend(frameon=False, fontsize=6)
        for split, color in (("train", "#0072B2"), ("validation", "#D55E00")):
            right.plot(strengths, [self.error(split, w) for w in path], color=color, label=split)
        right.set(xscale="log", xlabel="λ", ylabel="mean squared error")
        right.legend(frameon=False)
        for ax in (left, right):
            ax.axvline(state["strength"], color="black", linestyle=":")

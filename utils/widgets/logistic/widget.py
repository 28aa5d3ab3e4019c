"""One logit under cross entropy and squared error, and the boundary that each learns.

The view computes with ``kit/math/logistic.js``, this face with
:mod:`utils.reference.binary_losses`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.note_points import note_points
from utils.reference.activations import sigmoid
from utils.reference.binary_losses import binary_cross_entropy_with_logits
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Number

__all__ = ["Logistic"]

VIEWS = ("curves", "boundary")
BCE, MSE = ("#0072B2", "-"), ("#D55E00", "--")
WEIGHT = 8.0


class Logistic(CourseWidget):
    r"""Loss and slope over a logit, and logistic regression on notes of two families.

    State: `logit` and `label` ("1" or "0") of one note; `w1`, `w2`, `b`, the weights of decay
    and brightness and the bias; `loss` ("BCE" or "MSE"), which the steps go down.

    Parameters
    ----------
    views : sequence of str
        "curves", "boundary" or both.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If there is no such view.

    Notes
    -----
    .. math:: L_{\text{BCE}} = \log(1 + e^z) - y z, \qquad
              L_{\text{MSE}} = (\sigma(z) - y)^2, \qquad z = w_1 x_1 + w_2 x_2 + b

    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "logistic"
    TITLE = "A logit, a label, two losses"
    GOAL = (
        "Find an answer that is confident and wrong: a BCE above 5. How steep is the squared "
        "error there? Then take 50 steps down each loss from where the boundary is now."
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "logit": Number(label="Logit z", default=1.0, low=-8.0, high=8.0, step=0.1),
        "label": Choice(
            label="True label y", default="1", options=("1", "0"), labels=("1 guitar", "0 flute")
        ),
        "w1": Number(label="w₁ (decay)", default=-6.0, low=-WEIGHT, high=WEIGHT, step=0.1),
        "w2": Number(label="w₂ (brightness)", default=0.0, low=-WEIGHT, high=WEIGHT, step=0.1),
        "b": Number(label="b", default=0.0, low=-WEIGHT, high=WEIGHT, step=0.1),
        "loss": Choice(
            label="Steps go down",
            default="MSE",
            options=("BCE", "MSE"),
            labels=("cross entropy (BCE)", "squared error (MSE)"),
        ),
    }
    OUTPUTS = ("probability", "bce", "mse", "slope_bce", "slope_mse", "right", "mean", "steepness")

    def __init__(self, *, views: Sequence[str] = VIEWS, **options: Any) -> None:
        if not views or set(views) - set(VIEWS):
            raise ParameterError(f"expected views among {', '.join(VIEWS)}, got {tuple(views)}")
        notes = note_points("guitar", "flute")
        data = {"features": notes.features.T.astype(np.float64), "labels": notes.labels}
        more = {"views": list(views), "presets": list(notes.presets), "weight": WEIGHT}
        super().__init__(data=data, options=more, **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return both losses of the logit, and how good the boundary is, in words."""
        z, y = torch.tensor(state["logit"], dtype=torch.float64), float(state["label"])
        p = sigmoid(z).item()
        bce = binary_cross_entropy_with_logits(z, torch.tensor(y, dtype=torch.float64)).item()
        logits, labels = self._logits(state)
        right = ((logits > 0) == (labels > 0.5)).double().mean().item()
        return (
            f"Logit {z.item():.1f}, label {y:.0f}: σ(z) = {p:.3f}, BCE {bce:.2f} with slope "
            f"{p - y:.3f}, squared error {(p - y) ** 2:.2f} with slope "
            f"{2 * (p - y) * p * (1 - p):.3f}. The boundary is right for {right:.0%} of "
            f"{len(labels)} notes, mean BCE "
            f"{binary_cross_entropy_with_logits(logits, labels).item():.2f}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw both losses over the logit, or the notes with the boundary."""
        views = self.config["options"]["views"]
        axes = np.atleast_1d(np.asarray(figure.subplots(1, len(views))))
        for view, ax in zip(views, axes, strict=True):
            {"curves": self._draw_curves, "boundary": self._draw_notes}[view](state, ax)

    def _draw_curves(self, state: Mapping[str, Any], ax: Axes) -> None:
        z = torch.linspace(-8, 8, 161, dtype=torch.float64)
        y = torch.full_like(z, float(state["label"]))
        bce = binary_cross_entropy_with_logits(z, y, reduction="none")
        ax.plot(z, bce, BCE[1], color=BCE[0], label="BCE", linewidth=2.5)
        ax.plot(z, (sigmoid(z) - y) ** 2, MSE[1], color=MSE[0], label="squared error", linewidth=2)
        ax.axvline(state["logit"], color="gray", linewidth=1)
        ax.set(xlabel="logit z", ylabel="loss L", title=f"label y = {state['label']}")
        ax.legend(frameon=False)

    def _draw_notes(self, state: Mapping[str, Any], ax: Axes) -> None:
        notes = note_points("guitar", "flute")
        for label, marker, family in ((1, "s", "guitar"), (0, "o", "flute")):
            x = notes.features[notes.labels == label]
            ax.plot(x[:, 0], x[:, 1], marker, label=f"{family} (y = {label})")
        grid = np.linspace(-3, 3, 61)
        z = state["w1"] * grid[None] + state["w2"] * grid[:, None] + state["b"]
        ax.contour(grid, grid, z, levels=[0.0], colors="black")
        ax.set(xlabel="decay", ylabel="brightness", xlim=(-3, 3), ylim=(-3, 3))
        ax.legend(frameon=False)

    @staticmethod
    def _logits(state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        notes = note_points("guitar", "flute")
        weights = np.array([state["w1"], state["w2"]])
        logits = torch.from_numpy(notes.features @ weights + state["b"])
        return logits, torch.from_numpy(notes.labels)

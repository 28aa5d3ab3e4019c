"""Hinge, logistic and 0/1 loss over the margin, for two classes or three.

The view computes with ``kit/math/margins.js``, this face with :mod:`utils.reference`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from utils.reference.multiclass_losses import cross_entropy, multiclass_hinge_loss
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Number

__all__ = ["Hinge"]

LIMIT = 3.0
STYLES = {
    "0/1 loss": ("#D55E00", "--"),
    "hinge": ("#0072B2", "-"),
    "logistic": ("#009E73", "-."),
}


class Hinge(CourseWidget):
    r"""Three losses of one number: how far the true class is ahead of its rival.

    State: `margin`, `classes` ("two" or "three"), `rival` (how far the true class is ahead
    of the second rival; with three classes), `slopes` (show the slopes, too).

    Notes
    -----
    With the margins :math:`m_k = s_y - s_k` of the true class y over its rivals k (with two
    classes :math:`m = y\,s`):

    .. math:: \sum_k \max(0, 1 - m_k), \qquad \log\Big(1 + \sum_k e^{-m_k}\Big)

    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "hinge"
    TITLE = "What a margin costs"
    GOAL = (
        "Find a right answer that the hinge loss still punishes; then the smallest margin "
        "at which it stops. Does the logistic loss stop, too?"
    )
    OUTPUTS = ("hinge", "logistic", "zero_one")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "margin": Number(label="Margin", default=-1.0, low=-LIMIT, high=LIMIT, step=0.05),
        "classes": Choice(label="Classes", default="two", options=("two", "three")),
        "rival": Number(
            label="Margin over a second rival", default=0.5, low=-LIMIT, high=LIMIT, step=0.05
        ),
        "slopes": Boolean(label="Show slopes", default=False),
    }

    def losses(self, state: Mapping[str, Any], margin: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the three losses at each of n margins, by name.

        Parameters
        ----------
        state : mapping
        margin : torch.Tensor
            Shape (n,).
        """
        rivals = [-margin]
        if state["classes"] == "three":
            rivals.append(torch.full_like(margin, -state["rival"]))
        scores = torch.stack([torch.zeros_like(margin), *rivals], dim=-1)
        targets = torch.zeros(len(margin), dtype=torch.long)
        wrong = (scores[:, 1:] >= 0).any(-1).to(margin.dtype)
        return {
            "0/1 loss": wrong,
            "hinge": multiclass_hinge_loss(scores, targets, reduction="none"),
            "logistic": cross_entropy(scores, targets, reduction="none"),
        }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the margins and what they cost."""
        here = self.losses(state, torch.tensor([state["margin"]], dtype=torch.float64))
        costs = ", ".join(f"{name} {value.item():.2f}" for name, value in here.items())
        right = "right" if here["0/1 loss"].item() == 0 else "wrong"
        rival = f" and {state['rival']:.2f}" if state["classes"] == "three" else ""
        return f"Margin {state['margin']:.2f}{rival}: the answer is {right}. It costs: {costs}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the losses over the margin, and the present margin."""
        ax = figure.subplots()
        margin = torch.linspace(-LIMIT, LIMIT, 601, dtype=torch.float64)
        for name, values in self.losses(state, margin).items():
            color, dash = STYLES[name]
            ax.plot(margin, values, color=color, linestyle=dash, linewidth=2, label=name)
        ax.axvline(state["margin"], color="gray", linestyle=":")
        ax.set(xlabel="margin", ylabel="loss", xlim=(-LIMIT, LIMIT), ylim=(0, None))
        ax.legend(frameon=False)

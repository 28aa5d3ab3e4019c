"""The many names of a loss, to be matched with those who use them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Number

__all__ = ["LossNames"]

NOTHING = "?"
FIELDS_OF_USE = (
    "machine learning",
    "engineering",
    "mathematics",
    "reinforcement learning",
    "evolution",
    "economics",
)
WISHES = ("less", "more", "either")

# Name, who says it, what is wanted, an example.
NAMES = {
    "loss": (
        "machine learning",
        "less",
        "how far the guessed pitch is off, for one note or for many",
    ),
    "cost": ("engineering", "less", "bits a second that a codec needs"),
    "objective": ("mathematics", "either", "whatever is to be made small or large"),
    "reward": (
        "reinforcement learning",
        "more",
        "+1 whenever a robot drummer hits the beat",
    ),
    "fitness": ("evolution", "more", "which of 100 bred melodies survive a listening test"),
    "utility": ("economics", "more", "what a concert is worth to a listener"),
}


class LossNames(CourseWidget):
    """Six names: who says so, and is less or more of it wanted?

    State: for each of `loss`, `cost`, `objective`, `reward`, `fitness`, `utility` the field
    that uses it, and with `_wish` behind the name what is wanted: "less", "more" or "either";
    `tempo`, a guess whose loss and reward are drawn.

    Parameters
    ----------
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "loss_names"
    TITLE = "Six names for one thing"
    GOAL = "Match each name to those who use it most, and say whether they want less or more of it."
    FIELDS: ClassVar[Mapping[str, Field]] = {
        key: field
        for name in NAMES
        for key, field in (
            (
                name,
                Choice(label="said in", default=NOTHING, options=(NOTHING, *FIELDS_OF_USE)),
            ),
            (
                f"{name}_wish",
                Choice(label="wanted", default=NOTHING, options=(NOTHING, *WISHES)),
            ),
        )
    } | {
        "tempo": Number(
            label="Guessed tempo θ", default=90.0, low=60.0, high=180.0, step=1.0, unit="bpm"
        )
    }
    OUTPUTS = ("right",)

    def __init__(self, **options: Any) -> None:
        names = [
            {"name": name, "field": field, "wish": wish, "example": example}
            for name, (field, wish, example) in NAMES.items()
        ]
        super().__init__(options={"names": names}, **options)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the names with their fields, and how many answers are right."""
        right = sum(
            (state[name] == field) + (state[f"{name}_wish"] == wish)
            for name, (field, wish, _) in NAMES.items()
        )
        loss = _loss(state["tempo"])
        table = "; ".join(
            f"{name}: {field}, wanted: {wish} ({example})"
            for name, (field, wish, example) in NAMES.items()
        )
        return (
            f"{right} of {2 * len(NAMES)} right. {table[0].upper()}{table[1:]}. "
            f"A tempo guessed as {state['tempo']:.0f} bpm, where 120 is true: loss {loss:.2f}, "
            f"reward {-loss:.2f}; the least loss and the largest reward are at the same tempo."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the answers of the state, and a loss with the reward that is its negative."""
        left, right = figure.subplots(1, 2)
        left.axis("off")
        left.table(
            cellText=[[name, state[name], state[f"{name}_wish"]] for name in NAMES],
            colLabels=["name", "said in", "wanted"],
            loc="center",
        )
        grid = np.linspace(60, 180, 121)
        lines = ((1, "#D55E00", "--", "loss"), (-1, "#0072B2", "-", "reward"))
        for sign, color, dash, label in lines:
            right.plot(grid, sign * _loss(grid), dash, color=color, label=label)
            right.plot(state["tempo"], sign * _loss(state["tempo"]), "o", color=color)
        right.set(xlabel="guessed tempo (bpm)", ylabel="loss, reward")
        right.legend(frameon=False)


def _loss(tempo: Any) -> Any:
    """Return the squared error of a tempo in units of 30 bpm."""
    return ((tempo - 120) / 30) ** 2

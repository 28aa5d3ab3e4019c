"""The best of k models on validation: simulated, because real models can't be had by the hundred.

The view computes with ``kit/math/selection.js``, this face with :mod:`utils.figures.selection`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from utils.figures.selection import Models, draw_models, expected_optimism
from utils.figures.style import SPLIT_STYLES
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Field, Integer, Number

__all__ = ["Selection"]

TRUTH = 0.7
TEST_NOTES = 1000
MOST = 200


class Selection(CourseWidget):
    """Choose the best of k models on n validation notes, then test it.

    State: `models` (k), `notes` (n), `spread` (standard deviation of the true accuracies, in
    percent), `seed`.

    Notes
    -----
    Simulated. Every model has a true accuracy: 70 %, plus a normal number times `spread`.
    Each answer is right with this probability, independently of all others. Real models err
    on the same notes, so their optimism is somewhat smaller.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "selection"
    TITLE = "The best of k models"
    GOAL = (
        "All models are equally good. Make the winner look 10 points better than it is; then "
        "change one number so that it looks less than 3 points better."
    )
    OUTPUTS = ("validation", "test", "truth", "optimism", "expected")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "models": Integer(label="Models k", default=10, low=1, high=MOST),
        "notes": Number(label="Validation notes n", default=100, low=20, high=2000, scale="log"),
        "spread": Number(
            label="True differences", default=0.0, low=0.0, high=10.0, step=0.5, unit="points"
        ),
        "seed": Integer(label="Another draw", default=1, low=0, high=99),
    }

    def __init__(self, **options: Any) -> None:
        constants = {"truth": TRUTH, "testNotes": TEST_NOTES}
        super().__init__(options=constants, **options)

    def models(self, state: Mapping[str, Any]) -> Models:
        """Return the accuracies of all models.

        Parameters
        ----------
        state : mapping
        """
        return draw_models(
            state["models"],
            notes=_whole(state["notes"]),
            truth=TRUTH,
            spread=state["spread"] / 100,
            seed=state["seed"],
            test_notes=TEST_NOTES,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the winner's scores."""
        found = self.models(state)
        best = found.best
        text = (
            f"Simulation: {state['models']} models, {round(state['notes'])} validation notes. "
            f"The winner has {found.validation[best]:.1%} on validation, {found.test[best]:.1%} "
            f"on {TEST_NOTES} test notes; in truth {found.truth[best]:.1%}."
        )
        if state["spread"]:
            return text
        mean = expected_optimism(state["models"], notes=_whole(state["notes"]), truth=TRUTH)
        return f"{text} In the mean the best of them flatters itself by {100 * mean:.1f} points."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw all scores with the winner, and the optimism over k."""
        left, right = figure.subplots(1, 2)
        found = self.models(state)
        x = np.arange(1, state["models"] + 1)
        validation, test = SPLIT_STYLES["validation"], SPLIT_STYLES["test"]
        left.plot(x, 100 * found.validation, validation.marker, color=validation.color)
        winner = found.best
        left.plot(x[winner], 100 * found.validation[winner], "*", color="black", markersize=14)
        left.plot(x[winner], 100 * found.test[winner], test.marker, color=test.color, markersize=10)
        left.axhline(100 * TRUTH, color="gray", linestyle="--")
        left.set(xlabel="model", ylabel="accuracy (%)")
        best = [int(found.validation[:k].argmax()) for k in x]
        right.plot(x, 100 * (found.validation[best] - found.truth[best]), color="black")
        if not state["spread"]:
            n = _whole(state["notes"])
            mean = [100 * expected_optimism(int(k), notes=n, truth=TRUTH) for k in x]
            right.plot(x, mean, color="gray", linestyle="--", label="expected")
            right.legend(frameon=False)
        right.set(xlabel="models k", ylabel="optimism (points)", xscale="log")


def _whole(number: float) -> int:
    """Return the nearest whole number, halves up as in JavaScript."""
    return int(number + 0.5)

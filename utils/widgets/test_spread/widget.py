"""Test sets drawn again and again from real answers, with two kinds of error bars.

The view computes with ``kit/math/testSets.js``, this face with :mod:`utils.figures.test_sets`.
The answers are those of a trained CNN on notes of instruments that it never heard, stored with
their provenance.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from utils.figures.seeded_noise import uniform_numbers
from utils.figures.style import SPLIT_STYLES
from utils.figures.test_sets import bootstrap_interval, draw_test, naive_interval, spread, truth
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer
from utils.widgets.test_spread.store import stored_answers

__all__ = ["Drawn", "SpreadOfTests"]

TESTS = 60
RESAMPLES = 200
BUDGET = 60
MOST_INSTRUMENTS, MOST_NOTES = 60, 16


class Drawn(NamedTuple):
    """One test set: its accuracy and its 95 % interval."""

    accuracy: float
    low: float
    high: float


class SpreadOfTests(CourseWidget):
    r"""Sixty test sets, their accuracies and error bars, and their spread over the number of notes.

    State: `instruments` in a test set, `notes` of each, `bars` ("notes": as if all notes were
    independent; "instruments": cluster bootstrap), `seed`.

    Notes
    -----
    Instruments are drawn with replacement from the 99 of the splits practice and demo_pool,
    each with some of its 16 to 18 notes. In truth means: all notes of all of them, every
    instrument counting the same.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "test_spread"
    TITLE = "One network, sixty test sets"
    GOAL = (
        f"You may record {BUDGET} notes for your test. How many instruments, how many notes of "
        "each? Make the test sets scatter as little as possible."
    )
    OUTPUTS = ("n", "spread", "naive", "covered", "truth")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "instruments": Integer(label="Instruments", default=10, low=2, high=MOST_INSTRUMENTS),
        "notes": Integer(label="Notes of each", default=MOST_NOTES, low=1, high=MOST_NOTES),
        "bars": Choice(
            label="95 % error bars",
            default="notes",
            options=("notes", "instruments"),
            labels=("by note (naive)", "by instrument"),
        ),
        "seed": Integer(label="Other draws", default=1, low=0, high=99),
    }

    def __init__(self, **options: Any) -> None:
        instruments = stored_answers()["instruments"]
        self._world = [np.array([int(c) for c in one["answers"]]) for one in instruments]
        constants = {
            "world": [[len(one), int(one.sum())] for one in self._world],
            "tests": TESTS,
            "resamples": RESAMPLES,
            "budget": BUDGET,
        }
        super().__init__(options=constants, **options)

    @property
    def truth(self) -> float:
        """The accuracy over all notes, with which every instrument counts the same."""
        return truth(self._world)

    def tests(self, state: Mapping[str, Any]) -> list[Drawn]:
        """Return the sixty test sets with the intervals that are shown.

        Parameters
        ----------
        state : mapping
        """
        uniform, again = uniform_numbers(state["seed"]), uniform_numbers(state["seed"] + 1000)
        count, notes = state["instruments"], state["notes"]
        found = []
        for _ in range(TESTS):
            right = draw_test(self._world, uniform, instruments=count, notes=notes)
            if state["bars"] == "notes":
                interval = naive_interval(right, notes=notes)
            else:
                interval = bootstrap_interval(right, again, notes=notes, resamples=RESAMPLES)
            found.append(Drawn(sum(right) / (count * notes), *interval))
        return found

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the spread, what the naive formula says, and how many error bars are right."""
        mean, count, notes = self.truth, state["instruments"], state["notes"]
        covered = sum(one.low <= mean <= one.high for one in self.tests(state))
        naive = np.sqrt(mean * (1 - mean) / (count * notes))
        kind = "by note" if state["bars"] == "notes" else "by instrument"
        return (
            f"Test sets of {count} instruments with {notes} notes each: accuracy in truth "
            f"{mean:.1%}, standard deviation {100 * self.spread(state):.1f} points; if all "
            f"notes were independent {100 * naive:.1f}. {covered} of {TESTS} error bars "
            f"{kind} contain the truth; {0.95 * TESTS:.0f} should."
        )

    def spread(self, state: Mapping[str, Any]) -> float:
        """Return the standard deviation of the accuracy of test sets of this size.

        Parameters
        ----------
        state : mapping
        """
        return spread(self._world, instruments=state["instruments"], notes=state["notes"])

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the spread over the number of notes, and all test sets with their error bars."""
        left, right = figure.subplots(1, 2)
        mean, style = self.truth, SPLIT_STYLES["test"]
        more = [{**state, "notes": k} for k in range(1, MOST_NOTES + 1)]
        other = [{**state, "instruments": i} for i in range(2, MOST_INSTRUMENTS + 1)]
        for states, dash, label in ((more, "--", "more notes"), (other, "-", "more instruments")):
            n = [one["instruments"] * one["notes"] for one in states]
            left.plot(n, [100 * self.spread(s) for s in states], "k", ls=dash, label=label)
        left.set(xlabel="notes in the test set", ylabel="spread (points)", xscale="log")
        left.legend(frameon=False)
        for at, one in enumerate(self.tests(state)):
            covers = one.low <= mean <= one.high
            color = style.color if covers else "#D55E00"
            right.plot([at + 1] * 2, [100 * one.low, 100 * one.high], color=color)
            right.plot(at + 1, 100 * one.accuracy, style.marker if covers else "x", color=color)
        right.axhline(100 * mean, color="gray", linestyle="--")
        right.set(xlabel="test set", ylabel="accuracy (%)", ylim=(0, 100))

"""Schedules to draw: choose or draw a learning rate over time, and watch a small CNN train.

The view computes rates with ``kit/math/schedules.js``; the training runs in the kernel.
Without one, the stored run of each kind of schedule is shown.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from utils.figures.schedules import (
    CHECK,
    KINDS,
    KNOTS,
    PATIENCE,
    UPDATES,
    draw_rates,
    draw_run_losses,
)
from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Field, Integer, Number, Numbers
from utils.widgets.schedule.store import HAND, defaults, load_stored
from utils.widgets.schedule.training import ScheduleRun, train_with

__all__ = ["Schedule"]


class Schedule(CourseWidget):
    r"""Draw or choose a learning rate over 600 updates, and watch a small CNN train with it.

    The network tells the families of 960 notes, pooled to 16 × 16; every run has the same first
    weights and the same order of notes, so that only the schedule differs.

    State: `kind` (of schedule), `lr` (the highest rate), `every` (updates: length of a stair,
    period of a wave), `factor` (of a stair, and on plateau), `rate` (of exponential and 1/t),
    `hand` (21 rates of the drawn one).

    Parameters
    ----------
    updates : int
        Of a run in the kernel, 20 to 600; the stored runs have 600.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \theta_{t+1} = \theta_t - \eta_t\, v_{t+1}

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "schedule"
    TITLE = "Draw a learning rate"
    GOAL = "Draw a schedule that ends with a lower validation loss than every formula in the list."
    OUTPUTS = ("kind", "last", "accuracy", "constant")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "kind": Choice(
            label="Schedule", default="step", options=tuple(KINDS), labels=tuple(KINDS.values())
        ),
        "lr": Number(label="Highest rate η₀", default=0.1, low=0.001, high=1.0, scale="log"),
        "every": Integer(label="Every", default=150, low=10, high=300, step=10, unit="updates"),
        "factor": Number(label="Factor γ", default=0.2, low=0.05, high=0.95, step=0.05),
        "rate": Number(label="Rate of decay k", default=0.005, low=0.0005, high=0.1, scale="log"),
        "hand": Numbers(label="Drawn rates", default=HAND, low=5e-4, high=1.0),
    }

    def __init__(self, *, updates: int = UPDATES, **options: Any) -> None:
        self.updates = Integer(default=UPDATES, low=2 * CHECK, high=UPDATES).check(
            "updates", updates
        )
        stored = load_stored()
        super().__init__(
            options={
                "updates": UPDATES,
                "check": CHECK,
                "patience": PATIENCE,
                "knots": KNOTS,
                "stored": stored["runs"],
            },
            **options,
        )
        self.provenance = stored["provenance"]
        self.answer("train", self._train)

    def _train(self, job: Job) -> tuple[dict[str, Any], np.ndarray | None]:
        settings = self._checked(job.payload["state"])
        run = train_with(settings, updates=self.updates, report=lambda run: job.report(_last(run)))
        return run.to_dict(), None

    def stored_run(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return the stored run of the state's kind, and whether it has the state's settings.

        Parameters
        ----------
        state : mapping
            See the class.
        """
        run = load_stored()["runs"][state["kind"]]
        return run, all(run["settings"][key] == state[key] for key in defaults("step"))

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how the stored run of the chosen schedule ended."""
        run, same = self.stored_run(state)
        constant = load_stored()["runs"]["constant"]
        usual = "" if same else " (stored with other numbers)"
        return (
            f"Schedule: {KINDS[state['kind']]}{usual}, highest rate {state['lr']:.3g}. After "
            f"{UPDATES} updates the validation loss is {run['validation'][-1]:.2f}, "
            f"{run['accuracy']:.0%} of unseen notes are right; with a constant rate "
            f"{constant['validation'][-1]:.2f} and {constant['accuracy']:.0%}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw rates and losses of the stored run, beside the constant rate."""
        left, right = figure.subplots(1, 2)
        runs = {KINDS[state["kind"]]: self.stored_run(state)[0]}
        runs["constant"] = load_stored()["runs"]["constant"]
        draw_rates({name: run["rates"] for name, run in runs.items()}, ax=left)
        draw_run_losses({name: run["validation"] for name, run in runs.items()}, ax=right)


def _last(run: ScheduleRun) -> dict[str, float]:
    """Return the newest look of a run."""
    return {
        "rates": run.rates[-1],
        "train": run.train[-1],
        "validation": run.validation[-1],
        "accuracy": run.accuracy,
    }

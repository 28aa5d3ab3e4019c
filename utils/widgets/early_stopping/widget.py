"""Patience on learning curves of a small CNN on notes.

The view computes with ``kit/math/earlyStopping.js``, this face with
:mod:`utils.training.early_stopping`: the same rule. The curves are stored with their
provenance.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from matplotlib.figure import Figure

from utils.figures.style import SPLIT_STYLES
from utils.training.early_stopping import EarlyStopping
from utils.widgets.base import CourseWidget
from utils.widgets.early_stopping.curves import stored_curves
from utils.widgets.fields import Choice, Field, Integer, Number

__all__ = ["Patience"]

RUNS = {
    "few_notes": "300 notes",
    "few_noisy": "only 60 validation notes",
    "dropout": "300 notes, dropout",
}


class Patience(CourseWidget):
    """Where training stops, which epoch was best, and what was trained in vain.

    State: `run`; `monitor` ("loss" or "accuracy" of validation); `patience` and `min_delta`
    as in :class:`~utils.training.early_stopping.EarlyStopping`; `epoch`, how many epochs
    have been trained so far.

    Notes
    -----
    Training beyond the stop is drawn faintly: who stops never sees it.

    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "early_stopping"
    TITLE = "Early stopping: how long to wait"
    GOAL = (
        "With 300 notes: find the smallest patience that keeps the best epoch of all. How many "
        "epochs does it train in vain?"
    )
    OUTPUTS = ("best", "stop", "wasted", "saved")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "run": Choice(
            label="Run", default="few_notes", options=tuple(RUNS), labels=tuple(RUNS.values())
        ),
        "monitor": Choice(
            label="Watch",
            default="loss",
            options=("loss", "accuracy"),
            labels=("validation loss", "validation accuracy"),
        ),
        "patience": Integer(label="Patience", default=1, low=1, high=30, unit="epochs"),
        "min_delta": Number(label="Smallest gain that counts", default=0.0, low=0.0, high=0.1),
        "epoch": Integer(label="Trained so far", default=60, low=1, high=60, unit="epochs"),
    }

    def __init__(self, **options: Any) -> None:
        found = stored_curves()
        runs = {name: found["runs"][name] for name in RUNS}
        super().__init__(options={"runs": runs}, **options)

    def verdict(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return `best` (value), `best_step`, `stop` (None: never) and `waited`.

        Parameters
        ----------
        state : mapping
        """
        values = self.watched(state)[: state["epoch"]]
        stopping = EarlyStopping(
            state["patience"],
            min_delta=state["min_delta"],
            mode="max" if state["monitor"] == "accuracy" else "min",
        )
        stop = next((i for i, value in enumerate(values, 1) if stopping.step(value)), None)
        return {
            "best": stopping.best,
            "best_step": stopping.best_step,
            "stop": stop,
            "waited": stopping.waited,
        }

    def watched(self, state: Mapping[str, Any]) -> list[float]:
        """Return the watched value of every epoch.

        Parameters
        ----------
        state : mapping
        """
        run: dict[str, list[float]] = self.config["options"]["runs"][state["run"]]
        return run[f"validation_{state['monitor']}"]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return where it stops and which epoch it keeps."""
        found = self.verdict(state)
        kept = f"Best epoch {found['best_step']} with {state['monitor']} {found['best']:.3f}"
        head = f"{RUNS[state['run']]}, patience {state['patience']}. {kept}"
        if found["stop"] is None:
            return f"{head}; after {state['epoch']} epochs training goes on."
        epochs = "epoch" if found["waited"] == 1 else "epochs"
        return f"{head}; stop after epoch {found['stop']}: {found['waited']} {epochs} in vain."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw both curves with the best epoch and the stop."""
        ax = figure.subplots()
        run = self.config["options"]["runs"][state["run"]]
        found = self.verdict(state)
        for split in ("train", "validation"):
            values = run[f"{split}_{state['monitor']}"][: state["epoch"]]
            style = SPLIT_STYLES[split]
            ax.plot(
                range(1, len(values) + 1),
                values,
                color=style.color,
                linestyle=style.dash,
                label=split,
            )
        ax.plot(found["best_step"], found["best"], "*", color="black", markersize=14, label="best")
        if found["stop"] is not None:
            ax.axvline(found["stop"], color="black", linestyle=":", label="stop")
            ax.axvspan(found["best_step"], found["stop"], color="gray", alpha=0.2)
        ax.set(xlabel="epoch", ylabel=state["monitor"], xlim=(0, 61))
        ax.legend(frameon=False)

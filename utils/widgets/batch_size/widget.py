"""Batch size to play with: the cloud of possible gradients, the path, steps against epochs.

The view computes with ``kit/math/minibatch.js``, this face with :mod:`utils.reference.minibatch`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from utils.figures.minibatches import (
    EPOCHS,
    N_NOTES,
    REACH,
    SHOWN_STEPS,
    Run,
    draw_batch_losses,
    draw_batch_path,
    length,
    note_problem,
    run_batches,
)
from utils.reference.minibatch import steps_per_epoch
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Field, Integer, Number, Numbers

__all__ = ["BatchSize"]


class BatchSize(CourseWidget):
    r"""Descend on the loss of 128 real notes by batches of any size.

    A logistic regression with two weights tells keyboard notes from string notes by their
    brightness and their decay. A run lasts five epochs, or 40 steps where that is more.

    State: `batch` (notes a step), `lr`, `start` (two weights), `t` (the step that is shown),
    `seed` (of the order of the notes), `others` (runs with 1, 16 and all notes a step, too).

    Parameters
    ----------
    within, epochs : float
        The goal: come so close to the lowest loss, with the gradients of so many epochs.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \operatorname{Var} g = \frac{\sigma^2}{B} \cdot \frac{N - B}{N - 1}

    Lecture: ``lectures/03_optimizers.ipynb``
    """

    NAME = "batch_size"
    TITLE = "How many notes a step?"
    OUTPUTS = ("computations", "epochs", "steps_per_epoch", "loss", "excess", "noise", "slope")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "batch": Integer(label="Batch size B", default=16, low=1, high=N_NOTES, unit="notes"),
        "lr": Number(label="Learning rate η", default=1.0, low=0.05, high=20.0, scale="log"),
        "start": Numbers(label="Start", default=(2.5, 2.0), low=-REACH, high=REACH),
        "t": Integer(label="Step", default=SHOWN_STEPS // 2, low=0, high=EPOCHS * N_NOTES),
        "seed": Integer(label="Order of the notes", default=0, low=0, high=99),
        "others": Boolean(label="Compare with B = 1, 16 and 128", default=True),
    }

    def __init__(self, *, within: float = 0.02, epochs: float = 1.0, **options: Any) -> None:
        problem = note_problem()
        limit = round(epochs * N_NOTES)
        words = (
            f"Come within {within:g} of the lowest loss with the gradients of at most {limit} "
            f"notes ({epochs:g} epoch{'' if epochs == 1 else 's'})."
        )
        super().__init__(
            goal=options.pop("goal", words),
            options={
                "within": within,
                "computations": limit,
                "epochs": EPOCHS,
                "steps": SHOWN_STEPS,
                "reach": REACH,
            },
            data={
                "inputs": problem.inputs.numpy().astype(np.float32),
                "targets": problem.targets.numpy().astype(np.float32),
            },
            **options,
        )

    def run(self, state: Mapping[str, Any], *, batch: int | None = None) -> Run:
        """Return the run of a state up to the step that is shown; of another batch, all of it.

        Parameters
        ----------
        state : mapping
            See the class.
        batch : int, optional
            In place of the state's.
        """
        size = state["batch"] if batch is None else batch
        last = length(N_NOTES, size)
        return run_batches(
            note_problem(),
            start=state["start"],
            lr=state["lr"],
            batch=size,
            seed=state["seed"],
            steps=min(state["t"], last) if batch is None else last,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how many steps and gradients led to which loss."""
        problem, run = note_problem(), self.run(state)
        loss, lowest = problem.loss(run.path[-1]), problem.loss(problem.lowest())
        each = steps_per_epoch(N_NOTES, state["batch"])
        return (
            f"Batches of {state['batch']} of {N_NOTES} notes, {each} steps an epoch, learning rate "
            f"{state['lr']:.3g}: after {len(run.path) - 1} steps and {run.costs[-1]} gradients of "
            f"single notes ({run.costs[-1] / N_NOTES:.3g} epochs) the loss is {loss:.3f}, "
            f"{loss - lowest:.3f} above the lowest."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the path on the contour, and the losses over the epochs."""
        left, right = figure.subplots(1, 2)
        run, problem = self.run(state), note_problem()
        draw_batch_path(problem, run, ax=left)
        others = {f"B = {size}": self.run(state, batch=size) for size in (16, N_NOTES)}
        draw_batch_losses(problem, {f"yours, B = {state['batch']}": run, **others}, ax=right)

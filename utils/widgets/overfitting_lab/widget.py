"""A small CNN trains on notes while the reader switches cures on and off.

Training happens in the kernel's worker thread; it asks for the widget's state before each
batch. On a page without a kernel, the stored run with the nearest settings is shown.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.style import SPLIT_STYLES
from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Boolean, Choice, Field, Integer, Number
from utils.widgets.overfitting_lab.code import TEMPLATE, code_of
from utils.widgets.overfitting_lab.notes import EXAMS, FEWEST_INSTRUMENTS, MOST_INSTRUMENTS
from utils.widgets.overfitting_lab.runs import nearest, verdict
from utils.widgets.overfitting_lab.store import PLAIN, load_stored
from utils.widgets.overfitting_lab.training import EPOCHS, LabRun, train_lab

__all__ = ["OverfittingLab"]

EXAM_NAMES = {
    "notes": "other notes, same instruments",
    "instruments": "unknown instruments",
    "pitches": "higher pitches",
    "velocities": "louder notes",
}


class OverfittingLab(CourseWidget):
    """Train a small CNN on notes, and change its cures while it trains.

    One network sits four exams after each epoch, on notes that it never trained on: other
    notes of the instruments that it knows (what a random split holds out), unknown
    instruments (what a split by instrument holds out), higher pitches, louder notes. A third
    part, the test on yet other instruments, stays closed until the reader opens it.

    State: `exam`; `dropout` (rate before the last layer), `decay` (AdamW's), `augment` (the
    share of notes that each change of the pictures hits), `early_stop` and `patience`
    (epochs; watches the exam's loss), `instruments` (in training); `width` (channels of the
    first layer) and `seed`, which hold from the next training on; `test`, whether the third
    part is open.

    Parameters
    ----------
    epochs : int
        At most so many in the kernel, 2 to 200; the stored runs have 30.
    size : {16, 32, 64}
        To which the pictures are averaged for training in the kernel. 64 leaves them as they
        are, and then width 16 is the lecture's CNN: allow minutes.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Attributes
    ----------
    runs : list of LabRun
        Those of this widget, the newest last.
    provenance : dict
        Of the stored runs.

    Raises
    ------
    ParameterError
        If epochs or size cannot be used.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "overfitting_lab"
    TITLE = "The overfitting lab"
    GOAL = (
        "On other notes of known instruments all looks well. Change the exam to unknown "
        "instruments: same network! Then make a run that ends with a loss below 1.5 there."
    )
    OUTPUTS = ("train", "validation", "gap", "best", "test")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "exam": Choice(
            label="Exam:",
            default=PLAIN["exam"],
            options=EXAMS,
            labels=tuple(EXAM_NAMES[exam] for exam in EXAMS),
        ),
        "dropout": Number(label="Dropout p", default=0.0, low=0.0, high=0.8, step=0.05),
        "decay": Number(label="Weight decay", default=0.0, low=0.0, high=2.0, step=0.1),
        "augment": Number(label="Augmentation p", default=0.0, low=0.0, high=0.5, step=0.05),
        "early_stop": Boolean(label="Early stopping", default=False),
        "patience": Integer(label="Patience", default=5, low=1, high=20, unit="epochs"),
        "instruments": Integer(
            label="Instruments in training",
            default=66,
            low=FEWEST_INSTRUMENTS,
            high=MOST_INSTRUMENTS,
            step=11,
        ),
        "width": Integer(label="Width", default=16, low=4, high=32, step=4, unit="channels"),
        "seed": Integer(label="Seed", default=0, low=0, high=9),
        "test": Boolean(label="Open the test part (once, at the end)", default=False),
    }

    def __init__(self, *, epochs: int = EPOCHS, size: int = 16, **options: Any) -> None:
        self.epochs = Integer(default=EPOCHS, low=2, high=200).check("epochs", epochs)
        if size not in (16, 32, 64):
            raise ParameterError(f"expected size of 16, 32 or 64, got {size!r}")
        self.size = size
        self.runs: list[LabRun] = []
        stored = load_stored()
        self.provenance: dict[str, Any] = stored["provenance"]
        super().__init__(
            options={
                "epochs": self.epochs,
                "size": size,
                "exams": EXAM_NAMES,
                "template": TEMPLATE,
                "stored": stored["runs"],
                "storedEpochs": stored["epochs"],
            },
            **options,
        )
        self.answer("train", self._train)

    def _train(self, job: Job) -> tuple[dict[str, Any], np.ndarray | None]:
        holds, seen = self._checked(job.payload["state"]), self.state

        def settings() -> dict[str, Any]:
            # The state of the start may reach the trait after the request: it is no change.
            nonlocal holds, seen
            if self.state is not seen:
                holds = seen = self.state
            return holds

        def report(run: LabRun) -> None:
            if run.epochs == 1:
                self.runs.append(run)
            job.report(_last_epoch(run))

        with _threads(1 if self.size < 64 else torch.get_num_threads()):
            run = train_lab(
                settings, epochs=self.epochs, size=self.size, report=report, check=job.check
            )
        return run.to_dict(), None

    def stored_run(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the stored run with the nearest settings.

        Parameters
        ----------
        state : mapping
            See the class.

        Returns
        -------
        dict
            As ``LabRun.to_dict`` gives it: `settings`, `loss` and `accuracy` by part.
        """
        return nearest(load_stored()["runs"], state)

    def code(self) -> str:
        """Return the present settings as PyTorch code that runs on its own."""
        return code_of(self.state, size=self.size, epochs=self.epochs)

    def _shown(self, state: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Return the newest run of the reader, else the nearest stored one, with its name."""
        if self.runs:
            return "Your run", self.runs[-1].to_dict()
        return "Stored run", self.stored_run(state)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return what the shown run came to."""
        name, run = self._shown(state)
        found = verdict(run, state)
        k = found["kept"] - 1
        used, exam = run["settings"], state["exam"]
        right = {part: run["accuracy"][part][k] for part in ("train", exam, "test")}
        losses = run["loss"][exam]
        words = (
            f"{name}: {used['instruments']} instruments, width {used['width']}, dropout "
            f"{used['dropout']:g}, weight decay {used['decay']:g}, augmentation "
            f"{used['augment']:g}. After epoch {k + 1}, {right['train']:.0%} of the training "
            f"notes are right, in the exam ({EXAM_NAMES[exam]}) {right[exam]:.0%}; the exam's "
            f"loss is {losses[k]:.2f}, its lowest was {losses[found['best'] - 1]:.2f} in epoch "
            f"{found['best']}."
        )
        return words + (f" Test: {right['test']:.0%} right." if state["test"] else "")

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw loss and accuracy of the shown run, training and exam."""
        name, run = self._shown(state)
        found = verdict(run, state)
        axes = figure.subplots(1, 2)
        for ax, measure in zip(axes, ("loss", "accuracy"), strict=True):
            _draw_measure(ax, run[measure], state, found)
            ax.set(xlabel="epoch", ylabel=measure)
        axes[0].set_title(name, fontsize="medium")
        axes[1].legend(frameon=False, fontsize="small")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let PyTorch use so many threads: beside other programs, two slow such a small net down."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _draw_measure(
    ax: Axes,
    curves: Mapping[str, list[float]],
    state: Mapping[str, Any],
    found: Mapping[str, Any],
) -> None:
    """Draw one pair of curves with the best epoch and the stop."""
    exam = state["exam"]
    for part, split in (("train", "train"), (exam, "validation")):
        style, values = SPLIT_STYLES[split], curves[part]
        label = "training" if part == "train" else EXAM_NAMES[exam]
        epochs = range(1, len(values) + 1)
        ax.plot(epochs, values, color=style.color, linestyle=style.dash, label=label)
    ax.plot(found["best"], curves[exam][found["best"] - 1], "k*", markersize=12)
    if found["stop"] is not None:
        ax.axvline(found["stop"], color="black", linestyle=":")
    if state["test"]:
        style = SPLIT_STYLES["test"]
        k = found["kept"]
        ax.plot(k, curves["test"][k - 1], style.marker, color=style.color, label="test")


def _last_epoch(run: LabRun) -> dict[str, Any]:
    """Return the newest numbers of a run."""
    return {
        "notes": run.notes,
        "parameters": run.parameters,
        "loss": {part: values[-1] for part, values in run.loss.items()},
        "accuracy": {part: values[-1] for part, values in run.accuracy.items()},
        "events": list(run.events),
        "stopped": run.stopped,
    }

"""One onset is written down wrongly: three losses, three lines, and the pull of every note.

The view computes with ``kit/math/lineFits.js``, this face with
:mod:`utils.figures.line_fits`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.figures.line_fits import BEATS, ONSETS, fit_line, onset_times, tempo
from utils.figures.metronome import scale_note
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.losses import l1_loss_grad, l2_loss_grad
from utils.reference.robust_losses import huber_loss_grad
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer, Number

__all__ = ["Outlier"]

STYLES = {"L1": ("#0072B2", "-"), "L2": ("#D55E00", "--"), "Huber": ("#009E73", "-.")}


class Outlier(CourseWidget):
    r"""Ten onsets of a scale, one of them wrong, and the lines with the least L1, L2, Huber loss.

    State: `which` (the wrong note, 0 to 9), `off` (seconds too late), `delta` (of the Huber
    loss), `shown` ("L1", "L2" or "Huber": whose pulls are drawn as arrows and whose line is
    heard).

    Parameters
    ----------
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    .. math:: \min_{w, b} \frac1n \sum_i L(\hat y_i, y_i), \qquad \hat y_i = w x_i + b

    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "outlier"
    TITLE = "One wrong note"
    GOAL = (
        "Move one note so that the L2 tempo falls below 100 bpm while the L1 tempo stays within "
        "2 bpm of 120. Then find the δ at which Huber agrees with L2."
    )
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "which": Integer(label="Wrong note, at beat", default=8, low=0, high=9),
        "off": Number(
            label="Seconds too late", default=1.5, low=-3.0, high=3.0, step=0.05, unit="s"
        ),
        "delta": Number(
            label="Huber’s δ", default=0.3, low=0.05, high=5.0, scale="log", unit="s", digits=2
        ),
        "shown": Choice(
            label="Arrows and metronome of", default="L2", options=("L1", "L2", "Huber")
        ),
    }
    OUTPUTS = ("tempo_l1", "tempo_l2", "tempo_huber", "error", "pull_l1", "pull_l2", "pull_huber")

    def __init__(self, **options: Any) -> None:
        super().__init__(
            data={"pcm": scale_note(), "onsets": np.array(ONSETS)},
            options={"rate": SAMPLE_RATE},
            **options,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the tempo of each line and the pull of the wrong note in words."""
        times, which = self._times(state), int(state["which"])
        parts = []
        for name, line in self._lines(state).items():
            pull = -self._slopes(name, _predict(line, times), torch.from_numpy(times), state)[which]
            parts.append(f"{name}: {tempo(line[0])}, it pulls with {pull:.2f}")
        return (
            f"Ten notes at 120 bpm; the one at beat {which} is written down {state['off']:.2f} s "
            f"too late, at {times[which]:.2f} s. Best lines and the pull of this note: "
            f"{'; '.join(parts)}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the onsets with the three lines, and the pull of every note."""
        left, right = figure.subplots(1, 2)
        times, beats = self._times(state), np.array(BEATS)
        for k, (name, line) in enumerate(self._lines(state).items()):
            color, dash = STYLES[name]
            prediction = _predict(line, times)
            left.plot(beats, prediction.numpy(), dash, color=color, linewidth=2, label=name)
            slopes = self._slopes(name, prediction, torch.from_numpy(times), state)
            right.bar(beats + 0.27 * (k - 1), -slopes.numpy(), 0.27, color=color, label=name)
        left.plot(beats, times, "o", color="black")
        left.set(xlabel="beat", ylabel="onset (s)")
        right.set(xlabel="beat", ylabel="pull −∂L/∂ŷ")
        left.legend(frameon=False)
        right.legend(frameon=False)

    def _times(self, state: Mapping[str, Any]) -> np.ndarray:
        return onset_times(int(state["which"]), state["off"])

    def _lines(self, state: Mapping[str, Any]) -> dict[str, np.ndarray]:
        times = self._times(state)
        return {
            "L1": fit_line(BEATS, times, loss="L1"),
            "L2": fit_line(BEATS, times, loss="L2"),
            "Huber": fit_line(BEATS, times, loss="Huber", delta=state["delta"]),
        }

    def _slopes(
        self, name: str, prediction: torch.Tensor, target: torch.Tensor, state: Mapping[str, Any]
    ) -> torch.Tensor:
        if name == "Huber":
            return huber_loss_grad(prediction, target, delta=state["delta"])
        return {"L1": l1_loss_grad, "L2": l2_loss_grad}[name](prediction, target)


def _predict(line: np.ndarray, times: np.ndarray) -> torch.Tensor:
    """Return the line's onsets; a note that it meets is met exactly, where L1 has its corner."""
    prediction = line[0] * np.array(BEATS) + line[1]
    return torch.from_numpy(np.where(np.abs(prediction - times) < 1e-9, times, prediction))

"""A note moved in time and in pitch: which features move along, and which don't?

The view computes with ``kit/math/movedNote.js``, this face with
:mod:`utils.widgets.equivariance.measure`.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.widgets.base import CourseWidget
from utils.widgets.equivariance.measure import RigidMove, changes, first_layer, rigid_move
from utils.widgets.equivariance.tones import (
    AXES,
    BEFORE,
    CQ_BINS,
    CQ_LOW,
    EARLIEST,
    FIRST,
    FRAMES,
    KEPT,
    LATEST,
    REACH,
    TONES,
    pictures,
    placed,
)
from utils.widgets.fields import Choice, Field, Integer
from utils.zoo.checkpoints import load_checkpoint

__all__ = ["Equivariance"]

LOWEST, HIGHEST = 48, 84
LEVELS = {"first": "layer 1", "last": "last maps", "pooled": "maxima of the last maps"}
SILENT = 1e-6


class Equivariance(CourseWidget):
    r"""Move a note; see a feature map move along, and measure what does not fit.

    State: `tone` ("string", "vowel"), `axis` ("constant_q", "mel"), `time` (frames later),
    `pitch` (semitones up), `kernel` (of the first layer, from 1), `way` ("time", "pitch": the
    move along which the whole network is shown).

    Parameters
    ----------
    model : torch.nn.Module, optional
        From log-mels (n, 1, 64, 64) to logits; its first convolution has one channel and stride
        1. Default: the trained CNN of the lecture. It is only read.
    pitch_of_note : int
        MIDI number of the note that is moved, 48 to 84.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If the model or the pitch can't be used.

    Notes
    -----
    The old map F(x), moved as a whole by r rows and the known number of frames, is compared
    with the map of the moved note; b is the value of the map where there is silence:

    .. math:: \min_r \frac{\lVert F(T x) - T_r F(x) \rVert}{\lVert T_r F(x) - b \rVert}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Azulay and Weiss, "Why Do Deep Convolutional Networks Generalize So Poorly to Small Image
    Transformations?", JMLR 20, 2019.
    """

    NAME = "equivariance"
    TITLE = "Move a note, and its features move along"
    GOAL = (
        "Move the note up by 7 semitones or more. On the constant-Q axis, keep the error "
        "below 10 %. Then turn to log-mel, same note, same kernel: how large is it there?"
    )
    OUTPUTS = ("error", "rows", "last", "pooled")

    def __init__(
        self, model: nn.Module | None = None, *, pitch_of_note: int = 60, **options: Any
    ) -> None:
        if not LOWEST <= pitch_of_note <= HIGHEST:
            raise ParameterError(
                f"expected a pitch from {LOWEST} to {HIGHEST}, got {pitch_of_note}"
            )
        network = load_checkpoint("lecture_cnn")[0] if model is None else model
        self.layer = first_layer(network)
        self.pitch_of_note = pitch_of_note
        self.changes = {
            tone: changes(network, tone, pitch_of_note, self.layer.name) for tone in TONES
        }
        shipped = {tone: pictures(tone, pitch_of_note) for tone in TONES}
        data: dict[str, Any] = {
            f"{tone}_{axis}": kept for tone, both in shipped.items() for axis, kept in both.items()
        }
        for tone, curves in self.changes.items():
            data |= {f"{tone}_by_{way}": values for way, values in curves.items()}
        super().__init__(
            fields=_fields(len(self.layer.weight)),
            data={**data, "weight": self.layer.weight.numpy(), "bias": self.layer.bias.numpy()},
            options={
                "pitch": pitch_of_note,
                "rate": SAMPLE_RATE,
                "hop": FRONT_END.hop_length,
                "window": {
                    "frames": FRAMES,
                    "first": FIRST,
                    "before": BEFORE,
                    "kept": KEPT,
                    "reach": REACH,
                },
                "centers": {"mel": _mel_centers(), "constant_q": _bins()},
                "own": model is not None,
            },
            **{"kernel": self._telling(), **options},
        )

    def move(self, state: Mapping[str, Any]) -> RigidMove:
        """Return the best move of the old map as a whole, and its error.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        RigidMove
            Its error is infinite if the kernel is silent.
        """
        before, after = self.maps(state)
        background = float(self.layer.bias[state["kernel"] - 1].relu())
        return rigid_move(before, after, time=state["time"], background=background)

    def maps(self, state: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the feature maps of the note as it was and as it is.

        Parameters
        ----------
        state : mapping

        Returns
        -------
        before, after : torch.Tensor, shape (rows, 64)
        """
        kernel = state["kernel"] - 1
        return (
            self.layer.feature_map(self.picture_of(state, moved=False), kernel),
            self.layer.feature_map(self.picture_of(state, moved=True), kernel),
        )

    def picture_of(self, state: Mapping[str, Any], *, moved: bool) -> torch.Tensor:
        """Return the spectrogram of the note, shape (rows, 64), from low to high.

        Parameters
        ----------
        state : mapping
        moved : bool
            As it is now, or as it was.
        """
        kept = pictures(state["tone"], self.pitch_of_note)[state["axis"]]
        return placed(kept[REACH + state["pitch"] * moved], state["time"] * moved)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the move, how well the map follows, and what the network makes of it."""
        move = self.move(state)
        text = (
            f"{TONES[state['tone']].capitalize()}, moved by {state['time']} frames and "
            f"{state['pitch']} semitones, {AXES[state['axis']].split(':')[0]}."
        )
        if math.isinf(move.error):
            text += f" Kernel {state['kernel']} does not respond."
        else:
            text += (
                f" The map of kernel {state['kernel']} follows by {move.rows} rows; "
                f"what does not fit is {100 * move.error:.0f} % of it."
            )
        way = state["way"]
        at = state[way] - (EARLIEST if way == "time" else -REACH)
        parts = self.changes[state["tone"]][way][:3, at]
        said = ", ".join(
            f"{name} {100 * part:.0f} %" for name, part in zip(LEVELS.values(), parts, strict=True)
        )
        return f"{text} By the move in {way} alone, in place, change: {said}."

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the note, its map, the old map moved along, and the difference."""
        axes = figure.subplots(1, 4, sharey=True)
        move, (_, after) = self.move(state), self.maps(state)
        most = float(after.max()) or 1.0
        panels = [
            ("moved note", self.picture_of(state, moved=True), "viridis", 0.0, 1.0),
            ("its map", after, "viridis", 0.0, most),
            ("old map, moved", move.moved, "viridis", 0.0, most),
            ("difference", after - move.moved, "RdBu_r", -most, most),
        ]
        seconds = FRAMES * FRONT_END.hop_length / SAMPLE_RATE
        for ax, (title, values, cmap, low, high) in zip(axes, panels, strict=True):
            ax.imshow(
                values.numpy(),
                origin="lower",
                aspect="auto",
                cmap=cmap,
                vmin=low,
                vmax=high,
                extent=(0, seconds, 0, len(values)),
            )
            ax.set(title=title, xlabel="time (s)")
        axes[0].set_ylabel("mel band" if state["axis"] == "mel" else "bin (semitone)")

    def _telling(self) -> int:
        """Return the kernel whose map shows the difference of the axes best, from 1."""
        found = []
        for kernel in range(len(self.layer.weight)):
            state = {"tone": "string", "time": 0, "pitch": 5, "kernel": kernel + 1}
            mel, cq = (self.move({**state, "axis": axis}).error for axis in ("mel", "constant_q"))
            usable = math.isfinite(mel) and math.isfinite(cq) and cq < 0.1
            found.append(mel - cq if usable else -1.0)
        return int(np.argmax(found)) + 1


def _fields(kernels: int) -> dict[str, Field]:
    return {
        "tone": Choice(
            label="Sound", default="string", options=tuple(TONES), labels=tuple(TONES.values())
        ),
        "axis": Choice(
            label="Axis", default="constant_q", options=tuple(AXES), labels=tuple(AXES.values())
        ),
        "time": Integer(label="later by", default=6, low=EARLIEST, high=LATEST, unit="frames"),
        "pitch": Integer(label="higher by", default=2, low=-REACH, high=REACH, unit="semitones"),
        "kernel": Integer(label="kernel", default=1, low=1, high=kernels),
        "way": Choice(
            label="The whole network, for a move in",
            default="time",
            options=("time", "pitch"),
            labels=("time", "pitch"),
        ),
    }


def _mel_centers() -> list[float]:
    """Return the frequency in Hz of each mel band, from the lowest."""
    low, high = 2595 * np.log10(1 + np.array([FRONT_END.f_min, FRONT_END.f_max]) / 700)
    mels = np.linspace(low, high, FRONT_END.n_mels + 2)[1:-1]
    return [float(hz) for hz in 700 * (10 ** (mels / 2595) - 1)]


def _bins() -> list[float]:
    return [CQ_LOW * 2 ** (k / 12) for k in range(CQ_BINS)]

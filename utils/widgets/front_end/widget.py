"""From a waveform to a picture of 64 × 64, step by step, and back: hear what is kept.

The view computes pictures and sounds with ``kit/math/frontEnd.js``, this face the pictures
with :mod:`utils.widgets.front_end.picture`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Number
from utils.widgets.front_end.picture import band_centers, front_end_of, picture_of
from utils.widgets.note_mels import note_mels

__all__ = ["FrontEndExplorer"]

NOTES = (
    "guitar_acoustic_3153-050-127",
    "brass_acoustic_2056-057-127",
    "mallet_acoustic_2014-061-100",
)
GOALS = ("numbers", "loudness")
TICKS = (100, 200, 500, 1000, 2000, 5000)


class FrontEndExplorer(CourseWidget):
    r"""A note, its picture by any window, hop and bands, and the sound that the picture keeps.

    State: `note`; `window` and `hop` in samples and `bands`, as texts; `scale` ("mel",
    "linear"); `level` ("db", "power"); `range` in dB; `gain` of the note in dB. The first
    state is the course's front end, version 1.

    Parameters
    ----------
    notes : sequence of str
        1 to 4 names of :func:`utils.notes.embedded.sounds`.
    goal_by : {"numbers", "loudness"}
        What reaches the goal: a picture of at most 1 024 numbers, or a note that is at least
        20 dB softer; note and picture played.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a note can't be heard, there are none or more than 4, or `goal_by` is unknown.

    Notes
    -----
    .. math:: 1 + \frac{1}{R}\,\max(-R,\; L - \max L), \quad
              L = 10 \log_{10}(B\,|\mathrm{STFT}(x)|^2)

    with the bands B and the range R. The sound is looked for by the method of Griffin and Lim
    in the picture's 256 steps, see :mod:`utils.training.mel_inversion`.

    Lecture: ``lectures/06_nsynth.ipynb``
    """

    NAME = "front_end"
    TITLE = "From sound to picture, and back"
    GOAL = (
        "Keep only 1 024 numbers, a quarter of the course's picture, so that you would still "
        "name the instrument. Play both."
    )
    OUTPUTS = ("frames", "numbers", "above", "window_ms", "hop_ms")

    def __init__(
        self, *, notes: Sequence[str] = NOTES, goal_by: str = "numbers", **options: Any
    ) -> None:
        if goal_by not in GOALS:
            raise ParameterError(f"expected goal_by to be one of {GOALS}, got {goal_by!r}")
        chosen = note_mels(notes)
        self._labels = dict(zip(chosen.names, chosen.labels, strict=True))
        self._waves = dict(zip(chosen.names, chosen.pcm / 32768, strict=True))
        super().__init__(
            fields={
                "note": Choice(
                    label="Note",
                    default=chosen.names[0],
                    options=chosen.names,
                    labels=chosen.labels,
                ),
                "window": _number("Window (samples)", FRONT_END.n_fft, 512, 1024, 2048, 4096),
                "hop": _number("Hop (samples)", FRONT_END.hop_length, 250, 500, 1000, 2000),
                "bands": _number("Bands", FRONT_END.n_mels, 8, 16, 32, 64, 128),
                "scale": Choice(
                    label="Spaced",
                    default="mel",
                    options=("mel", "linear"),
                    labels=("by mel", "by Hz"),
                ),
                "level": Choice(
                    label="Level",
                    default="db",
                    options=("db", "power"),
                    labels=("decibels", "plain power"),
                ),
                "range": Number(
                    label="Range", default=80.0, low=10.0, high=100.0, step=5.0, unit="dB"
                ),
                "gain": Number(
                    label="Loudness of the note",
                    default=0.0,
                    low=-40.0,
                    high=0.0,
                    step=2.0,
                    unit="dB",
                ),
            },
            data={"pcm": chosen.pcm},
            options={
                "rate": SAMPLE_RATE,
                "low": FRONT_END.f_min,
                "high": FRONT_END.f_max,
                "goalBy": goal_by,
            },
            **options,
        )

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the sizes, and how much of the picture lies above its floor."""
        fe = front_end_of(state)
        picture = np.round(self._picture(state) * 255)
        words = "decibels" if state["level"] == "db" else "plain power"
        return (
            f"{self._labels[state['note']]}. A window of {fe.n_fft} samples "
            f"({1000 * fe.n_fft / fe.sample_rate:.0f} ms) every {fe.hop_length} samples: "
            f"{fe.n_frames} frames of {fe.n_mels} bands ({state['scale']}), "
            f"{fe.n_frames * fe.n_mels} numbers for {fe.n_samples} samples. In {words}, "
            f"{np.mean(picture > 0):.0%} of the cells are above 0."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the waveform and the picture."""
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.4))
        wave = self._waves[state["note"]] * 10 ** (state["gain"] / 20)
        seconds = len(wave) / SAMPLE_RATE
        top.plot(np.arange(len(wave)) / SAMPLE_RATE, wave, linewidth=0.4, color="#0072B2")
        top.set(ylabel="amplitude", ylim=(-1, 1))
        picture = self._picture(state)
        bands = len(picture)
        bottom.imshow(
            picture, origin="lower", aspect="auto", vmin=0, vmax=1, extent=(0, seconds, 0, bands)
        )
        places = np.interp(TICKS, band_centers(state)[1:-1], np.arange(bands) + 0.5)
        bottom.set_yticks(places, [str(hz) for hz in TICKS])
        bottom.set(xlabel="time (s)", ylabel="frequency (Hz)")

    def _picture(self, state: Mapping[str, Any]) -> np.ndarray:
        wave = self._waves[state["note"]]
        return picture_of(wave * 10 ** (state["gain"] / 20), state)


def _number(label: str, default: int, *values: int) -> Choice:
    return Choice(label=label, default=str(default), options=tuple(map(str, values)))

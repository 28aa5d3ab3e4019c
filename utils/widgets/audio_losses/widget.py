"""Losses to hear: a note damaged in four ways, and three distances that disagree on them.

The view computes with ``kit/math/damages.js`` and ``kit/math/audioLosses.js``, this face
with :mod:`utils.figures.audio_damages` and :mod:`utils.reference.audio_losses`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.figures.audio_damages import damage, excerpt
from utils.notes.embedded import load_sound, sounds
from utils.notes.front_end import SAMPLE_RATE
from utils.reference.audio_losses import (
    a_weighted_spectral_distance,
    multi_scale_stft_loss,
    waveform_l1,
)
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Number

__all__ = ["AudioLosses"]

HEARD = 32_768
MEASURED = 8192
FADE = 480
DAMAGES = {
    "noise": "noise",
    "phase": "phase turned",
    "lowpass": "low-pass",
    "shift": "late",
}
DISTANCES = {
    "waveform": "waveform L1",
    "stft": "multi-scale STFT",
    "weighted": "A-weighted",
}
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
VERDICTS = ("unheard", "same", "slightly", "clearly")
NOTES = (
    "guitar_acoustic_3153-050-127",
    "brass_acoustic_2056-057-127",
    "flute_acoustic_2074-062-100",
)


class AudioLosses(CourseWidget):
    r"""A note, four damages with an amount each, and three distances to the original.

    State: `note`; `damage`, the one that is shown and heard; `look`, the second that
    the figures show; the amounts `noise` (dB
    relative to the note), `phase` (degrees), `lowpass` (Hz), `shift` (ms); what the ear
    says to each: `ear_noise`, `ear_phase`, `ear_lowpass`, `ear_shift` ("unheard", "same",
    "slightly", "clearly"). The distances are taken over the first half second.

    Parameters
    ----------
    notes : sequence of str
        1 to 4 names of :func:`utils.notes.embedded.sounds`.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a note can't be heard, or there are none or more than 4.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """

    NAME = "audio_losses"
    TITLE = "Losses that you can hear"
    GOAL = (
        "Find a damage that the waveform distance calls the worst and your ear doesn't "
        "notice. Listen, then say in the table what you hear."
    )
    OUTPUTS = (*DISTANCES, *(f"worst_{name}" for name in DISTANCES))

    def __init__(self, *, notes: Sequence[str] = NOTES, **options: Any) -> None:
        names = tuple(notes)
        if not 1 <= len(names) <= 4:
            raise ParameterError(f"expected 1 to 4 notes, got {len(names)}")
        waves = [load_sound(name)[:HEARD] for name in names]
        self._excerpts = {
            name: excerpt(np.round(wave * 32767) / 32768, count=MEASURED, fade=FADE)
            for name, wave in zip(names, waves, strict=True)
        }
        pcm = np.round(np.stack(waves) * 32767).astype(np.int16)
        super().__init__(
            fields=_fields(names),
            data={"pcm": pcm},
            options={"rate": SAMPLE_RATE, "measured": MEASURED, "fade": FADE},
            **options,
        )

    def distances(self, state: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return the three distances of the four damages, by damage and distance.

        Parameters
        ----------
        state : mapping
        """
        target = torch.from_numpy(self._excerpts[state["note"]])
        table = {}
        for kind in DAMAGES:
            estimate = torch.from_numpy(self._damaged(state, kind))
            weighted = a_weighted_spectral_distance(estimate, target, sample_rate=SAMPLE_RATE)
            table[kind] = {
                "waveform": float(waveform_l1(estimate, target)),
                "stft": float(multi_scale_stft_loss(estimate, target)),
                "weighted": float(weighted),
            }
        return table

    def _damaged(self, state: Mapping[str, Any], kind: str) -> NDArray[np.float64]:
        wave = self._excerpts[state["note"]]
        return damage(wave, kind, state[kind], sample_rate=SAMPLE_RATE)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return what each distance says, and what the ear said."""
        table = self.distances(state)
        amounts = (
            f"noise at {state['noise']:.3g} dB, phase turned by {state['phase']:.3g}°, "
            f"low-pass at {state['lowpass']:.4g} Hz, {state['shift']:.3g} ms late"
        )
        parts = [f"{_name_of(state['note'])} damaged in four ways: {amounts}."]
        for distance, words in DISTANCES.items():
            order = sorted(DAMAGES, key=lambda kind: -table[kind][distance])
            values = ", ".join(
                f"{DAMAGES[kind]} {_number(table[kind][distance])}" for kind in order
            )
            parts.append(f"{words}, worst first: {values}.")
        heard = [
            f"{DAMAGES[k]}: {state[f'ear_{k}']}" for k in DAMAGES if state[f"ear_{k}"] != "unheard"
        ]
        if heard:
            parts.append(f"Your ear: {', '.join(heard)}.")
        return " ".join(parts)

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the distances as bars, one group a distance."""
        table = self.distances(state)
        axes = figure.subplots(1, 3, sharey=True)
        for ax, (distance, words) in zip(axes, DISTANCES.items(), strict=True):
            values = [table[kind][distance] for kind in DAMAGES]
            ax.barh(list(DAMAGES.values()), values, color=COLORS)
            ax.set_title(words, fontsize="medium")
            ax.set_xlim(0, 1.4 * max(values) or 1)
            for row, value in enumerate(values):
                ax.text(value, row, f" {_number(value)}", va="center")
        axes[0].invert_yaxis()


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _name_of(note: str) -> str:
    """Return the instrument and the pitch of a sound."""
    known = {sound.note_str: sound for sound in sounds()}
    sound = known[note]
    return f"{sound.preset}, pitch {sound.pitch}"


def _fields(notes: tuple[str, ...]) -> dict[str, Field]:
    fields: dict[str, Field] = {
        "note": Choice(
            label="Note", default=notes[0], options=notes, labels=tuple(map(_name_of, notes))
        ),
        "damage": Choice(
            label="Show and hear",
            default="noise",
            options=tuple(DAMAGES),
            labels=tuple(DAMAGES.values()),
        ),
        "look": Number(
            label="Look at", default=0.25, low=0.07, high=0.43, step=0.01, unit="s", digits=2
        ),
        "noise": Number(label="Noise", default=-30.0, low=-60.0, high=0.0, step=1.0, unit="dB"),
        "phase": Number(
            label="Phase turned by", default=180.0, low=0.0, high=180.0, step=1.0, unit="°"
        ),
        "lowpass": Number(
            label="Low-pass at", default=2000.0, low=300.0, high=8000.0, scale="log", unit="Hz"
        ),
        "shift": Number(label="Late by", default=1.0, low=0.0, high=5.0, step=0.0625, unit="ms"),
    }
    words = ("?", "the same", "a little", "clearly")
    for kind, name in DAMAGES.items():
        fields[f"ear_{kind}"] = Choice(
            label=f"Your ear: {name}", default="unheard", options=VERDICTS, labels=words
        )
    return fields

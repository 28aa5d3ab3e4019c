"""Browse notes by family, pitch and velocity: record, waveform, log-mel picture, sound.

A few dozen notes travel with the widget, so that they sound on a page without a kernel;
the kernel hands over any other.
"""

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.figures.notes import describe_log_mel, draw_log_mel
from utils.notes.audio import prepare_waveform, read_sound
from utils.notes.front_end import FRONT_END, N_SAMPLES, SAMPLE_RATE
from utils.notes.store import NoteSet, NoteStore
from utils.notes.vocabulary import FAMILIES, QUALITIES, SOURCES, VELOCITIES
from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Integer
from utils.widgets.note_browser.collection import Collection, collect

__all__ = ["NoteBrowser"]

ANY = "any"
MOST = 500
PIECES = 256


class NoteBrowser(CourseWidget):
    """All notes of a collection by family, pitch and velocity; one is heard and seen.

    State: `family`; `pitch`, a MIDI number; `velocity` ("any" or a number as text); `which` of
    the notes there, from 0 (it starts again at their end).

    Parameters
    ----------
    notes : NoteStore or NoteSet, optional
        Default: the embedded notes, or, with a folder, all of its records.
    folder : path, optional
        An unpacked folder of NSynth, for its sounds.
    travelling : int
        How many sounds of each family travel with the widget, for pages without a kernel.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If there is no note, or `travelling` is negative.

    Notes
    -----
    Notes without a sound are played as what their picture keeps (Griffin and Lim).

    Lecture: ``lectures/06_nsynth.ipynb``
    """

    NAME = "note_browser"
    TITLE = "Browse the notes"
    GOAL = (
        "Find one pitch that sounds in four families. Play all four: what tells you who plays? "
        "(The brighter a cell, the more notes; a dot: one of them sounds on every page.)"
    )

    def __init__(
        self,
        *,
        notes: NoteStore | NoteSet | None = None,
        folder: str | PathLike[str] | None = None,
        travelling: int = 6,
        **options: Any,
    ) -> None:
        if travelling < 0:
            raise ParameterError(f"expected travelling >= 0, got {travelling}")
        self._all = collect(notes, folder)
        rows = _travelling(self._all, travelling)
        self._here = set(rows)
        first = rows[0] if rows else 0
        low, high = int(self._all.pitch.min()), int(self._all.pitch.max())
        start = {"family": FAMILIES[self._all.family[first]], "pitch": int(self._all.pitch[first])}
        super().__init__(
            fields={
                "family": Choice(
                    label="Family",
                    default="bass",
                    options=FAMILIES,
                    labels=tuple(name.replace("_", " ") for name in FAMILIES),
                ),
                "pitch": Integer(label="Pitch", default=low, low=low, high=max(high, low + 1)),
                "velocity": Choice(
                    label="Velocity", default=ANY, options=(ANY, *map(str, VELOCITIES))
                ),
                "which": Integer(label="Note", default=0, low=0, high=MOST),
            },
            data={**_columns(self._all), **self._travel(rows)},
            options={
                "instruments": self._all.instruments,
                "numbers": self._all.numbers,
                "presets": {
                    str(row): sound.preset for row, sound in sorted(self._all.heard.items())
                },
                "families": FAMILIES,
                "sources": SOURCES,
                "qualities": QUALITIES,
                "rate": SAMPLE_RATE,
                "samples": N_SAMPLES,
                "size": FRONT_END.n_fft,
                "hop": FRONT_END.hop_length,
                "bands": FRONT_END.n_mels,
                "range": FRONT_END.dynamic_range,
                "low": FRONT_END.f_min,
                "high": FRONT_END.f_max,
            },
            **{**start, **options},
        )
        self.answer("note", self._note)

    def _travel(self, rows: list[int]) -> dict[str, NDArray[Any]]:
        waves = [prepare_waveform(*read_sound(self._all.heard[row].path)) for row in rows]
        outlines = [_outline(wave) for wave in waves]
        files = [self._all.heard[row].path.read_bytes() for row in rows]
        mels = [self._all.mel(row) for row in rows]
        return {
            "rows": np.array(rows, np.int32),
            "files": np.frombuffer(b"".join(files), np.uint8),
            "starts": np.cumsum([0, *map(len, files)]).astype(np.int32),
            "outlines": np.array(outlines, np.int8).reshape(-1, 2, PIECES),
            "mels": np.array(mels, np.uint8).reshape(-1, FRONT_END.n_mels, FRONT_END.n_frames),
        }

    def rows(self, state: Mapping[str, Any]) -> list[int]:
        """Return the notes of a cell; those that can be heard come first.

        Parameters
        ----------
        state : mapping
        """
        here = (self._all.family == FAMILIES.index(state["family"])) & (
            self._all.pitch == state["pitch"]
        )
        if state["velocity"] != ANY:
            here &= self._all.velocity == int(state["velocity"])
        found: list[int] = np.flatnonzero(here).tolist()
        return sorted(found, key=lambda row: (row not in self._here, row not in self._all.heard))

    def _note(self, job: Job) -> tuple[dict[str, Any], NDArray[np.int16] | None]:
        """Return the picture of a note and, where there is one, its sound."""
        row = int(job.payload["row"])
        wave = self._all.wave(row)
        mel = self._all.mel(row).ravel().tolist()
        sound = None if wave is None else np.round(wave * 32767).clip(-32768, 32767)
        return {"row": row, "mel": mel}, None if sound is None else sound.astype(np.int16)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return how many notes there are, and the record of the chosen one."""
        rows = self.rows(state)
        place = f"{state['family']}, pitch {state['pitch']}, velocity {state['velocity']}"
        start = f"{len(self._all.names)} notes of {len(self._all.instruments)} instruments."
        if not rows:
            return f"{start} No note of {place}."
        row = rows[state["which"] % len(rows)]
        record = ", ".join(f"{key}: {value}" for key, value in self._all.record(row).items())
        picture = describe_log_mel(self._all.mel(row) / 255)
        return f"{start} {len(rows)} of {place}. The chosen one: {record}. {picture}"

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the grid of notes and the picture of the chosen one."""
        left, right = figure.subplots(1, 2)
        low, high = int(self._all.pitch.min()), int(self._all.pitch.max())
        edges = [np.arange(low, high + 2) - 0.5, np.arange(len(FAMILIES) + 1) - 0.5]
        counts = np.histogram2d(self._all.pitch, self._all.family, bins=edges)[0]
        left.imshow(counts.T, aspect="auto", extent=(low - 0.5, high + 0.5, 10.5, -0.5))
        left.set_yticks(range(len(FAMILIES)), FAMILIES)
        left.set(xlabel="pitch (MIDI)", title="notes of each family and pitch")
        left.plot(state["pitch"], FAMILIES.index(state["family"]), "s", mfc="none", mec="red")
        rows = self.rows(state)
        if not rows:
            right.set_axis_off()
            right.set_title("no note here")
            return
        row = rows[state["which"] % len(rows)]
        draw_log_mel(self._all.mel(row) / 255, ax=right, colorbar=False)
        right.set_title(self._all.names[row], fontsize=8)


def _columns(notes: Collection) -> dict[str, NDArray[Any]]:
    return {
        "family": notes.family,
        "pitch": notes.pitch,
        "velocity": notes.velocity,
        "source": notes.source,
        "instrument": notes.instrument,
        "qualities": notes.qualities,
    }


def _travelling(notes: Collection, most: int) -> list[int]:
    """Return rows of sounds of each family, first at pitches that many families share."""
    by_pitch: dict[int, dict[int, int]] = {}
    for row in sorted(notes.heard):
        by_pitch.setdefault(int(notes.pitch[row]), {}).setdefault(int(notes.family[row]), row)
    chosen: list[int] = []
    taken = dict.fromkeys(range(len(FAMILIES)), 0)
    for pitch in sorted(by_pitch, key=lambda pitch: (-len(by_pitch[pitch]), pitch)):
        for family, row in by_pitch[pitch].items():
            if taken[family] < most:
                taken[family] += 1
                chosen.append(row)
    return chosen


def _outline(wave: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the least and the greatest sample of each of 256 pieces, 127 for full scale."""
    pieces = np.array_split(wave, PIECES)
    ends = [[piece.min() for piece in pieces], [piece.max() for piece in pieces]]
    return np.round(np.array(ends) * 127).clip(-127, 127).astype(np.int8)

"""Three notes side by side: hear each, see its log-mel spectrogram, compare one moment.

The sounds travel as the MP3 files that they are; the browser decodes what it plays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.figures.notes import describe_log_mel, draw_log_mel
from utils.notes.embedded import Sound, load_notes, sounds
from utils.notes.front_end import FRONT_END, SAMPLE_RATE
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Number

__all__ = ["NotesViewer", "note_name", "packed_files"]

SECONDS = 4.0
PITCHES = (47, 57, 64, 71)
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")


class NotesViewer(CourseWidget):
    """Three log-mel spectrograms with their sounds, and a moment in which they are compared.

    State: `note_1`, `note_2`, `note_3` (names of sounds); `time`, the moment in s.

    Parameters
    ----------
    pitches : sequence of int
        MIDI pitches to choose from; of each family and pitch one note.
    first : sequence of str
        Three families; the widget begins with a note of each.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If there are no such notes.

    Notes
    -----
    Lecture: ``lectures/00_neural_networks.ipynb``
    """

    NAME = "notes_viewer"
    TITLE = "Three notes: hear them, see them"
    GOAL = (
        "Play all three. Then choose three notes of the same pitch: which bright lines do "
        "the pictures share, and what differs?"
    )

    def __init__(
        self,
        *,
        pitches: Sequence[int] = PITCHES,
        first: Sequence[str] = ("flute", "guitar", "organ"),
        **options: Any,
    ) -> None:
        self._notes = _choose(pitches)
        if len(first) != 3 or not set(first) <= {note.family for note in self._notes}:
            known = sorted({note.family for note in self._notes})
            raise ParameterError(f"expected three families of {', '.join(known)}, got {first}")
        self._mels = _mels(self._notes)
        names = tuple(note.note_str for note in self._notes)
        labels = tuple(note_name(note) for note in self._notes)
        fields = {
            f"note_{i + 1}": Choice(label="Note", default=name, options=names, labels=labels)
            for i, name in enumerate(map(self._first, first, (71, 59, 47)))
        }
        data, starts = packed_files(self._notes)
        super().__init__(
            fields={
                **fields,
                "time": Number(
                    label="Moment", default=0.5, low=0.0, high=SECONDS, step=0.05, unit="s"
                ),
            },
            data={"mels": self._mels, "files": data, "starts": starts},
            options={
                "rate": SAMPLE_RATE,
                "seconds": SECONDS,
                "range": FRONT_END.dynamic_range,
                "centers": _centers(),
                "pitches": [note.pitch for note in self._notes],
            },
            **options,
        )

    def _first(self, family: str, pitch: int) -> str:
        """Return the note of a family that is nearest to a pitch."""
        own = [note for note in self._notes if note.family == family]
        return min(own, key=lambda note: abs(note.pitch - pitch)).note_str

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return what each of the three pictures shows."""
        words = []
        for note, mel in self._shown(state):
            words.append(f"{note_name(note)}. {describe_log_mel(mel / 255)}")
        return " ".join(words)

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the three spectrograms with a line at the moment."""
        axes = figure.subplots(1, 3, sharey=True)
        for ax, (note, mel) in zip(axes, self._shown(state), strict=True):
            draw_log_mel(mel / 255, ax=ax, colorbar=False)
            ax.axvline(state["time"], color="white", linestyle="--")
            ax.set_title(note_name(note), fontsize=9)
        for ax in axes[1:]:
            ax.set_ylabel("")

    def _shown(self, state: Mapping[str, Any]) -> list[tuple[Sound, NDArray[np.uint8]]]:
        names = [note.note_str for note in self._notes]
        rows = [names.index(state[f"note_{i}"]) for i in (1, 2, 3)]
        return [(self._notes[row], self._mels[row]) for row in rows]


def note_name(note: Sound) -> str:
    """Return the family, the name of the pitch and its number.

    Parameters
    ----------
    note : Sound
    """
    return f"{note.family.replace('_', ' ')}, {NAMES[note.pitch % 12]}{note.pitch // 12 - 1}"


def packed_files(notes: Sequence[Sound]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the files of sounds as one row of bytes, and where each begins and ends.

    Parameters
    ----------
    notes : sequence of Sound
    """
    files = [note.path.read_bytes() for note in notes]
    starts = np.cumsum([0, *map(len, files)]).astype(np.int32)
    return np.frombuffer(b"".join(files), np.uint8), starts


def _choose(pitches: Sequence[int]) -> list[Sound]:
    """Return one sound a family and pitch, ordered by family."""
    found: dict[tuple[str, int], Sound] = {}
    for note in sounds():
        if note.pitch in pitches:
            found.setdefault((note.family, note.pitch), note)
    if len(found) < 3:
        raise ParameterError(f"expected pitches with three notes or more, got {list(pitches)}")
    return [found[key] for key in sorted(found)]


def _mels(notes: Sequence[Sound]) -> NDArray[np.uint8]:
    store = load_notes().notes()
    rows = {str(name): row for row, name in enumerate(store.note_strs)}
    return np.asarray(store.mels_uint8([rows[note.note_str] for note in notes]))


def _centers() -> list[float]:
    """Return the frequency in Hz of each mel band, from the lowest."""
    low, high = 2595 * np.log10(1 + np.array([FRONT_END.f_min, FRONT_END.f_max]) / 700)
    corners = np.linspace(low, high, FRONT_END.n_mels + 2)[1:-1]
    return [float(hz) for hz in 700 * (10 ** (corners / 2595) - 1)]

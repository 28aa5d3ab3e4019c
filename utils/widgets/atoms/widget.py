"""Atoms of learned dictionaries, and first kernels of a CNN: to see, to hear, to build notes from.

The dictionaries are stored (``python -m utils.widgets.atoms.store``); the view rebuilds notes with
``kit/math/pursuit.js`` and makes sounds with ``kit/math/melInversion.js``.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np
import torch
from matplotlib.figure import Figure

from utils.figures.atoms import draw_atoms, draw_pursuit
from utils.widgets.atoms.store import DICTIONARIES, N_ATOMS, load_stored
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Choice, Field, Integer
from utils.widgets.network_notes import front_end_options, heard_notes
from utils.zoo.dictionaries import PATCH_FRAMES, note_patches
from utils.zoo.pursuit import pursuit_errors

__all__ = ["MOST", "NOTES", "Atoms"]

NOTES: Final[dict[str, str]] = {
    "string_acoustic_2042-047-025": "cello",
    "flute_acoustic_2074-062-100": "recorder",
    "mallet_acoustic_2012-075-025": "marimba",
    "guitar_acoustic_3152-057-050": "ukulele",
    "keyboard_electronic_2002-033-127": "electric piano",
    "vocal_synthetic_2054-061-050": "synth voice",
}
"""None of them was among the training notes."""
MOST: Final = 16
DECIBELS: Final = 80.0
"""Range of a picture: an error of 0.1 is one of 8 dB."""


class Atoms(CourseWidget):
    r"""See and hear the atoms of a dictionary, and rebuild a note from a few of them.

    State: `dictionary` (a name in ``DICTIONARIES``), `atom` (0 to 63, from low to high), `note`
    (a name in ``NOTES``), `count` (atoms that every patch of the note may use).

    Notes
    -----
    A patch x of 4 frames × 64 bands is written as

    .. math:: x \approx \bar x + \sum_{k \in S} h_k\, d_k, \qquad |S| = \text{count}

    by orthogonal matching pursuit.

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    NAME = "atoms"
    TITLE = "Atoms of sound"
    GOAL = (
        "Rebuild the cello with an error below 6 dB from as few atoms as possible: three will do, "
        "with the right dictionary."
    )
    OUTPUTS = ("error", "numbers", "atom")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "dictionary": Choice(
            label="Dictionary",
            default="kmeans",
            options=tuple(DICTIONARIES),
            labels=tuple(DICTIONARIES.values()),
        ),
        "note": Choice(
            label="Note", default=next(iter(NOTES)), options=tuple(NOTES), labels=(*NOTES.values(),)
        ),
        "count": Integer(label="Atoms a patch k", default=1, low=0, high=MOST),
        "atom": Integer(label="Atom", default=20, low=0, high=N_ATOMS - 1),
    }

    def __init__(self, **options: Any) -> None:
        atoms, mean, facts = load_stored()
        self.provenance = facts
        super().__init__(
            options={
                "frontEnd": front_end_options(),
                "width": PATCH_FRAMES,
                "decibels": DECIBELS,
                "kernels": "cnn1d",
            },
            data={**{name: atoms[name] for name in DICTIONARIES}, "mean": mean, "notes": _mels()},
            **options,
        )

    def errors(self, note: str, dictionary: str) -> list[float]:
        """Return the error in dB after 0, 1, … 16 atoms a patch.

        Parameters
        ----------
        note : str
            A name in ``NOTES``.
        dictionary : str
            A name in ``DICTIONARIES``.
        """
        return list(_errors(note, dictionary))

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the error of the note that is rebuilt."""
        found = self.errors(state["note"], state["dictionary"])
        count = state["count"]
        return (
            f"Dictionary of {N_ATOMS} atoms, 4 frames × 64 bands each: "
            f"{DICTIONARIES[state['dictionary']]}. The note ({NOTES[state['note']]}) rebuilt from "
            f"{count} atoms a patch: error {found[count]:.1f} dB; from none {found[0]:.1f} dB, "
            f"from {MOST} {found[MOST]:.1f} dB."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw all atoms, and the error over the number of atoms used."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        draw_atoms(load_stored()[0][state["dictionary"]], n_frames=PATCH_FRAMES, ax=left)
        left.set_title(DICTIONARIES[state["dictionary"]])
        errors = {name: self.errors(state["note"], name) for name in DICTIONARIES}
        draw_pursuit(errors, chosen=state["dictionary"], count=state["count"], ax=right)


def _mels() -> np.ndarray:
    """Return the notes as bytes, shape (6, 64, 64), bands from low to high."""
    heard = heard_notes()
    names = [sound.note_str for sound in heard.sounds]
    return heard.mels[[names.index(name) for name in NOTES]]


@lru_cache(maxsize=128)
def _errors(note: str, dictionary: str) -> tuple[float, ...]:
    atoms, mean, _ = load_stored()
    picture = torch.from_numpy(_mels()[list(NOTES).index(note)]).double() / 255
    points = note_patches(picture[None, None])[0] - torch.from_numpy(mean)
    words = torch.from_numpy(atoms[dictionary]).double()
    return tuple(DECIBELS * error for error in pursuit_errors(points, words, MOST))

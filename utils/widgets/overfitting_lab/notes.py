"""The notes of the overfitting lab: one training part, four exams, one test.

=============  ================  ==================  ================
part           instruments       pitch               velocity
=============  ================  ==================  ================
train          known             up to 72 (C5)       25, 50, 75, 100
notes          known             up to 72            25, 50, 75, 100
instruments    **unknown**       up to 72            25, 50, 75, 100
pitches        known             **73 to 96**        25, 50, 75, 100
velocities     known             up to 72            **127**
test           **unknown**       up to 72            25, 50, 75, 100
=============  ================  ==================  ================

"notes" is what a random split of notes would hold out; "instruments" what a split by group
does. No note stands in two parts. Lecture: ``lectures/04_overfitting.ipynb``
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import avg_pool2d

from utils.errors import ParameterError
from utils.notes.embedded import load_notes
from utils.notes.splits import random_split, split_by_values
from utils.notes.store import NoteSet
from utils.notes.vocabulary import N_FAMILIES

__all__ = [
    "EXAMS",
    "FEWEST_INSTRUMENTS",
    "HIGHEST_PITCH",
    "LOUDEST",
    "MOST_INSTRUMENTS",
    "PARTS",
    "lab_notes",
    "prepare",
]

Pair = tuple[torch.Tensor, torch.Tensor]

EXAMS = ("notes", "instruments", "pitches", "velocities")
PARTS = ("train", *EXAMS, "test")

FEWEST_INSTRUMENTS, MOST_INSTRUMENTS = 22, 154
"""Two a family (with one, some would have no low note), and all groups of the training split."""

HIGHEST_PITCH, LOUDEST = 72, 127
SEED = 0


def lab_notes(instruments: int = MOST_INSTRUMENTS) -> dict[str, Pair]:
    """Return the six parts: pictures (n, 1, 64, 64) and families (n,) of each.

    Parameters
    ----------
    instruments : int
        How many are known, 22 to 154; each eleven more are one of every family. The unknown
        ones stay the same.

    Returns
    -------
    dict of str to (torch.Tensor, torch.Tensor)
        Under the names of ``PARTS``; inputs float32 in [0, 1].

    Raises
    ------
    ParameterError
        If there are not so many instruments.
    """
    store = load_notes()
    known = store.split("train")
    groups = _known_groups(known)
    if not FEWEST_INSTRUMENTS <= instruments <= len(groups):
        raise ParameterError(
            f"expected instruments from {FEWEST_INSTRUMENTS} to {len(groups)}, got {instruments}"
        )
    chosen = np.isin(known.groups, groups[:instruments])
    parts = {name: _pair(known, rows[chosen[rows]]) for name, rows in _known_rows(known).items()}
    for name, split in (("instruments", "validation"), ("test", "practice")):
        notes = store.split(split)
        parts[name] = _pair(notes, _of_training_kind(notes))
    return {name: parts[name] for name in PARTS}


def prepare(inputs: torch.Tensor, size: int = 16) -> torch.Tensor:
    """Return pictures averaged to `size` × `size`, with mean about 0 and deviation about 1.

    Parameters
    ----------
    inputs : torch.Tensor, shape (n, 1, 64, 64)
    size : {16, 32, 64}
    """
    return (avg_pool2d(inputs, inputs.shape[-1] // size) - 0.26) / 0.26


def _known_rows(notes: NoteSet) -> dict[str, NDArray[np.int64]]:
    """Return where the notes of known instruments go."""
    low = notes.pitches <= HIGHEST_PITCH
    loud = notes.velocities == LOUDEST
    kind = np.where(low, np.where(loud, "velocities", "both"), np.where(loud, "", "pitches"))
    rows = split_by_values(kind, {name: [name] for name in ("both", "pitches", "velocities")})
    both = rows.pop("both")
    generator = np.random.default_rng(SEED)
    parts = random_split(len(both), {"train": 0.8, "notes": 0.2}, generator=generator)
    return {name: both[part] for name, part in parts.items()} | rows


def _of_training_kind(notes: NoteSet) -> NDArray[np.int64]:
    """Return the notes with pitches and velocities as in training."""
    return np.flatnonzero((notes.pitches <= HIGHEST_PITCH) & (notes.velocities != LOUDEST))


def _known_groups(notes: NoteSet) -> list[str]:
    """Return the instrument groups in the order in which they are added, families in turn."""
    generator = np.random.default_rng(SEED)
    rows = [
        generator.permutation(np.unique(notes.groups[notes.families == family])).tolist()
        for family in range(N_FAMILIES)
    ]
    return [group for turn in zip(*rows, strict=True) for group in turn]


def _pair(notes: NoteSet, rows: NDArray[np.int64]) -> Pair:
    inputs = torch.from_numpy(notes.inputs(rows))
    return inputs, torch.from_numpy(notes.families[rows]).long()

"""Which notes a hidden split holds: unknown to students, in secret order, in two halves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.notes.balance import choose_evenly
from utils.notes.store import NoteSet, NoteStore

__all__ = ["HALVES", "check_unseen", "draw", "halve"]

HALVES = ("public", "private")
TRAINING_SPLITS = ("train", "validation", "practice")


def check_unseen(
    notes: NoteSet, stores: Sequence[NoteStore], *, allow_domain_shift: bool = False
) -> bool:
    """Raise ParameterError if students know a group or recording of these notes.

    Returns
    -------
    bool
        Whether the notes are of another kind than the students' (allowed on request).
    """
    kinds = sorted({store.kind for store in stores})
    shift = notes.store.kind not in kinds
    if shift and not allow_domain_shift:
        raise ParameterError(
            f"expected notes of kind {' or '.join(kinds)}, which students train on, got "
            f"{notes.store.kind}; name the students' store with --train, or pass "
            "--allow-domain-shift if the shift is what you want to grade"
        )
    groups, recordings = set(notes.groups.tolist()), _recordings(notes)
    for store in stores:
        known = store.notes()
        splits = known.column("split")
        if any(splits):  # without named splits, all of it is training data
            known = known.subset(np.isin(splits, TRAINING_SPLITS))
        for what, shared in (
            ("instrument groups", groups & set(known.groups.tolist())),
            ("recordings", recordings & _recordings(known)),
        ):
            if shared:
                raise ParameterError(
                    f"{len(shared)} {what} of the hidden notes occur in "
                    f"{store.manifest['name']!r}, which students have, for example "
                    f"{min(shared)[:40]}"
                )
    return shift


def _recordings(notes: NoteSet) -> set[str]:
    return {sample for hashes in np.unique(notes.sample_hashes) for sample in hashes.split()}


def draw(notes: NoteSet, n: int | None, rng: np.random.Generator) -> NoteSet:
    """Return the chosen notes in secret order."""
    if n is not None:
        if n < 1:
            raise ParameterError(f"expected at least one note, got {n}")
        notes = notes.subset(choose_evenly(notes.families, notes.groups, n, generator=rng))
    if (groups := len(np.unique(notes.groups))) < 2:  # fewer give no interval
        raise ParameterError(f"expected notes of at least 2 instrument groups, got {groups}")
    return notes.subset(rng.permutation(len(notes)))


def halve(notes: NoteSet, rng: np.random.Generator) -> NDArray[np.str_]:
    """Return "public" or "private" for each note: whole groups, half of each family's."""
    half_of: dict[str, str] = {}
    turn = int(rng.integers(2))  # an odd group goes to the halves in turn
    for family in np.unique(notes.families):
        names = np.unique(notes.groups[notes.families == family])
        for place, name in enumerate(rng.permutation(names)):
            half_of.setdefault(str(name), HALVES[(place + turn) % 2])
        turn = (turn + len(names)) % 2
    return np.array([half_of[group] for group in notes.groups.tolist()])

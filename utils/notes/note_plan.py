"""Which notes the embedded data set holds: instruments, instrument groups, splits, pitches.

Everything follows from the two SoundFonts, the tables of
:mod:`utils.notes.general_midi` and one seed; nothing was tuned on a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from utils.notes.instruments import (
    PARAMETRIC,
    PITCHES,
    Instrument,
    font_instruments,
    parametric_instrument,
    with_groups,
    without_bridges,
)
from utils.notes.soundfont import SoundFont
from utils.notes.vocabulary import FAMILIES, VELOCITIES

__all__ = ["FONTS", "SPLITS", "PlannedNote", "plan_notes"]

SEED = 2026
FONTS = ("FluidR3_GM", "sf_GMbank")
SPLITS = {"train": 0.56, "validation": 0.12, "practice": 0.14, "demo_pool": 0.18}
"""Names of the splits and the part of the instrument groups that each should get."""

GROUPS_PER_FAMILY = 26
NOTES_PER_GROUP = 18
# Part of the notes in each half octave from pitch 24: few at the ends, where few instruments play.
_PITCH_WEIGHTS = np.array([2, 4, 7, 10, 12, 13, 13, 12, 10, 8, 5, 4]) / 100


@dataclass(frozen=True)
class PlannedNote:
    """A note to be made."""

    instrument: Instrument
    pitch: int
    velocity: int

    @property
    def note_str(self) -> str:
        """The name in NSynth's pattern."""
        return f"{self.instrument.instrument_str}-{self.pitch:03d}-{self.velocity:03d}"

    @property
    def sample_hash(self) -> str:
        """The hashes of the samples that sound in it, joined by spaces."""
        return " ".join(sorted(self.instrument.playable[self.pitch, self.velocity]))


def plan_notes(fonts: Sequence[SoundFont]) -> list[PlannedNote]:
    """Return all notes of the data set in their order; the same every time.

    Parameters
    ----------
    fonts : sequence of SoundFont
        Those of :data:`FONTS`, in this order.
    """
    presets = [i for number, font in enumerate(fonts) for i in font_instruments(font, number)]
    grouped = with_groups(without_bridges(presets))
    notes = []
    for family in FAMILIES:
        members = [i for i in grouped if i.family == family]
        missing = GROUPS_PER_FAMILY - len({i.group for i in members})
        members += [parametric_instrument(family, number) for number in range(missing)]
        notes += _notes_of_family(_with_splits(members, family), family)
    return sorted(notes, key=lambda note: note.note_str)


def _with_splits(instruments: Sequence[Instrument], family: str) -> list[Instrument]:
    """Deal a family's groups to the splits, those of the fonts and the parametric ones apart.

    Groups are shuffled within their origin and the origins set one behind the other; each
    split's seats are spread evenly over that row, so that every split gets its part of each.
    """
    rng = np.random.default_rng([SEED, FAMILIES.index(family)])
    origins: dict[str, list[str]] = {}
    for instrument in instruments:
        groups = origins.setdefault(instrument.origin, [])
        if instrument.group not in groups:
            groups.append(instrument.group)
    shuffled = {origin: rng.permutation(groups).tolist() for origin, groups in origins.items()}
    sampled = [group for font in FONTS for group in shuffled.get(font, [])]
    parametric = shuffled.get(PARAMETRIC, [])
    split_of: dict[str, str] = {}
    for row, seats in zip(
        (sampled, parametric), _seats(len(sampled), len(parametric)), strict=True
    ):
        places = [
            ((seat + rng.uniform()) / n, split) for split, n in seats.items() for seat in range(n)
        ]
        split_of |= dict(zip(row, (split for _, split in sorted(places)), strict=True))
    return [replace(i, split=split_of[i.group]) for i in instruments]


def _seats(sampled: int, parametric: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many of the fonts' and of the parametric groups each split gets.

    At least one of each kind wherever there are enough.
    """
    total = {split: round(part * (sampled + parametric)) for split, part in SPLITS.items()}
    total["train"] = 0
    of_fonts = {
        split: min(max(round(part * sampled), 1), total[split] - 1, sampled)
        for split, part in SPLITS.items()
        if split != "train"
    }
    of_fonts["train"] = sampled - sum(of_fonts.values())
    total["train"] = sampled + parametric - sum(total.values())
    return of_fonts, {split: n - of_fonts[split] for split, n in total.items()}


def _notes_of_family(instruments: Sequence[Instrument], family: str) -> list[PlannedNote]:
    """Choose pitches and velocities, for each split so that every family has the same pitches."""
    notes = []
    for position, split in enumerate(SPLITS):
        rng = np.random.default_rng([SEED, FAMILIES.index(family), position])
        members = [i for i in instruments if i.split == split]
        notes += _choose(members, rng)
    return notes


def _choose(instruments: Sequence[Instrument], rng: np.random.Generator) -> list[PlannedNote]:
    """Choose the notes of one family and split.

    Each group gets as many notes as the others, each half octave its part of the notes; what
    an instrument can't play is zero, and a group plays a pitch once: many sound alike at all
    velocities. The table is fitted to both by iterative proportional fitting, and rounded.
    """
    groups = {i.group: 0 for i in instruments}
    sizes = {g: sum(i.group == g for i in instruments) for g in groups}
    capacity = np.zeros((len(instruments), len(_PITCH_WEIGHTS)))
    for row, instrument in enumerate(instruments):
        for pitch in {pitch for pitch, _ in instrument.playable}:
            capacity[row, _half_octave(pitch)] += 1
    wanted = np.array([NOTES_PER_GROUP / sizes[i.group] for i in instruments])
    table = np.minimum(capacity, 1) * _PITCH_WEIGHTS * wanted[:, None]
    for _ in range(200):
        table *= (wanted.sum() * _PITCH_WEIGHTS / np.maximum(table.sum(axis=0), 1e-9))[None, :]
        table = np.minimum(table, capacity)
        table *= (wanted / np.maximum(table.sum(axis=1), 1e-9))[:, None]
    notes = []
    taken: dict[str, set[int]] = {group: set() for group in groups}
    for instrument, row in zip(instruments, _rounded(table, capacity), strict=True):
        for half_octave, count in enumerate(row):
            used = taken[instrument.group]
            free = {p for p, _ in instrument.playable if _half_octave(p) == half_octave} - used
            for pitch in rng.permutation(sorted(free))[:count].tolist():
                used.add(pitch)
                velocities = [v for v in VELOCITIES if (pitch, v) in instrument.playable]
                notes.append(PlannedNote(instrument, pitch, int(rng.choice(velocities))))
    return notes


def _rounded(table: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Round to whole numbers that keep the sums of rows and, within one or two, of columns.

    What a row's rounding owes a column is carried over to the next row.
    """
    rounded = np.zeros(table.shape, int)
    owed = np.zeros(table.shape[1])
    sums = np.diff(np.rint(np.cumsum(table.sum(axis=1)) + 1e-6), prepend=0).astype(int)
    for position, row in enumerate(table):
        wanted = row + owed
        rounded[position] = np.clip(np.floor(wanted), 0, capacity[position])
        for _ in range(sums[position] - rounded[position].sum()):
            short = wanted - rounded[position]
            short[rounded[position] >= capacity[position]] = -np.inf
            short[row == 0] -= 1e3  # a half octave that the instrument hardly plays comes last
            if np.isfinite(short).any():
                rounded[position, short.argmax()] += 1
        owed = wanted - rounded[position]
    return rounded


def _half_octave(pitch: int) -> int:
    return min((pitch - PITCHES.start) // 6, len(_PITCH_WEIGHTS) - 1)

"""The instruments of the embedded notes: what each can play, and which share recordings."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from utils.notes.general_midi import keys_of, label_of
from utils.notes.soundfont import Preset, SoundFont, sample_groups
from utils.notes.synthesizers import SEED, ParametricInstrument
from utils.notes.vocabulary import FAMILIES, VELOCITIES

__all__ = [
    "MAX_STRETCH",
    "PARAMETRIC",
    "PITCHES",
    "Instrument",
    "font_instruments",
    "parametric_instrument",
    "with_groups",
    "without_bridges",
]

PARAMETRIC = "parametric"
"""Origin of the instruments of our own."""

PITCHES = range(24, 97)

MAX_STRETCH = 12.0
"""Semitones beyond the keys for which a font has a recording of its own."""


@dataclass(frozen=True)
class Instrument:
    """A preset of a SoundFont or a parametric instrument, and what it can play.

    Attributes
    ----------
    number : int
        Above the 1006 instruments of NSynth: 2000 and 3000 plus 128 · bank / 8 plus program
        for the two fonts, 4000 plus 100 · family plus draw for the parametric ones.
    family, source : str
    origin : str
        Name of the font, or "parametric".
    name : str
        Of the preset or the engine.
    address : tuple of int
        Bank and program, or family and draw.
    playable : mapping of (pitch, velocity) to frozenset of str
        The hashes of the samples that sound in this note.
    """

    number: int
    family: str
    source: str
    origin: str
    name: str
    address: tuple[int, int]
    playable: Mapping[tuple[int, int], frozenset[str]] = field(repr=False)
    group: str = ""
    split: str = ""

    @property
    def instrument_str(self) -> str:
        """Its name in NSynth's pattern; real ones have three digits."""
        return f"{self.family}_{self.source}_{self.number:04d}"


def font_instruments(font: SoundFont, number: int) -> list[Instrument]:
    """Return the labeled presets of a font."""
    instruments = []
    for preset in font.presets:
        label = label_of(font.path.stem, preset.bank, preset.program)
        if label is None:
            continue
        instruments.append(
            Instrument(
                number=2000 + 1000 * number + 16 * preset.bank + preset.program,
                family=label.family,
                source=label.source,
                origin=font.path.stem,
                name=preset.name,
                address=(preset.bank, preset.program),
                playable=_playable(font, preset),
            )
        )
    return instruments


def _playable(font: SoundFont, preset: Preset) -> dict[tuple[int, int], frozenset[str]]:
    """Return what a preset plays at each pitch and velocity that is not far from its recordings."""
    low, high = _home_keys(preset)
    keys = keys_of(font.path.stem, preset.bank, preset.program)
    notes = {}
    for pitch in PITCHES:
        if pitch not in keys or not low - MAX_STRETCH <= pitch <= high + MAX_STRETCH:
            continue
        for velocity in VELOCITIES:
            zones = [zone for zone in preset.zones if zone.sounds_at(pitch, velocity)]
            hashes = frozenset(
                font.sample_hash(zone.sample) for zone in zones if not font.is_silent(zone.sample)
            )
            if hashes:
                notes[pitch, velocity] = hashes
    return notes


def _home_keys(preset: Preset) -> tuple[float, float]:
    """Return the lowest and the highest key that has a recording of its own.

    The lowest sample's zone reaches down to key 0 and the highest one's up to the end,
    so each counts from its inner border. Roots are asked only where one sample plays all keys,
    and only together with the octave from 72, because GMbank's are far too high.
    """
    spans: dict[int, tuple[int, int]] = {}
    for zone in preset.zones:
        low, high = spans.get(zone.sample, (127, 0))
        spans[zone.sample] = (min(low, zone.keys[0]), max(high, zone.keys[1]))
    lowest = min(high for _, high in spans.values())
    highest = max(low for low, _ in spans.values())
    if lowest <= highest:
        return lowest - 3, highest + 3
    roots = [zone.root - zone.tuning for zone in preset.zones]
    return min(*roots, 72.0), max(roots) if max(roots) < 96 else 72.0


def without_bridges(instruments: Sequence[Instrument]) -> list[Instrument]:
    """Leave out notes whose sample belongs to another instrument.

    Two presets are kin if they share the samples of at least a third of the notes of one of
    them. A sample that strangers share too (one high sample for all trumpets and trombones)
    stays with those who play it most.
    """
    use: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for number, instrument in enumerate(instruments):
        for hashes in instrument.playable.values():
            for sample in hashes:
                use[sample][number] += 1
    clan = sample_groups(_kinship(instruments, use))
    owner = {}
    for sample, players in use.items():
        count: dict[int, int] = defaultdict(int)
        for number, times in players.items():
            count[clan[number]] += times
        owner[sample] = max(sorted(count), key=lambda c: count[c])
    kept = []
    for number, instrument in enumerate(instruments):
        playable = {
            note: hashes
            for note, hashes in instrument.playable.items()
            if all(owner[sample] == clan[number] for sample in hashes)
        }
        kept.append(replace(instrument, playable=playable))
    return [instrument for instrument in kept if instrument.playable]


def _kinship(
    instruments: Sequence[Instrument], use: Mapping[str, Mapping[int, int]]
) -> list[frozenset[str]]:
    """Return a set for each instrument; kin have an element in common."""
    ties: list[set[str]] = [{str(number)} for number in range(len(instruments))]
    for number, instrument in enumerate(instruments):
        shared: dict[int, int] = defaultdict(int)
        for hashes in instrument.playable.values():
            for other in {player for sample in hashes for player in use[sample]}:
                shared[other] += 1
        for other, times in shared.items():
            if times >= len(instrument.playable) / 3:
                ties[number].add(str(other))
    return [frozenset(tie) for tie in ties]


def with_groups(instruments: Sequence[Instrument]) -> list[Instrument]:
    """Name each connected component of shared samples after its first instrument."""
    played = [frozenset().union(*i.playable.values()) for i in instruments]
    return [
        replace(instrument, group=instruments[root].instrument_str)
        for instrument, root in zip(instruments, sample_groups(played), strict=True)
    ]


def parametric_instrument(family: str, number: int) -> Instrument:
    """Return one of our own instruments: a group for itself that can play everything."""
    tag = f"parametric {SEED} {family} {number}"
    sample = frozenset([hashlib.sha256(tag.encode()).hexdigest()])
    instrument = Instrument(
        number=4000 + 100 * FAMILIES.index(family) + number,
        family=family,
        source="synthetic",
        origin=PARAMETRIC,
        name=ParametricInstrument(family, number).name,
        address=(FAMILIES.index(family), number),
        playable={(pitch, velocity): sample for pitch in PITCHES for velocity in VELOCITIES},
    )
    return replace(instrument, group=instrument.instrument_str)

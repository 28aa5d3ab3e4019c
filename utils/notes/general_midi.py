"""Which instrument family a General MIDI preset belongs to, and which presets are left out.

A wrong label is worse than a missing note: what plays two instruments at once, what
no family of NSynth fits, and what does not sound like its name is left out. The
reasons stand beside the numbers. Programs count from 0, as in the SoundFont.
"""

from typing import NamedTuple

__all__ = ["BANKS", "Label", "keys_of", "label_of", "reason_left_out"]

BANKS = (0, 8, 16)
"""General MIDI and the two Roland GS variation banks whose names were checked.

GMbank's bank 127 is a map of the MT-32: its program numbers mean other instruments.
"""


class Label(NamedTuple):
    """The family and source of a preset, as in NSynth's records."""

    family: str
    source: str


def _programs(first: int, last: int, family: str, source: str) -> dict[int, Label]:
    return {program: Label(family, source) for program in range(first, last + 1)}


_LABELS: dict[int, Label] = {
    **_programs(0, 1, "keyboard", "acoustic"),
    2: Label("keyboard", "electronic"),
    3: Label("keyboard", "acoustic"),
    **_programs(4, 5, "keyboard", "electronic"),
    6: Label("keyboard", "acoustic"),
    7: Label("keyboard", "electronic"),
    **_programs(8, 14, "mallet", "acoustic"),
    **_programs(16, 18, "organ", "electronic"),
    **_programs(19, 20, "organ", "acoustic"),
    **_programs(24, 25, "guitar", "acoustic"),
    **_programs(26, 31, "guitar", "electronic"),
    32: Label("bass", "acoustic"),
    **_programs(33, 37, "bass", "electronic"),
    **_programs(38, 39, "bass", "synthetic"),
    **_programs(40, 45, "string", "acoustic"),
    **_programs(48, 49, "string", "acoustic"),
    **_programs(50, 51, "string", "synthetic"),
    **_programs(52, 53, "vocal", "acoustic"),
    54: Label("vocal", "synthetic"),
    **_programs(56, 61, "brass", "acoustic"),
    **_programs(62, 63, "brass", "synthetic"),
    **_programs(64, 71, "reed", "acoustic"),
    **_programs(72, 77, "flute", "acoustic"),
    79: Label("flute", "acoustic"),
    **_programs(80, 81, "synth_lead", "synthetic"),
    85: Label("vocal", "synthetic"),
    91: Label("vocal", "synthetic"),
    108: Label("mallet", "acoustic"),
    109: Label("reed", "acoustic"),
    110: Label("string", "acoustic"),
    111: Label("reed", "acoustic"),
    114: Label("mallet", "acoustic"),
}

_NO_FAMILY: dict[int, str] = {
    15: "dulcimer: a string that is struck",
    21: "accordion: free reeds",
    22: "harmonica: free reeds",
    23: "bandoneon: free reeds",
    46: "harp",
    47: "timpani",
    55: "orchestra hit: many instruments",
    78: "whistling",
    82: "calliope lead: sounds like a flute",
    83: "chiffer lead: sounds like a flute",
    84: "charang: sounds like a guitar",
    86: "sawtooth in fifths: two pitches at once",
    87: "bass and lead at once",
    104: "sitar",
    105: "banjo",
    106: "shamisen",
    107: "koto",
    112: "tinkle bell: no clear pitch",
    113: "agogo: percussion",
}

_NO_VARIATION: dict[tuple[int, int], str] = {
    (8, 14): "church bell: no clear pitch",
    (8, 17): "detuned organ 2: the recordings of two other organs at once",
    (8, 28): "funk guitar: plays a bass sample too",
    (8, 30): "feedback guitar: a sine under the string",
    (8, 31): "guitar feedback: a sine",
    (8, 38): "synth bass 3: the recordings of two other basses at once",
    (8, 39): "synth bass 4: the recordings of another bass too",
    (8, 48): "orchestral pad: strings and brass at once",
    (8, 50): "synth strings 3: the recordings of two other presets at once",
    (8, 62): "synth brass 3: the sawtooth of the synth lead too",
    (8, 80): "a sine: no ear would tell a family",
    (8, 107): "taisho koto",
}

_DOUBTFUL: dict[tuple[str, int, int], str] = {
    ("FluidR3_GM", 0, 9): "glockenspiel: the low keys sound two octaves higher",
    ("FluidR3_GM", 0, 76): "bottle chiff: the breath of the solo vox",
    ("sf_GMbank", 0, 39): "synth bass 2: the recordings of two other basses at once",
    ("sf_GMbank", 0, 60): "French horns: made of the tuba and the trombone",
    ("sf_GMbank", 0, 62): "synth brass 1: the sawtooth of the synth lead too",
    ("sf_GMbank", 0, 85): "solo vox: a pan flute beneath the voice",
}

# Keys outside of these are out of tune by more than 40 cents, end while the key is held, or
# are over within three frames of the spectrogram.
_KEYS: dict[tuple[str, int, int], tuple[int, int]] = {
    ("FluidR3_GM", 0, 13): (60, 127),
    ("FluidR3_GM", 0, 17): (44, 127),
    ("FluidR3_GM", 0, 114): (0, 86),
    ("sf_GMbank", 0, 12): (46, 127),
    ("sf_GMbank", 0, 31): (0, 85),
    ("sf_GMbank", 0, 45): (0, 92),
}


def label_of(font: str, bank: int, program: int) -> Label | None:
    """Return family and source of a preset; None if it is left out.

    Parameters
    ----------
    font : str
        The file's name without its ending, such as "FluidR3_GM".
    bank, program : int
        As in the SoundFont, from 0.
    """
    if reason_left_out(font, bank, program) is not None:
        return None
    return _LABELS[program]


def keys_of(font: str, bank: int, program: int) -> range:
    """Return the keys at which a preset sounds as it should."""
    low, high = _KEYS.get((font, bank, program), (0, 127))
    return range(low, high + 1)


def reason_left_out(font: str, bank: int, program: int) -> str | None:
    """Return why a preset is left out, in words; None if it is in."""
    if bank not in BANKS:
        return "not a General MIDI bank"
    if program in _LABELS:
        return _NO_VARIATION.get((bank, program)) or _DOUBTFUL.get((font, bank, program))
    return _NO_FAMILY.get(program, "pad, effect or percussion")

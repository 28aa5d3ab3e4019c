"""What becomes of the labels when the sound is changed.

An augmentation teaches what should not matter. So it must leave the label true, or the label
has to move along with the sound; if neither can be had, that augmentation is wrong for that
task. :data:`LABEL_SURVIVAL` says which, operation by operation and task by task. The ranges
are rules of thumb, assumed and not measured. Lecture: ``lectures/04_overfitting.ipynb``
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from utils.errors import ParameterError
from utils.notes.nsynth import NoteRecord

__all__ = ["LABEL_SURVIVAL", "Operation", "Survival", "Task", "changed_record"]

Operation: TypeAlias = Literal[
    "pitch_shift", "time_stretch", "equalizer", "noise", "gain", "time_shift", "masking"
]
Task: TypeAlias = Literal["family", "pitch", "velocity", "tagging"]
Fate: TypeAlias = Literal["survives", "changes", "destroyed"]

MAX_PITCH = 127


@dataclass(frozen=True)
class Survival:
    """What becomes of one kind of label under one operation.

    Attributes
    ----------
    fate : str
        "survives", "changes" (along with the sound) or "destroyed".
    within : str
        The range in which that holds; assumed.
    reason : str
        One sentence.
    """

    fate: Fate
    within: str
    reason: str


LABEL_SURVIVAL: dict[Operation, dict[Task, Survival]] = {
    "pitch_shift": {
        "family": Survival(
            "survives",
            "up to 2 semitones",
            "A little higher it is still that instrument; further, its resonances move to where "
            "those of another family are.",
        ),
        "pitch": Survival(
            "changes",
            "whole semitones",
            "The new label is pitch + n, so the label moves along with the sound.",
        ),
        "velocity": Survival(
            "survives",
            "up to 2 semitones",
            "How hard a note is struck shows in its attack and in how bright it is for its pitch.",
        ),
        "tagging": Survival(
            "survives",
            "up to 2 semitones",
            "Bright and dark are meant relative to the pitch; a large shift turns one into the "
            "other.",
        ),
    },
    "time_stretch": {
        "family": Survival(
            "survives",
            "rates from 0.9 to 1.1",
            "Decay and vibrato change a little; at twice the speed a mallet and a guitar decay "
            "alike.",
        ),
        "pitch": Survival(
            "survives", "rates from 0.5 to 2", "The phase vocoder keeps every frequency."
        ),
        "velocity": Survival(
            "survives",
            "rates from 0.9 to 1.1",
            "Level and spectrum stay, but a smeared attack sounds softer.",
        ),
        "tagging": Survival(
            "destroyed",
            "any rate for the tags of time",
            "Fast decay, long release, percussive and tempo-synced say how long things take; the "
            "other tags survive.",
        ),
    },
    "equalizer": {
        "family": Survival(
            "survives",
            "up to 6 dB",
            "Rooms and microphones do the same; a strong filter rebuilds the resonances that "
            "make the family.",
        ),
        "pitch": Survival(
            "survives", "any moderate gain", "Gains change, frequencies don't: partials stay."
        ),
        "velocity": Survival(
            "destroyed",
            "more than about 1 dB",
            "Harder means brighter, and an equalizer makes the same difference.",
        ),
        "tagging": Survival(
            "destroyed",
            "more than about 3 dB for bright and dark",
            "Bright and dark are what an equalizer sets; the other tags survive.",
        ),
    },
    "noise": {
        "family": Survival(
            "survives",
            "an SNR of 20 dB or more",
            "It is heard beside the note; louder, it hides the weak partials and the breath that "
            "tell families apart.",
        ),
        "pitch": Survival(
            "survives", "an SNR of 0 dB or more", "Partials stand out of noise even when weak."
        ),
        "velocity": Survival(
            "survives",
            "an SNR of 30 dB or more",
            "The high partials that show a hard attack are the first that noise hides.",
        ),
        "tagging": Survival(
            "survives",
            "an SNR of 30 dB or more",
            "Louder, it covers the release and the reverb, and sounds like distortion.",
        ),
    },
    "gain": {
        "family": Survival(
            "survives", "any without clipping", "The knob on the amplifier changes no instrument."
        ),
        "pitch": Survival("survives", "any without clipping", "No frequency changes."),
        "velocity": Survival(
            "destroyed",
            "more than about 1 dB, on waveforms",
            "Level is half of what velocity means; on the course's pictures it is gone before "
            "and the label survives.",
        ),
        "tagging": Survival(
            "survives", "any without clipping", "No tag speaks of level; clipping is distortion."
        ),
    },
    "time_shift": {
        "family": Survival(
            "survives",
            "0 to 0.25 s later",
            "When a note begins says nothing about it, as long as its attack is not cut off.",
        ),
        "pitch": Survival(
            "survives", "as long as half of the note is left", "Any part of a note has its pitch."
        ),
        "velocity": Survival(
            "survives", "0 to 0.25 s later", "The attack, which shows the velocity, must stay."
        ),
        "tagging": Survival(
            "survives",
            "0 to 0.25 s later",
            "Cut at the start, no longer percussive; cut at the end, no longer a long release.",
        ),
    },
    "masking": {
        "family": Survival(
            "survives",
            "up to 1/8 of an axis",
            "A listener needs no single stretch or band; the net learns not to hang on one either.",
        ),
        "pitch": Survival(
            "survives",
            "up to 1/8 of an axis",
            "The other partials still give the pitch, unless the note has only one.",
        ),
        "velocity": Survival(
            "survives",
            "up to 1/8 of an axis, off the attack",
            "Without its attack a note tells less, but its brightness stays.",
        ),
        "tagging": Survival(
            "survives",
            "up to 1/8 of an axis, off attack and release",
            "A gap in the attack hides percussive, one in the release hides reverb.",
        ),
    },
}
"""Operation → task → what becomes of the label."""


def changed_record(record: NoteRecord, operation: Operation, *, semitones: float = 0) -> NoteRecord:
    """Return the record of the note after an operation: the pitch moves along.

    Parameters
    ----------
    record : NoteRecord
        Of the note before.
    operation : str
        A key of :data:`LABEL_SURVIVAL`.
    semitones : float
        Of a pitch shift: a whole number, for no label says "a quarter tone higher".

    Returns
    -------
    NoteRecord
        With another pitch and name after a pitch shift, else the same. Labels that the
        operation destroys are still in it: they are no longer to be trained on.

    Raises
    ------
    ParameterError
        The operation is unknown, the shift not whole, the pitch not from 0 to 127, or
        semitones are given for another operation.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    if operation not in get_args(Operation):
        raise ParameterError(f"expected an operation of {get_args(Operation)}, got {operation!r}")
    if semitones and operation != "pitch_shift":
        raise ParameterError(f"expected semitones for a pitch shift only, got {operation!r}")
    pitch = record.pitch + semitones
    if pitch != int(pitch) or not 0 <= pitch <= MAX_PITCH:
        raise ParameterError(f"expected a whole pitch from 0 to {MAX_PITCH}, got {pitch:g}")
    if not semitones:
        return record
    name = f"{record.instrument_str}-{int(pitch):03d}-{record.velocity:03d}"
    return replace(record, pitch=int(pitch), note_str=name)

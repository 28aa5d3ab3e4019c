"""Exercises of lecture 06: reading a record, sizes and bands of the picture, the score."""

from typing import Any

import numpy as np
import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.training.metrics import group_balanced_accuracy

__all__ = ["EXERCISES"]


def _read(note_str: str) -> tuple[str, int, int]:
    """Cut at fixed places: pitch and velocity have three digits."""
    return note_str[:-8], int(note_str[-7:-4]), int(note_str[-3:])


READ = Exercise(
    key="H1.read_note_name",
    task="Return the instrument (text), the pitch and the velocity (whole numbers) of a note.",
    solution="""\
def read_note_name(note_str):
    instrument, pitch, velocity = note_str.split("-")
    return instrument, int(pitch), int(velocity)
""",
    reference=_read,
    cases=lambda: [
        Case(("guitar_acoustic_010-066-100",)),
        Case(("synth_lead_synthetic_011-108-025",)),
        Case(("keyboard_electronic_001-021-127",)),
    ],
    outputs=("instrument", "pitch", "velocity"),
    hints=(
        "A name has three parts with a hyphen between them. What does each say?",
        '`note_str.split("-")` gives a list of three texts.',
        "Name the three parts, and return the last two through `int`: int('066') is 66.",
    ),
    mistakes=(
        Mistake(
            "Pitch and velocity are still texts: turn them into numbers with `int`.",
            "int(pitch), int(velocity)",
            "pitch, velocity",
        ),
        Mistake(
            "Pitch and velocity have changed places: the pitch comes first.",
            "int(pitch), int(velocity)",
            "int(velocity), int(pitch)",
        ),
        Mistake(
            "That is the family, not the instrument: keep all that stands before the first hyphen.",
            "return instrument,",
            'return instrument.split("_")[0],',
        ),
        Mistake(
            "The number of the instrument is missing: it is a part of its name.",
            "return instrument,",
            'return instrument.rsplit("_", 1)[0],',
        ),
    ),
)


def _frames(n_samples: int, hop: int) -> int:
    """Count what PyTorch makes of it."""
    window = torch.hann_window(256)
    spectrum = torch.stft(torch.zeros(n_samples), 256, hop, window=window, return_complex=True)
    return int(spectrum.shape[-1])


FRAMES = Exercise(
    key="H2.count_frames",
    task="Return how many centered frames a sound has: one at sample 0, then one every hop.",
    solution="""\
def count_frames(n_samples, hop):
    return n_samples // hop + 1
""",
    reference=_frames,
    cases=lambda: [
        Case((64_000, 1000)),
        Case((64_000, 512)),
        Case((16_000, 160)),
        Case((999, 1000)),
    ],
    hints=(
        "Frames stand at 0, hop, 2·hop, … How many of these places are not beyond the end?",
        "How often does the hop fit into the sound? Count the frame at 0, too.",
        "`n_samples // hop` is rounded down; add 1.",
    ),
    mistakes=(
        Mistake(
            "One is missing: the frame at sample 0 counts, too. (The course's picture has 64, "
            "because it leaves out the last one. Here it counts.)",
            " + 1",
            "",
        ),
        Mistake(
            "You count the places before the end. A frame that is centered on the very end counts, "
            "too. (The course's picture leaves it out. Here it counts.)",
            "n_samples // hop + 1",
            "-(-n_samples // hop)",
        ),
        Mistake(
            "A part of a frame is no frame: use `//`, which rounds down.",
            "n_samples // hop",
            "n_samples / hop",
        ),
        Mistake(
            "That rounds up: a frame whose center lies beyond the end is not there.",
            "n_samples // hop + 1",
            "-(-n_samples // hop) + 1",
        ),
        Mistake(
            "You leave room for the window at the end; here frames are centered, and the sound is "
            "continued at both ends.",
            "n_samples // hop",
            "(n_samples - 2048) // hop",
        ),
    ),
)


def _mel(frequency: Any) -> Any:
    """Give the scale in natural logarithms."""
    return 2595 / np.log(10) * np.log1p(np.asarray(frequency) / 700)


MEL = Exercise(
    key="H2.hz_to_mel",
    task="Return the place of a frequency in Hz on the mel scale: 2595 log10(1 + f/700).",
    solution="""\
def hz_to_mel(frequency):
    return 2595 * np.log10(1 + frequency / 700)
""",
    reference=_mel,
    cases=lambda: [Case((440.0,)), Case((np.array([20.0, 700.0, 8000.0]),))],
    hints=(
        "The formula stands above; NumPy has the logarithm to base 10.",
        "First 1 + f/700, then `np.log10`, then times 2595.",
        "`2595 * np.log10(1 + frequency / 700)`",
    ),
    mistakes=(
        Mistake("`np.log` is the natural logarithm: take `np.log10`.", "np.log10", "np.log"),
        Mistake("The 1 inside the logarithm is missing.", "1 + frequency", "frequency"),
        Mistake(
            "The bracket is missing: it is the logarithm of the whole 1 + f/700.",
            "np.log10(1 + frequency / 700)",
            "np.log10(1 + frequency) / 700",
        ),
        Mistake(
            "Divide the frequency by 700 first, then add 1.",
            "(1 + frequency / 700)",
            "((1 + frequency) / 700)",
        ),
        Mistake(
            "That is the way back, from mel to Hz.",
            "2595 * np.log10(1 + frequency / 700)",
            "700 * (10 ** (frequency / 2595) - 1)",
        ),
    ),
)


def _observed_groups() -> list[Case]:
    right = np.array([True, True, True, False, False, True, False, False])
    groups = np.array(["piano", "piano", "piano", "piano", "celesta", "oboe", "oboe", "oboe"])
    return [
        Case((right, groups)),
        Case((np.array([True, False, False, False]), np.array(["a", "b", "b", "b"]))),
    ]


SCORE = Exercise(
    key="H3.group_accuracy",
    task="Return the accuracy of each instrument group, averaged over the groups.",
    solution="""\
def group_accuracy(right, groups):
    parts = [right[groups == name].mean() for name in np.unique(groups)]
    return np.mean(parts)
""",
    reference=lambda right, groups: group_balanced_accuracy(
        np.ones(len(right), dtype=int), np.asarray(right).astype(int), groups
    ),
    cases=_observed_groups,
    hints=(
        "An instrument with 40 notes must not count more than one with 4.",
        "For each name in `np.unique(groups)`: the mean of `right` where `groups == name`.",
        "Then the mean of these means.",
    ),
    mistakes=(
        Mistake(
            "That is the accuracy of all notes: instruments with many notes count more.",
            "    parts = [right[groups == name].mean() for name in np.unique(groups)]\n"
            "    return np.mean(parts)\n",
            "    return right.mean()\n",
        ),
        Mistake(
            "Every group comes up once for each of its notes: use `np.unique`.",
            "np.unique(groups)",
            "groups[:-1]",
        ),
        Mistake("You count right answers: take their share in each group.", "].mean()", "].sum()"),
        Mistake("One number for each group is left: average them.", "np.mean(parts)", "parts"),
        Mistake("Those are the mistakes: count right answers.", "right[groups", "~right[groups"),
    ),
)

EXERCISES = (READ, FRAMES, MEL, SCORE)

"""The note on which widgets play a scale."""

import numpy as np
from numpy.typing import NDArray

from utils.notes.embedded import load_sound
from utils.notes.front_end import SAMPLE_RATE

__all__ = ["NOTE", "scale_note"]

NOTE = "mallet_acoustic_3012-059-075"
"""A marimba: its onset is heard exactly."""


def scale_note(*, seconds: float = 1.2) -> NDArray[np.int16]:
    """Return the beginning of the note, as loud as 16 bits allow without clipping.

    Parameters
    ----------
    seconds : float
        From 0.1 to 4.
    """
    wave = load_sound(NOTE)
    start = int(np.argmax(np.abs(wave) > 0.05 * np.abs(wave).max()))
    wave = wave[start : start + int(seconds * SAMPLE_RATE)]
    return np.round(wave / np.abs(wave).max() * 32000).astype(np.int16)

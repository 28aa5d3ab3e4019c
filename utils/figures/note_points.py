"""Notes as points: how bright they are, and how fast they decay."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.notes.embedded import load_notes, sounds
from utils.notes.vocabulary import FAMILIES

__all__ = ["NotePoints", "decay_and_brightness", "note_points"]

DECIBELS = 80.0
"""From the darkest to the lightest value of a spectrogram."""
EARLY, LATE = slice(4, 12), slice(36, 44)
"""Frames of 64 in 4 s: a quarter of a second after the onset, and well before the release."""


@dataclass(frozen=True)
class NotePoints:
    """Notes of two families, all of which can be heard.

    Attributes
    ----------
    features : ndarray of shape (n, 2)
        Decay and brightness, each with mean 0 and standard deviation 1.
    labels : ndarray of shape (n,)
        1 for the first family, 0 for the second.
    names : tuple of str
        As in :func:`utils.notes.embedded.sounds`.
    presets : tuple of str
        The instruments.
    families : (str, str)
        Of the labels 1 and 0.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    names: tuple[str, ...]
    presets: tuple[str, ...]
    families: tuple[str, str]


def decay_and_brightness(mels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return two simple features of spectrograms.

    Parameters
    ----------
    mels : ndarray of shape (n, 64, 64)
        From 0 to 1, as a model gets them; frequency, time.

    Returns
    -------
    ndarray of shape (n, 2)
        Decay in decibels from early in the note to late in it; brightness as the mean mel
        band, weighted by power.

    Raises
    ------
    ParameterError
        If the shape is another one.
    """
    if mels.ndim != 3 or mels.shape[1:] != (64, 64):
        raise ParameterError(f"expected mels of shape (n, 64, 64), got {mels.shape}")
    power = 10 ** ((mels.astype(np.float64) - 1) * DECIBELS / 10)
    level = 10 * np.log10(power.sum(1))
    decay = level[:, EARLY].mean(1) - level[:, LATE].mean(1)
    bands = np.arange(64)[None, :, None]
    brightness = (power * bands).sum((1, 2)) / power.sum((1, 2))
    return np.stack([decay, brightness], axis=1)


@lru_cache(maxsize=4)
def note_points(first: str = "guitar", second: str = "flute") -> NotePoints:
    """Return the notes of two families that can be heard, but for those of practice and demo.

    Parameters
    ----------
    first, second : str
        Families.

    Raises
    ------
    ParameterError
        If there is no such family.
    """
    for family in (first, second):
        if family not in FAMILIES:
            raise ParameterError(f"expected a family, one of {', '.join(FAMILIES)}, got {family!r}")
    store, chosen, mels = load_notes(), [], []
    for split in ("train", "validation"):
        notes = store.split(split)
        rows = {name: row for row, name in enumerate(notes.note_strs.tolist())}
        here = [s for s in sounds() if s.family in (first, second) and s.note_str in rows]
        chosen += here
        mels.append(notes.inputs(np.array([rows[s.note_str] for s in here]))[:, 0])
    features = decay_and_brightness(np.concatenate(mels))
    return NotePoints(
        features=(features - features.mean(0)) / features.std(0),
        labels=np.array([float(s.family == first) for s in chosen]),
        names=tuple(s.note_str for s in chosen),
        presets=tuple(s.preset for s in chosen),
        families=(first, second),
    )

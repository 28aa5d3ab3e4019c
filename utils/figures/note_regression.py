"""Nine numbers of a note, from which a line has to tell its pitch: penalties can be seen.

The features are read off the log-mel spectrogram. Several say nearly the same, and one is
pure chance: a good penalty should find that out.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from utils.notes.embedded import load_notes
from utils.notes.front_end import FRONT_END
from utils.notes.store import NoteSet

__all__ = ["FEATURES", "Regression", "note_regression"]

FEATURES = (
    "loudest band",
    "brightness",
    "lowest band",
    "bandwidth",
    "attack",
    "fading",
    "loudness",
    "velocity",
    "chance",
)
N_TRAIN, N_VALIDATION, SEED = 60, 400, 5


@dataclass(frozen=True)
class Regression:
    """Features and targets, both standardized by the training notes.

    Attributes
    ----------
    train, validation : tuple of ndarray
        X of shape (n, 9) and y of shape (n,).
    """

    train: tuple[NDArray[np.float64], NDArray[np.float64]]
    validation: tuple[NDArray[np.float64], NDArray[np.float64]]

    def moments(self, split: str) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return XᵀX / n, Xᵀy / n and the mean of y²: all that a fit needs to know.

        Parameters
        ----------
        split : str
            "train" or "validation".
        """
        x, y = self.train if split == "train" else self.validation
        return x.T @ x / len(y), x.T @ y / len(y), float(y @ y / len(y))


@cache
def note_regression() -> Regression:
    """Return a few training notes, and validation notes of other instruments.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    generator = np.random.default_rng(SEED)
    splits = []
    for split, count in (("train", N_TRAIN), ("validation", N_VALIDATION)):
        notes = load_notes().split(split)
        chosen = notes.subset(generator.permutation(len(notes))[:count])
        chance = generator.standard_normal(count)
        splits.append((_features(chosen, chance), chosen.column("pitch").astype(np.float64)))
    (x, y), other = splits
    scales = x.mean(0), x.std(0), y.mean(), y.std()
    return Regression(_standard((x, y), scales), _standard(other, scales))


def _standard(data: tuple, scales: tuple) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (data[0] - scales[0]) / scales[1], (data[1] - scales[2]) / scales[3]


def _features(notes: NoteSet, chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the table of features, shape (n, 9)."""
    decibels = (notes.inputs()[:, 0].astype(np.float64) - 1) * FRONT_END.dynamic_range
    power = 10 ** (decibels / 10)
    spectrum = power.mean(2)
    level = 10 * np.log10(power.sum(1))
    bands = np.arange(spectrum.shape[1])
    total = spectrum.sum(1)
    bright = spectrum @ bands / total
    width = np.sqrt(((bands - bright[:, None]) ** 2 * spectrum).sum(1) / total)
    loud = spectrum > spectrum.max(1, keepdims=True) / 100
    later = np.minimum(level.argmax(1) + 20, level.shape[1] - 1)
    columns = [
        spectrum.argmax(1),
        bright,
        loud.argmax(1),
        width,
        np.log2(level.argmax(1) + 1),
        level.max(1) - np.take_along_axis(level, later[:, None], 1)[:, 0],
        level.mean(1),
        notes.column("velocity"),
        chance,
    ]
    return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)

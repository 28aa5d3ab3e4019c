"""Two numbers that say much about a note: how slowly it speaks, and how much it fades.

Both are read off the log-mel spectrogram: the seconds until the note is loudest, and the
level in dB that it has lost two seconds later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.notes.embedded import Sound, load_notes, sounds
from utils.notes.front_end import FRONT_END

__all__ = ["FeatureTable", "attack", "fading", "feature_table"]

LATER = 2.0


@dataclass(frozen=True)
class FeatureTable:
    """Notes of two families as points.

    Attributes
    ----------
    sounds : list of Sound
        One a row; each can be heard.
    values : ndarray, shape (n, 2)
        Attack and fading, standardized: 0 is the average of these notes, 1 one standard
        deviation above it.
    labels : ndarray of int, shape (n,)
        0 for the first family, 1 for the second.
    """

    sounds: list[Sound]
    values: NDArray[np.float64]
    labels: NDArray[np.int64]


def attack(log_mel: ArrayLike) -> float:
    r"""Return how slowly a note speaks: the time until it is loudest, in octaves.

    Parameters
    ----------
    log_mel : array_like, shape (64, 64)
        Values in [0, 1], mel axis from low to high.

    Raises
    ------
    ParameterError
        If the array has another shape.

    Notes
    -----
    .. math:: \log_2 \frac{t_{\text{loudest}} + \Delta t}{1\,\text{s}}

    with the distance :math:`\Delta t` of two frames: a note that is loudest at once has -4.
    The ear hears ratios of times, so twice as slow is always one more.

    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    frame = int(_level(log_mel).argmax())
    return float(np.log2((frame + 1) * FRONT_END.hop_length / FRONT_END.sample_rate))


def fading(log_mel: ArrayLike) -> float:
    """Return how many dB a note has lost two seconds after its loudest frame.

    Parameters
    ----------
    log_mel : array_like, shape (64, 64)
        Values in [0, 1], mel axis from low to high.

    Raises
    ------
    ParameterError
        If the array has another shape.

    Notes
    -----
    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    level = _level(log_mel)
    peak = int(level.argmax())
    frames = round(LATER * FRONT_END.sample_rate / FRONT_END.hop_length)
    return float(level[peak] - level[min(peak + frames, len(level) - 1)])


def feature_table(first: str, second: str) -> FeatureTable:
    """Return the audible notes of two families with their standardized features.

    Parameters
    ----------
    first, second : str
        Names of instrument families.

    Raises
    ------
    ParameterError
        If they are equal, or one has no notes to hear.

    Notes
    -----
    Lecture: ``lectures/00_neural_networks.ipynb``
    """
    chosen = [sound for sound in sounds() if sound.family in (first, second)]
    if first == second or {sound.family for sound in chosen} != {first, second}:
        raise ParameterError(f"expected two different families, got {first!r} and {second!r}")
    notes = load_notes().notes()
    rows = {str(name): row for row, name in enumerate(notes.note_strs)}
    mels = [notes.mels_uint8([rows[sound.note_str]])[0] / 255 for sound in chosen]
    values = np.array([(attack(mel), fading(mel)) for mel in mels])
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    labels = np.array([int(sound.family == second) for sound in chosen])
    return FeatureTable(chosen, standard, labels)


def _level(log_mel: ArrayLike) -> NDArray[np.float64]:
    """Return the level of each frame in dB, all bands together."""
    values = np.asarray(log_mel, dtype=np.float64)
    expected = (FRONT_END.n_mels, FRONT_END.n_frames)
    if values.shape != expected:
        raise ParameterError(f"expected a log-mel of shape {expected}, got {values.shape}")
    energy = 10 ** ((values - 1) * FRONT_END.dynamic_range / 10)
    return 10 * np.log10(energy.sum(axis=0))

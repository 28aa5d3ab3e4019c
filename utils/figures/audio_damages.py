"""Four ways to damage a sound, for hearing what distances between sounds say about them.

Waveforms are arrays of shape (n_samples,). The same damages are in
``utils/widgets/kit/math/damages.js``; the noise is the same in both.
"""

from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError
from utils.figures.seeded_noise import normal_numbers

__all__ = ["add_noise", "damage", "delay", "excerpt", "low_pass", "rotate_phase"]

ORDER = 4
SEED = 1
Waveform = NDArray[np.float64]


def add_noise(waveform: ArrayLike, *, decibels: float, level: float | None = None) -> Waveform:
    """Add white noise.

    Parameters
    ----------
    waveform : array-like
    decibels : float
        Level of the noise, relative to the sound's: 0 is as loud as the sound.
    level : float, optional
        That of the sound; default: its root mean square.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """
    samples = _checked(waveform)
    if level is None:
        level = float(np.sqrt(np.mean(samples**2)))
    return samples + level * 10 ** (decibels / 20) * _noise(len(samples))


def rotate_phase(waveform: ArrayLike, *, degrees: float) -> Waveform:
    r"""Turn the phase of every partial by the same angle; no partial becomes louder.

    Parameters
    ----------
    waveform : array-like
        An even number of samples.
    degrees : float
        180 turns the waveform upside down.

    Notes
    -----
    With the Hilbert transform :math:`\mathcal H`, which turns by a quarter:

    .. math:: \hat x = x \cos\varphi - \mathcal H(x) \sin\varphi

    Lecture: ``lectures/01_losses.ipynb``
    """
    samples = _checked(waveform)
    spectrum = np.fft.rfft(samples) * -1j
    spectrum[[0, -1]] = 0
    quarter = np.fft.irfft(spectrum, len(samples))
    angle = np.radians(degrees)
    return samples * np.cos(angle) - quarter * np.sin(angle)


def low_pass(waveform: ArrayLike, *, cutoff: float, sample_rate: float) -> Waveform:
    r"""Remove the treble; the phase stays as it is.

    Parameters
    ----------
    waveform : array-like
    cutoff : float
        In Hz, > 0: there the level is 3 dB lower.
    sample_rate : float
        In Hz.

    Notes
    -----
    The gain is that of a Butterworth filter of order 4:

    .. math:: |H(f)| = \frac{1}{\sqrt{1 + (f / f_c)^8}}

    Lecture: ``lectures/01_losses.ipynb``
    """
    samples = _checked(waveform)
    if cutoff <= 0 or sample_rate <= 0:
        raise ParameterError(f"expected frequencies > 0, got {cutoff} and {sample_rate}")
    frequency = np.fft.rfftfreq(len(samples), 1 / sample_rate)
    gain = 1 / np.sqrt(1 + (frequency / cutoff) ** (2 * ORDER))
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))


def delay(waveform: ArrayLike, *, by: int) -> Waveform:
    """Let a sound begin later; it keeps its length.

    Parameters
    ----------
    waveform : array-like
    by : int
        Samples, from 0 to the length.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """
    samples = _checked(waveform)
    if not 0 <= by <= len(samples):
        raise ParameterError(f"expected a delay of 0 to {len(samples)} samples, got {by}")
    return np.concatenate([np.zeros(by), samples[: len(samples) - by]])


def damage(
    waveform: ArrayLike, kind: str, amount: float, *, sample_rate: float = 16_000
) -> Waveform:
    """Damage a sound in one of four ways.

    Parameters
    ----------
    waveform : array-like
        An even number of samples.
    kind : {"noise", "phase", "lowpass", "shift"}
    amount : float
        Decibels relative to the sound, degrees, Hz or milliseconds.
    sample_rate : float
        In Hz.

    Raises
    ------
    ParameterError
        If there is no such way.

    Notes
    -----
    Lecture: ``lectures/01_losses.ipynb``
    """
    if kind == "noise":
        return add_noise(waveform, decibels=amount)
    if kind == "phase":
        return rotate_phase(waveform, degrees=amount)
    if kind == "lowpass":
        return low_pass(waveform, cutoff=amount, sample_rate=sample_rate)
    if kind == "shift":
        # Halves upward, as in JavaScript.
        return delay(waveform, by=int(np.floor(amount * sample_rate / 1000 + 0.5)))
    raise ParameterError(f"expected noise, phase, lowpass or shift, got {kind!r}")


def excerpt(waveform: ArrayLike, *, count: int, fade: int) -> Waveform:
    """Return the first samples, faded out at the end, so that a cut does not click.

    Parameters
    ----------
    waveform : array-like
        At least `count` samples.
    count, fade : int
        Samples that are kept, and that the fade lasts.
    """
    samples = _checked(waveform)[:count]
    if len(samples) < count or not 1 <= fade <= count:
        raise ParameterError(f"expected {count} samples and a fade within, got {len(samples)}")
    return samples * np.minimum(1, (count - np.arange(count)) / fade)


def _checked(waveform: ArrayLike) -> Waveform:
    samples = np.asarray(waveform, dtype=np.float64)
    if samples.ndim != 1 or samples.size == 0:
        raise ParameterError(f"expected a waveform of shape (n_samples,), got {samples.shape}")
    return samples


@lru_cache(maxsize=2)
def _noise(count: int) -> Waveform:
    return np.fromiter(islice(normal_numbers(SEED), count), np.float64, count)

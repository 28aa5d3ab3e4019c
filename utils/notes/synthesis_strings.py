"""Building blocks of what is struck or plucked: strings, bursts of noise, dampers, FM."""

import numpy as np
from scipy.signal import lfilter, resample_poly

from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE
from utils.notes.synthesis import HELD, SAMPLE_TIMES, noise

__all__ = ["damped", "frequency_modulation", "plucked_string", "string_modes", "thump"]


def string_modes(
    frequency: float,
    *,
    position: float,
    stiffness: float,
    seconds: float,
    damping: float,
    slope: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequencies, levels and decay times of a stiff string's modes.

    Parameters
    ----------
    frequency : float
        In Hz.
    position : float
        Where it is plucked or struck, as a part of its length.
    stiffness : float
        Inharmonicity coefficient B in f_k = k f sqrt(1 + B k²).
    seconds : float
        Decay time of the fundamental.
    damping : float
        Hz at which the decay is twice as fast.
    slope : float
        Levels fall as 1 / k to this power.
    """
    k = np.arange(1, 81)
    frequencies = frequency * k * np.sqrt(1 + stiffness * k**2)
    levels = np.sin(np.pi * k * position) / k**slope
    return frequencies, levels, seconds / (1 + (frequencies / damping) ** 1.3)


def damped(wave: np.ndarray, release: float) -> np.ndarray:
    """Return the wave with the damper falling on it when the key is released."""
    return wave * np.exp(-np.maximum(SAMPLE_TIMES - HELD, 0) / release)


def thump(rng: np.random.Generator, *, low: float, high: float, seconds: float) -> np.ndarray:
    """Return a short burst of noise: finger, pick, hammer or mallet."""
    return noise(rng, low=low, high=high) * np.exp(-SAMPLE_TIMES / seconds)


def frequency_modulation(
    frequency: float, *, ratio: float, index: float, seconds: float, floor: float = 0.0
) -> np.ndarray:
    """Return a sine whose phase is modulated with an index that dies away (Chowning, 1973)."""
    t = np.arange(3 * N_SAMPLES) / (3 * SAMPLE_RATE)
    depth = index * (floor + (1 - floor) * np.exp(-t / seconds))
    if ratio * frequency > 7000:
        depth = 0.0 * t
    inner = np.sin(2 * np.pi * ratio * frequency * t)
    return resample_poly(np.sin(2 * np.pi * frequency * t + depth * inner), 1, 3)


def plucked_string(
    frequency: float,
    *,
    rng: np.random.Generator,
    brightness: float,
    sustain: float,
    position: float,
) -> np.ndarray:
    """Return a Karplus-Strong string.

    Parameters
    ----------
    frequency : float
        In Hz.
    rng : numpy.random.Generator
        Draws the noise burst that plucks it.
    brightness : float
        0 (a felt-damped string) to 1 (a wire).
    sustain : float
        Seconds until the fundamental fell by 60 dB.
    position : float
        Where it is plucked, as a part of its length; cancels partials.

    References
    ----------
    Jaffe and Smith, "Extensions of the Karplus-Strong Plucked-String Algorithm",
    Computer Music Journal 7(2), 1983.
    """
    period = SAMPLE_RATE / frequency
    damping = 0.5 * (1 - brightness) * min(1.0, period / 60)  # two-point average in the loop
    loss = 10 ** (-3 * period / SAMPLE_RATE / sustain)
    whole = int(period - damping - 0.3)
    rest = period - damping - whole  # an all-pass delays by the fraction of a sample
    slope = (1 - rest) / (1 + rest)
    burst = rng.uniform(-1, 1, int(np.ceil(period)))
    burst = lfilter([0.2 + 0.8 * brightness], [1, -(0.8 - 0.8 * brightness)], burst)
    excitation = np.zeros(N_SAMPLES)
    excitation[: len(burst)] = burst
    shift = max(1, round(position * period))
    excitation[shift:] -= excitation[:-shift]
    # y = x + loss · delay · low pass · all-pass · y
    loop = loss * np.convolve([slope, 1.0], [1 - damping, damping])
    denominator = np.zeros(whole + 3)
    denominator[:2] = [1.0, slope]
    denominator[whole:] -= loop
    return lfilter([1.0, slope], denominator, excitation)

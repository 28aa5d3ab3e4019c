"""Building blocks of the parametric instruments: partials, modes, strings, noise, envelopes.

Everything lives at 16 kHz and lasts 4 s. Sustained sounds are sums of sine
partials whose levels change over time; a filter that moves is a level that
moves, so nothing aliases. Levels are given at ``N_CONTROLS`` evenly spaced
points and run linearly between them.
"""

from collections.abc import Callable

import numpy as np

from utils.notes.front_end import N_SAMPLES, SAMPLE_RATE

__all__ = [
    "HELD",
    "N_CONTROLS",
    "SAMPLE_TIMES",
    "TIMES",
    "Engine",
    "Voice",
    "ensemble",
    "envelope",
    "glottal_tilt",
    "harmonics",
    "low_pass",
    "modes",
    "noise",
    "partials",
    "peaks",
    "pitch_curve",
    "recording",
    "samples_of",
    "saw",
    "square",
]

HELD = 3.0
"""Seconds until the key is released."""

N_CONTROLS = 501
TIMES = np.linspace(0.0, N_SAMPLES / SAMPLE_RATE, N_CONTROLS)
"""Times of the control points, in seconds."""

_SPACING = N_SAMPLES // (N_CONTROLS - 1)
_HIGHEST = 7800.0

SAMPLE_TIMES = np.arange(N_SAMPLES) / SAMPLE_RATE
"""Times of the samples, in seconds."""

Voice = Callable[[float, float, np.random.Generator], np.ndarray]
"""Frequency in Hz, velocity in 0..1 and a generator for chance → waveform."""

Engine = Callable[[np.random.Generator], Voice]
"""Draws the parameters of one instrument."""


def envelope(*, attack: float, decay: float, sustain: float, release: float) -> np.ndarray:
    """Return a level over the control points: rise, fall to ``sustain``, fade after the release.

    Parameters
    ----------
    attack : float
        Seconds of the rise, a raised cosine.
    decay : float
        Time constant in seconds of the exponential fall to `sustain`.
    sustain : float
        0 for a sound that dies away, 1 for one that stays.
    release : float
        Time constant in seconds of the exponential fall after the note is let go.

    Returns
    -------
    ndarray of shape (N_CONTROLS,)
    """
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(TIMES / max(attack, 1e-4), 0, 1))
    after = np.maximum(TIMES - attack, 0)
    fall = sustain + (1 - sustain) * np.exp(-after / max(decay, 1e-3))
    return rise * fall * np.exp(-np.maximum(TIMES - HELD, 0) / max(release, 1e-3))


def pitch_curve(
    frequency: float,
    *,
    rng: np.random.Generator,
    rate: float = 5.5,
    depth: float = 0.0,
    onset: float = 0.4,
    drift: float = 3.0,
    scoop: float = 0.0,
    scoop_time: float = 0.05,
) -> np.ndarray:
    """Return a fundamental frequency over time, in Hz, of shape (N_SAMPLES,).

    Parameters
    ----------
    frequency : float
        In Hz.
    rng : numpy.random.Generator
        Draws the vibrato's phase and the drift.
    rate, depth, onset : float
        Vibrato in Hz, in cents (to either side) and the seconds until it is there.
    drift : float
        Slow wandering, in cents.
    scoop, scoop_time : float
        Cents below the pitch at which the note begins, and the time constant of the rise.
    """
    t = SAMPLE_TIMES
    fade = np.clip(t / max(onset, 1e-3), 0, 1) ** 2
    cents = depth * fade * np.sin(2 * np.pi * rate * t + rng.uniform(0, 2 * np.pi))
    knots = rng.normal(0, drift, 9)
    cents = cents + np.interp(t, np.linspace(0, 4, 9), knots - knots.mean())
    cents = cents - scoop * np.exp(-t / max(scoop_time, 1e-3))
    return frequency * 2 ** (cents / 1200)


def partials(
    f0: np.ndarray, ratios: np.ndarray, levels: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Return a sum of sines that follow one fundamental.

    Parameters
    ----------
    f0 : ndarray of shape (N_SAMPLES,)
        Fundamental in Hz.
    ratios : ndarray of shape (k,)
        Frequency of each partial over the fundamental.
    levels : ndarray of shape (k, N_CONTROLS)
        Amplitude of each partial over time.
    rng : numpy.random.Generator
        Draws the phases.

    Returns
    -------
    ndarray of shape (N_SAMPLES,)
    """
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    starts = rng.uniform(0, 2 * np.pi, len(ratios))
    wave = np.zeros(N_SAMPLES)
    for ratio, level, start in zip(ratios, levels, starts, strict=True):
        if ratio * f0.max() < _HIGHEST:
            wave += samples_of(level) * np.sin(ratio * phase + start)
    return wave


def harmonics(f0: np.ndarray, levels: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Return the sum of the harmonics 1, 2, 3, … of one fundamental, like :func:`partials`.

    Each is the one before turned by the fundamental's phase, which is faster than a sine each.
    """
    n = min(len(levels), int(_HIGHEST / f0.max()))
    starts = rng.uniform(0, 2 * np.pi, len(levels))
    heard = np.abs(levels).max(axis=1) > 1e-4 * np.abs(levels[:n]).max(initial=1e-12)
    turn = np.exp(2j * np.pi * np.cumsum(f0) / SAMPLE_RATE)
    turned = np.ones(N_SAMPLES, complex)
    wave = np.zeros(N_SAMPLES)
    for k in range(n):
        turned *= turn
        if heard[k]:
            level = samples_of(levels[k])
            wave += level * (np.cos(starts[k]) * turned.real + np.sin(starts[k]) * turned.imag)
    return wave


def samples_of(level: np.ndarray) -> np.ndarray:
    """Return control points, shape (N_CONTROLS,), as samples: straight lines between them."""
    ramp = np.arange(_SPACING) / _SPACING
    return (level[:-1, None] + np.diff(level)[:, None] * ramp).ravel()


def ensemble(
    frequency: float,
    levels: np.ndarray,
    cents: np.ndarray,
    rng: np.random.Generator,
    **curve: float,
) -> np.ndarray:
    """Return several players of one harmonic sound, detuned by ``cents`` each.

    Parameters
    ----------
    frequency : float
        In Hz.
    levels : ndarray of shape (k, N_CONTROLS)
        Amplitude of each harmonic over time.
    cents : ndarray
        One for each player.
    rng : numpy.random.Generator
        Draws phases, vibrato and drift.
    **curve : float
        Options of :func:`pitch_curve`.
    """
    wave = np.zeros(N_SAMPLES)
    for offset in cents:
        f0 = pitch_curve(frequency * 2 ** (offset / 1200), rng=rng, **curve)
        wave += harmonics(f0, levels, rng=rng)
    return wave / np.sqrt(len(cents))


def modes(frequencies: np.ndarray, levels: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Return a sum of decaying sines, struck at time 0.

    Parameters
    ----------
    frequencies, levels, seconds : ndarray of shape (k,)
        Hz, amplitude, and time until the amplitude fell to 1/e.
    """
    wave = np.zeros(N_SAMPLES)
    for frequency, level, time in zip(frequencies, levels, seconds, strict=True):
        if 20 < frequency < _HIGHEST:
            decay = np.exp(-SAMPLE_TIMES / max(time, 1e-3))
            wave += level * decay * np.sin(2 * np.pi * frequency * SAMPLE_TIMES)
    return wave


def noise(rng: np.random.Generator, *, low: float, high: float) -> np.ndarray:
    """Return Gaussian noise of standard deviation 1 that falls off beyond two frequencies (Hz)."""
    spectrum = np.fft.rfft(rng.normal(size=N_SAMPLES))
    f = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE)
    spectrum *= (f / low) ** 2 / (1 + (f / low) ** 2) / np.sqrt(1 + (f / high) ** 3)
    wave = np.fft.irfft(spectrum, N_SAMPLES)
    return wave / max(float(wave.std()), 1e-9)


def recording(draw: np.random.Generator) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    """Draw body, microphone, room and tape of one instrument; return what they do to a note.

    A tilt of the spectrum and three broad resonances for all; for some a low pass, a room,
    and hiss.
    """
    f = np.fft.rfftfreq(2 * N_SAMPLES, 1 / SAMPLE_RATE)
    decibels = draw.uniform(-3, 2) * np.log2(np.maximum(f, 60) / 600)
    for center, height in zip(
        150 * 2 ** draw.uniform(0, 5, 3), draw.uniform(-5, 5, 3), strict=True
    ):
        decibels += height * np.exp(-((np.log2(np.maximum(f, 1) / center) / 0.5) ** 2))
    cutoff = 2200 * 2 ** draw.uniform(0, 1.6) if draw.random() < 0.4 else 2e4
    color = 10 ** (decibels / 20) / np.sqrt(1 + (f / cutoff) ** 6)
    room, seconds = 10 ** draw.uniform(-1.6, -0.5) * (draw.random() < 0.5), draw.uniform(0.03, 0.2)
    hiss = 10 ** draw.uniform(-4.2, -3.0) * (draw.random() < 0.5)
    echo = draw.normal(size=N_SAMPLES) * np.exp(-SAMPLE_TIMES / seconds)
    echo *= room / np.sqrt((echo**2).sum())
    echo[0] += 1

    def record(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        response = np.fft.rfft(echo, 2 * N_SAMPLES) * color
        wave = np.fft.irfft(np.fft.rfft(wave, 2 * N_SAMPLES) * response)[:N_SAMPLES]
        return wave + hiss * np.abs(wave).max() * noise(rng, low=150, high=1500)

    return record


def saw(n: int) -> np.ndarray:
    """Return the levels of a sawtooth's first ``n`` harmonics."""
    return 1 / np.arange(1, n + 1)


def square(n: int, *, width: float = 0.5) -> np.ndarray:
    """Return the levels of a pulse wave's first ``n`` harmonics; ``width`` 0.5 is a square."""
    k = np.arange(1, n + 1)
    return np.abs(np.sin(np.pi * k * width)) / k


def low_pass(
    frequencies: np.ndarray, cutoff: np.ndarray | float, *, resonance: float = 0.0, order: int = 4
) -> np.ndarray:
    """Return the gain of a low-pass filter at each partial and each control point.

    Parameters
    ----------
    frequencies : ndarray of shape (k,)
        In Hz.
    cutoff : float or ndarray of shape (m,)
        In Hz.
    resonance : float
        Height of the peak at the cutoff, 0 for none.
    order : int
        6 dB an octave each.

    Returns
    -------
    ndarray of shape (k, m)
    """
    x = frequencies[:, None] / np.maximum(np.atleast_1d(cutoff)[None, :], 20.0)
    gain = 1 / np.sqrt(1 + x ** (2 * order))
    return gain * (1 + resonance * np.exp(-((np.log2(np.maximum(x, 1e-6)) / 0.25) ** 2)))


def peaks(
    frequencies: np.ndarray, centers: np.ndarray, widths: np.ndarray, gains: np.ndarray
) -> np.ndarray:
    """Return the summed gain of resonances (Hz, Hz, linear) at each frequency."""
    x = (frequencies[:, None] - centers[None, :]) / widths[None, :]
    return (gains[None, :] / (1 + x**2)).sum(axis=1)


def glottal_tilt(frequencies: np.ndarray, *, slope: float) -> np.ndarray:
    """Return the fall of a source's spectrum, ``slope`` dB an octave above 100 Hz."""
    return 10 ** (-slope * np.log2(np.maximum(frequencies, 50) / 100) / 20)

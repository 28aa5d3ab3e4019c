"""Curves for a small net to draw: envelopes of a note and lines of pitch.

The widgets draw the same with ``kit/math/envelopes.js``; a test compares.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["ADSR", "ENVELOPES", "PITCH_LINES"]

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

ADSR = ((0.0, 0.0), (0.15, 1.0), (0.35, 0.6), (0.75, 0.6), (1.0, 0.0))
"""Corners (time, level): attack, decay, sustain, release."""


def _adsr(t: NDArray[np.float64]) -> NDArray[np.float64]:
    times, levels = zip(*ADSR, strict=True)
    return np.interp(t, times, levels)


ENVELOPES: dict[str, Curve] = {
    "adsr": _adsr,
    "swell": lambda t: 0.5 - 0.5 * np.cos(2 * np.pi * t),
    "pluck": lambda t: np.exp(-4 * t),
    "ramp": lambda t: np.asarray(t, dtype=np.float64),
}
"""Levels from 0 to 1 over the time from 0 to 1."""

PITCH_LINES: dict[str, Curve] = {
    "vibrato": lambda t: 0.5 + 0.4 * np.sin(2 * np.pi * 3 * t),
    "siren": lambda t: 1 - np.abs(1 - np.mod(8 * t, 2)),
    "scale": lambda t: np.minimum(7, np.floor(8 * t)) / 7,
    "glissando": lambda t: 1 / (1 + np.exp(-12 * (t - 0.5))),
}
"""Pitches from 0 to 1 over the time from 0 to 1."""

"""Notes that can be moved at will: sums of partials, computed, and their two pictures.

The view computes the same sound with ``kit/math/movedNote.js``. A note lasts 1.9 s in a window
of 4 s, so that it can be moved in time and nothing is lost.
"""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, N_SAMPLES, SAMPLE_RATE
from utils.notes.mel import log_mel_spectrogram
from utils.training.constant_q import C1, constant_q, constant_q_picture

__all__ = [
    "AXES",
    "BEFORE",
    "CQ_BINS",
    "CQ_LOW",
    "EARLIEST",
    "FIRST",
    "FRAMES",
    "KEPT",
    "LATEST",
    "REACH",
    "TONES",
    "pictures",
    "placed",
    "waveform",
]

TONES = {"string": "plucked string", "vowel": "sung vowel"}
AXES = {"constant_q": "constant-Q: 12 bins an octave", "mel": "log-mel: 64 bands"}
LENGTH, FADE = 30_400, 25_600
"""Samples of a note, and of them before it fades."""
HIGHEST, PARTIALS = 7800.0, 40
FORMANTS = ((700.0, 110.0, 1.0), (1220.0, 140.0, 0.5), (2600.0, 250.0, 0.25))
"""Frequency, width (both in Hz) and strength of the vowel's resonances: they never move."""

FRAMES = FRONT_END.n_frames
FIRST = 8
"""Frame in which the note begins that is not moved: 0.5 s."""
BEFORE, KEPT = 3, 37
"""Frames that are kept of a note: some before its beginning, and how many in all."""
EARLIEST, LATEST = BEFORE - FIRST, FRAMES - KEPT + BEFORE - FIRST
"""Least and most frames by which a note can be moved."""
REACH = 12
"""Semitones by which it can be moved, up and down."""

CQ_LOW, CQ_BINS = 2 * C1, 72
"""Six octaves from C2."""


def waveform(tone: str, pitch: int) -> NDArray[np.float64]:
    r"""Return a note, peak 0.5.

    Parameters
    ----------
    tone : "string" or "vowel"
        A string's partials have the same levels at every pitch; those of a vowel follow
        resonances that stay where they are.
    pitch : int
        MIDI number.

    Returns
    -------
    ndarray of shape (30400,)

    Raises
    ------
    ParameterError
        If there is no such tone.

    Notes
    -----
    With levels a and rates of decay r, cut off at 7.8 kHz:

    .. math:: \sum_p a_p\, e^{-r_p t} \sin(2 \pi p f_0 t)
    """
    if tone not in TONES:
        raise ParameterError(f"expected a tone of {', '.join(TONES)}, got {tone!r}")
    t = np.arange(LENGTH) / SAMPLE_RATE
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    before, sine = np.zeros(LENGTH), np.sin(2 * np.pi * f0 * t)
    twice = 2 * np.cos(2 * np.pi * f0 * t)
    decay, faster = np.exp(-1.2 * t), np.exp(-0.35 * t)
    sound = np.zeros(LENGTH)
    for p in range(1, PARTIALS + 1):
        if p * f0 >= HIGHEST:
            break
        decay = decay * faster
        sound += sine * decay / p if tone == "string" else sine * _resonance(p * f0) / p
        # sin((p + 1) x) from the two before it: no further sines to compute
        before, sine = sine, twice * sine - before
    sound *= np.minimum(1, t / 0.01) * np.exp(-np.maximum(t - FADE / SAMPLE_RATE, 0) / 0.04)
    return 0.5 * sound / np.abs(sound).max()


@cache
def pictures(tone: str, pitch: int) -> dict[str, NDArray[np.uint8]]:
    """Return the pictures of a note and of its neighbors, up to 12 semitones away.

    Parameters
    ----------
    tone : "string" or "vowel"
    pitch : int
        MIDI number of the note in the middle.

    Returns
    -------
    dict of str to ndarray of shape (25, rows, 37)
        "mel" with 64 rows and "constant_q" with 72, from low to high; values of [0, 1] in 255
        steps. The first is the lowest note; each begins in column 3.
    """
    hop = FRONT_END.hop_length
    waves = np.zeros((2 * REACH + 1, N_SAMPLES), dtype=np.float32)
    for wave, note in zip(waves, range(pitch - REACH, pitch + REACH + 1), strict=True):
        wave[FIRST * hop : FIRST * hop + LENGTH] = waveform(tone, note)
    kept = slice(FIRST - BEFORE, FIRST - BEFORE + KEPT)
    mels = log_mel_spectrogram(torch.from_numpy(waves))[:, 0, :, kept]
    # One long sound, since the transform's kernels are costly: a note's window is silent
    # for longer before and after it than any of them reaches.
    frames = constant_q(torch.from_numpy(waves.ravel()), f_min=CQ_LOW, n_bins=CQ_BINS)
    levels = frames.reshape(CQ_BINS, len(waves), FRAMES).transpose(0, 1)[..., kept]
    steps = torch.stack([constant_q_picture(level) for level in levels])
    return {"mel": _bytes(mels), "constant_q": _bytes(steps)}


def placed(kept: NDArray[np.uint8], time: int = 0) -> torch.Tensor:
    """Return a picture of 64 frames with a note in it, silence around.

    Parameters
    ----------
    kept : ndarray of uint8, shape (…, rows, 37)
        From :func:`pictures`.
    time : int
        Frames by which the note is later than in the beginning.

    Returns
    -------
    torch.Tensor of shape (…, rows, 64), in [0, 1]

    Raises
    ------
    ParameterError
        If it would leave the window.
    """
    if not EARLIEST <= time <= LATEST:
        raise ParameterError(f"expected a time from {EARLIEST} to {LATEST} frames, got {time}")
    whole = torch.zeros(*kept.shape[:-1], FRAMES)
    start = FIRST - BEFORE + time
    whole[..., start : start + KEPT] = torch.from_numpy(kept) / 255
    return whole


def _bytes(picture: torch.Tensor) -> NDArray[np.uint8]:
    return (255 * picture).round().to(torch.uint8).numpy()


def _resonance(hz: float) -> float:
    return sum(gain / (1 + ((hz - middle) / width) ** 2) for middle, width, gain in FORMANTS)

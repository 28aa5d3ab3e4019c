r"""Change notes as waveforms: pitch, speed, level, noise, place in time, gaps.

Conventions: the last axis is time, 16 kHz; any axes before it are notes. Every amount is a
number for all notes, or a tensor with one number a note (the shape of the axes before the
last). The length stays: what runs over the end is cut, what is missing is silence. Equalizers
are in :mod:`utils.notes.augment_equalizer`; what becomes of the labels is in
:mod:`utils.notes.augment_labels`. Lecture: ``lectures/04_overfitting.ipynb``

References
----------
McFee, Humphrey and Bello, "A Software Framework for Musical Data Augmentation", ISMIR 2015.
"""

import math
from collections.abc import Callable

import torch

from utils.errors import ParameterError
from utils.notes.augment_options import Amount, per_note, require_notes
from utils.notes.augment_vocoder import N_FFT, resample_to, stretch_to
from utils.notes.front_end import SAMPLE_RATE

__all__ = ["add_noise", "change_gain", "mask_time", "pitch_shift", "time_shift", "time_stretch"]

CHUNK = 16  # notes at once, against running out of memory
TAIL = 2048  # room for what rings around the ends


def pitch_shift(waveform: torch.Tensor, *, semitones: Amount) -> torch.Tensor:
    r"""Return the notes moved in pitch; they last as long as before.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        At 16 kHz.
    semitones : float or torch.Tensor
        s, upward if positive, from -24 to 24; fractions are allowed.

    Returns
    -------
    torch.Tensor
        Same shape and dtype. Upward, what would pass 8 kHz is gone.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        The shift is out of range, or the note is too short.

    Notes
    -----
    Made slower by :func:`time_stretch`'s phase vocoder, then played faster by as much:

    .. math:: f \to 2^{s/12} f

    The resonances of the body move along, which no instrument does: a violin that is an
    octave higher sounds like a smaller one.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    _require_long(waveform)
    amounts = per_note("semitones", semitones, waveform, axes=1, low=-24, high=24)
    return _each(waveform, amounts, 0.0, _shift_pitch)


def time_stretch(waveform: torch.Tensor, *, rate: Amount) -> torch.Tensor:
    r"""Return the notes at another speed and the same pitch.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        At 16 kHz.
    rate : float or torch.Tensor
        r from 0.25 to 4; above 1 is faster.

    Returns
    -------
    torch.Tensor
        Same shape and dtype: a slower note loses its end, a faster one ends in silence.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        The rate is out of range, or the note is too short.

    Notes
    -----
    What happened at t happens at t / r. A phase vocoder takes the frames of the spectrum at
    other places in the note, and turns their phases so that each continues the one before.
    Attacks smear over its window of 128 ms (assumed). PyTorch's audio library has one too;
    this one sticks the bins of a partial together, without which partials cancel themselves
    in part after every attack.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    _require_long(waveform)
    amounts = per_note("rate", rate, waveform, axes=1, low=0.25, high=4)
    n = waveform.shape[-1]

    def stretch(notes: torch.Tensor, rate: float) -> torch.Tensor:
        stretched = stretch_to(notes, round(n / rate))[..., :n]
        return torch.nn.functional.pad(stretched, (0, n - stretched.shape[-1]))

    return _each(waveform, amounts, 1.0, stretch)


def change_gain(waveform: torch.Tensor, *, decibels: Amount) -> torch.Tensor:
    r"""Return the notes louder or softer; nothing is clipped.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        Any level.
    decibels : float or torch.Tensor
        G, from -60 to 60.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        The gain is out of range.

    Notes
    -----
    .. math:: y = 10^{G/20}\, x

    On the course's spectrograms it changes nothing: the front end subtracts the maximum of
    every note.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_notes("waveform", waveform, at_least=1)
    return waveform * 10 ** (
        per_note("decibels", decibels, waveform, axes=1, low=-60, high=60) / 20
    )


def add_noise(
    waveform: torch.Tensor, *, snr: Amount, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Return the notes with white Gaussian noise.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        Silent notes stay silent.
    snr : float or torch.Tensor
        Signal-to-noise ratio over the whole note, in dB, from -60 to 120.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        The ratio is out of range.

    Notes
    -----
    .. math:: y = x + e \sqrt{\frac{P_x}{P_e}\, 10^{-\mathrm{SNR}/10}}, \qquad
              P_x = \frac1n \sum_t x_t^2

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_notes("waveform", waveform, at_least=1)
    ratio = 10 ** (per_note("snr", snr, waveform, axes=1, low=-60, high=120) / 10)
    noise = torch.randn(waveform.shape, dtype=waveform.dtype, generator=generator)
    noise = noise.to(waveform.device)
    power, noise_power = (x.square().mean(-1, keepdim=True) for x in (waveform, noise))
    return waveform + noise * (power / noise_power / ratio).sqrt()


def time_shift(waveform: torch.Tensor, *, seconds: Amount, circular: bool = False) -> torch.Tensor:
    r"""Return the notes later or earlier, by whole samples.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        At 16 kHz.
    seconds : float or torch.Tensor
        Later if positive, from -4 to 4.
    circular : bool
        Put what leaves at one end back in at the other, instead of silence.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        The shift is out of range.

    Notes
    -----
    .. math:: y_t = x_{t - d}, \qquad d = \text{seconds} \cdot 16\,000 \text{, rounded}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_notes("waveform", waveform, at_least=1)
    delay = per_note("seconds", seconds, waveform, axes=1, low=-4, high=4) * SAMPLE_RATE
    n = waveform.shape[-1]
    source = torch.arange(n, device=waveform.device) - delay.round().long()
    source = source.expand(waveform.shape)
    shifted = waveform.gather(-1, source.remainder(n))
    return shifted if circular else shifted * ((source >= 0) & (source < n))


def mask_time(
    waveform: torch.Tensor, *, seconds: Amount, position: Amount, fade: float = 0.005
) -> torch.Tensor:
    r"""Return the notes with a stretch of silence in them.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        At 16 kHz.
    seconds : float or torch.Tensor
        Length of the silence, from 0 to that of the note.
    position : float or torch.Tensor
        From 0, the silence is at the very start, to 1, at the very end.
    fade : float
        Length in seconds ≥ 0 of the ramps before and after, against clicks; 5 ms are assumed.

    Returns
    -------
    torch.Tensor
        Same shape and dtype.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        An amount is out of range.

    Notes
    -----
    With the silence from a to b, t is multiplied by

    .. math:: \min\!\big(1,\; \max(0,\; a - t,\; t - b) / \text{fade}\big)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_notes("waveform", waveform, at_least=1)
    if not 0 <= fade < math.inf:
        raise ParameterError(f"expected fade ≥ 0 s, got {fade}")
    n = waveform.shape[-1]
    length = per_note("seconds", seconds, waveform, axes=1, low=0, high=n / SAMPLE_RATE)
    length = length * SAMPLE_RATE
    start = per_note("position", position, waveform, axes=1, low=0, high=1) * (n - length)
    t = torch.arange(n, device=waveform.device, dtype=waveform.dtype) + 0.5  # middle of a sample
    outside = torch.maximum(start - t, t - start - length)
    ramp = max(fade * SAMPLE_RATE, 1e-6)
    masked = waveform * (outside / ramp).clamp(0, 1)
    return torch.where(length > 0, masked, waveform)


def _require_long(waveform: torch.Tensor) -> None:
    require_notes("waveform", waveform, at_least=1)
    if waveform.shape[-1] < N_FFT:
        raise ParameterError(f"expected {N_FFT} samples or more, got {waveform.shape[-1]}")


def _each(
    waveform: torch.Tensor,
    amounts: torch.Tensor,
    neutral: float,
    change: Callable[[torch.Tensor, float], torch.Tensor],
) -> torch.Tensor:
    """Return the waveforms changed, all notes of one amount together."""
    flat = waveform.reshape(-1, waveform.shape[-1])
    listed = amounts.expand(*waveform.shape[:-1], 1).reshape(-1)
    changed = flat.clone()
    for amount in listed.unique().tolist():
        if amount != neutral:  # nothing to do, and nothing to lose
            chosen = listed == amount
            # Phases add up over hundreds of frames: float32 would blur them.
            parts = flat[chosen].double().split(CHUNK)
            changed[chosen] = torch.cat([change(part, amount) for part in parts]).to(flat.dtype)
    return changed.reshape(waveform.shape)


def _shift_pitch(notes: torch.Tensor, semitones: float) -> torch.Tensor:
    n = notes.shape[-1]
    padded = torch.nn.functional.pad(notes, (0, TAIL))
    stretched = stretch_to(padded, round((n + TAIL) * 2 ** (semitones / 12)))
    return resample_to(stretched, n + TAIL)[..., :n]

r"""Equalizers: a bell at one frequency, or a shelf below or above it.

All are second-order recursive filters ("biquads") after Bristow-Johnson:

.. math:: H(z) = \frac{b_0 + b_1 z^{-1} + b_2 z^{-2}}{a_0 + a_1 z^{-1} + a_2 z^{-2}}

Conventions as in :mod:`utils.notes.augment_waveform`. Lecture: ``lectures/04_overfitting.ipynb``

References
----------
Bristow-Johnson, "Cookbook Formulae for Audio Equalizer Biquad Filter Coefficients", 1994.
"""

from typing import Literal, get_args

import torch

from utils.errors import ParameterError
from utils.notes.augment_options import Amount, per_note, require_notes
from utils.notes.front_end import SAMPLE_RATE

__all__ = ["EqualizerKind", "biquad_coefficients", "biquad_response", "equalize"]

EqualizerKind = Literal["peak", "low_shelf", "high_shelf"]


def equalize(
    waveform: torch.Tensor,
    *,
    frequency: Amount,
    decibels: Amount,
    kind: EqualizerKind = "peak",
    q: float = 0.707,
) -> torch.Tensor:
    r"""Return the notes with some of their frequencies louder or softer.

    Parameters
    ----------
    waveform : torch.Tensor, shape (…, n)
        At 16 kHz.
    frequency : float or torch.Tensor
        Middle of the bell, or where a shelf is half up (in dB); 20 to 7900 Hz.
    decibels : float or torch.Tensor
        Gain at the top of the bell or on the shelf, from -40 to 40.
    kind : {"peak", "low_shelf", "high_shelf"}
        A bell, everything below, or everything above.
    q : float
        Q, from 0.1 to 10: large is narrow; 0.707 makes the steepest shelf without a bump.

    Returns
    -------
    torch.Tensor
        Same shape and dtype; 0 dB changes nothing but roundings.

    Raises
    ------
    AudioError
        No floating-point waveform.
    ParameterError
        A number is out of range, or the kind is unknown.

    Notes
    -----
    .. math:: Y(\omega) = H(e^{j\omega})\, X(\omega)

    The product is taken on the spectrum of the note and as much silence again, in which the
    filter rings out. So there is no loop over samples.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    require_notes("waveform", waveform, at_least=1)
    f = per_note("frequency", frequency, waveform, axes=1, low=20, high=7900)
    gain = per_note("decibels", decibels, waveform, axes=1, low=-40, high=40)
    n = waveform.shape[-1]
    frequencies = torch.fft.rfftfreq(
        2 * n, 1 / SAMPLE_RATE, dtype=torch.float64, device=waveform.device
    )
    b, a = biquad_coefficients(f.double(), gain.double(), kind=kind, q=q)
    response = biquad_response(b, a, frequencies).to(waveform.dtype.to_complex())
    return torch.fft.irfft(torch.fft.rfft(waveform, 2 * n) * response, 2 * n)[..., :n]


def biquad_coefficients(
    frequency: torch.Tensor,
    decibels: torch.Tensor,
    *,
    kind: EqualizerKind = "peak",
    q: float = 0.707,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    r"""Return the coefficients of an equalizer at 16 kHz.

    Parameters
    ----------
    frequency, decibels : torch.Tensor
        Middle in Hz and gain in dB; shapes that broadcast.
    kind : {"peak", "low_shelf", "high_shelf"}
        A bell, everything below, or everything above.
    q : float
        Q, from 0.1 to 10.

    Returns
    -------
    b, a : list of torch.Tensor
        Three coefficients each.

    Raises
    ------
    ParameterError
        Q is out of range, or the kind is unknown.

    Notes
    -----
    With :math:`A = 10^{G/40}`, :math:`\omega = 2\pi f / f_s`, :math:`\alpha = \sin\omega / 2Q`,
    the bell is

    .. math:: b = (1 + \alpha A,\; -2\cos\omega,\; 1 - \alpha A), \qquad
              a = (1 + \alpha / A,\; -2\cos\omega,\; 1 - \alpha / A)

    A high shelf is a low shelf with the frequency axis turned around: cos ω and the middle
    coefficients change sign.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    if kind not in get_args(EqualizerKind):
        raise ParameterError(f"expected kind of {get_args(EqualizerKind)}, got {kind!r}")
    if not 0.1 <= q <= 10:
        raise ParameterError(f"expected q from 0.1 to 10, got {q}")
    A = 10 ** (decibels / 40)
    omega = 2 * torch.pi * frequency / SAMPLE_RATE
    alpha = omega.sin() / (2 * q)
    if kind == "peak":
        middle = -2 * omega.cos()
        b = [1 + alpha * A, middle, 1 - alpha * A]
        return b, [1 + alpha / A, middle, 1 - alpha / A]
    side = 1 if kind == "low_shelf" else -1
    cosine, bend = side * omega.cos(), 2 * A.sqrt() * alpha
    up, down = (A + 1) + (A - 1) * cosine, (A + 1) - (A - 1) * cosine
    b = [A * (down + bend), side * 2 * A * ((A - 1) - (A + 1) * cosine), A * (down - bend)]
    return b, [up + bend, -side * 2 * ((A - 1) + (A + 1) * cosine), up - bend]


def biquad_response(
    b: list[torch.Tensor], a: list[torch.Tensor], frequencies: torch.Tensor
) -> torch.Tensor:
    r"""Compute how a biquad changes every frequency.

    Parameters
    ----------
    b, a : list of torch.Tensor
        From :func:`biquad_coefficients`.
    frequencies : torch.Tensor
        In Hz; they broadcast against the coefficients.

    Returns
    -------
    torch.Tensor
        Complex: the magnitude is the gain, the angle the shift in phase.

    Notes
    -----
    .. math:: H(e^{j\omega}) = \frac{\sum_k b_k e^{-jk\omega}}{\sum_k a_k e^{-jk\omega}}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    delay = torch.exp(-2j * torch.pi * frequencies / SAMPLE_RATE)
    return (b[0] + b[1] * delay + b[2] * delay**2) / (a[0] + a[1] * delay + a[2] * delay**2)

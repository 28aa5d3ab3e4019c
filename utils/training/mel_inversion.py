"""From a log-mel picture back to sound, approximately.

A picture lacks the phases, what the bands blur, the loudness, and all below its dynamic range.
Magnitudes are found by a non-negative fit, phases by the method of Griffin and Lim.
"""

import torch

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END, FrontEnd
from utils.notes.mel import mel_filter_bank

__all__ = [
    "griffin_lim",
    "istft",
    "magnitude_of_mel",
    "mel_power",
    "mel_to_waveform",
    "normalize_peak",
    "stft",
]

SILENCE = 1e-6
"""A sound whose peak is below (-120 dB) is only rounding errors."""


def mel_to_waveform(
    picture: torch.Tensor,
    *,
    n_iterations: int = 32,
    generator: torch.Generator | None = None,
    front_end: FrontEnd = FRONT_END,
) -> torch.Tensor:
    """Return a sound whose log-mel spectrogram is about the given picture.

    Parameters
    ----------
    picture : torch.Tensor
        Shape (64, 64) or (1, 1, 64, 64), values in [0, 1] as the front end gives them; 0 is
        taken as silence, and what is outside is clipped.
    n_iterations : int
        Of the Griffin–Lim method, ≥ 1.
    generator : torch.Generator, optional
        For the first phases; all are 0 without one.
    front_end : FrontEnd
        The parameters of the spectrogram.

    Returns
    -------
    torch.Tensor of float32, shape (64000,)
        At 16 kHz, with a peak of 1; an empty picture gives silence.

    Raises
    ------
    ParameterError
        If the picture has another shape or holds NaN.

    Notes
    -----
    The last frame of the STFT has none in the picture; it repeats the one before.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if picture.shape[-2:].numel() != picture.numel() or picture.isnan().any():
        raise ParameterError(f"expected one picture without NaN, got shape={tuple(picture.shape)}")
    size = (front_end.n_mels, front_end.n_frames)
    if tuple(picture.shape[-2:]) != size:
        raise ParameterError(f"expected a picture of {size}, got shape={tuple(picture.shape)}")
    power = mel_power(picture.detach().reshape(size), front_end=front_end)
    magnitude = magnitude_of_mel(torch.cat([power, power[:, -1:]], 1), front_end=front_end)
    waveform = griffin_lim(
        magnitude, n_iterations=n_iterations, generator=generator, front_end=front_end
    )
    return normalize_peak(waveform)


def mel_power(picture: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    r"""Return the power in the mel bands, relative to the loudest cell.

    Parameters
    ----------
    picture : torch.Tensor
        v, any shape; clipped to [0, 1].
    front_end : FrontEnd
        Gives the dynamic range D in dB.

    Returns
    -------
    torch.Tensor of float32
        Same shape; exactly 0 where v is 0.

    Notes
    -----
    .. math:: 10^{(v - 1)\,D / 10}

    Lecture: ``lectures/06_nsynth.ipynb``
    """
    v = picture.float().clamp(0, 1)
    return torch.where(v > 0, 10 ** ((v - 1) * front_end.dynamic_range / 10), 0.0)


def magnitude_of_mel(
    power: torch.Tensor, *, n_iterations: int = 50, front_end: FrontEnd = FRONT_END
) -> torch.Tensor:
    r"""Return magnitudes of an STFT that have the given power in the mel bands.

    Parameters
    ----------
    power : torch.Tensor
        m ≥ 0, shape (n_mels, frames).
    n_iterations : int
        ≥ 0.
    front_end : FrontEnd
        Gives the filter bank.

    Returns
    -------
    torch.Tensor
        √p, shape (n_fft / 2 + 1, frames).

    Notes
    -----
    Updates that keep the sign lower the Kullback–Leibler divergence of :math:`B p` from m,
    which minds weak bands more than least squares does, as the ear and the decibel do. 1025
    bins from 64 bands have many solutions; the start :math:`B^{\mathsf T} m` leads to a smooth
    one:

    .. math:: p \leftarrow p\,\frac{B^{\mathsf T} (m / B p)}{B^{\mathsf T} 1}

    Lecture: ``lectures/06_nsynth.ipynb``

    References
    ----------
    Lee and Seung, "Algorithms for Non-Negative Matrix Factorization", NIPS 2000.
    """
    bank = mel_filter_bank(front_end=front_end, dtype=power.dtype).to(power.device)
    tiny = torch.finfo(power.dtype).tiny
    heard = bank.sum(dim=0)[:, None].clamp_min(tiny)
    p = bank.T @ power
    for _ in range(n_iterations):
        p = p * (bank.T @ (power / (bank @ p).clamp_min(tiny))) / heard
    return p.sqrt()


def griffin_lim(
    magnitude: torch.Tensor,
    *,
    n_iterations: int = 32,
    momentum: float = 0.99,
    generator: torch.Generator | None = None,
    front_end: FrontEnd = FRONT_END,
) -> torch.Tensor:
    r"""Return a sound whose STFT has about the given magnitudes.

    Parameters
    ----------
    magnitude : torch.Tensor
        S ≥ 0, shape (n_fft / 2 + 1, 65).
    n_iterations : int
        ≥ 1.
    momentum : float
        β of the fast variant, 0 ≤ β < 1; 0 is the method of 1984.
    generator : torch.Generator, optional
        For random first phases; all are 0 without one.
    front_end : FrontEnd
        Gives window, hop and length.

    Returns
    -------
    torch.Tensor, shape (64000,)
        Not normalized.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Go to a sound and back, keep the phases of what comes back and the magnitudes that are
    wanted. With :math:`c_i = \text{STFT}(\text{ISTFT}(S\,\varphi_{i-1}))`:

    .. math:: t = c_i - \frac{\beta}{1 + \beta}\,c_{i-1}, \qquad \varphi_i = \frac{t}{|t|}

    Lecture: ``lectures/06_nsynth.ipynb``

    References
    ----------
    Griffin and Lim, "Signal Estimation from Modified Short-Time Fourier Transform", 1984.
    Perraudin, Balazs and Søndergaard, "A Fast Griffin–Lim Algorithm", WASPAA 2013.
    """
    if n_iterations < 1 or not 0 <= momentum < 1:
        raise ParameterError(
            f"expected n_iterations ≥ 1 and 0 ≤ momentum < 1, got {n_iterations}, {momentum}"
        )
    turns = torch.zeros_like(magnitude)
    if generator is not None:
        turns = torch.rand(magnitude.shape, generator=generator, device=generator.device)
    phase = torch.polar(torch.ones_like(magnitude), 2 * torch.pi * turns.to(magnitude))
    before = torch.zeros_like(phase)
    for _ in range(n_iterations):
        now = stft(istft(magnitude * phase, front_end=front_end), front_end=front_end)
        target = now - momentum / (1 + momentum) * before
        phase = target / target.abs().clamp_min(1e-16)
        before = now
    return istft(magnitude * phase, front_end=front_end)


def stft(waveform: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    """Return the complex spectra of all frames: shape (1025, 65) for a note of 64 000 samples."""
    window = torch.hann_window(front_end.win_length, dtype=waveform.dtype, device=waveform.device)
    return torch.stft(
        waveform,
        front_end.n_fft,
        front_end.hop_length,
        front_end.win_length,
        window,
        return_complex=True,
    )


def istft(spectrum: torch.Tensor, *, front_end: FrontEnd = FRONT_END) -> torch.Tensor:
    """Return the sound of ``n_samples`` samples whose STFT is nearest to a complex spectrum."""
    window = torch.hann_window(
        front_end.win_length, dtype=spectrum.real.dtype, device=spectrum.device
    )
    return torch.istft(
        spectrum,
        front_end.n_fft,
        front_end.hop_length,
        front_end.win_length,
        window,
        length=front_end.n_samples,
    )


def normalize_peak(waveform: torch.Tensor) -> torch.Tensor:
    """Return a sound as float32 with a largest magnitude of 1; silence stays silence."""
    peak = waveform.abs().max()
    return (waveform / peak if peak > SILENCE else torch.zeros_like(waveform)).float()

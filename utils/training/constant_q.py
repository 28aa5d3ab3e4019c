"""A constant-Q spectrogram: the same number of bins in every octave.

On this axis a harmonic pattern keeps its shape and moves by 12 bins an octave (with 12 bins
an octave), whereas on the mel axis its partials move by different numbers of bands.

It is the defining sum, one kernel a bin, and no fast algorithm. Low bins need long windows
(0.5 s at C1), so that onsets blur there; phases are dropped; it can't be inverted.
"""

import torch

from utils.errors import ParameterError
from utils.notes.front_end import FRONT_END

__all__ = ["constant_q", "constant_q_picture"]

C1 = 32.703195662574829
"""In Hz, at A4 = 440 Hz."""


def constant_q(
    waveform: torch.Tensor,
    *,
    f_min: float = C1,
    n_bins: int = 84,
    bins_per_octave: int = 12,
    hop_length: int = FRONT_END.hop_length,
    sample_rate: int = FRONT_END.sample_rate,
) -> torch.Tensor:
    r"""Return the magnitudes of a constant-Q transform.

    Parameters
    ----------
    waveform : torch.Tensor
        x, shape (samples,), floating point.
    f_min : float
        Center of the lowest bin, in Hz; C1 = 32.7 Hz by default.
    n_bins : int
        ≥ 1; seven octaves by default. The highest must lie below half the sample rate.
    bins_per_octave : int
        B ≥ 1.
    hop_length : int
        Samples from frame to frame.
    sample_rate : int
        f_s in Hz.

    Returns
    -------
    torch.Tensor, shape (n_bins, frames)
        From low to high; a frame is centered at every multiple of `hop_length`, the first at 0,
        and there are ⌈samples / hop_length⌉. A sine of amplitude 1 gives about 0.5 in its bin.

    Raises
    ------
    ParameterError
        If an option is out of range or the waveform has another shape.

    Notes
    -----
    With a Hann window w of :math:`N_k = Q f_s / f_k` samples, the same number Q of periods in
    every bin:

    .. math:: X_{k,t} = \frac{1}{\sum_n w_k(n)} \Big|\sum_n w_k(n)\, x(t + n)\,
              e^{-2 \pi i f_k n / f_s}\Big|, \qquad
              f_k = f_{\min}\, 2^{k / B}, \qquad Q = \frac{1}{2^{1/B} - 1}

    Lecture: ``lectures/05_cnns.ipynb``

    References
    ----------
    Brown, "Calculation of a Constant Q Spectral Transform", JASA 89(1), 1991.
    """
    if waveform.ndim != 1 or len(waveform) == 0 or not waveform.is_floating_point():
        raise ParameterError(f"expected samples of shape (n,), got {tuple(waveform.shape)}")
    kernels = _kernels(f_min, n_bins, bins_per_octave, sample_rate).to(waveform.device)
    half = kernels.shape[1] // 2
    if hop_length < 1:
        raise ParameterError(f"expected hop_length ≥ 1, got {hop_length}")
    padded = torch.nn.functional.pad(waveform.detach(), (half, half))
    frames = padded.unfold(0, 2 * half + 1, hop_length)[: -(-len(waveform) // hop_length)]
    weights = kernels.to(waveform.dtype.to_complex())
    return torch.hypot(weights.real @ frames.T, weights.imag @ frames.T)


def constant_q_picture(magnitude: torch.Tensor, *, dynamic_range: float = 80.0) -> torch.Tensor:
    r"""Return magnitudes as the front end shows mel bands: in dB below the loudest cell.

    Parameters
    ----------
    magnitude : torch.Tensor
        X ≥ 0.
    dynamic_range : float
        D in dB, > 0.

    Returns
    -------
    torch.Tensor
        Same shape, in [0, 1]; all 0 if X is.

    Notes
    -----
    .. math:: \max\Big(0,\; 1 + \frac{20}{D} \log_{10} \frac{X}{\max X}\Big)

    Lecture: ``lectures/05_cnns.ipynb``
    """
    if not dynamic_range > 0:
        raise ParameterError(f"expected dynamic_range > 0, got {dynamic_range}")
    relative = magnitude / magnitude.max().clamp_min(torch.finfo(magnitude.dtype).tiny)
    return (1 + 20 / dynamic_range * relative.log10()).clamp_min(0)


def _kernels(f_min: float, n_bins: int, bins_per_octave: int, sample_rate: int) -> torch.Tensor:
    """Return windowed complex exponentials around sample 0, shape (n_bins, odd length)."""
    if n_bins < 1 or bins_per_octave < 1 or not f_min > 0:
        raise ParameterError(
            f"expected n_bins ≥ 1, bins_per_octave ≥ 1 and f_min > 0, "
            f"got {n_bins}, {bins_per_octave}, {f_min}"
        )
    f = f_min * 2 ** (torch.arange(n_bins, dtype=torch.float64) / bins_per_octave)
    if float(f[-1]) >= sample_rate / 2:
        raise ParameterError(
            f"expected bins below {sample_rate / 2:g} Hz, got one at {float(f[-1]):g} Hz"
        )
    length = sample_rate / f / (2 ** (1 / bins_per_octave) - 1)
    half = int(length[0]) // 2
    n = torch.arange(-half, half + 1, dtype=torch.float64)
    window = 0.5 + 0.5 * torch.cos(2 * torch.pi * n / length[:, None])
    window = window * (n.abs() < length[:, None] / 2)
    window = window / window.sum(dim=1, keepdim=True)
    return torch.polar(window, -2 * torch.pi * f[:, None] * n / sample_rate)

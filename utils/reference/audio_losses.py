"""Three distances between sounds that disagree: waveform, spectrogram, A-weighted spectrum.

Conventions: estimate first, then target; waveforms of shape (..., n_samples) in [-1, 1],
floating point, the same shape for both. Each distance is a mean over the batch and has a
gradient by autograd. Spectrograms are magnitudes of a centered STFT with a periodic Hann
window, zero-padded at the ends, divided by the window's sum: a sine of amplitude a has a
peak of about a/2.
"""

from collections.abc import Sequence

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float, require_positive, require_same_shape
from utils.reference.losses import mean_absolute_error

__all__ = [
    "a_weighted_spectral_distance",
    "a_weighting",
    "multi_scale_stft_loss",
    "stft_magnitude",
    "waveform_l1",
]


def waveform_l1(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    r"""Return the mean absolute difference of the samples.

    A flipped sign or a shift by a few samples, which nobody hears, costs as much as another
    sound.

    Parameters
    ----------
    estimate, target : torch.Tensor
        Waveforms, shape (..., n_samples).

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0, in units of full scale.

    Raises
    ------
    ParameterError
        If the shapes differ or the dtype is not floating point.

    Notes
    -----
    .. math:: \frac1n \sum_t |\hat x_t - x_t|

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Défossez et al., "High Fidelity Neural Audio Compression", *TMLR* 2023, section 3.4
    (time-domain loss).
    """
    return mean_absolute_error(estimate, target)


def stft_magnitude(waveform: torch.Tensor, *, n_fft: int, hop_length: int) -> torch.Tensor:
    r"""Return the magnitude spectrogram of waveforms.

    Parameters
    ----------
    waveform : torch.Tensor
        Shape (..., n_samples), floating point.
    n_fft : int
        Window length in samples, ≥ 2.
    hop_length : int
        Samples from one frame to the next, ≥ 1.

    Returns
    -------
    torch.Tensor
        Shape (..., n_fft // 2 + 1, 1 + n_samples // hop_length), ≥ 0.

    Raises
    ------
    ParameterError
        If a length is out of range, there are no samples or the dtype is not floating point.

    Notes
    -----
    .. math:: |X_{k,m}| = \frac{1}{\sum_t w_t}
              \Big|\sum_t w_t\, x_{t + mH}\, e^{-2\pi i k t/N}\Big|

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Müller, *Fundamentals of Music Processing*, 2nd edition, Springer, 2021, section 2.1.
    """
    require_float("waveform", waveform)
    if n_fft < 2 or hop_length < 1:
        raise ParameterError(f"expected n_fft ≥ 2 and hop_length ≥ 1, got {n_fft}, {hop_length}")
    if waveform.ndim == 0 or waveform.shape[-1] == 0:
        raise ParameterError(f"expected shape (..., n_samples), got shape={tuple(waveform.shape)}")
    window = torch.hann_window(n_fft, dtype=waveform.dtype, device=waveform.device)
    frames = torch.stft(
        waveform.reshape(-1, waveform.shape[-1]),
        n_fft,
        hop_length,
        window=window,
        pad_mode="constant",
        return_complex=True,
    )
    return frames.abs().reshape(*waveform.shape[:-1], *frames.shape[1:]) / window.sum()


def multi_scale_stft_loss(
    estimate: torch.Tensor,
    target: torch.Tensor,
    *,
    fft_sizes: Sequence[int] = (2048, 1024, 512, 256, 128, 64),
    log_weight: float = 1.0,
    floor: float = 1e-5,
) -> torch.Tensor:
    r"""Return how far two spectrograms lie apart, linearly and in logarithms, at several scales.

    Long windows tell pitches apart, short ones onsets. Phase does not count at all.

    Parameters
    ----------
    estimate, target : torch.Tensor
        Waveforms, shape (..., n_samples).
    fft_sizes : sequence of int
        Window lengths in samples; every hop is a quarter of its window.
    log_weight : float
        α ≥ 0, the weight of the logarithmic part, which hears quiet things.
    floor : float
        Magnitude > 0 below which everything counts as silence: -100 dB of full scale.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0: the sum over the scales.

    Raises
    ------
    ParameterError
        If shapes differ, `fft_sizes` is empty, or a number is out of range.

    Notes
    -----
    .. math:: \sum_N \operatorname{mean}\big|\,|\hat X^{(N)}| - |X^{(N)}|\,\big|
              + \alpha \operatorname{mean}\big|\log|\hat X^{(N)}| - \log|X^{(N)}|\,\big|

    The source sums over bins; means keep the value comparable between lengths.

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    Engel, Hantrakul, Gu and Roberts, "DDSP: Differentiable Digital Signal Processing",
    ICLR 2020, section 4.2.1.
    """
    require_same_shape("estimate", estimate, "target", target)
    require_positive("floor", floor)
    if len(fft_sizes) == 0:
        raise ParameterError("expected at least one FFT size, got none")
    if log_weight < 0:
        raise ParameterError(f"expected log_weight ≥ 0, got {log_weight}")
    total = estimate.new_zeros(())
    for n_fft in fft_sizes:
        a = stft_magnitude(estimate, n_fft=n_fft, hop_length=n_fft // 4)
        b = stft_magnitude(target, n_fft=n_fft, hop_length=n_fft // 4)
        logs = (a.clamp(min=floor).log() - b.clamp(min=floor).log()).abs()
        total = total + (a - b).abs().mean() + log_weight * logs.mean()
    return total


def a_weighting(frequency: torch.Tensor) -> torch.Tensor:
    r"""Return the A-weighting: how much quieter than at 1 kHz we hear soft tones.

    Parameters
    ----------
    frequency : torch.Tensor
        In Hz, ≥ 0; any shape, floating point.

    Returns
    -------
    torch.Tensor
        Gain in dB, same shape: 0 at 1 kHz, at most 1.3 (2.5 kHz), -∞ at 0 Hz.

    Raises
    ------
    ParameterError
        If a frequency is negative or the dtype is not floating point.

    Notes
    -----
    .. math:: R_A(f) = \frac{f_4^2 f^4}{(f^2 + f_1^2)\sqrt{(f^2 + f_2^2)(f^2 + f_3^2)}
              \,(f^2 + f_4^2)}, \qquad A(f) = 20 \log_{10} \frac{R_A(f)}{R_A(1000)}

    with :math:`f_1 \dots f_4` = 20.60, 107.7, 737.9 and 12194 Hz.

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    IEC 61672-1:2013, *Electroacoustics – Sound level meters*, annex E.
    """
    require_float("frequency", frequency)
    if bool((frequency < 0).any()):
        raise ParameterError(f"expected frequency ≥ 0 Hz, got {float(frequency.min()):g}")
    reference = _a_response(frequency.new_tensor([1000.0], dtype=torch.float64))
    gain = _a_response(frequency.double()) / reference
    return (20 * torch.log10(gain)).to(frequency.dtype)


def _a_response(frequency: torch.Tensor) -> torch.Tensor:
    f2 = frequency**2
    middle = torch.sqrt((f2 + 107.7**2) * (f2 + 737.9**2))
    return 12194.0**2 * f2**2 / ((f2 + 20.6**2) * middle * (f2 + 12194.0**2))


def a_weighted_spectral_distance(
    estimate: torch.Tensor,
    target: torch.Tensor,
    *,
    sample_rate: float,
    n_fft: int = 2048,
) -> torch.Tensor:
    r"""Return the relative difference of two spectrograms, weighted as the ear weighs soft tones.

    Deep bass and the highest treble count little, phase not at all. A rough guide only: real
    hearing also masks weak tones by strong neighbors, which is not modeled.

    Parameters
    ----------
    estimate, target : torch.Tensor
        Waveforms, shape (..., n_samples).
    sample_rate : float
        In Hz, > 0.
    n_fft : int
        Window length in samples; the hop is a quarter of it.

    Returns
    -------
    torch.Tensor
        Scalar ≥ 0; 0 for the same spectrogram, 1 for silence instead of the target.

    Raises
    ------
    ParameterError
        If shapes differ, a number is out of range or the target is silent.

    Notes
    -----
    With the weights :math:`a_k = 10^{A(f_k)/20}` of :func:`a_weighting`,

    .. math:: \sqrt{\frac{\sum_{k,m} a_k^2\,(|\hat X_{k,m}| - |X_{k,m}|)^2}
              {\sum_{k,m} a_k^2\,|X_{k,m}|^2}}

    Lecture: ``lectures/01_losses.ipynb``

    References
    ----------
    IEC 61672-1:2013 (weighting); Arik, Jun and Diamos, "Fast Spectrogram Inversion Using
    Multi-Head Convolutional Neural Networks", *IEEE Signal Processing Letters* 26, 2019
    (the ratio, there unweighted: spectral convergence).
    """
    require_float("target", target)
    require_same_shape("estimate", estimate, "target", target)
    require_positive("sample_rate", sample_rate)
    bins = torch.arange(n_fft // 2 + 1, dtype=target.dtype, device=target.device)
    weights = 10 ** (a_weighting(bins * sample_rate / n_fft) / 20).unsqueeze(-1)
    heard = weights * stft_magnitude(target, n_fft=n_fft, hop_length=n_fft // 4)
    got = weights * stft_magnitude(estimate, n_fft=n_fft, hop_length=n_fft // 4)
    energy = torch.linalg.vector_norm(heard)
    if not energy > 0:
        raise ParameterError("expected a target that can be heard, got silence or NaN")
    return torch.linalg.vector_norm(got - heard) / energy

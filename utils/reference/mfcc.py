r"""MFCC: a few numbers for the shape of a spectrum, one set a frame.

The log-mel spectrum of a frame is written as a sum of cosines over the mel axis: slow ones
for the overall shape (the timbre), fast ones for single harmonics. The first few are kept.
The cosines are orthonormal (DCT-II), so nothing is lost if all are kept, and what is left out
is the fine structure. Spectrograms are (…, n_mels, n_frames), as everywhere in the course;
the logarithm's base and reference only scale the coefficients and shift the first.

References
----------
Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word
Recognition in Continuously Spoken Sentences", *IEEE Transactions on Acoustics, Speech, and
Signal Processing* 28, 1980.
"""

import math

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_float

__all__ = ["dct_matrix", "deltas", "mfcc", "mfcc_to_log_mel"]


def dct_matrix(
    n_coefficients: int, n_mels: int, *, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    r"""Return the cosines of the orthonormal DCT-II, one a row.

    Parameters
    ----------
    n_coefficients : int
        Cosines K, from the slowest on; 1 ≤ K ≤ M.
    n_mels : int
        Points of a cosine M.
    dtype : torch.dtype
        Of the matrix.

    Returns
    -------
    torch.Tensor
        D, shape (n_coefficients, n_mels); its rows are orthonormal: :math:`D D^T = I`.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: D_{km} = s_k \cos\frac{\pi k\,(m + 1/2)}{M}, \qquad
              s_0 = \sqrt{1/M}, \quad s_{k>0} = \sqrt{2/M}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    if not 1 <= n_coefficients <= n_mels:
        raise ParameterError(f"expected n_coefficients from 1 to {n_mels}, got {n_coefficients}")
    k = torch.arange(n_coefficients, dtype=torch.float64)[:, None]
    m = torch.arange(n_mels, dtype=torch.float64)
    cosines = torch.cos(math.pi * k * (m + 0.5) / n_mels) * math.sqrt(2 / n_mels)
    cosines[0] /= math.sqrt(2)
    return cosines.to(dtype)


def mfcc(log_mel: torch.Tensor, *, n_coefficients: int = 13) -> torch.Tensor:
    r"""Compute the mel-frequency cepstral coefficients of every frame.

    Parameters
    ----------
    log_mel : torch.Tensor
        X, shape (…, n_mels, n_frames), floating point.
    n_coefficients : int
        From 1 to n_mels; 13 (assumed) is common for music too.

    Returns
    -------
    torch.Tensor
        C, shape (…, n_coefficients, n_frames); the first follows the level of the frame.

    Raises
    ------
    ParameterError
        If `n_coefficients` is out of range or there is no mel axis.

    Notes
    -----
    .. math:: C_{kt} = \sum_m D_{km} X_{mt}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_axes("log_mel", log_mel)
    cosines = dct_matrix(n_coefficients, log_mel.shape[-2], dtype=log_mel.dtype)
    return cosines.to(log_mel.device) @ log_mel


def mfcc_to_log_mel(coefficients: torch.Tensor, *, n_mels: int) -> torch.Tensor:
    r"""Return the log-mel spectrogram that the coefficients still know: a smooth one.

    Parameters
    ----------
    coefficients : torch.Tensor
        C, shape (…, n_coefficients, n_frames), floating point.
    n_mels : int
        Bands of the spectrogram, ≥ n_coefficients.

    Returns
    -------
    torch.Tensor
        Shape (…, n_mels, n_frames): the least-squares fit of the spectrogram by the cosines
        that were kept, and the spectrogram itself if all were.

    Raises
    ------
    ParameterError
        If `n_mels` is too small or there is no coefficient axis.

    Notes
    -----
    .. math:: \hat X_{mt} = \sum_k D_{km} C_{kt}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_axes("coefficients", coefficients)
    cosines = dct_matrix(coefficients.shape[-2], n_mels, dtype=coefficients.dtype)
    return cosines.T.to(coefficients.device) @ coefficients


def deltas(features: torch.Tensor, *, width: int = 2) -> torch.Tensor:
    r"""Compute the slope of every feature over time: the line that fits 2N + 1 frames best.

    Parameters
    ----------
    features : torch.Tensor
        c, shape (…, n_features, n_frames), floating point.
    width : int
        N ≥ 1, the frames to either side; 2 (assumed) is common.

    Returns
    -------
    torch.Tensor
        Same shape, in units a frame. The first and the last frame are repeated outwards.

    Raises
    ------
    ParameterError
        If `width` < 1, or there is no frame.

    Notes
    -----
    .. math:: d_t = \frac{\sum_{n=1}^N n\,(c_{t+n} - c_{t-n})}{2 \sum_{n=1}^N n^2}

    Lecture: ``lectures/07_music_classification.ipynb``

    References
    ----------
    Furui, "Speaker-Independent Isolated Word Recognition Using Dynamic Features of Speech
    Spectrum", *IEEE Transactions on Acoustics, Speech, and Signal Processing* 34, 1986.
    """
    _require_axes("features", features)
    require_at_least(1, width=width)
    last = features.shape[-1] - 1
    t = torch.arange(last + 1, device=features.device)
    slopes = torch.zeros_like(features)
    for n in range(1, width + 1):
        after, before = (t + n).clamp(max=last), (t - n).clamp(min=0)
        slopes = slopes + n * (features[..., after] - features[..., before])
    return slopes / (2 * sum(n * n for n in range(1, width + 1)))


def _require_axes(name: str, values: torch.Tensor) -> None:
    require_float(name, values)
    if values.ndim < 2 or 0 in values.shape[-2:]:
        raise ParameterError(
            f"expected {name} of shape (…, features, n_frames), got shape={tuple(values.shape)}"
        )

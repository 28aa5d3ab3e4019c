r"""Codes from a codebook: which centers stand for a frame, and how often in a note.

A codebook has one center a row, (k, n_features), as :func:`utils.reference.kmeans.kmeans`
finds them. The classic baseline of music classification describes every frame by its MFCC,
replaces it by the nearest center, and counts: the order of the frames is lost, hence "bag of
frames". Log-mel spectrograms are (n, 1, n_mels, n_frames).

References
----------
McKinney and Breebaart, "Features for Audio and Music Classification", ISMIR 2003 (features).
Coates, Ng and Lee, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning",
AISTATS 2011 (soft codes).
"""

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_float
from utils.reference.kmeans import assign, kmeans, squared_distances
from utils.reference.mfcc import mfcc
from utils.reference.patches import require_images

__all__ = ["bag_of_frames", "codebook_histogram", "learn_codebook", "mfcc_frames", "triangle_code"]


def mfcc_frames(log_mel: torch.Tensor, *, n_coefficients: int = 13) -> torch.Tensor:
    r"""Return the MFCC of every note with one frame a row.

    Parameters
    ----------
    log_mel : torch.Tensor
        X, shape (n, 1, n_mels, n_frames), floating point.
    n_coefficients : int
        As for :func:`utils.reference.mfcc.mfcc`.

    Returns
    -------
    torch.Tensor
        Shape (n, n_frames, n_coefficients).

    Raises
    ------
    ParameterError
        If the shape is wrong or `n_coefficients` out of range.

    Notes
    -----
    .. math:: \text{row}_t = (C_{0t}, C_{1t}, \dots)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_images("log_mel", log_mel)
    if log_mel.shape[1] != 1:
        raise ParameterError(f"expected log_mel of one channel, got shape={tuple(log_mel.shape)}")
    return mfcc(log_mel[:, 0], n_coefficients=n_coefficients).transpose(1, 2)


def learn_codebook(
    log_mel: torch.Tensor,
    k: int,
    *,
    n_coefficients: int = 13,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Return the K-means centers of the frames of all notes.

    Parameters
    ----------
    log_mel : torch.Tensor
        X of the training notes, shape (n, 1, n_mels, n_frames), floating point.
    k : int
        Words of the codebook, from 1 to n · n_frames.
    n_coefficients : int
        MFCC of a frame.
    generator : torch.Generator, optional
        Source of randomness of the start.

    Returns
    -------
    torch.Tensor
        Shape (k, n_coefficients).

    Raises
    ------
    ParameterError
        If the shape is wrong or a number out of range.

    Notes
    -----
    .. math:: \min_{c} \sum_{\text{frames } x} \min_j \lVert x - c_j \rVert^2

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    frames = mfcc_frames(log_mel, n_coefficients=n_coefficients)
    return kmeans(frames.flatten(0, 1), k, generator=generator).centers


def codebook_histogram(frames: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    r"""Return how often each center is the nearest one: a vector of fixed length for a note.

    Parameters
    ----------
    frames : torch.Tensor
        x, shape (n_frames, n_features) or (n, n_frames, n_features), floating point.
    codebook : torch.Tensor
        c, shape (k, n_features).

    Returns
    -------
    torch.Tensor
        Shape (k,) or (n, k), ≥ 0; the sum over the k centers is 1.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: H_j = \frac1T \sum_{t=1}^T
              \big[\,j = \arg\min_i \lVert x_t - c_i \rVert^2\,\big]

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_float("frames", frames)
    if frames.ndim not in (2, 3) or 0 in frames.shape:
        raise ParameterError(
            "expected frames of shape (n_frames, n_features) or (n, n_frames, n_features), "
            f"got shape={tuple(frames.shape)}"
        )
    words = assign(frames.flatten(0, -2), codebook).reshape(frames.shape[:-1])
    is_word = words[..., None] == torch.arange(len(codebook), device=words.device)
    return is_word.to(frames.dtype).mean(-2)


def bag_of_frames(log_mel: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    r"""Return the whole baseline: spectrogram → MFCC → nearest center → histogram.

    Parameters
    ----------
    log_mel : torch.Tensor
        X, shape (n, 1, n_mels, n_frames), floating point.
    codebook : torch.Tensor
        From :func:`learn_codebook`, shape (k, n_coefficients).

    Returns
    -------
    torch.Tensor
        Shape (n, k): features for any classifier; rows sum to 1.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: H_{nj} = \text{share of the frames of note } n \text{ next to center } j

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return codebook_histogram(mfcc_frames(log_mel, n_coefficients=codebook.shape[1]), codebook)


def triangle_code(points: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    r"""Return a soft code: how much nearer than the average center each center is.

    About half of the numbers are zero: sparse, but with more to say than one winner.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    codebook : torch.Tensor
        c, shape (k, n_features).

    Returns
    -------
    torch.Tensor
        Shape (n, k), ≥ 0.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: f_j = \max\big(0,\; \bar z - z_j\big), \qquad
              z_j = \lVert x - c_j \rVert, \quad \bar z = \frac1k \sum_j z_j

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    distances = squared_distances(points, codebook).sqrt()
    return (distances.mean(1, keepdim=True) - distances).clamp(min=0)

r"""Patches of spectrograms, and whitening: what comes before feature learning.

Neighboring cells of a spectrogram say nearly the same, and whoever learns from raw patches
learns just that. Whitened patches have uncorrelated features of variance 1. PCA whitening
gives the coordinates along the principal axes; ZCA turns them back, so that a whitened patch
still looks like a spectrogram. Points are rows; the covariance is divided by n, as in
:func:`utils.reference.normalization.input_statistics`.

References
----------
Hyvärinen and Oja, "Independent Component Analysis: Algorithms and Applications",
*Neural Networks* 13, 2000, section 5.2 (PCA whitening).
Bell and Sejnowski, "The 'Independent Components' of Natural Scenes Are Edge Filters",
*Vision Research* 37, 1997 (ZCA).
Nam, Herrera, Slaney and Smith, "Learning Sparse Feature Representations for Music Annotation
and Retrieval", ISMIR 2012 (patches of several mel frames).
"""

from dataclasses import dataclass
from typing import Literal

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least
from utils.reference.kmeans import require_rows
from utils.reference.patches import patches, require_images

__all__ = ["Whitening", "fit_whitening", "spectrogram_patches", "unwhiten", "whiten"]


@dataclass(frozen=True)
class Whitening:
    """A whitening that was fitted to the training set.

    Attributes
    ----------
    mean : torch.Tensor
        Of the points, shape (n_features,).
    forward : torch.Tensor
        P, shape (n_whitened, n_features).
    backward : torch.Tensor
        Its (pseudo-)inverse, shape (n_features, n_whitened).
    """

    mean: torch.Tensor
    forward: torch.Tensor
    backward: torch.Tensor


def spectrogram_patches(log_mel: torch.Tensor, *, n_frames: int, stride: int = 1) -> torch.Tensor:
    r"""Return all pieces of so many frames, with all bands, as points.

    Parameters
    ----------
    log_mel : torch.Tensor
        X, shape (n, 1, n_mels, total_frames), floating point.
    n_frames : int
        F ≥ 1, frames of a patch: 1 as in Henaff (2011), several as in Nam (2012).
    stride : int
        Frames from one patch to the next, ≥ 1.

    Returns
    -------
    torch.Tensor
        Shape (n, patches of a note, n_mels · n_frames). ``row.reshape(n_mels, n_frames)`` is
        the patch again; ``.flatten(0, 1)`` gives the patches of all notes.

    Raises
    ------
    ParameterError
        If an option is out of range or a patch is longer than a note.

    Notes
    -----
    .. math:: p_{n,s,\,m F + f} = X_{n,\,m,\,s \cdot \text{stride} + f}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_images("log_mel", log_mel)
    windows = patches(log_mel, (log_mel.shape[2], n_frames), stride=(1, stride))
    return windows.flatten(1, 3).flatten(2)


def fit_whitening(
    points: torch.Tensor,
    *,
    kind: Literal["zca", "pca"] = "zca",
    eps: float = 1e-5,
    n_components: int | None = None,
) -> Whitening:
    r"""Fit a whitening to points.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), n ≥ 2, floating point.
    kind : {"zca", "pca"}
        Turned back to the features' own axes, or along the principal ones.
    eps : float
        ε ≥ 0, added to the variances: directions that hold nothing but noise stay small.
        1e-5 is assumed, for values around 1.
    n_components : int, optional
        Principal axes to keep, from the one with the largest variance on; all if not given.

    Returns
    -------
    Whitening
        For :func:`whiten` and :func:`unwhiten`.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    With the covariance :math:`\Sigma = V \Lambda V^T`,

    .. math:: P_{\text{PCA}} = (\Lambda + \epsilon I)^{-1/2}\, V^T, \qquad
              P_{\text{ZCA}} = V\, P_{\text{PCA}}

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("points", points)
    require_at_least(2, n_points=len(points))
    require_at_least(0, eps=eps)
    n_kept = points.shape[1] if n_components is None else n_components
    if kind not in ("zca", "pca") or not 1 <= n_kept <= points.shape[1]:
        raise ParameterError(
            f"expected kind 'zca' or 'pca' and n_components from 1 to {points.shape[1]}, "
            f"got {kind!r} and {n_components}"
        )
    mean = points.mean(0)
    covariance = (points - mean).T @ (points - mean) / len(points)
    variances, axes = torch.linalg.eigh(covariance)  # from the smallest variance on
    variances, axes = variances.flip(0)[:n_kept], axes.flip(1)[:, :n_kept]
    scale = (variances.clamp(min=0) + eps).sqrt()
    forward, backward = axes.T / scale[:, None], axes * scale
    if kind == "zca":
        forward, backward = axes @ forward, backward @ axes.T
    return Whitening(mean, forward, backward)


def whiten(points: torch.Tensor, whitening: Whitening) -> torch.Tensor:
    r"""Return points with uncorrelated features of variance 1.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    whitening : Whitening
        From the training set.

    Returns
    -------
    torch.Tensor
        y, shape (n, n_whitened).

    Raises
    ------
    ParameterError
        If the number of features differs.

    Notes
    -----
    .. math:: y = P\,(x - \bar x)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("points", points, width=len(whitening.mean))
    return (points - whitening.mean) @ whitening.forward.T


def unwhiten(whitened: torch.Tensor, whitening: Whitening) -> torch.Tensor:
    r"""Return the points that were whitened, so that learned atoms can be seen and heard.

    Parameters
    ----------
    whitened : torch.Tensor
        y, shape (n, n_whitened), floating point; atoms learned from such points too.
    whitening : Whitening
        The one that was used.

    Returns
    -------
    torch.Tensor
        Shape (n, n_features); what went with axes that were not kept is the mean there.

    Raises
    ------
    ParameterError
        If the number of features differs.

    Notes
    -----
    .. math:: x = P^{-1} y + \bar x

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("whitened", whitened, width=whitening.backward.shape[1])
    return whitened @ whitening.backward.T + whitening.mean

r"""Sparse coding: explain a point by as few atoms of a dictionary as possible.

A dictionary has one atom a row, (n_atoms, n_features); codes are (n, n_atoms), so a point is
about ``codes @ dictionary``. The loss is summed over the points: every point is a problem of
its own. Learning the dictionary is in :mod:`utils.reference.dictionary_learning`.

References
----------
Olshausen and Field, "Emergence of Simple-Cell Receptive Field Properties by Learning a Sparse
Code for Natural Images", *Nature* 381, 1996.
Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse
Problems", *SIAM Journal on Imaging Sciences* 2, 2009.
O'Donoghue and Candès, "Adaptive Restart for Accelerated Gradient Schemes", *Foundations of
Computational Mathematics* 15, 2015.
"""

import math
from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least
from utils.reference.kmeans import require_rows
from utils.reference.regularizers import soft_threshold

__all__ = ["SparseCodes", "reconstruct", "sparse_coding", "sparse_coding_loss"]


@dataclass(frozen=True)
class SparseCodes:
    """What sparse coding found.

    Attributes
    ----------
    codes : torch.Tensor
        Shape (n, n_atoms), most of them exactly 0.
    losses : list of float
        At the start, then after every step; never rises.
    """

    codes: torch.Tensor
    losses: list[float]


def reconstruct(codes: torch.Tensor, dictionary: torch.Tensor) -> torch.Tensor:
    r"""Return the points that the codes stand for: a weighted sum of atoms.

    Parameters
    ----------
    codes : torch.Tensor
        h, shape (n, n_atoms), floating point.
    dictionary : torch.Tensor
        D, shape (n_atoms, n_features).

    Returns
    -------
    torch.Tensor
        Shape (n, n_features).

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: \hat x = \sum_k h_k\, d_k

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("dictionary", dictionary)
    require_rows("codes", codes, width=len(dictionary))
    return codes @ dictionary


def sparse_coding_loss(
    points: torch.Tensor, codes: torch.Tensor, dictionary: torch.Tensor, *, strength: float
) -> torch.Tensor:
    r"""Compute what the codes miss, plus what they cost.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    codes : torch.Tensor
        h, shape (n, n_atoms).
    dictionary : torch.Tensor
        D, shape (n_atoms, n_features).
    strength : float
        λ ≥ 0, the price of a code.

    Returns
    -------
    torch.Tensor
        A scalar, the sum over all points.

    Raises
    ------
    ParameterError
        If the shapes don't fit or `strength` < 0.

    Notes
    -----
    .. math:: L = \sum_{\text{points}} \tfrac12\,\lVert x - \hat x \rVert^2
              + \lambda \sum_k |h_k|

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_at_least(0, strength=strength)
    require_rows("points", points, width=dictionary.shape[-1])
    missed = points - reconstruct(codes, dictionary)
    return (missed**2).sum() / 2 + strength * codes.abs().sum()


def sparse_coding(
    points: torch.Tensor,
    dictionary: torch.Tensor,
    *,
    strength: float,
    steps: int = 100,
    fast: bool = True,
    start: torch.Tensor | None = None,
) -> SparseCodes:
    r"""Find the codes of given points in a given dictionary, by (F)ISTA.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    dictionary : torch.Tensor
        D, shape (n_atoms, n_features), not all zero.
    strength : float
        λ ≥ 0: the larger, the fewer atoms.
    steps : int
        ≥ 0.
    fast : bool
        FISTA, with a momentum that is dropped whenever the loss would rise; else ISTA.
    start : torch.Tensor, optional
        First codes, shape (n, n_atoms); zeros if not given.

    Returns
    -------
    SparseCodes
        The codes and the loss on the way.

    Raises
    ------
    ParameterError
        If a shape or a number is out of range, or the dictionary is all zero.

    Notes
    -----
    A gradient step on the squared error, then one towards zero, at a rate that no direction
    of the dictionary overshoots (ISTA):

    .. math:: h \leftarrow S_{\eta\lambda}\big(v - \eta\,(v D - x) D^T\big), \qquad
              \eta = 1 / \sigma_{\max}(D)^2, \quad v = h

    with the soft threshold S. FISTA takes it from a point further on:

    .. math:: v = h_t + \frac{m_{t} - 1}{m_{t+1}} (h_t - h_{t-1}), \qquad
              m_{t+1} = \tfrac12 \Big(1 + \sqrt{1 + 4 m_t^2}\Big)

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    codes = points.new_zeros(len(points), len(dictionary)) if start is None else start
    losses = [float(sparse_coding_loss(points, codes, dictionary, strength=strength))]
    require_at_least(0, steps=steps)
    lr = 1 / _largest_curvature(dictionary)

    def step(v: torch.Tensor) -> tuple[torch.Tensor, float]:
        gradient = (v @ dictionary - points) @ dictionary.T
        h = soft_threshold(v - lr * gradient, threshold=lr * strength)
        return h, float(sparse_coding_loss(points, h, dictionary, strength=strength))

    ahead, m = codes, 1.0
    for _ in range(steps):
        new, loss = step(ahead)
        if fast and loss > losses[-1]:  # too far: once more, without momentum
            m = 1.0
            new, loss = step(codes)
        m_next = (1 + math.sqrt(1 + 4 * m * m)) / 2
        ahead = new + (m - 1) / m_next * (new - codes) if fast else new
        codes, m = new, m_next
        losses.append(loss)
    return SparseCodes(codes, losses)


def _largest_curvature(dictionary: torch.Tensor) -> float:
    curvature = float(torch.linalg.matrix_norm(dictionary, ord=2)) ** 2
    if not curvature > 0:
        raise ParameterError("expected a dictionary with an atom, got all zero")
    return curvature

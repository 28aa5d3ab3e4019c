r"""The exact loss and gradient of a linear classifier on a plane, fast enough to play with.

In a browser the same takes ten lines: ``z = z0 + a z1 + b z2`` for each note, its softmax minus
the one-hot target, the products with ``z1`` and ``z2`` averaged.

Conventions: logits are (n, classes), points (a, b) are in the last axis, on a grid rows are the
second direction; natural logarithms. See :mod:`utils.training.landscape_classifier`.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from utils.errors import ParameterError
from utils.training.landscape_classifier import ClassifierPlane, require_plane
from utils.training.landscape_refine import Landscape, Span, axes

__all__ = ["ClassifierSurface", "classifier_surface", "plane_loss", "plane_loss_grad"]


@dataclass(frozen=True)
class ClassifierSurface:
    """Loss and gradient on a grid.

    Attributes
    ----------
    landscape : Landscape
        The loss; rows are the second direction.
    slope : numpy.ndarray, shape (ny, nx, 2)
        ∂L/∂a and ∂L/∂b at each point.
    """

    landscape: Landscape
    slope: NDArray[np.float64]


def plane_loss(
    z0: torch.Tensor,
    z1: torch.Tensor,
    z2: torch.Tensor,
    targets: torch.Tensor,
    point: torch.Tensor,
) -> torch.Tensor:
    r"""Return the mean cross entropy at points of the plane.

    Parameters
    ----------
    z0, z1, z2 : torch.Tensor
        Of a :class:`ClassifierPlane`, shape (n, classes).
    targets : torch.Tensor of int64
        Class indices t, shape (n,).
    point : torch.Tensor
        (a, b), shape (..., 2).

    Returns
    -------
    torch.Tensor
        L(a, b) in nats, shape (...).

    Raises
    ------
    ParameterError
        If shapes do not fit, or a target is not a class.

    Notes
    -----
    .. math:: L(a, b) = \frac1n \sum_i \Big(\log\sum_j e^{\tilde y_{ij}} - \tilde y_{i t_i}\Big),
              \qquad \tilde y = Z_0 + a Z_1 + b Z_2

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    logits = _logits(z0, z1, z2, targets, point)
    right = logits[..., torch.arange(len(targets)), targets]
    return (logits.logsumexp(dim=-1) - right).mean(dim=-1)


def plane_loss_grad(
    z0: torch.Tensor,
    z1: torch.Tensor,
    z2: torch.Tensor,
    targets: torch.Tensor,
    point: torch.Tensor,
) -> torch.Tensor:
    r"""Return the gradient of :func:`plane_loss` with respect to the point.

    Parameters
    ----------
    z0, z1, z2, targets, point : as for plane_loss
        The plane, and where on it.

    Returns
    -------
    torch.Tensor
        (∂L/∂a, ∂L/∂b), shape (..., 2).

    Raises
    ------
    ParameterError
        If shapes do not fit, or a target is not a class.

    Notes
    -----
    With the softmax ŷ and the one-hot target y,

    .. math:: \frac{\partial L}{\partial a}
              = \frac1n \sum_{i,j} (\hat y_{ij} - y_{ij})\, Z_{1,ij}, \qquad
              \frac{\partial L}{\partial b}
              = \frac1n \sum_{i,j} (\hat y_{ij} - y_{ij})\, Z_{2,ij}

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    probs = _logits(z0, z1, z2, targets, point).softmax(dim=-1)
    error = probs - F.one_hot(targets, z0.shape[1])
    return torch.einsum("...ij,kij->...k", error, torch.stack([z1, z2])) / len(targets)


def classifier_surface(
    plane: ClassifierPlane, *, span: Span = 1.0, resolution: int = 51
) -> ClassifierSurface:
    """Return the exact loss and gradient on a grid.

    Parameters
    ----------
    plane : ClassifierPlane
        From :func:`classifier_plane`.
    span : float or ((float, float), (float, float))
        Half the width of both axes, or lowest and highest a, lowest and highest b.
    resolution : int
        Points of each axis; odd, at least 3.

    Returns
    -------
    ClassifierSurface
        Every point computed.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    first, second = axes(span, resolution)
    parts = plane.z0, plane.z1, plane.z2, plane.targets
    heights, slopes = [], []
    for b in second.tolist():  # row by row: all points at once would fill the memory
        row = torch.tensor([[a, b] for a in first.tolist()], dtype=plane.z0.dtype)
        heights.append(plane_loss(*parts, row).tolist())
        slopes.append(plane_loss_grad(*parts, row).tolist())
    values = np.array(heights)
    landscape = Landscape(first, second, values, np.ones(values.shape, dtype=np.bool_))
    return ClassifierSurface(landscape, np.array(slopes))


def _logits(
    z0: torch.Tensor,
    z1: torch.Tensor,
    z2: torch.Tensor,
    targets: torch.Tensor,
    point: torch.Tensor,
) -> torch.Tensor:
    """Return the logits at points (..., 2), shape (..., n, classes)."""
    require_plane(z0, z1, z2, targets)
    if point.shape[-1:] != (2,):
        raise ParameterError(f"expected points of shape (..., 2), got {tuple(point.shape)}")
    a, b = point[..., 0, None, None], point[..., 1, None, None]
    return z0 + a * z1 + b * z2

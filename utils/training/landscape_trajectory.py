"""The plane on which a training run took place, and the run's way over it.

Conventions: a trajectory is a list of snapshots of the weights, the last one where training
ended; weights and planes are as in :mod:`utils.training.landscape_directions`.

References
----------
Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
NeurIPS 2018, arXiv:1712.09913, section 7.
"""

import math
from collections.abc import Sequence

import torch

from utils.errors import ParameterError
from utils.training.landscape_directions import Plane, Weights, flatten, require_like

__all__ = ["project", "trajectory_directions", "trajectory_span"]


def trajectory_directions(snapshots: Sequence[Weights]) -> Plane:
    r"""Return the plane through the end of a trajectory that comes closest to all of it.

    Parameters
    ----------
    snapshots : sequence of dict of str to torch.Tensor
        θ_0 … θ_T, at least 3, from :func:`snapshot`.

    Returns
    -------
    Plane
        Its origin is θ_T. The directions are orthogonal unit vectors over *all* parameters,
        signed so that θ_0 has no negative coordinate, and ``explained`` says which fractions
        of Σ‖θ_t − θ_T‖² lie along them.

    Raises
    ------
    ParameterError
        If there are too few snapshots, they differ in names or shapes, hold numbers that are
        not finite, or lie on a line.

    Notes
    -----
    The right singular vectors v of the two largest singular values s of

    .. math:: M = [\theta_0 - \theta_T;\; \dots;\; \theta_{T-1} - \theta_T], \qquad
              \text{explained}_i = s_i^2 / \sum_k s_k^2

    This is a principal component analysis about θ_T, not about the mean, so that θ_T is in
    the plane.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Li et al., "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 7.
    """
    if len(snapshots) < 3:
        raise ParameterError(f"expected at least 3 snapshots, got {len(snapshots)}")
    last = snapshots[-1]
    moves = _moves(snapshots[:-1], last)
    _, sizes, axes = torch.linalg.svd(moves, full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= sizes[0] * 1e-7:
        raise ParameterError("expected a trajectory that spans a plane, got one on a line")
    axes = axes[:2] * torch.where(axes[:2] @ moves[0] < 0, -1.0, 1.0)[:, None]
    shares = (sizes.square() / sizes.square().sum()).tolist()
    return Plane(last, _like(axes[0], last), _like(axes[1], last), (shares[0], shares[1]))


def project(snapshots: Sequence[Weights], plane: Plane) -> torch.Tensor:
    r"""Return the coordinates of the points of the plane that are nearest to the snapshots.

    Parameters
    ----------
    snapshots : sequence of dict of str to torch.Tensor
        From :func:`snapshot`.
    plane : Plane
        Its directions need not be orthogonal.

    Returns
    -------
    torch.Tensor
        (a, b) of each snapshot, shape (n, 2), float64.

    Raises
    ------
    ParameterError
        If names or shapes differ, numbers are not finite, or both directions are parallel.

    Notes
    -----
    .. math:: \min_{a,b} \lVert \theta_t - \theta^* - a\delta - b\eta \rVert

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    for name, direction in zip(("first", "second"), plane.directions, strict=True):
        require_like(f"the {name} direction", direction, plane.origin)
    basis = torch.stack([flatten(direction, plane.origin) for direction in plane.directions])
    gram = basis @ basis.T
    if not torch.linalg.det(gram) > 1e-12 * gram.diagonal().prod():
        raise ParameterError("expected two directions that are not parallel, got a line")
    return torch.linalg.solve(gram, basis @ _moves(snapshots, plane.origin).T).T


def trajectory_span(
    coordinates: torch.Tensor, *, margin: float = 0.2
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return what to draw of a plane so that a trajectory fits in.

    Parameters
    ----------
    coordinates : torch.Tensor
        (a, b) of each point, shape (n, 2).
    margin : float
        Room on each side, ≥ 0, as a fraction of the trajectory's larger extent.

    Returns
    -------
    ((float, float), (float, float))
        Lowest and highest a, lowest and highest b: the ``span`` of ``loss_surface``.

    Raises
    ------
    ParameterError
        If the shape is another one, the points are all the same, or the margin is negative.

    Notes
    -----
    Lecture: ``lectures/03_optimizers.ipynb``
    """
    if coordinates.ndim != 2 or coordinates.shape[1] != 2 or len(coordinates) == 0:
        raise ParameterError(f"expected coordinates (n, 2), got {tuple(coordinates.shape)}")
    low, high = coordinates.amin(dim=0), coordinates.amax(dim=0)
    room = margin * float((high - low).max())
    if not (margin >= 0 and 0 < float((high - low).max()) < math.inf):
        raise ParameterError(f"expected margin ≥ 0 and points that differ, got margin={margin}")
    (a_low, b_low), (a_high, b_high) = (low - room).tolist(), (high + room).tolist()
    return (a_low, a_high), (b_low, b_high)


def _like(row: torch.Tensor, weights: Weights) -> dict[str, torch.Tensor]:
    """Return a row as tensors of the names, shapes and dtypes of the weights."""
    parts = row.split([tensor.numel() for tensor in weights.values()])
    return {
        name: part.reshape(tensor.shape).to(tensor.dtype)
        for part, (name, tensor) in zip(parts, weights.items(), strict=True)
    }


def _moves(snapshots: Sequence[Weights], origin: Weights) -> torch.Tensor:
    """Return the way from the origin to each snapshot, a row each."""
    for number, weights in enumerate(snapshots):
        require_like(f"snapshot {number}", weights, origin)
    rows = [flatten(weights, origin) for weights in snapshots]
    moves = torch.stack(rows) - flatten(origin, origin)
    if not moves.isfinite().all():
        raise ParameterError("expected finite weights in all snapshots, got NaN or infinity")
    return moves

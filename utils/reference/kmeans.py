r"""K-means: k centers such that every point is near to one of them (vector quantization).

Points are rows, (n, n_features): frames, patches, anything. Distances are Euclidean. A
cluster without points gets a new center: the point that is farthest from its own. Neither
that nor any other step can make the inertia larger.

References
----------
Lloyd, "Least Squares Quantization in PCM", *IEEE Transactions on Information Theory* 28, 1982.
Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007.
"""

from dataclasses import dataclass

import torch

from utils.errors import ParameterError
from utils.reference.checks import require_at_least, require_float

__all__ = [
    "KMeansRun",
    "assign",
    "kmeans",
    "kmeans_plus_plus",
    "require_rows",
    "squared_distances",
    "update_centers",
]


@dataclass(frozen=True)
class KMeansRun:
    """What K-means found.

    Attributes
    ----------
    centers : torch.Tensor
        Shape (k, n_features): a codebook, or a dictionary.
    labels : torch.Tensor of int64
        Shape (n,), the center of every point.
    inertias : list of float
        Sum of the squared distances to the own center, after every assignment; never rises.
    """

    centers: torch.Tensor
    labels: torch.Tensor
    inertias: list[float]


def squared_distances(points: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    r"""Return the squared distance of every point to every center.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    centers : torch.Tensor
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
    .. math:: \lVert x - c \rVert^2
              = \lVert x \rVert^2 - 2\,x \cdot c + \lVert c \rVert^2

    One matrix product instead of n · k differences. Both are measured from the middle of the
    centers first, as large numbers that nearly cancel leave few digits.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_rows("points", points)
    require_rows("centers", centers, width=points.shape[1])
    middle = centers.mean(0)
    x, c = points - middle, centers - middle
    return ((x**2).sum(1, keepdim=True) - 2 * x @ c.T + (c**2).sum(1)).clamp(min=0)


def assign(points: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    r"""Return the nearest center of every point.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    centers : torch.Tensor
        c, shape (k, n_features).

    Returns
    -------
    torch.Tensor of int64
        Shape (n,), from 0 to k - 1; of equally near centers, one.

    Raises
    ------
    ParameterError
        If the shapes don't fit.

    Notes
    -----
    .. math:: \arg\min_j \lVert x - c_j \rVert^2

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    return squared_distances(points, centers).argmin(1)


def kmeans_plus_plus(
    points: torch.Tensor, k: int, *, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Return k points to start from, chosen at random but far from each other.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    k : int
        From 1 to n.
    generator : torch.Generator, optional
        Source of randomness.

    Returns
    -------
    torch.Tensor
        Shape (k, n_features), rows of `points`.

    Raises
    ------
    ParameterError
        If `k` is out of range.

    Notes
    -----
    The first with equal chances; each further one with

    .. math:: P(x) \propto \min_{c \text{ chosen}} \lVert x - c \rVert^2

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_k(points, k)
    chances = points.new_ones(len(points))
    distances = points.new_full((len(points),), torch.inf)
    centers = []
    for _ in range(k):
        centers.append(points[torch.multinomial(chances, 1, generator=generator)])
        distances = torch.minimum(distances, squared_distances(points, centers[-1])[:, 0])
        # All points are chosen or equal to a chosen one: any will do.
        chances = distances if distances.any() else torch.ones_like(distances)
    return torch.cat(centers)


def update_centers(
    points: torch.Tensor, labels: torch.Tensor, centers: torch.Tensor
) -> torch.Tensor:
    r"""Return the mean of every cluster; an empty one gets the point worst off.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    labels : torch.Tensor of int64
        Shape (n,), the cluster of every point.
    centers : torch.Tensor
        The centers that `labels` belong to, shape (k, n_features), k ≤ n.

    Returns
    -------
    torch.Tensor
        Shape (k, n_features).

    Notes
    -----
    .. math:: c_j = \frac{1}{|S_j|} \sum_{i \in S_j} x_i

    and, if :math:`S_j` is empty, the point with the largest distance to its own center in
    `centers`; several empty clusters get the farthest, the second, and so on.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    sizes = torch.bincount(labels, minlength=len(centers))
    sums = torch.zeros_like(centers).index_add(0, labels, points)
    means = sums / sizes.clamp(min=1)[:, None]
    empty = sizes == 0
    distances = ((points - centers[labels]) ** 2).sum(1)
    means[empty] = points[distances.topk(int(empty.sum())).indices]
    return means


def kmeans(
    points: torch.Tensor,
    k: int,
    *,
    start: torch.Tensor | None = None,
    steps: int = 100,
    generator: torch.Generator | None = None,
) -> KMeansRun:
    r"""Find k centers by Lloyd's algorithm: assign, average, repeat until nothing changes.

    Parameters
    ----------
    points : torch.Tensor
        x, shape (n, n_features), floating point.
    k : int
        Clusters, from 1 to n.
    start : torch.Tensor, optional
        First centers, shape (k, n_features); those of :func:`kmeans_plus_plus` if not given.
    steps : int
        Updates of the centers at most, ≥ 0.
    generator : torch.Generator, optional
        Source of randomness of the start.

    Returns
    -------
    KMeansRun
        Centers, labels that belong to them, and the inertia on the way.

    Raises
    ------
    ParameterError
        If `k` or `steps` is out of range or `start` has a wrong shape.

    Notes
    -----
    Both halves of a step make the inertia smaller, or leave it:

    .. math:: \min_{c, S} \sum_{j=1}^k \sum_{i \in S_j} \lVert x_i - c_j \rVert^2

    Where it stops depends on the start: it is a local minimum.

    Lecture: ``lectures/07_music_classification.ipynb``
    """
    _require_k(points, k)
    require_at_least(0, steps=steps)
    centers = kmeans_plus_plus(points, k, generator=generator) if start is None else start
    if centers.shape != (k, points.shape[1]):
        raise ParameterError(
            f"expected start of shape ({k}, {points.shape[1]}), got shape={tuple(centers.shape)}"
        )
    labels = assign(points, centers)
    inertias = [_inertia(points, centers, labels)]
    for _ in range(steps):
        centers = update_centers(points, labels, centers)
        before, labels = labels, assign(points, centers)
        inertias.append(_inertia(points, centers, labels))
        if torch.equal(labels, before):
            break
    return KMeansRun(centers, labels, inertias)


def require_rows(name: str, values: torch.Tensor, *, width: int | None = None) -> None:
    """Raise ParameterError unless `values` is a floating-point matrix with rows of that width.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    values : torch.Tensor
        What was given; shape (n, n_features), n ≥ 1, is right.
    width : int, optional
        The number of features, if it is known.

    Raises
    ------
    ParameterError
        If the shape or the dtype is wrong.

    Notes
    -----
    Lecture: ``lectures/07_music_classification.ipynb``
    """
    require_float(name, values)
    if values.ndim != 2 or 0 in values.shape or width not in (None, values.shape[1]):
        raise ParameterError(
            f"expected {name} of shape (n, {width or 'n_features'}), n ≥ 1, "
            f"got shape={tuple(values.shape)}"
        )


def _inertia(points: torch.Tensor, centers: torch.Tensor, labels: torch.Tensor) -> float:
    return float(((points - centers[labels]) ** 2).sum())


def _require_k(points: torch.Tensor, k: int) -> None:
    require_rows("points", points)
    if not 1 <= k <= len(points):
        raise ParameterError(f"expected k from 1 to {len(points)}, got {k}")

"""Share out single notes so that every part gets its share of every label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["spread_evenly"]


def spread_evenly(
    labels: ArrayLike, sizes: Sequence[int], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return the part of each note: parts of these sizes, each label in all of them.

    The notes are lined up label by label, within a label at random. Along that line the places
    of every part lie at equal distances, so that any stretch has about its share of each.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Whatever can be sorted.
    sizes : sequence of int
        Notes of each part, with sum n.
    generator : numpy.random.Generator
        Draws the order within the labels, and where on the line the pattern begins.

    Returns
    -------
    part_of : ndarray of int64, shape (n,)
        From 0 to ``len(sizes) - 1``.
    """
    label_of = np.unique(np.asarray(labels), return_inverse=True)[1].reshape(-1)
    n = len(label_of)
    order = generator.permutation(n)
    line = order[np.argsort(label_of[order], kind="stable")]
    places = np.concatenate([(np.arange(size) + 0.5) / size for size in sizes])
    pattern = np.repeat(np.arange(len(sizes)), sizes)[np.argsort(places, kind="stable")]
    part_of = np.empty(n, np.int64)
    part_of[line] = np.roll(pattern, generator.integers(max(n, 1)))
    return part_of

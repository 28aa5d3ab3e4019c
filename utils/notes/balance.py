"""Choose notes evenly: the same number of each family, and within it of each instrument."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.errors import ParameterError

__all__ = ["choose_evenly", "fill_evenly"]


def fill_evenly(total: int, room: ArrayLike, *, generator: np.random.Generator) -> NDArray:
    """Return how many each of several boxes gets, as equal as their room allows.

    Parameters
    ----------
    total : int
        How many there are to distribute; more than there is room for is cut.
    room : array_like of int, shape (n,)
        The most that each box takes.
    generator : numpy.random.Generator
        Decides which boxes get one more when it doesn't come out even.

    Returns
    -------
    ndarray of int64, shape (n,)
        No two differ by more than one, unless the smaller box is full.
    """
    room = np.asarray(room, dtype=np.int64)
    if total < 0 or (room < 0).any():
        raise ParameterError(f"expected no negative numbers, got {total} for {room.tolist()}")
    given = np.zeros_like(room)
    left = min(total, int(room.sum()))
    while left:
        open_boxes = np.flatnonzero(given < room)
        share = left // len(open_boxes)
        if share:
            more = np.minimum(share, room[open_boxes] - given[open_boxes])
        else:
            more = np.zeros(len(open_boxes), dtype=np.int64)
            more[generator.permutation(len(open_boxes))[:left]] = 1
        given[open_boxes] += more
        left -= int(more.sum())
    return given


def choose_evenly(
    families: ArrayLike, groups: ArrayLike, n: int, *, generator: np.random.Generator
) -> NDArray:
    """Return the positions of `n` notes, balanced by family and by group within it.

    Parameters
    ----------
    families : array_like of int, shape (notes,)
        Class labels.
    groups : array_like of str, shape (notes,)
        Instrument groups.
    n : int
        How many to choose; all, if there are fewer.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n,)
        In rising order.
    """
    families, groups = np.asarray(families), np.asarray(groups)
    present, per_family = np.unique(families, return_counts=True)
    chosen = [np.empty(0, dtype=np.int64)]
    for family, quota in zip(present, fill_evenly(n, per_family, generator=generator), strict=True):
        of_family = np.flatnonzero(families == family)
        names, member, per_group = np.unique(
            groups[of_family], return_inverse=True, return_counts=True
        )
        quotas = fill_evenly(int(quota), per_group, generator=generator)
        for group in range(len(names)):
            notes = of_family[member == group]
            chosen.append(generator.choice(notes, size=quotas[group], replace=False))
    return np.sort(np.concatenate(chosen))

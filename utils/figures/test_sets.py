"""Test sets drawn from many instruments, and two error bars: of notes, and of instruments.

A world is a list of instruments, each an array of 0 and 1: which of its notes a model names
rightly. A test set has as many notes of each of its instruments; an instrument may be drawn
twice, as there may be another one like it. ``kit/math/testSets.js`` has the same numbers.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["bootstrap_interval", "draw_test", "naive_interval", "spread", "truth"]

Hits = NDArray[np.int64]
World = Sequence[Hits]
Z = 1.959964


def truth(world: World) -> float:
    """Return the accuracy with which every instrument counts the same.

    Parameters
    ----------
    world : sequence of ndarray
        0 and 1, one array an instrument.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    return float(np.mean([one.mean() for one in world]))


def spread(world: World, *, instruments: int, notes: int) -> float:
    r"""Return the standard deviation of the accuracy over all test sets: exact.

    Parameters
    ----------
    world : sequence of ndarray
    instruments : int
        I, in a test set.
    notes : int
        K, of each of them.

    Notes
    -----
    With the accuracy :math:`a_g` and the number of notes :math:`n_g` of instrument g,

    .. math:: \operatorname{Var} = \frac1I \Big( \operatorname{Var}_g a_g + \overline{
              \frac{a_g (1 - a_g)}{K} \cdot \frac{n_g - K}{n_g - 1}} \Big)

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    means = np.array([one.mean() for one in world])
    sizes = np.array([len(one) for one in world])
    within = means * (1 - means) / notes * (sizes - notes) / (sizes - 1)
    return math.sqrt((means.var() + within.mean()) / instruments)


def draw_test(world: World, uniform: Iterator[float], *, instruments: int, notes: int) -> list[int]:
    """Return the right answers for each instrument of a new test set.

    Parameters
    ----------
    world : sequence of ndarray
    uniform : iterator of float
        Numbers in [0, 1).
    instruments, notes : int
        How many, and how many notes of each; none is drawn twice from one draw of an instrument.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """
    found = []
    for _ in range(instruments):
        drawn = world[int(next(uniform) * len(world))]
        left, total, right = len(drawn), int(drawn.sum()), 0
        for _ in range(notes):
            if next(uniform) * left < total - right:
                right += 1
            left -= 1
        found.append(right)
    return found


def naive_interval(right: Sequence[int], *, notes: int) -> tuple[float, float]:
    r"""Return the 95 % interval of someone who takes notes for independent.

    Parameters
    ----------
    right : sequence of int
        Right answers for each instrument.
    notes : int
        Of each.

    Notes
    -----
    .. math:: \hat p \pm 1.96 \sqrt{\hat p (1 - \hat p) / n}

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    n = len(right) * notes
    p = sum(right) / n
    half = Z * math.sqrt(p * (1 - p) / n)
    return p - half, p + half


def bootstrap_interval(
    right: Sequence[int], uniform: Iterator[float], *, notes: int, resamples: int
) -> tuple[float, float]:
    """Return the 95 % interval of the cluster bootstrap: whole instruments are drawn anew.

    Parameters
    ----------
    right : sequence of int
        Right answers for each instrument.
    uniform : iterator of float
        Numbers in [0, 1).
    notes : int
        Of each instrument.
    resamples : int

    Notes
    -----
    That of :func:`utils.training.metrics.cluster_bootstrap_interval` for these draws.

    Lecture: ``lectures/04_overfitting.ipynb``
    """
    count = len(right)
    sums = [sum(right[int(next(uniform) * count)] for _ in right) for _ in range(resamples)]
    low, high = np.quantile(np.array(sums) / (count * notes), [0.025, 0.975])
    return float(low), float(high)

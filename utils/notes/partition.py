"""Share out notes, and groups of notes, so that each part gets its share or nearly so."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import fsum, isfinite
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from utils.errors import ParameterError

__all__ = ["Ratios", "assign_groups", "cut_range", "exact_shares", "split_sizes"]

Ratios: TypeAlias = Sequence[float] | Mapping[str, float]

SUM_TOLERANCE = 1e-6

MAX_PASSES = 100
MAX_GROUPS_FOR_SWAPS = 2000  # trying all pairs takes time that grows with the square


def exact_shares(ratios: Ratios) -> list[Fraction]:
    """Return the ratios as exact fractions with sum 1."""
    try:
        values = list(ratios.values()) if isinstance(ratios, Mapping) else list(ratios)
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise ParameterError(f"ratios: expected numbers, got {ratios!r}") from error
    if not numbers or not all(isfinite(number) and number > 0 for number in numbers):
        raise ParameterError(f"ratios: expected positive numbers, got {numbers}")
    if abs(fsum(numbers) - 1) > SUM_TOLERANCE:
        raise ParameterError(f"ratios: expected a sum of 1, got {fsum(numbers):g} from {numbers}")
    fractions = [Fraction(str(value)) for value in values]
    total = sum(fractions)
    return [fraction / total for fraction in fractions]


def split_sizes(n: int, ratios: Ratios) -> list[int]:
    """Return whole numbers near ``n * ratios`` that sum to n exactly (largest remainder).

    Ratios are read as the decimal numbers that they print as, so 0.29 of 100 is 29, and
    ties go to the first part.

    Raises
    ------
    ParameterError
        ``n`` is negative, or the ratios aren't positive or don't sum to 1.

    References
    ----------
    Balinski & Young, "Fair Representation", 1982 (Hamilton's method).
    """
    if isinstance(n, bool) or n != int(n) or n < 0:
        raise ParameterError(f"n: expected a whole number from 0, got {n!r}")
    quotas = [n * share for share in exact_shares(ratios)]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(sizes)), key=lambda i: sizes[i] - quotas[i])
    for i in by_remainder[: n - sum(sizes)]:
        sizes[i] += 1
    return sizes


def assign_groups(
    counts: NDArray[np.integer], shares: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.int64]:
    r"""Return the part of each group, for parts as near to their shares as possible.

    Starts at random, then moves single groups, or swaps two, while the cost falls:

    .. math:: \sum_p \frac{(N_p - s_p N)^2}{N}
              + \sum_{f, p} \frac{(N_{fp} - s_p N_f)^2}{s_p N_f}

    plus a penalty above all of that for each family that a part lacks, where
    :math:`N_{fp}` counts the notes of family f in part p. With one family, the second sum
    is left out.

    Parameters
    ----------
    counts : ndarray of int, shape (n_groups, n_families)
        Notes of each group in each family.
    shares : ndarray of float, shape (n_parts,)
        Positive, with sum 1.
    generator : numpy.random.Generator
        Chooses the start.

    Returns
    -------
    part_of : ndarray of int64, shape (n_groups,)
    """
    search = _Search(counts.astype(np.float64), shares, generator)
    for _ in range(MAX_PASSES):
        moved = search.move_all()
        if not moved and not search.swap_all():
            break
    return search.part_of


def cut_range(sizes: NDArray[np.integer], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the part of each value, where each part is a range and none is empty.

    Parameters
    ----------
    sizes : ndarray of int, shape (n_values,)
        Notes with each value, in the order of the values.
    shares : ndarray of float, shape (n_parts,)
        Positive, with sum 1; at most n_values parts.

    Returns
    -------
    part_of : ndarray of int64, shape (n_values,)
        Ascending.
    """
    n, n_parts = len(sizes), len(shares)
    below = np.concatenate([[0], np.cumsum(sizes)])
    cuts = [0]
    for part, target in enumerate(np.cumsum(shares)[:-1] * below[-1], start=1):
        nearest = int(np.abs(below - target).argmin())
        cuts.append(min(max(nearest, cuts[-1] + 1), n - (n_parts - part)))
    return np.searchsorted(cuts, np.arange(n), side="right") - 1


class _Search:
    """A local search; the attribute ``part_of`` is its state.

    Parameters
    ----------
    counts : ndarray of float, shape (n_groups, n_families)
    shares : ndarray of float, shape (n_parts,)
    generator : numpy.random.Generator
    """

    def __init__(
        self,
        counts: NDArray[np.float64],
        shares: NDArray[np.float64],
        generator: np.random.Generator,
    ) -> None:
        # The total is one more column; with one family it would only repeat that.
        total = counts.sum(axis=1, keepdims=True)
        self.counts = np.hstack([counts, total]) if counts.shape[1] > 1 else total
        self.target = shares[:, None] * self.counts.sum(axis=0)
        self.weight = 1 / self.target
        self.weight[:, -1] = 1 / total.sum()
        # More than all the rest can cost, so that no saving there pays for a missing family.
        self.penalty = 2 * len(shares) * float(self.counts.sum() / shares.min())
        self.order = generator.permutation(len(counts))
        # Fill the parts one after the other: what the order makes random is the choice.
        middle = np.cumsum(total[self.order, 0]) - total[self.order, 0] / 2
        bounds = np.cumsum(shares)[:-1] * total.sum()
        self.part_of = np.empty(len(counts), np.int64)
        self.part_of[self.order] = np.searchsorted(bounds, middle, side="right")
        self.sums = np.zeros_like(self.target)
        np.add.at(self.sums, self.part_of, self.counts)

    def cost(self, sums: NDArray[np.float64], part: NDArray | slice) -> NDArray[np.float64]:
        """Return the cost of parts with these sums; the last axis are families."""
        misses = (sums - self.target[part]) ** 2 * self.weight[part]
        return (misses + self.penalty * (sums < 0.5)).sum(axis=-1)

    def move_all(self) -> bool:
        """Move each group to the part where it costs least; tell whether any moved."""
        moved = False
        for group in self.order:
            here, size = self.part_of[group], self.counts[group]
            now = self.cost(self.sums, slice(None))
            change = self.cost(self.sums + size, slice(None)) - now
            change += self.cost(self.sums[here] - size, here) - now[here]
            change[here] = 0
            best = int(change.argmin())
            if change[best] < -1e-9:
                self._put(group, best)
                moved = True
        return moved

    def swap_all(self) -> bool:
        """Swap each group with the one where that saves most; tell whether any did."""
        if len(self.counts) > MAX_GROUPS_FOR_SWAPS:
            return False
        swapped = False
        for group in self.order:
            here = self.part_of[group]
            there = self.part_of
            difference = self.counts - self.counts[group]
            change = self.cost(self.sums[here] + difference, here)
            change += self.cost(self.sums[there] - difference, there)
            now = self.cost(self.sums, slice(None))
            change -= now[here] + now[there]
            change[there == here] = 0
            best = int(change.argmin())
            if change[best] < -1e-9:
                self._put(group, int(there[best]))
                self._put(best, int(here))
                swapped = True
        return swapped

    def _put(self, group: int, part: int) -> None:
        self.sums[self.part_of[group]] -= self.counts[group]
        self.sums[part] += self.counts[group]
        self.part_of[group] = part

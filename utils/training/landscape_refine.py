"""A grid of heights that becomes finer and finer, and what is known of it so far.

Conventions: ``values[row, column]`` is the height at ``(first[column], second[row])``; rows are
the second direction, as ``matplotlib.contourf(first, second, values)`` takes it. Each level of
refinement keeps the points of the one before, and none is computed twice.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from utils.errors import ParameterError

__all__ = [
    "Height",
    "Landscape",
    "Progress",
    "Span",
    "axes",
    "axis",
    "levels",
    "refine_surface",
    "ticking",
]

Height = Callable[[float, float], float]
"""From coordinates (a, b) to the height there."""

Progress = bool | Callable[[int, int], Any]
"""True for a bar, or a function of (points done, points in all)."""

Span = float | tuple[tuple[float, float], tuple[float, float]]
"""Half the width of both axes; or lowest and highest a, lowest and highest b."""


@dataclass(frozen=True)
class Landscape:
    """Heights on a grid.

    Attributes
    ----------
    first : numpy.ndarray, shape (nx,)
        Coordinates a along the first direction, ascending.
    second : numpy.ndarray, shape (ny,)
        Coordinates b along the second direction, ascending; only 0 for a line.
    values : numpy.ndarray, shape (ny, nx)
        Row i, column j: the height at a = ``first[j]``, b = ``second[i]``. Far away it may be
        infinite or NaN.
    computed : numpy.ndarray of bool, shape (ny, nx)
        False where the value is only interpolated between others.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    values: NDArray[np.float64]
    computed: NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether every value has been computed."""
        return bool(self.computed.all())

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; None stands for a value that is not finite."""
        rows = [[x if math.isfinite(x) else None for x in row] for row in self.values.tolist()]
        return {
            "first": self.first.tolist(),
            "second": self.second.tolist(),
            "values": rows,
            "computed": self.computed.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Landscape":
        """Return the landscape that :meth:`to_dict` wrote; None becomes NaN."""
        first, second, values = (
            np.array(document[key], dtype=np.float64) for key in ("first", "second", "values")
        )
        landscape = cls(first, second, values, np.array(document["computed"], dtype=np.bool_))
        shape = (len(second), len(first))
        for name, array in (("values", values), ("computed", landscape.computed)):
            if array.shape != shape:
                raise ParameterError(f"expected {name} of shape {shape}, got {array.shape}")
        return landscape


def refine_surface(
    height: Height,
    *,
    span: Span = 1.0,
    resolution: int = 17,
    budget_seconds: float | None = None,
    progress: Progress = True,
) -> Iterator[Landscape]:
    """Return an iterator over ever finer landscapes: 5×5 points, 9×9, 17×17, ….

    Parameters
    ----------
    height : Callable
        From coordinates (a, b) to a number: a ``LossAt``, or any other function.
    span : float or ((float, float), (float, float))
        Half the width of both axes, or lowest and highest a, lowest and highest b.
    resolution : int
        Points of each axis in the end; odd, so that the middle (θ* if the span is a number)
        is one of them, and at least 3.
    budget_seconds : float, optional
        Stop after so many seconds, drawing in between included, with what there is. The
        coarsest level is always finished.
    progress : bool or Callable
        Show a bar, or call a function with the number of points done and of all.

    Returns
    -------
    iterator of Landscape
        One after every level, and a last one if time runs out within a level. All have the
        full resolution; what has not been computed is interpolated linearly between the
        points of the last finished level.

    Raises
    ------
    ParameterError
        If an option is out of range; at once, not at the first step.

    Notes
    -----
    Between two steps of the iterator nothing is held: the model may be used or trained.

    Lecture: ``lectures/03_optimizers.ipynb``
    """
    first, second = axes(span, resolution)
    if budget_seconds is not None and not budget_seconds >= 0:
        raise ParameterError(f"expected budget_seconds ≥ 0, got {budget_seconds}")
    return _refine(height, first, second, budget_seconds, progress)


def _refine(
    height: Height,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    budget_seconds: float | None,
    progress: Progress,
) -> Iterator[Landscape]:
    """Yield the landscape after every level."""
    deadline = math.inf if budget_seconds is None else monotonic() + budget_seconds
    values = np.full((len(second), len(first)), np.nan)
    computed = np.zeros(values.shape, dtype=np.bool_)
    with ticking(progress, values.size) as tick:
        for number, level in enumerate(levels(len(first))):
            for step, (row, column) in enumerate(_from_the_middle(level, computed)):
                if number > 0 and monotonic() >= deadline:
                    if step > 0:
                        yield Landscape(first, second, values.copy(), computed.copy())
                    return
                values[row, column] = height(float(first[column]), float(second[row]))
                computed[row, column] = True
                tick(int(computed.sum()))
            guess = _interpolate(values, first, second, level)
            values = np.where(computed, values, guess)
            yield Landscape(first, second, values.copy(), computed.copy())


def axes(span: Span, resolution: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates along both directions; errors as for :func:`axis`."""
    columns, rows = (span, span) if isinstance(span, int | float) else span
    return axis(columns, resolution), axis(rows, resolution)


def axis(span: float | tuple[float, float], resolution: int) -> NDArray[np.float64]:
    """Return evenly spaced coordinates; exactly 0 in the middle if the span is one number.

    Raises
    ------
    ParameterError
        If the span is empty or not finite, or the resolution is not an odd number ≥ 3.
    """
    if not isinstance(resolution, int) or resolution < 3 or resolution % 2 == 0:
        raise ParameterError(f"expected resolution to be an odd number ≥ 3, got {resolution!r}")
    low, high = (-span, span) if isinstance(span, int | float) else span
    if not -math.inf < low < high < math.inf:
        raise ParameterError(f"expected a finite span from low to high, got {low} to {high}")
    # Around the middle: np.linspace would put it at 1e-17.
    steps = np.arange(resolution, dtype=np.float64) - resolution // 2
    return (low + high) / 2 + steps * ((high - low) / (resolution - 1))


def levels(resolution: int) -> list[NDArray[np.int64]]:
    """Return the indices that each level has along an axis: 5, about 9, 17, …, all.

    Every level has the middle and both ends; the gaps halve from one to the next.
    """
    middle = resolution // 2
    stride = 2 ** max(0, (middle - 1).bit_length() - 1)  # the largest power of two < middle
    index, found = np.arange(resolution), []
    while stride >= 1:
        inside = (index - middle) % stride == 0
        found.append(index[inside | (index == 0) | (index == resolution - 1)])
        stride //= 2
    return found


def _from_the_middle(
    level: NDArray[np.int64], computed: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Return the cells of a level that are still to be computed, from the middle outwards."""
    middle = len(computed) // 2
    cells = [(int(i), int(j)) for i in level for j in level if not computed[i, j]]
    return sorted(cells, key=lambda cell: (cell[0] - middle) ** 2 + (cell[1] - middle) ** 2)


def _interpolate(
    values: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    level: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the whole grid, linear along both axes between the points of a level."""
    coarse = values[np.ix_(level, level)]
    wide = np.array([np.interp(first, first[level], row) for row in coarse])
    return np.array([np.interp(second, second[level], column) for column in wide.T]).T


@contextmanager
def ticking(progress: Progress, total: int) -> Iterator[Callable[[int], Any]]:
    """Yield a function of the number of points done that shows the progress."""
    if callable(progress):
        yield lambda done: progress(done, total)
        return
    with tqdm(total=total, unit="point", disable=not progress) as bar:
        yield lambda done: bar.update(done - bar.n)

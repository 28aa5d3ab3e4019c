"""From a score to points: a piecewise linear curve.

No step: a model that is one accuracy point (0.01) better gains at most 5 % of the
points, so that luck within the interval of a score can't decide a grade.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import ParameterError

__all__ = ["MAX_SLOPE", "Curve", "credit", "curve_from_table", "read_credit"]

MAX_SLOPE = 5.0
"""Largest slope, in fraction of the points per unit of score (5 % per 0.01)."""


@dataclass(frozen=True)
class Curve:
    """A piecewise linear function from a score to a fraction of the points.

    Below the first corner the fraction stays that of the first, above the last
    corner that of the last.

    Parameters
    ----------
    corners : sequence of (float, float)
        Pairs of score in [0, 1], strictly rising, and fraction in [0, 1], never
        falling; the last fraction is 1. At least two.

    Raises
    ------
    ParameterError
        If the corners are not such a curve, or rise by more than ``MAX_SLOPE``.
    """

    corners: tuple[tuple[float, float], ...]

    def __init__(self, corners: Sequence[Sequence[float]]) -> None:
        object.__setattr__(self, "corners", _as_pairs(corners))
        scores, fractions = self.scores, self.fractions
        if len(scores) < 2:
            raise ParameterError(f"expected at least two corners, got {len(scores)}")
        for name, values in (("score", scores), ("fraction", fractions)):
            if not all(0 <= v <= 1 for v in values):
                raise ParameterError(f"expected every {name} in [0, 1], got {list(values)}")
        if fractions[-1] != 1:
            raise ParameterError(f"expected the last fraction to be 1, got {fractions[-1]}")
        _check_slopes(scores, fractions)

    @property
    def scores(self) -> tuple[float, ...]:
        """The corners' scores."""
        return tuple(score for score, _ in self.corners)

    @property
    def fractions(self) -> tuple[float, ...]:
        """The corners' fractions of the points."""
        return tuple(fraction for _, fraction in self.corners)

    def fraction(self, value: float) -> float:
        """Return the fraction of the points for a score in [0, 1]."""
        if not 0 <= value <= 1:
            raise ParameterError(f"expected a score in [0, 1], got {value}")
        return float(np.interp(value, self.scores, self.fractions))


def credit(value: float, curve: Curve, points: float) -> float:
    """Return the points that a score earns.

    Parameters
    ----------
    value : float
        The score, in [0, 1].
    curve : Curve
        From the section ``[credit]`` of the homework's ``assignment.toml``.
    points : float
        What the end of the curve is worth.
    """
    return points * curve.fraction(value)


def curve_from_table(table: dict[str, Any]) -> tuple[Curve, float]:
    """Return the curve and its points from a section ``[credit]`` (a parsed table)."""
    unknown = sorted(set(table) - {"points", "curve"})
    missing = sorted({"points", "curve"} - set(table))
    if unknown or missing:
        raise ParameterError(
            f"[credit]: expected the keys curve and points, got {sorted(table)}",
        )
    points = table["points"]
    if isinstance(points, bool) or not isinstance(points, int | float) or not points >= 0:
        raise ParameterError(f"[credit] points: expected a number >= 0, got {points!r}")
    try:
        return Curve(table["curve"]), float(points)
    except ParameterError as error:
        raise ParameterError(f"[credit] curve: {error}") from None


def read_credit(path: str | Path) -> tuple[Curve, float]:
    """Return the curve and its points from an ``assignment.toml``.

    Raises
    ------
    ParameterError
        If the file has no section ``[credit]``, or one that is not a valid curve.
    """
    with Path(path).open("rb") as file:
        table = tomllib.load(file)
    if "credit" not in table:
        raise ParameterError(f"expected a section [credit] in {path}, got {sorted(table)}")
    return curve_from_table(table["credit"])


def _as_pairs(corners: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    """Return corners as pairs of floats, or refuse."""
    try:
        return tuple((float(score), float(fraction)) for score, fraction in corners)
    except (TypeError, ValueError):
        raise ParameterError(
            f"expected a list of pairs [score, fraction], got {corners!r}"
        ) from None


def _check_slopes(scores: Sequence[float], fractions: Sequence[float]) -> None:
    """Refuse a curve that turns back, falls, or rises too fast."""
    steps, rises = np.diff(scores), np.diff(fractions)
    if not (steps > 0).all():
        raise ParameterError(f"expected strictly rising scores, got {list(scores)}")
    if not (rises >= 0).all():
        raise ParameterError(f"expected fractions that never fall, got {list(fractions)}")
    steepest = float((rises / steps).max())
    if steepest > MAX_SLOPE * (1 + 1e-9):
        raise ParameterError(
            f"expected at most {MAX_SLOPE:.0f} % of the points per accuracy point, "
            f"got {steepest:.1f} %: move the corners apart"
        )

"""Colors and lines that mean the same in every figure of the course.

The colors are those of Okabe and Ito, told apart with every kind of color vision.
Each has a second sign, a dash or a marker, so that color is never needed alone.

References
----------
Okabe, Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

__all__ = ["SPLIT_STYLES", "LineStyle", "axes_or_new"]


@dataclass(frozen=True)
class LineStyle:
    """How the line of one split is drawn, as matplotlib names it."""

    color: str
    dash: str
    marker: str


SPLIT_STYLES = {
    "train": LineStyle("#0072B2", "-", "o"),
    "validation": LineStyle("#D55E00", "--", "s"),
    "test": LineStyle("#009E73", "-.", "^"),
    "practice": LineStyle("#CC79A7", ":", "D"),
    "hidden": LineStyle("#E69F00", "-", "X"),
}
"""One style a split, through the whole course."""


def axes_or_new(ax: Axes | None, *, width: float = 6.0, height: float = 3.2) -> Axes:
    """Return the given Axes, or those of a new figure of this size in inches."""
    if ax is not None:
        return ax
    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new

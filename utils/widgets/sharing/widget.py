"""Three layers between the same units: all weights, local weights, shared weights.

The view counts with ``kit/math/sharing.js``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from matplotlib.figure import Figure

from utils.reference.parameter_count import count_parameters
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Field, Integer

__all__ = ["Sharing", "three_counts"]

NAMES = ("fully connected", "locally connected", "shared weights")


def three_counts(side: int, kernel: int, maps: int) -> tuple[int, int, int]:
    r"""Return weights and biases of three layers that give maps of the input's size.

    Parameters
    ----------
    side : int
        The input has side × side cells.
    kernel : int
        A unit sees kernel × kernel cells, unless it sees them all.
    maps : int
        Maps of side × side units each.

    Returns
    -------
    tuple of int
        Fully connected, locally connected, shared.

    Notes
    -----
    With n cells, K = k² cells of a patch and M maps:

    .. math:: (n + 1)\,n M, \qquad (K + 1)\,n M, \qquad (K + 1)\,M

    At the edges patches reach into zeros; their weights count like any others.

    Lecture: ``lectures/05_cnns.ipynb``
    """
    cells = side * side
    one = count_parameters([kernel * kernel, 1])
    return count_parameters([cells, cells * maps]), one * cells * maps, one * maps


class Sharing(CourseWidget):
    r"""Cells, units and the weights between them; equal weights have the same color.

    State: `side` (cells along each axis), `kernel` (of a patch), `maps`, `unit` (which unit of
    the drawing is looked at, from 1).

    Notes
    -----
    The drawing has one axis of 9 cells; the numbers are those of the whole layer.

    Lecture: ``lectures/05_cnns.ipynb``
    """

    NAME = "sharing"
    TITLE = "From all weights to shared ones"
    GOAL = "Make the fully connected layer need more than a billion weights and biases."
    OUTPUTS = ("full", "local", "shared")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "side": Integer(label="cells along each axis", default=64, low=8, high=128),
        "kernel": Integer(label="patch", default=3, low=1, high=9),
        "maps": Integer(label="maps", default=16, low=1, high=64),
        "unit": Integer(label="unit of the drawing", default=4, low=1, high=9),
    }

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return the three numbers."""
        counts = three_counts(state["side"], state["kernel"], state["maps"])
        parts = (f"{name} {count:,}" for name, count in zip(NAMES, counts, strict=True))
        return (
            f"{state['side']} × {state['side']} cells, patches of {state['kernel']} × "
            f"{state['kernel']}, {state['maps']} maps. Weights and biases: {', '.join(parts)}."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the three numbers as bars on a logarithmic axis."""
        counts = three_counts(state["side"], state["kernel"], state["maps"])
        ax = figure.subplots()
        bars = ax.barh(NAMES, counts, color=("#D55E00", "#0072B2", "#009E73"))
        ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
        ax.set(xscale="log", xlim=(1, 50 * max(counts)), xlabel="weights and biases")
        ax.invert_yaxis()

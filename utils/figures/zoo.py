"""Accuracy of the zoo's models against what they cost."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from utils.figures.style import axes_or_new
from utils.zoo.features import FEATURES
from utils.zoo.results import Table

__all__ = ["draw_zoo"]

COSTS = {
    "parameters": "parameters",
    "macs": "multiplications for a note",
    "seconds": "CPU seconds of training",
}
COLORS = ("#0072B2", "#D55E00")


def draw_zoo(
    table: Table,
    *,
    against: str = "parameters",
    chosen: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the accuracy of every model, with its interval, against a cost.

    Parameters
    ----------
    table : Table
        The cached results.
    against : {"parameters", "macs", "seconds"}
        The cost, on a logarithmic axis.
    chosen : sequence of str
        At most two names of models to point out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax)
    for row in table.rows:
        at = chosen.index(row.name) if row.name in chosen else None
        mean, low, high = (100 * v for v in row.interval)
        ax.errorbar(
            getattr(row, against),
            mean,
            yerr=[[mean - low], [high - mean]],
            fmt="s" if row.name in FEATURES else "o",
            color="0.6" if at is None else COLORS[at],
            zorder=1 if at is None else 2,
            label=None if at is None else row.title,
        )
    ax.set(xscale="log", xlabel=COSTS[against], ylabel="accuracy by instrument (%)")
    if chosen:
        ax.legend(frameon=False)
    return ax

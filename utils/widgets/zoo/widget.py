"""The zoo: every model of the lecture on the same notes, accuracy against cost, pairs, claims.

Everything comes from the cached results of ``python -m utils.zoo run --all``; the view sorts,
draws and looks up pairs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from matplotlib.figure import Figure

from utils.figures.zoo import draw_zoo
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Boolean, Choice, Field, Integer
from utils.widgets.zoo.standing import COSTS, best, cheapest, compare, only, view_options
from utils.zoo.results import Table, load_results

__all__ = ["Zoo"]

ORDERS = {"accuracy": "accuracy", **COSTS}


class Zoo(CourseWidget):
    r"""Compare the models of the lecture: a table, accuracy against a cost, two of them in detail.

    State: `against` (the cost on the horizontal axis), `cheapest` (only so many of the cheapest
    models take part), `order` (column that the table is sorted
    by), `upward` (smallest first), `first` and `second` (names of two models).

    Parameters
    ----------
    table : Table, optional
        Rows to show; default: the cached results.
    names : sequence of str, optional
        Two or more models of the table, the only ones to show; default: all.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Notes
    -----
    The difference of two models is paired: for every instrument group g of the practice notes

    .. math:: d_g = a_g^{(1)} - a_g^{(2)}, \qquad \bar d = \frac1G \sum_g d_g

    and its interval holds the middle 95 % of :math:`\bar d` over 2000 draws of the groups.

    Lecture: ``lectures/07_music_classification.ipynb``
    """

    NAME = "zoo"
    TITLE = "The zoo: every model on the same notes"
    GOAL = (
        "Choose the most accurate model, and beside it the cheapest one that can't be told from "
        "it: the interval of their difference contains zero."
    )
    OUTPUTS = ("difference", "verdict", "first", "second")
    FIELDS: ClassVar[Mapping[str, Field]] = {
        "against": Choice(
            label="Cost",
            default="parameters",
            options=tuple(COSTS),
            labels=tuple(COSTS.values()),
        ),
        "cheapest": Integer(label="Cheapest", default=26, low=1, high=26),
        "order": Choice(
            label="Sorted by",
            default="accuracy",
            options=tuple(ORDERS),
            labels=tuple(ORDERS.values()),
        ),
        "upward": Boolean(label="Smallest first", default=False),
        "first": Choice(label="Model\u00a0●", default="lecture_cnn", options=("lecture_cnn",)),
        "second": Choice(label="minus\u00a0■", default="mean_max", options=("mean_max",)),
    }

    def __init__(
        self, *, table: Table | None = None, names: Sequence[str] | None = None, **options: Any
    ) -> None:
        whole = load_results() if table is None else table
        self.table = whole if names is None else only(whole, names)
        names = tuple(row.name for row in self.table.rows)
        titles = tuple(row.title for row in self.table.rows)
        starts = {"first": "lecture_cnn", "second": "mean_max"}
        n = len(names)
        fields: dict[str, Field] = {
            key: Choice(
                label=self.FIELDS[key].label,
                default=start if start in names else names[0],
                options=names,
                labels=titles,
            )
            for key, start in starts.items()
        }
        fields["cheapest"] = Integer(label=self.FIELDS["cheapest"].label, default=n, low=1, high=n)
        super().__init__(options=view_options(self.table), fields=fields, **options)

    @property
    def goal_pair(self) -> tuple[str, str]:
        """The most accurate model, and the cheapest by the chosen cost that equals it."""
        return best(self.table), cheapest(self.table, self.state["against"])

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return both models' accuracy and their difference."""
        first, second = (self.table.row(state[key]) for key in ("first", "second"))
        mean, low, high = compare(self.table, first.name, second.name)
        top = self.table.row(best(self.table))
        return (
            f"{len(self.table.rows)} models on the same notes; the most accurate is {top.title} "
            f"({top.accuracy:.0%}). {first.title}: {first.accuracy:.0%} ({first.low:.0%} to "
            f"{first.high:.0%}), {first.parameters:,} parameters, {first.seconds:.0f} CPU-s. "
            f"{second.title}: {second.accuracy:.0%} ({second.low:.0%} to {second.high:.0%}), "
            f"{second.parameters:,} parameters, {second.seconds:.0f} CPU-s. Difference "
            f"{100 * mean:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})."
        )

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw accuracy against the cost, both models marked."""
        chosen = (state["first"], state["second"])
        draw_zoo(self.table, against=state["against"], chosen=chosen, ax=figure.subplots())

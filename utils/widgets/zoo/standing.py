"""The table of the zoo as the view wants it: plain numbers, all pairs compared."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from utils.errors import ParameterError
from utils.zoo.claims import CLAIMS, COUNTED, Finding, find
from utils.zoo.features import FEATURES
from utils.zoo.results import Difference, Table

__all__ = ["COSTS", "best", "cheapest", "compare", "luck", "only", "view_options"]

COSTS: Final[Mapping[str, str]] = {
    "parameters": "parameters",
    "macs": "multiplications a note",
    "seconds": "CPU seconds of training",
}


def best(table: Table) -> str:
    """Return the name of the model with the highest accuracy; of equal ones, the first."""
    return max(table.rows, key=lambda row: row.accuracy).name


def only(table: Table, names: Sequence[str]) -> Table:
    """Return the table of some of its models.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Two or more.

    Raises
    ------
    ParameterError
        If one is unknown, or there are fewer than two.
    """
    if len(names) < 2:
        raise ParameterError(f"expected two or more models, got {len(names)}")
    return Table(tuple(table.row(name) for name in names), table.provenance)


def compare(table: Table, first: str, second: str) -> Difference:
    """Return the difference in accuracy of two models, first minus second."""
    return table.difference(first, second)


def cheapest(table: Table, cost: str) -> str:
    """Return the cheapest model that can't be told from the best one.

    Parameters
    ----------
    table : Table
    cost : str
        Of ``COSTS``.
    """
    top = best(table)
    near = [row for row in table.rows if compare(table, top, row.name).low <= 0]
    return min(near, key=lambda row: getattr(row, cost)).name


def view_options(table: Table) -> dict[str, Any]:
    """Return what the view needs, as JSON holds it.

    Parameters
    ----------
    table : Table
        With at least two rows.
    """
    names = [row.name for row in table.rows]
    claims = [find(c, table) for c in CLAIMS if c.first in names and c.second in names]
    provenance = table.provenance
    return {
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "network": row.name not in FEATURES,
                "accuracy": row.accuracy,
                "low": row.low,
                "high": row.high,
                "seeds": row.by_seed,
                **{cost: getattr(row, cost) for cost in COSTS},
            }
            for row in table.rows
        ],
        "pairs": {
            f"{one} {other}": [round(v, 5) for v in compare(table, one, other)]
            for one, other in combinations(names, 2)
        },
        "claims": [_claim(finding) for finding in claims],
        "costs": dict(COSTS),
        "source": (
            f"Practice notes: {provenance['notes']} of {provenance['groups']} instruments that no "
            f"model has heard; accuracy by instrument, 95 % interval. "
            f"Made by {provenance['made_by']} (torch {provenance['versions']['torch']}, one "
            f"thread, notes {provenance['dataset_id'][:8]}). CPU seconds vary by a third "
            f"or so from run to run. {luck(table)}"
        ),
    }


def luck(table: Table) -> str:
    """Return in words what the intervals leave out: how far two runs of one model lie apart."""
    told = "The intervals hold the luck of the instruments, not that of training"
    single = sum(len(row.runs) == 1 for row in table.rows)
    if single == len(table.rows):
        return f"{told}: each of these models was trained once only."
    row = max(table.rows, key=lambda row: max(row.by_seed) - min(row.by_seed))
    return (
        f"{told}: runs of one model ({row.title}) reached {min(row.by_seed):.0%} to "
        f"{max(row.by_seed):.0%}. {single} of {len(table.rows)} models were trained once only."
    )


def _claim(finding: Finding) -> dict[str, Any]:
    claim, (mean, low, high) = finding.claim, finding.difference
    if claim.measure in COUNTED:
        number = f"{mean:+,.0f} {'CPU-s' if claim.measure == 'seconds' else claim.measure}"
    else:
        what = "accuracy" if claim.measure == "by_group" else "predictions that stay"
        number = f"{100 * mean:+.0f} points ({100 * low:+.0f} to {100 * high:+.0f}) of {what}"
    return {
        "row": claim.row,
        "text": claim.text,
        "verdict": finding.verdict,
        "number": number.replace("-", "−").replace("CPU−s", "CPU-s").replace(",", "\u202f"),
        "first": claim.first,
        "second": claim.second,
    }

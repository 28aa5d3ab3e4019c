"""Numbers about a class: distribution of points, recall by family, questions, time.

Only the submissions that count go in, one a student. None of it names anybody.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.policy.settle import Settled
from grader.results import Result
from utils.notes.vocabulary import FAMILIES

__all__ = [
    "MIN_STUDENTS",
    "FamilyRecall",
    "Item",
    "Spread",
    "counts_of_codes",
    "family_recalls",
    "histogram",
    "items",
    "spread",
]

MIN_STUDENTS = 5
"""With fewer, how well a question separates students says nothing."""

MANY_MESSAGES = 1_000
"""Different ones at a question that are counted, so that large classes need little memory."""


@dataclass(frozen=True)
class Spread:
    """Where numbers lie.

    Attributes
    ----------
    n : int
    low, quarter, median, three_quarters, high, mean : float
    """

    n: int
    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float
    mean: float


@dataclass(frozen=True)
class FamilyRecall:
    """How well the models of a class know a family of the practice notes.

    Attributes
    ----------
    family : str
    spread : Spread or None
        Of the recalls; None if the practice notes have no such instrument.
    mistaken_for : str
        What its notes are most often taken for; "" if for nothing.
    """

    family: str
    spread: Spread | None
    mistaken_for: str


@dataclass(frozen=True)
class Item:
    """A question.

    Attributes
    ----------
    name : str
    max_points : float
    mean : float
        Share of the points, averaged over the class.
    full, none : float
        Share of students with all of the points, and with none.
    separates : float or None
        Correlation of its points with those of all other questions; None where that is not
        defined, or the class is too small.
    message : str
        What its public tests say most often; "" if nothing.
    """

    name: str
    max_points: float
    mean: float
    full: float
    none: float
    separates: float | None
    message: str


def spread(values: Sequence[float]) -> Spread | None:
    """Return where numbers lie; None for none."""
    if not values:
        return None
    low, quarter, median, three_quarters, high = np.percentile(values, [0, 25, 50, 75, 100])
    return Spread(
        len(values),
        float(low),
        float(quarter),
        float(median),
        float(three_quarters),
        float(high),
        float(np.mean(values)),
    )


def histogram(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """Return how many values lie between edges; what lies outside goes to the outer bins."""
    inside = np.clip(values, edges[0], edges[-1])
    return [int(n) for n in np.histogram(inside, bins=np.asarray(edges))[0]]


def counts_of_codes(rows: Sequence[Settled]) -> list[tuple[str, int]]:
    """Return why submissions were not graded, the most frequent reason first."""
    return Counter(row.result.code for row in rows if row.result.code).most_common()


def family_recalls(results: Iterable[Result]) -> list[FamilyRecall]:
    """Return the recall of each family on the practice notes, over all models."""
    recalls: list[list[float]] = [[] for _ in FAMILIES]
    sums = np.zeros((len(FAMILIES), len(FAMILIES)), dtype=np.int64)
    for result in results:
        if result.practice_confusion:
            matrix = np.asarray(result.practice_confusion)
            sums += matrix
            for place, row in enumerate(matrix):
                if row.any():
                    recalls[place].append(float(row[place] / row.sum()))
    np.fill_diagonal(sums, 0)
    return [
        FamilyRecall(family, spread(values), FAMILIES[int(wrong.argmax())] if wrong.any() else "")
        for family, values, wrong in zip(FAMILIES, recalls, sums, strict=True)
    ]


def items(results: Iterable[Result], model: str, model_points: float) -> list[Item]:
    """Return an analysis of each question: the model question first, then the notebook's.

    Parameters
    ----------
    results : iterable of Result
        One a student; with their details.
    model : str
        Name of the model question.
    model_points : float
        What it is worth.
    """
    columns: dict[str, _Column] = {model: _Column()}
    n = 0
    for n, result in enumerate((r for r in results if r.model_points is not None), start=1):
        columns[model].add(n, result.model_points or 0.0, model_points)
        for question in result.questions:
            column = columns.setdefault(question.name, _Column())
            column.add(n, question.points, question.max_points, question.message)
    if not n:
        return []
    earned = {name: column.array(n) for name, column in columns.items()}
    totals = sum(earned.values(), start=np.zeros(n))
    names = [model, *sorted(columns.keys() - {model})]
    return [_item(name, columns[name], earned[name], totals - earned[name]) for name in names]


class _Column:
    """What each student earned at a question: nothing if the notebook was unreadable."""

    def __init__(self) -> None:
        self._earned: array[float] = array("d")
        self.most = 0.0
        self.messages: Counter[str] = Counter()

    def add(self, number: int, earned: float, most: float, message: str = "") -> None:
        """Put in the points of a student, numbered from 1."""
        if len(self._earned) < number:
            self._earned.extend([0.0] * (number - 1 - len(self._earned)) + [earned])
        self.most = max(self.most, most)
        # what most are told comes early
        if message and (message in self.messages or len(self.messages) < MANY_MESSAGES):
            self.messages[message] += 1

    def array(self, n: int) -> np.ndarray:
        """Return the points of all students."""
        return np.pad(np.asarray(self._earned), (0, n - len(self._earned)))


def _item(name: str, column: _Column, points: np.ndarray, others: np.ndarray) -> Item:
    most = column.most
    messages = column.messages.most_common(1)
    return Item(
        name=name,
        max_points=most,
        mean=float(points.mean() / most) if most else 0.0,
        full=float((points >= most - 1e-9).mean()),
        none=float((points <= 1e-9).mean()),
        separates=_correlation(points, others),
        message=messages[0][0] if messages else "",
    )


def _correlation(points: np.ndarray, others: np.ndarray) -> float | None:
    """Return Pearson's correlation, or None where it is not defined or means nothing."""
    if len(points) < MIN_STUDENTS or np.ptp(points) < 1e-9 or np.ptp(others) < 1e-9:
        return None
    return float(np.corrcoef(points, others)[0, 1])

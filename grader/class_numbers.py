"""Numbers about a class: distribution of points, recall by family, questions, time.

Only the submissions that count go in, one a student. None of it names anybody.
"""

from collections import Counter
from collections.abc import Sequence
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


def family_recalls(results: Sequence[Result]) -> list[FamilyRecall]:
    """Return the recall of each family on the practice notes, over all models."""
    matrices = [np.asarray(r.practice_confusion) for r in results if r.practice_confusion]
    found = []
    for place, family in enumerate(FAMILIES):
        rows = [matrix[place] for matrix in matrices if matrix[place].sum()]
        recalls = [float(row[place] / row.sum()) for row in rows]
        wrong = np.sum(rows, axis=0) if rows else np.zeros(len(FAMILIES))
        wrong[place] = 0
        worst = FAMILIES[int(wrong.argmax())] if wrong.any() else ""
        found.append(FamilyRecall(family, spread(recalls), worst))
    return found


def items(results: Sequence[Result], model: str, model_points: float) -> list[Item]:
    """Return an analysis of each question: the model question first, then the notebook's.

    Parameters
    ----------
    results : sequence of Result
        One a student.
    model : str
        Name of the model question.
    model_points : float
        What it is worth.
    """
    graded = [result for result in results if result.model_points is not None]
    table: dict[str, list[tuple[float, float, str]]] = {model: []}
    for result in graded:
        table[model].append((result.model_points or 0.0, model_points, ""))
    names = {question.name for result in graded for question in result.questions}
    for name in sorted(names):
        table[name] = [_earned(result, name) for result in graded]
    totals = np.array([[earned for earned, _, _ in column] for column in table.values()]).sum(0)
    return [_item(name, column, totals) for name, column in table.items() if column]


def _earned(result: Result, name: str) -> tuple[float, float, str]:
    """Return what a student earned at a question: nothing if the notebook was unreadable."""
    for question in result.questions:
        if question.name == name:
            return question.points, question.max_points, question.message
    return 0.0, 0.0, ""


def _item(name: str, column: Sequence[tuple[float, float, str]], totals: np.ndarray) -> Item:
    points = np.array([earned for earned, _, _ in column])
    most = max(maximum for _, maximum, _ in column)
    messages = Counter(message for _, _, message in column if message).most_common(1)
    return Item(
        name=name,
        max_points=most,
        mean=float(points.mean() / most) if most else 0.0,
        full=float((points >= most - 1e-9).mean()),
        none=float((points <= 1e-9).mean()),
        separates=_correlation(points, totals - points),
        message=messages[0][0] if messages else "",
    )


def _correlation(points: np.ndarray, others: np.ndarray) -> float | None:
    """Return Pearson's correlation, or None where it is not defined or means nothing."""
    if len(points) < MIN_STUDENTS or np.ptp(points) < 1e-9 or np.ptp(others) < 1e-9:
        return None
    return float(np.corrcoef(points, others)[0, 1])

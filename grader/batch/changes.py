"""What a regrade changed, student by student."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.gradebook import write_atomically
from grader.results import Result

__all__ = ["Change", "compare", "write_changes"]

_COLUMNS = ("submission", "before", "after", "points_before", "points_after", "difference", "what")
_LEAST = 0.005
"""Points are written with two digits."""


@dataclass(frozen=True)
class Change:
    """A submission that came out differently, or for the first time.

    Attributes
    ----------
    submission : str
    before, after : str
        Status and code; before is "" if there was no result.
    points_before, points_after : float or None
    what : tuple of str
        Each thing that changed, in words.
    """

    submission: str
    before: str
    after: str
    points_before: float | None
    points_after: float | None
    what: tuple[str, ...]

    @property
    def difference(self) -> float | None:
        """Points gained or lost; None if there were none before or are none now."""
        if self.points_before is None or self.points_after is None:
            return None
        return round(self.points_after - self.points_before, 2)


def compare(before: Result | None, after: Result) -> Change | None:
    """Return what is different between two results of a submission; None if nothing is."""
    what = ("graded for the first time",) if before is None else tuple(_differences(before, after))
    if not what:
        return None
    return Change(
        after.submission,
        "" if before is None else _outcome(before),
        _outcome(after),
        None if before is None else before.points,
        after.points,
        what,
    )


def write_changes(found: Iterable[Change], path: Path) -> None:
    """Write a table of changes.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for change in found:
        name = change.submission
        values = (
            f"'{name}" if name[:1] in "=+-@" else name,  # no formula for a spreadsheet
            change.before,
            change.after,
            *map(_number, (change.points_before, change.points_after, change.difference)),
            "; ".join(change.what),
        )
        writer.writerow(dict(zip(_COLUMNS, values, strict=True)))
    write_atomically(path, text.getvalue())


def _differences(before: Result, after: Result) -> Iterable[str]:
    if _outcome(before) != _outcome(after):
        yield f"{_outcome(before)} → {_outcome(after)}"
    old, new = before.score, after.score
    if old is not None and new is not None and abs(old.value - new.value) >= 1e-6:
        yield f"hidden score {old.value:.1%} → {new.value:.1%}"
    yield from _points("model", before.model_points, after.model_points)
    earlier = {question.name: question.points for question in before.questions}
    for question in after.questions:
        yield from _points(question.name, earlier.pop(question.name, None), question.points)
    for name, points in earlier.items():
        yield from _points(name, points, None)
    if before.max_points != after.max_points:
        yield f"of {before.max_points:g} → {after.max_points:g} points"


def _points(name: str, before: float | None, after: float | None) -> Iterable[str]:
    if before is None and after is None:
        return
    if before is None or after is None or abs(before - after) >= _LEAST:
        yield f"{name} {_number(before) or '–'} → {_number(after) or '–'}"


def _outcome(result: Result) -> str:
    return f"{result.status} {result.code}".strip()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"

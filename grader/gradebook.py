"""Write the gradebook, ``grades.csv`` in format 1, and other files all or nothing."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grader.policy.settle import Settled
from grader.results import Result
from utils.files import atomic_file

__all__ = ["COLUMNS", "GRADES", "plain", "write_gradebook", "write_table"]

GRADES = "grades.csv"
"""Where the gradebook lies in a folder of results."""

COLUMNS = (
    "submission",
    "student",
    "assignment",
    "sha256",
    "status",
    "code",
    "score",
    "ci_low",
    "ci_high",
    "model_points",
    "auto_points",
    "manual_points",
    "late_days",
    "points",
    "max_points",
    "message",
    "seconds",
)
"""Columns of format 1; blank = not applicable or not yet graded."""

_FORMULA = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with; the wide ones count where wide characters are usual."""


def write_gradebook(results: Iterable[Result | Settled], path: str | Path) -> None:
    """Write one row for each result, ordered by submission; all or nothing.

    Parameters
    ----------
    results : iterable of Result or Settled
        What they are worth in the end; of a mere result late days and written answers are
        blank.
    path : path

    Raises
    ------
    StoreError
        The file can't be written.
    """
    write_table(COLUMNS, map(_row, sorted(results, key=_submission)), path)


def write_table(
    columns: Sequence[str], rows: Iterable[Mapping[str, str]], path: str | Path
) -> None:
    """Write a CSV; all or nothing. Rows are asked for one by one.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    with atomic_file(path) as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _submission(row: Result | Settled) -> str:
    return row.submission if isinstance(row, Result) else row.result.submission


def _row(row: Result | Settled) -> dict[str, str]:
    """Return a row as texts."""
    if isinstance(row, Settled):
        return _unsettled(row.result) | _settled(row)
    return _unsettled(row)


def _unsettled(result: Result) -> dict[str, str]:
    """Return a result as texts; written answers and late days are blank."""
    score = result.score
    return {
        "submission": plain(result.submission),
        "student": plain(result.student),
        "assignment": result.assignment,
        "sha256": result.sha256,
        "status": result.status,
        "code": result.code,
        "score": f"{score.value:.4f}" if score else "",
        "ci_low": f"{score.low:.4f}" if score else "",
        "ci_high": f"{score.high:.4f}" if score else "",
        "model_points": _points(result.model_points),
        "auto_points": _points(result.auto_points),
        "manual_points": "",
        "late_days": "",
        "points": _points(result.points),
        "max_points": _points(result.max_points),
        "message": plain("; ".join(filter(None, (result.message, result.sandbox_note)))),
        "seconds": f"{result.seconds:.2f}",
    }


def _settled(row: Settled) -> dict[str, str]:
    """Return what the policy changes in a row."""
    messages = (row.note, row.result.message, row.result.sandbox_note)
    return {
        "student": plain(row.student),
        "manual_points": _points(row.manual),
        "late_days": "" if row.late_days is None else f"{row.late_days}",
        "points": _points(row.points),
        "max_points": _points(row.max_points),
        "message": plain("; ".join(filter(None, messages))),
    }


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def plain(text: str) -> str:
    """Return a text on one line that no spreadsheet takes for a formula.

    A file name or an error text may come from a student, and ``=HYPERLINK(…)`` runs on
    opening. (OWASP, "CSV injection".)
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line[:1] in _FORMULA else line

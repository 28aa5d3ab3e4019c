"""Write the gradebook, ``grades.csv`` in format 1."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from grader.results import Result
from utils.errors import StoreError

__all__ = ["COLUMNS", "write_atomically", "write_gradebook"]

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


def write_gradebook(results: Iterable[Result], path: str | Path) -> None:
    """Write one row for each result, ordered by submission; all or nothing.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(result) for result in sorted(results, key=lambda r: r.submission))
    write_atomically(Path(path), text.getvalue())


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a crash leaves the old one or the new one.

    Raises
    ------
    StoreError
        The file can't be written.
    """
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StoreError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        new.unlink(missing_ok=True)


def _row(result: Result) -> dict[str, str]:
    """Return a result as texts; what is graded by hand, and late days, come later."""
    score = result.score
    return {
        "submission": _plain(result.submission),
        "student": _plain(result.student),
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
        "message": _plain("; ".join(filter(None, (result.message, result.sandbox_note)))),
        "seconds": f"{result.seconds:.2f}",
    }


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, on one line.

    A file name or an error text may come from a student, and ``=HYPERLINK(…)`` runs on
    opening. (OWASP, "CSV injection".)
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line

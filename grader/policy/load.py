"""Read the results of the last run of ``grade`` from its folder."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.journal import FILE_NAME, Journal
from grader.policy.settle import NOTE
from grader.results import Result
from utils.errors import ParameterError, StoreError

__all__ = ["load_results"]

GRADES = "grades.csv"


def load_results(folder: Path, assignment: Assignment) -> list[Result]:
    """Return one result for each row of the gradebook, in its order.

    Parameters
    ----------
    folder : Path
        Of ``grade --out``.
    assignment : Assignment
        That was graded there.

    Raises
    ------
    ParameterError
        No run has ended there, or one of another assignment.
    StoreError
        The results can't be read.
    """
    rows = _gradebook(folder / GRADES)
    others = {row["assignment"] for row in rows} - {assignment.name}
    if others:
        raise ParameterError(
            f"expected the results of {assignment.name} in {folder}, got {', '.join(others)}: "
            "name it with --assignment"
        )
    path = folder / "results" / FILE_NAME
    if not path.is_file():
        raise StoreError(f"{path} is missing; run `python -m grader grade` again")
    with Journal(path) as journal:
        return [_result(row, journal.latest) for row in rows]


def _gradebook(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        raise ParameterError(
            f"expected the results folder of `python -m grader grade`, got {path.parent}: "
            f"there is no {path.name}"
        ) from None


def _result(row: dict[str, str], latest: Callable[[str], tuple[Result, str] | None]) -> Result:
    """Return the result that a row of the gradebook comes from."""
    # a name that a spreadsheet would take for a formula has a quote before it
    name = row["submission"].removeprefix("'")
    student = name.rpartition(".")[0] or name
    found = latest(row["sha256"]) if row["status"] != "infra_error" else None
    if found is not None:
        return replace(found[0], submission=name, student=student)
    if row["status"] == "graded":
        raise StoreError(f"the result of {name} is lost; run `python -m grader grade` again")
    # what is not kept: a zip that nobody could read, or a fault of the grader
    return Result(
        submission=name,
        student=student,
        assignment=row["assignment"],
        sha256=row["sha256"],
        status="rejected" if row["status"] == "rejected" else "infra_error",
        code=row["code"],
        message=_without_note(row["message"]),
        model_points=_number(row["model_points"]),
        auto_points=_number(row["auto_points"]),
        max_points=_number(row["max_points"]) or 0.0,
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _without_note(message: str) -> str:
    """Return a message without what :mod:`grader.policy.settle` put before it."""
    return message.partition("; ")[2] if message.startswith(NOTE) else message

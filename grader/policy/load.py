"""Read the results of the last run of ``grade`` from its folder."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.folder import StoredResults
from grader.batch.journal import JOURNAL, Journal
from grader.gradebook import GRADES
from grader.policy.settle import NOTES
from grader.results import Result
from utils.errors import ParameterError, StoreError

__all__ = ["load_results"]


def load_results(folder: Path, assignment: Assignment) -> StoredResults:
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
        The results can't be read; also while they are looked at.
    """
    path = folder / GRADES
    if not path.is_file():
        raise ParameterError(
            f"expected the results folder of `python -m grader grade`, got {folder}: "
            f"there is no {GRADES}"
        )
    journal_path = folder / JOURNAL
    entries: list[tuple[str, str] | Result] = []
    with Journal(journal_path) as journal:
        for row in _gradebook(path):
            if row["assignment"] != assignment.name:
                raise ParameterError(
                    f"expected the results of {assignment.name} in {folder}, got those of "
                    f"{row['assignment']}: name it with --assignment"
                )
            entries.append(_entry(row, journal))
    return StoredResults(journal_path, None, entries)


def _gradebook(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(f"can't read {path}: {error}") from error


def _entry(row: Mapping[str, str], journal: Journal) -> tuple[str, str] | Result:
    """Return where a row's result lies; the result itself if the journal does not have it."""
    # a name that a spreadsheet would take for a formula has a quote before it
    name = row["submission"].removeprefix("'")
    kept = row["status"] == "graded"
    if row["status"] == "rejected":  # maybe a zip that nobody could read
        kept = journal.latest(row["sha256"]) is not None
    return (name, row["sha256"]) if kept else _without_journal(row, name)


def _without_journal(row: Mapping[str, str], name: str) -> Result:
    """Return what a row says by itself: a zip that nobody could read, a fault of the grader."""
    return Result(
        submission=name,
        student=name.rpartition(".")[0] or name,
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
    return message.partition("; ")[2] if message.startswith(NOTES) else message

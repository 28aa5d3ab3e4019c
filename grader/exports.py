"""Hand grades on: a CSV with a row a student, Gradescope, Canvas, nbgrader's gradebook.

Only the submission that counts is handed on. Who is not graded yet is left out, or stays
blank in a file of another system: a missing number can be added, a zero hurts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from grader.assignment import Assignment
from grader.gradebook import plain, write_table
from grader.policy.late import LatePolicy, instant, read_table
from grader.policy.settle import Inputs, Settled
from utils.errors import ParameterError, StoreError

__all__ = [
    "Total",
    "totals",
    "write_canvas",
    "write_csv",
    "write_gradescope",
    "write_nbgrader",
]

CSV = ("student", "points", "max_points", "late_days", "lost", "submission")
GRADESCOPE = (
    *("First Name", "Last Name", "SID", "Email", "Total Score", "Max Points"),
    *("Status", "Submission ID", "Submission Time", "Lateness (H:M:S)"),
)
CELL = "otter_total"
_IDS = ("SID", "SIS User ID", "SIS Login ID", "ID", "Email", "Student", "Name", "Login ID")


@dataclass(frozen=True, slots=True)
class Total:
    """What a student has in the end.

    Attributes
    ----------
    student : str
    points : float or None
        All of them, late days taken off; None: not graded yet.
    automatic : float or None
        The same without written answers, which may be kept elsewhere.
    max_points, max_automatic : float
    settled : Settled
        The submission that counts.
    lateness : timedelta
        How long after the student's deadline.
    """

    student: str
    points: float | None
    automatic: float | None
    max_points: float
    max_automatic: float
    settled: Settled
    lateness: timedelta = timedelta(0)


def totals(settled: Sequence[Settled], assignment: Assignment, inputs: Inputs) -> list[Total]:
    """Return one total a student, by name.

    Parameters
    ----------
    settled : sequence of Settled
        All submissions, from :func:`grader.policy.settle.settle`.
    assignment : Assignment
    inputs : Inputs
        That they were settled with.
    """
    found = []
    for row in sorted((row for row in settled if row.counts), key=lambda row: row.student):
        earned = row.result.points
        automatic = None if earned is None else round(max(0.0, earned - row.lost), 2)
        total = Total(
            student=row.student,
            points=row.points,
            automatic=automatic,
            max_points=row.max_points,
            max_automatic=row.result.max_points,
            settled=row,
            lateness=_lateness(row, assignment.late, inputs),
        )
        found.append(total)
    return found


def _lateness(row: Settled, late: LatePolicy | None, inputs: Inputs) -> timedelta:
    if late is None or row.submitted is None:
        return timedelta(0)
    due = instant(late.due(inputs.extensions.get(row.student)), late.zone)
    return max(timedelta(0), row.submitted - due)


def write_csv(found: Sequence[Total], path: Path) -> int:
    """Write a row a student; return how many have points."""
    rows = (
        {
            "student": plain(total.student),
            "points": _number(total.points),
            "max_points": f"{total.max_points:g}",
            "late_days": _number(total.settled.late_days, "d"),
            "lost": _number(total.settled.lost),
            "submission": plain(total.settled.result.submission),
        }
        for total in found
    )
    write_table(CSV, rows, path)
    return _count(found)


def write_gradescope(found: Sequence[Total], path: Path, *, roster: Path | None = None) -> int:
    """Write what Gradescope's "Download grades" writes; return how many have points.

    Parameters
    ----------
    found : sequence of Total
    path : Path
    roster : Path, optional
        Gradescope's roster, for names and e-mail addresses; whoever is in it and did not
        hand in gets the status "Missing".

    Raises
    ------
    ParameterError
        Somebody is not in the roster.
    """
    people = list(read_table(roster, ("SID",))) if roster else []
    by_row = _match(found, people) if roster else {}
    rows = [
        _gradescope_row(total, people[by_row[total.student]] if roster else {}) for total in found
    ]
    handed = set(by_row.values())
    rows += [
        _person(person) | {"Status": "Missing"}
        for place, person in enumerate(people)
        if place not in handed
    ]
    write_table(GRADESCOPE, rows, path)
    return _count(found)


def _person(row: Mapping[str, str]) -> dict[str, str]:
    return {name: plain(row.get(name, "")) for name in GRADESCOPE[:4]}


def _gradescope_row(total: Total, person: Mapping[str, str]) -> dict[str, str]:
    seconds = int(total.lateness.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    submitted = total.settled.submitted
    known = _person(person or {"SID": total.student})
    return known | {
        "Total Score": _number(total.points),
        "Max Points": f"{total.max_points:g}",
        "Status": "Ungraded" if total.points is None else "Graded",
        "Submission ID": total.settled.result.sha256[:12],
        "Submission Time": "" if submitted is None else f"{submitted:%Y-%m-%d %H:%M:%S} +0000",
        "Lateness (H:M:S)": f"{hours:02}:{minutes:02}:{seconds % 60:02}",
    }


def write_canvas(found: Sequence[Total], path: Path, *, roster: Path, column: str) -> int:
    """Write a column for Canvas's gradebook import; return how many have points.

    Parameters
    ----------
    found : sequence of Total
    path : Path
    roster : Path
        Canvas's gradebook export: its ids must come back unchanged.
    column : str
        Title of the assignment in Canvas, with its number if it has one: "Homework 3 (1234)".

    Raises
    ------
    ParameterError
        Somebody is not in the roster.
    """
    ids = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    people = list(read_table(roster, ("Student", "ID", "Section")))
    first = next((p for p, row in enumerate(people) if row["Student"] != "Points Possible"), 0)
    by_row = _match(found, people)
    points = {by_row[total.student]: _number(total.points) for total in found}
    most = max((total.max_points for total in found), default=0.0)
    rows = [{"Student": "    Points Possible", column: f"{most:g}"}]
    rows += [
        {name: row.get(name, "") for name in ids} | {column: points.get(place, "")}
        for place, row in enumerate(people)
        if place >= first
    ]
    write_table((*ids, column), rows, path)
    return _count(found)


def _match(found: Sequence[Total], people: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Return the row of each student, found by any of the ids in a roster.

    Raises
    ------
    ParameterError
        A student is in no row, or in more than one.
    """
    places: dict[str, set[int]] = {}
    for place, row in enumerate(people):
        keys = {row.get(name, "").casefold() for name in _IDS}
        keys |= {row.get("Email", "").casefold().partition("@")[0]}
        for key in keys - {""}:
            places.setdefault(key, set()).add(place)
    rows = {total.student: places.get(total.student.casefold(), set()) for total in found}
    wrong = sorted(student for student, hits in rows.items() if len(hits) != 1)
    if wrong:
        raise ParameterError(
            f"expected each student in one row of the roster, got none or several for "
            f"{', '.join(wrong[:8])}"
        )
    return {student: next(iter(hits)) for student, hits in rows.items()}


def write_nbgrader(found: Sequence[Total], database: Path, *, column: str) -> int:
    """Put the automatic points into nbgrader's gradebook as an assignment of their own.

    Written answers that nbgrader keeps are not in them, so nothing is counted twice. Points
    that are there already are replaced; who is not graded yet is left alone.

    Parameters
    ----------
    found : sequence of Total
    database : Path
        ``gradebook.db`` of the course; made if it is missing.
    column : str
        Name of the assignment there.

    Returns
    -------
    int
        How many students have points.

    Raises
    ------
    StoreError
        nbgrader's database can't be written.
    ParameterError
        It belongs to a course that brings that column itself.
    """
    from nbgrader.api import Gradebook

    if (database.parent / "source" / column / "points.ipynb").is_file():
        raise ParameterError(
            f"{database.parent} is a course of `release --nbgrader`: "
            "use python -m grader nbgrader points COURSE grades.csv"
        )
    most = max((total.max_automatic for total in found), default=0.0)
    try:
        with Gradebook(f"sqlite:///{database.absolute()}") as book:
            book.update_or_create_assignment(column)
            book.update_or_create_notebook(CELL, column)
            book.update_or_create_grade_cell(CELL, CELL, column, max_score=most, cell_type="code")
            for total in found:
                if total.automatic is None:
                    continue
                book.update_or_create_student(total.student)
                book.update_or_create_submission(column, total.student)
                grade = book.find_grade(CELL, CELL, column, total.student)
                grade.manual_score, grade.needs_manual_grade = total.automatic, False
            book.db.commit()
    except Exception as error:  # of the database's own kinds, which we do not depend on
        raise StoreError(f"can't write into {database}: {error}") from error
    return _count(found)


def _count(found: Sequence[Total]) -> int:
    return sum(total.points is not None for total in found)


def _number(value: float | None, form: str = ".2f") -> str:
    return "" if value is None else format(value, form)

"""Put the points of ``grades.csv`` into nbgrader's gradebook, as the assignment ``<name>-auto``.

An assignment of its own, since nbgrader's pages and exports then show it as they show every
other one, and the homework's own assignment stays the written answers alone.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook, MissingEntry

from grader.nbgrader_course.collecting import is_student_name
from grader.policy.late import read_table
from utils.errors import ParameterError

__all__ = [
    "AUTO",
    "NOTEBOOK",
    "Points",
    "PutPoints",
    "points_notebook",
    "put_points",
    "read_points",
]

AUTO = "-auto"
NOTEBOOK = "points"
_PARTS = ("model", "notebook")
_ABOUT = (
    "# Points of the tests and of the model\n\n"
    "They come from the grader's `grades.csv`; nothing is handed in here. "
    "The written answers have an assignment of their own."
)


@dataclass(frozen=True)
class Points:
    """What a student's submission earned without the written answers.

    Attributes
    ----------
    model, notebook : float or None
        None: not graded yet.
    lost : float
        Points taken off for late days.
    note : str
        Status and message of the row.
    """

    model: float | None
    notebook: float | None
    lost: float
    note: str


@dataclass(frozen=True)
class PutPoints:
    """What became of the rows of ``grades.csv``.

    Attributes
    ----------
    assignment : str
        Name of nbgrader's assignment.
    students : tuple of str
        Who has points now.
    open : tuple of str
        Of these, who is not graded completely: nbgrader shows them as to be graded.
    left_out : tuple of str
        Names that nbgrader can't take, as they would be paths or patterns.
    """

    assignment: str
    students: tuple[str, ...]
    open: tuple[str, ...]
    left_out: tuple[str, ...]


def points_notebook(maxima: dict[str, float]) -> NotebookNode:
    """Return the source notebook of ``<name>-auto``.

    Parameters
    ----------
    maxima : dict of str to float
        Points of ``"model"`` and ``"notebook"``.
    """
    cells = [new_markdown_cell(_ABOUT, id="about")]
    for name in _PARTS:
        cell = new_code_cell(f"# {name}: the grader's points", id=name)
        cell.metadata["nbgrader"] = {
            "schema_version": 3,
            "grade": True,
            "solution": False,
            "locked": True,
            "task": False,
            "grade_id": name,
            "points": maxima[name],
        }
        cells.append(cell)
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def read_points(path: Path) -> tuple[str, dict[str, Points]]:
    """Return the assignment of a ``grades.csv``, and each student's points.

    Raises
    ------
    ParameterError
        It has no rows, rows of several assignments, or a student with several rows that count.
    StoreError
        It can't be read.
    """
    columns = ("student", "assignment", "status", "model_points", "auto_points")
    rows = list(read_table(path, (*columns, "manual_points", "points", "message")))
    names = sorted({row["assignment"] for row in rows})
    if len(names) != 1:
        raise ParameterError(f"{path.name}: expected rows of one assignment, got {names}")
    by_student: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_student[row["student"]].append(row)
    return names[0], {name: _points(name, tries) for name, tries in by_student.items()}


def _points(student: str, rows: list[dict[str, str]]) -> Points:
    """Return the points of the row that counts; the others' column ``points`` is blank."""
    counting = [row for row in rows if row["points"]] or rows[:1]
    if len(counting) != 1:
        raise ParameterError(
            f"expected one row with points for {student}, got {len(counting)}: say in [late] of "
            "assignment.toml which submission counts"
        )
    row = counting[0]
    model, notebook, manual, total = (
        float(row[name]) if row[name] else None
        for name in ("model_points", "auto_points", "manual_points", "points")
    )
    earned = (model or 0.0) + (notebook or 0.0) + (manual or 0.0)
    lost = 0.0 if total is None else max(0.0, round(earned - total, 2))
    return Points(model, notebook, lost, ": ".join(filter(None, (row["status"], row["message"]))))


def put_points(course: Path, grades: Path) -> PutPoints:
    """Put the points of a ``grades.csv`` into a course's gradebook.

    May be done again after a regrade: the points are replaced. What somebody changed by
    hand in nbgrader's form stays, and nbgrader asks to look at it again.

    Parameters
    ----------
    course : Path
        Made by :func:`grader.nbgrader_course.course.make_course`.
    grades : Path

    Raises
    ------
    ParameterError
        The course has no such assignment, or a row has more points than there are.
    StoreError
        The table can't be read.
    """
    name, table = read_points(grades)
    assignment, database = name + AUTO, course / "gradebook.db"
    fit = {student: points for student, points in table.items() if is_student_name(student)}
    source = course / "source" / assignment / f"{NOTEBOOK}.ipynb"
    if not source.is_file() or not database.is_file():
        raise ParameterError(f"expected an nbgrader course with {assignment}, got {course}")
    with Gradebook(f"sqlite:///{database.resolve()}") as gradebook:
        try:
            maxima = _maxima(gradebook, assignment)
        except MissingEntry as error:
            raise ParameterError(f"{database}: {error}") from None
        _check(fit, maxima)
        for student, points in fit.items():
            _put(gradebook, assignment, student, points)
        gradebook.db.commit()
    master = nbformat.read(source, as_version=4)
    for student, points in fit.items():
        _write_page(course / "autograded" / student / assignment, master, points, maxima)
    unfinished = [s for s, p in fit.items() if p.model is None or p.notebook is None]
    left_out = tuple(sorted(set(table) - set(fit)))
    return PutPoints(assignment, tuple(sorted(fit)), tuple(sorted(unfinished)), left_out)


def _maxima(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """Return what the parts are worth."""
    others = {book.name for book in gradebook.find_assignment(assignment).notebooks} - {NOTEBOOK}
    if others:
        raise ParameterError(
            f"{assignment} in the gradebook holds {', '.join(sorted(others))} as well, so its "
            "points would be counted twice: remove the assignment there and make it again"
        )
    cells = (gradebook.find_grade_cell(part, NOTEBOOK, assignment) for part in _PARTS)
    return {cell.name: cell.max_score for cell in cells}


def _check(table: dict[str, Points], maxima: dict[str, float]) -> None:
    """Refuse points that belong to another version of the homework."""
    for student, points in table.items():
        for part in _PARTS:
            got = getattr(points, part)
            if got is not None and not 0 <= got <= maxima[part] + 1e-6:
                raise ParameterError(
                    f"{student}, {part}: expected 0 to {maxima[part]:g} points, got {got:g}"
                )


def _put(gradebook: Gradebook, assignment: str, student: str, points: Points) -> None:
    """Write one student's points; nothing is kept before the caller commits."""
    gradebook.update_or_create_student(student)
    gradebook.update_or_create_submission(assignment, student)
    for part in _PARTS:
        grade = gradebook.find_grade(part, NOTEBOOK, assignment, student)
        grade.auto_score = getattr(points, part)
        # as nbgrader's own autograde has it
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
    submitted = gradebook.find_submission_notebook(NOTEBOOK, assignment, student)
    submitted.late_submission_penalty = points.lost or None


def _write_page(folder: Path, master: NotebookNode, points: Points, most: dict[str, float]) -> None:
    """Write the notebook that nbgrader's form and its feedback show."""
    notebook = nbformat.from_dict(json.loads(nbformat.writes(master)))
    for cell in notebook.cells:
        if cell.id in _PARTS:
            got = getattr(points, cell.id)
            words = "not graded yet" if got is None else f"{got:g} of {most[cell.id]:g} points"
            cell.outputs = [new_output("stream", name="stdout", text=words)]
    lost = f"; {points.lost:g} points taken off for late days" if points.lost else ""
    text = f"{points.note}{lost}"
    cell = new_code_cell("# what the grader said", id="said")
    cell.outputs = [new_output("stream", name="stdout", text=text)]
    notebook.cells.append(cell)
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{NOTEBOOK}.ipynb")

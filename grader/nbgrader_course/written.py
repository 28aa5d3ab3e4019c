"""Make nbgrader's source notebook of an otter master.

It starts from what ``otter assign`` makes for students, so that nbgrader and otter hand out
the same notebook. The answer cells of questions with ``manual: true`` become nbgrader's
manually graded answers; cells that otter locks are read-only; no other cell gets points.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import nbformat
import yaml
from nbformat import NotebookNode

from grader.assignment import AssignmentError

__all__ = ["ANSWER_TAG", "Question", "read_questions", "source_notebook"]

ANSWER_TAG = "otter_answer_cell"
_REGION = "\n### BEGIN SOLUTION\n{}\n### END SOLUTION"
_MARK = re.compile(r"# (BEGIN|END) (QUESTION|SOLUTION)")


@dataclass
class Question:
    """A question of a master.

    Attributes
    ----------
    name : str
    points : object
        As the master says.
    manual : bool
        Graded by hand.
    cells : list of str
        Ids of its cells, without the raw ones.
    answers : list of str
        The cells between ``# BEGIN SOLUTION`` and ``# END SOLUTION``.
    """

    name: str
    points: object
    manual: bool
    cells: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def read_questions(master: NotebookNode) -> list[Question]:
    """Return the questions of an otter master.

    Raises
    ------
    AssignmentError
        A question's description can't be read.
    """
    questions: list[Question] = []
    inside = solution = False
    for cell in master.cells:
        mark = _MARK.match(cell.source) if cell.cell_type == "raw" else None
        if mark and mark.group(2) == "SOLUTION":
            solution = mark.group(1) == "BEGIN"
        elif mark:
            inside = mark.group(1) == "BEGIN"
            questions += [_question(cell.source)] if inside else []
        elif inside and cell.cell_type != "raw":
            questions[-1].cells.append(cell.id)
            questions[-1].answers += [cell.source] if solution else []
    return questions


def _question(source: str) -> Question:
    """Return the question that a raw cell describes."""
    try:
        table = yaml.safe_load(source.partition("\n")[2])
        return Question(str(table["name"]), table.get("points"), bool(table.get("manual", False)))
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise AssignmentError(f"expected the name of a question, got {source!r}") from error


def source_notebook(master: NotebookNode, student: NotebookNode) -> NotebookNode:
    """Return nbgrader's source notebook.

    Parameters
    ----------
    master : NotebookNode
        The otter master.
    student : NotebookNode
        What ``otter assign`` made of it for students, with the master's cell ids.

    Returns
    -------
    NotebookNode
        The students' notebook with nbgrader's metadata and, in regions that nbgrader cuts
        out, the reference answers to written questions. Solutions and hidden tests of other
        questions are not in it.

    Raises
    ------
    AssignmentError
        A written question has no points, or no cell for its answer.
    """
    questions = {q.name: q for q in read_questions(master) if q.manual}
    notebook = nbformat.from_dict(student)
    for cell in notebook.cells:
        if not cell.metadata.get("editable", True):
            _mark(cell, f"given-{cell.id}", locked=True)
    found = dict.fromkeys(questions, 0)
    for cell, question in _answer_cells(master, notebook, questions):
        _make_answer(cell, question, found[question.name])
        found[question.name] += 1
    for name, count in found.items():
        if not count:
            raise AssignmentError(f"the written question {name} has no cell for the answer")
    return notebook


def _answer_cells(
    master: NotebookNode, notebook: NotebookNode, questions: Mapping[str, Question]
) -> Iterator[tuple[NotebookNode, Question]]:
    """Yield the answer cells of written questions; a cell that otter added follows its question."""
    owner = {cell.id: "" for cell in master.cells}
    owner |= {cell: question.name for question in questions.values() for cell in question.cells}
    current = ""
    for cell in notebook.cells:
        current = owner.get(cell.id, current)
        if current and ANSWER_TAG in cell.metadata.get("tags", ()):
            yield cell, questions[current]


def _make_answer(cell: NotebookNode, question: Question, number: int) -> None:
    """Make a cell the answer that is graded by hand; the first one carries the points."""
    points = question.points
    if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
        raise AssignmentError(
            f"the written question {question.name}: expected a number of points, got {points!r}"
        )
    name = question.name if not number else f"{question.name}-{number + 1}"
    _mark(cell, name, grade=True, solution=True, points=0 if number else points)
    if number < len(question.answers):
        cell.source += _REGION.format(question.answers[number])


def _mark(cell: NotebookNode, name: str, **what: object) -> None:
    """Write nbgrader's metadata."""
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    cell.metadata["nbgrader"] = NotebookNode(plain | {"grade_id": name} | what)

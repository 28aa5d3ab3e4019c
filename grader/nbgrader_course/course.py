"""Make an nbgrader course of otter masters, or add a homework to one.

=======================  =========================================================
``nbgrader_config.py``   no student code is run; may be added to
``source/NAME``          the notebook with the reference answers to written questions
``source/NAME-auto``     stands for the points that come from the grader
``release/NAME``         what students get: the same notebook as from otter
``gradebook.db``         nbgrader's gradebook, with both assignments
=======================  =========================================================
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.assignment import Assignment
from grader.masters import check_student_notebook
from grader.nbgrader_course.points import AUTO, NOTEBOOK, points_notebook
from grader.nbgrader_course.written import source_notebook
from grader.notebook.grading import NotebookGrader
from grader.otter_assign import assigned, run_module
from grader.publish import refuse_foreign, write_marker
from utils.errors import CourseError

__all__ = ["KIND", "NbgraderError", "make_course", "run_nbgrader"]

KIND = "nbgrader course"
CONFIG = "nbgrader_config.py"
_TEMPLATES = Path(__file__).parents[1] / "templates"


class NbgraderError(CourseError, RuntimeError):
    """nbgrader failed; the message ends with what it said."""


def run_nbgrader(course: Path, *arguments: str) -> str:
    """Run an nbgrader command in a course; return what it printed.

    Raises
    ------
    NbgraderError
        It failed.
    """
    code, lines = run_module("nbgrader", *arguments, folder=course)
    if code != 0:
        tail = "\n".join(lines[-25:])
        raise NbgraderError(f"nbgrader {' '.join(arguments)} ended with exit code {code}:\n{tail}")
    return "\n".join(lines)


def make_course(
    assignment: Assignment, course: Path, *, say: Callable[[str], None] = print
) -> Path:
    """Make an nbgrader course with a homework, or put the homework into a course.

    Submissions, grades and other homework of a course stay as they are; so does its
    ``nbgrader_config.py``. nbgrader refuses to change which cells have points once there are
    submissions.

    Parameters
    ----------
    assignment : Assignment
    course : Path
        A free name, an empty folder, or a course that this function made.
    say : callable
        Gets a line for each step.

    Returns
    -------
    Path
        The released notebook.

    Raises
    ------
    FolderError
        The folder holds something else.
    AssignError, AssignmentError, LeakError, NbgraderError
        The homework's source and release stay as they were.
    """
    refuse_foreign(course, KIND)
    say("otter assign --no-run-tests")
    source, points = _sources(assignment)
    _prepare(course)
    names = (assignment.name, assignment.name + AUTO)
    release = course / "release" / assignment.name / assignment.notebook
    with _restored([course / step / name for step in ("source", "release") for name in names]):
        _write(source, course / "source" / names[0] / assignment.notebook)
        _write(points, course / "source" / names[1] / f"{NOTEBOOK}.ipynb")
        for name in names:
            say(f"nbgrader generate_assignment {name}")
            run_nbgrader(course, "generate_assignment", name, "--force")
        check_student_notebook(assignment.notebook_path, release)
    say(f"for students: {release}")
    return release


def _sources(assignment: Assignment) -> tuple[NotebookNode, NotebookNode]:
    """Return the source notebooks of both of nbgrader's assignments."""
    master = assignment.notebook_path
    with assigned(assignment) as made:
        student = made.student / master.name
        source = source_notebook(nbformat.read(master, 4), nbformat.read(student, 4))
        tests = NotebookGrader(assignment, autograder=made.zip_file)
        maxima = {"model": assignment.model_question.points, "notebook": tests.max_points}
    return source, points_notebook(maxima)


def _prepare(course: Path) -> None:
    """Make a new course's folder; of an old one only the mark is renewed."""
    course.mkdir(parents=True, exist_ok=True)
    write_marker(course, KIND)
    if not (course / CONFIG).exists():
        shutil.copyfile(_TEMPLATES / f"{CONFIG}.txt", course / CONFIG)


def _write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@contextmanager
def _restored(folders: list[Path]) -> Iterator[None]:
    """Put folders back as they were if the block fails."""
    with tempfile.TemporaryDirectory(prefix="nbgrader-old-") as kept:
        for number, folder in enumerate(folders):
            if folder.is_dir():
                shutil.copytree(folder, Path(kept, str(number)))
        try:
            yield
        except BaseException:
            for number, folder in enumerate(folders):
                shutil.rmtree(folder, ignore_errors=True)
                if Path(kept, str(number)).is_dir():
                    shutil.copytree(Path(kept, str(number)), folder)
            raise

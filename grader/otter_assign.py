"""Run the stock ``otter assign`` as a program of its own, and show what it says.

A separate process, because otter changes the working directory and the logging of
the process that it runs in. Nothing of otter is replaced or patched.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.assignment import Assignment
from grader.masters import check_student_notebook
from grader.scratch import Scratch
from utils.errors import CourseError

__all__ = [
    "AssignError",
    "Assigned",
    "assigned",
    "course_environment",
    "run_module",
    "run_otter_assign",
    "stage_assignment",
]

REPOSITORY = Path(__file__).resolve().parents[1]

HARMLESS = ("IPKernelApp] WARNING", "frozen modules", "PYDEVD_DISABLE", "make the debugger")
"""Lines of Jupyter that say nothing about the assignment."""


class AssignError(CourseError, RuntimeError):
    """``otter assign`` failed, for example because a solution fails its own tests."""


@dataclass(frozen=True)
class Assigned:
    """The folders and files that ``otter assign`` wrote.

    Attributes
    ----------
    student : Path
        Folder to hand out.
    autograder : Path
        Folder with the solutions; for instructors.
    zip_file : Path
        otter's autograder zip.
    """

    student: Path
    autograder: Path
    zip_file: Path


@contextmanager
def assigned(assignment: Assignment) -> Iterator[Assigned]:
    """Lend what otter makes of a homework, without running its solutions and tests.

    Raises
    ------
    AssignError, LeakError
        otter failed, or left a secret in the student notebook.
    """
    with Scratch("assign") as folder:
        master = stage_assignment(assignment, folder / assignment.name)
        made = run_otter_assign(master, folder / "out", run_tests=False, say=lambda line: None)
        check_student_notebook(master, made.student / master.name)
        yield made


def stage_assignment(assignment: Assignment, folder: Path) -> Path:
    """Copy an assignment's master into a folder and put empty student files beside it.

    otter wants the files that students make (``student_files``) to lie beside the
    master, even when it doesn't run it.

    Returns
    -------
    Path
        The copied master.
    """
    folder.mkdir(parents=True, exist_ok=True)
    master = folder / assignment.notebook_path.name
    shutil.copyfile(assignment.notebook_path, master)
    for name in assignment.submission:
        if not (folder / name).exists():
            (folder / name).touch()
    return master


def course_environment() -> dict[str, str]:
    """Return the environment for programs that run course notebooks: they find ``utils``."""
    environment = dict(os.environ)
    earlier = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), *([earlier] if earlier else [])])
    environment["PYTHONIOENCODING"] = "utf-8"
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    # else threads that wait keep their processor busy, and training on a shared machine crawls
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return environment


def run_module(
    *command: str, folder: Path, say: Callable[[str], None] = lambda line: None
) -> tuple[int, list[str]]:
    """Run ``python -m COMMAND`` in a folder; return its exit code, and the lines it printed.

    Parameters
    ----------
    *command : str
        The module and its arguments.
    folder : Path
    say : callable
        Gets each line at once.
    """
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=course_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None  # for mypy: PIPE was asked for
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                say(lines[-1])
        except BaseException:
            process.terminate()
            raise
    return process.returncode, lines


def run_otter_assign(
    master: Path,
    out: Path,
    *,
    run_tests: bool = True,
    say: Callable[[str], None] = print,
) -> Assigned:
    """Run ``otter assign`` on a master notebook.

    Parameters
    ----------
    master : Path
        The master; files that students make (``student_files``) must lie beside it.
    out : Path
        Folder for ``student`` and ``autograder``.
    run_tests : bool
        Let otter run the solutions and all tests, hidden ones too. Cells with the tag
        ``otter_ignore`` are not run.
    say : callable
        Gets the lines that otter prints.

    Returns
    -------
    Assigned
        What was written.

    Raises
    ------
    AssignError
        otter failed; the message ends with the last lines that it printed.
    """
    # the folder may be put in place of another one, so otter's names must not hold its path
    options = ["-v", master.name, str(out.resolve()), *([] if run_tests else ["--no-run-tests"])]

    def show(line: str) -> None:
        if line and not any(mark in line for mark in HARMLESS):
            say(line)

    code, lines = run_module("otter", "assign", *options, folder=master.parent, say=show)
    if code != 0:
        tail = "\n".join(lines[-25:])
        raise AssignError(f"otter assign ended with exit code {code}:\n{tail}")
    for folder in ("student", "autograder"):
        _steady_ids(out / folder / master.name, master)
    return _written(out)


def _steady_ids(path: Path, master: Path) -> None:
    """Number the cells that otter added: it draws their ids anew each time.

    So the same master always gives the same student notebook.
    """
    known = {cell.id for cell in nbformat.read(master, as_version=4).cells}
    notebook = nbformat.read(path, as_version=4)
    added = (cell for cell in notebook.cells if cell.id not in known)
    for number, cell in enumerate(added):
        cell["id"] = f"otter-{number:02d}"
    nbformat.write(notebook, path)


def _written(out: Path) -> Assigned:
    """Find what otter wrote; the zip's name holds a time stamp."""
    zips = sorted((out / "autograder").glob("*-autograder_*.zip"))
    if len(zips) != 1 or not (out / "student").is_dir():
        raise AssignError(f"expected a student folder and one autograder zip, got {len(zips)} zips")
    return Assigned(out / "student", out / "autograder", zips[0])

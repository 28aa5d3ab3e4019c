"""Run the stock ``otter assign`` as a program of its own, and show what it says.

A separate process, because otter changes the working directory and the logging of
the process that it runs in. Nothing of otter is replaced or patched.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from utils.errors import CourseError

__all__ = ["AssignError", "Assigned", "course_environment", "run_otter_assign"]

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
    command = [sys.executable, "-m", "otter", "assign", "-v", master.name, str(out.resolve())]
    if not run_tests:
        command.append("--no-run-tests")
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=master.parent,
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
                if line.strip() and not any(mark in line for mark in HARMLESS):
                    say(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        tail = "\n".join(lines[-25:])
        raise AssignError(f"otter assign ended with exit code {process.returncode}:\n{tail}")
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

"""Release a homework: what students get, and what grades it.

A homework release holds

=============================  ====================================================
``student/``                   what students get (also in the students' tree)
``autograder/``                the notebook with solutions and what otter needs
``<name>-autograder.zip``      the sealed autograder zip: for `otter grade` and Gradescope
``reference/``                 the run of the solutions: notebook with outputs, model
                               and history; for instructors only
``release.json``               versions, checksums, how long the reference run took
=============================  ====================================================
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import nbformat

from grader.assignment import Assignment
from grader.autograder.seal import seal_zip
from grader.hidden_split import HiddenSplit
from grader.masters import check_student_notebook
from grader.otter_assign import Assigned, run_otter_assign, stage_assignment
from grader.policy.binding import demand_bound
from grader.publish import checksums, fresh_folder, write_marker
from grader.reference_run import ReferenceRun, run_notebook
from grader.sandbox.policy import Policy
from grader.scoring import practice_store
from grader.scratch import Scratch
from utils.errors import CourseError

__all__ = ["KIND", "Release", "Sealing", "release_assignment"]

KIND = "homework release"


@dataclass(frozen=True)
class Release:
    """Where the parts of a homework release lie.

    Attributes
    ----------
    folder, student, autograder : Path
        The release, its part for students, its part for instructors.
    zip_file : Path
        The sealed autograder zip.
    reference : Path or None
        Folder with the reference run's ``model.onnx``, ``history.json`` and notebook;
        None for a release without a run.
    train_seconds, run_seconds : float or None
        How long the reference run trained, and took altogether.
    """

    folder: Path
    student: Path
    autograder: Path
    zip_file: Path
    reference: Path | None
    train_seconds: float | None
    run_seconds: float | None


def _reference(assignment: Assignment, master: Path, progress: bool) -> ReferenceRun:
    """Run the solutions beside the staged master, and check that they left what students submit."""
    run = run_notebook(master, progress=progress)
    for name in assignment.submission:
        path = master.parent / name
        if not path.is_file() or not path.stat().st_size:
            raise CourseError(
                f"expected that running {master.name} writes {name}, got no such file"
            )
    return run


def _keep_reference(assignment: Assignment, master: Path, run: ReferenceRun, goal: Path) -> None:
    """Keep the reference run for instructors."""
    goal.mkdir()
    nbformat.write(run.notebook, goal / master.name)
    for name in assignment.submission:
        if name != master.name:
            shutil.copyfile(master.parent / name, goal / name)


@dataclass(frozen=True)
class Sealing:
    """What goes into the autograder zip beside otter's tests.

    Attributes
    ----------
    hidden : HiddenSplit or None
    policy : {"strict", "weak"}
        Protections that must hold where the zip grades.
    practice : path or None
        Store with the practice split; None: the notes that come with the course.
    """

    hidden: HiddenSplit | None = None
    policy: Policy = "strict"
    practice: Path | None = None


def _lay_out(
    assignment: Assignment, assigned: Assigned, folder: Path, ran: bool, sealing: Sealing
) -> None:
    """Give otter's output its place in the release, its zip sealed."""
    if sealing.hidden is not None:
        demand_bound(assignment, sealing.hidden)
    seal_zip(
        assigned.zip_file,
        folder / f"{assignment.name}-autograder.zip",
        assignment,
        practice=practice_store(assignment, sealing.practice).split("practice"),
        hidden=sealing.hidden,
        policy=sealing.policy,
    )
    assigned.zip_file.unlink()
    shutil.copytree(assigned.student, folder / "student")
    shutil.copytree(assigned.autograder, folder / "autograder")
    if not ran:  # the empty stand-ins that otter asked for
        for path in (folder / "autograder").iterdir():
            if path.name in assignment.submission and not path.stat().st_size:
                path.unlink()


def _describe(assignment: Assignment, folder: Path, run: ReferenceRun | None) -> None:
    """Write down what was released, from what, with which versions."""
    write_marker(
        folder,
        KIND,
        assignment=assignment.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: version(name) for name in ("otter-grader", "torch", "onnxruntime")},
        reference_run=None
        if run is None
        else {"seconds": round(run.seconds, 1), "train_seconds": round(run.train_seconds, 1)},
        sha256=checksums(folder),
    )


def release_assignment(
    assignment: Assignment,
    out: Path,
    *,
    run: bool = True,
    sealing: Sealing | None = None,
    progress: bool = True,
    say: Callable[[str], None] = print,
) -> Release:
    """Release a homework with the stock ``otter assign``.

    First the solutions are run from top to bottom, training included: the reference
    run. Its model and history then lie beside the master, as they lie beside a
    student's notebook, so that otter's own test of the solutions need not train again.

    Parameters
    ----------
    assignment : Assignment
        What to release.
    out : Path
        A free name, an empty folder, or an earlier homework release, which is replaced.
    run : bool
        False leaves out the reference run and otter's test of the solutions.
    sealing : Sealing, optional
        What goes into the autograder zip; default: no hidden split.
    progress : bool
        Show a bar during the reference run.
    say : callable
        Gets a line for each step.

    Returns
    -------
    Release
        Where everything lies.

    Raises
    ------
    AssignError, ReferenceRunError, LeakError, FolderError
        Nothing is released then, and ``out`` stays as it is.
    """
    start = time.perf_counter()

    def step(text: str) -> None:
        say(f"[{time.perf_counter() - start:5.1f} s] {text}")

    reference: ReferenceRun | None = None
    with (
        fresh_folder(out, kind=KIND) as folder,
        Scratch("release") as scratch,
    ):
        master = stage_assignment(assignment, scratch / assignment.name)
        if run:
            step("running the solutions from top to bottom (the reference run)")
            reference = _reference(assignment, master, progress)
            step(f"reference run done, {reference.train_seconds:.0f} s of it training")
            _keep_reference(assignment, master, reference, folder / "reference")
        step("otter assign" + ("" if run else " --no-run-tests"))
        assigned = run_otter_assign(
            master, scratch / "out", run_tests=run, say=lambda line: say(f"    {line}")
        )
        check_student_notebook(master, assigned.student / master.name)
        step("sealing the autograder zip")
        _lay_out(assignment, assigned, folder, run, sealing or Sealing())
        _describe(assignment, folder, reference)
    step(f"released in {out}")
    return _as_release(assignment, out, reference)


def _as_release(assignment: Assignment, out: Path, run: ReferenceRun | None) -> Release:
    """Return the paths of a finished release."""
    return Release(
        folder=out,
        student=out / "student",
        autograder=out / "autograder",
        zip_file=out / f"{assignment.name}-autograder.zip",
        reference=None if run is None else out / "reference",
        train_seconds=None if run is None else run.train_seconds,
        run_seconds=None if run is None else run.seconds,
    )

"""Grade one submission in a grading machine: a container of otter's, or Gradescope's.

The labels are only ever in a process of their own, forked for the model question. When
it has ended they are deleted, and only then does the notebook run.
"""

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from grader.assignment import Assignment, load_assignment
from grader.autograder.history import METADATA, Place, place, read_tries
from grader.autograder.reports import Shown, write_reports
from grader.autograder.room import Room
from grader.autograder.submission import find_submission, read_submission
from grader.hidden_split import HiddenSplit
from grader.intake import Archive
from grader.marking import Marker
from grader.model_tests import ModelTests, model_test_source
from grader.notebook.grading import NotebookGrader
from grader.notebook.session import StudentSandbox
from grader.results import Result
from grader.sandbox.kernel import end_with
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import REQUIRED, Policy, PolicyError
from grader.sandbox.protocol import SandboxError
from grader.sandbox.thief import demand_unreadable
from grader.scoring import PracticeNotes, Scorer
from utils.errors import CourseError
from utils.submission.codes import Code, Rejection

__all__ = ["HIDDEN", "PRACTICE", "SEAL", "Sealed", "grade_one", "main"]

PRIVATE = Path("source/files/private")
SEAL, HIDDEN, PRACTICE = "sealed.json", "hidden", "practice.npz"
FORMAT = 1

UNSEALED = (
    "the model question was not graded: this zip was released without a hidden split "
    "(python -m grader release … --hidden HIDDEN)"
)
FAILED = "The grader failed. The submission was not graded, and has no points yet: grade it again."
TOO_WEAK = (
    "This container lacks what keeps student code from the labels. Grade where it holds (a newer "
    "kernel; `python -m grader grade` on Linux), or, if a user of its own is enough for you, "
    "release the zip again with --sandbox weak."
)


@dataclass(frozen=True)
class Sealed:
    """What a sealed zip says about itself.

    Attributes
    ----------
    assignment : Assignment
    left_out : frozenset of str
        Ids of training cells.
    policy : str
        Of the sandboxes.
    hidden : bool
        Whether there is a hidden split.
    """

    assignment: Assignment
    left_out: frozenset[str]
    policy: Policy
    hidden: bool

    @classmethod
    def open(cls, private: Path) -> "Sealed":
        """Return what stands in a folder.

        Raises
        ------
        CourseError
            It is damaged.
        """
        try:
            table = json.loads((private / SEAL).read_text(encoding="utf-8"))
            if table["format"] != FORMAT:
                raise CourseError(f"expected format {FORMAT}, got {table['format']!r}")
            return cls(
                load_assignment(private / "assignment.toml"),
                frozenset(table["left_out"]),
                table["policy"],
                bool(table["hidden"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CourseError(f"the sealed zip is damaged: {error!r}") from error


def main(argv: Sequence[str]) -> int:
    """Grade the submission below a folder; return 0, or 1 if the grader failed.

    A failure of the grader writes no results: the service then says that grading failed,
    and nobody gets a zero for it.
    """
    base = Path(argv[0] if argv else "/autograder")
    try:
        result, shown = grade_one(base)
        write_reports(result, base / "results", shown)
    except CourseError as error:
        print(f"{error}\n{FAILED}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc(file=sys.stderr)
        print(FAILED, file=sys.stderr)
        return 1
    points = "" if result.points is None else f": {result.points:g} of {result.max_points:g} points"
    print(f"{result.submission}: {result.status} {result.code}{points}")
    return 0


def grade_one(base: Path) -> tuple[Result, Shown]:
    """Grade the submission below a folder, and delete the hidden split on the way.

    Returns
    -------
    Result
    Shown
        What students may see of the hidden score.

    Raises
    ------
    CourseError
        If the grader failed, or what protects the labels does not hold.
    """
    began, room = time.monotonic(), Room()
    private = base / PRIVATE
    sealed = Sealed.open(private)
    tests = base / "source" / "tests"
    questions = NotebookGrader(sealed.assignment, autograder=tests, left_out=sealed.left_out)
    path = find_submission(base / "submission")
    name = path.name if path.is_file() else "submission.zip"
    marker = Marker(sealed.assignment, policy=sealed.policy, notebook_points=questions.max_points)
    try:
        archive = read_submission(path)
    except Rejection as rejection:
        _delete(private)
        result = marker.refused(name, rejection.code, rejection.detail)
        # with all questions: otter drops the column of a question that one result lacks
        return replace(result, questions=questions.without(rejection.detail).questions), Shown()
    shown = Shown()
    if sealed.hidden:
        table = in_a_process(
            lambda: _score(_Job(sealed, archive, name, base, questions.max_points), room)
        )
        result, shown = Result.from_json(table["result"]), Shown(**table["shown"])
    else:
        result = marker.refused(name, Code.INFRA_ERROR, UNSEALED)
    _delete(private)
    questions.limits = room.for_notebook(questions.limits)
    with StudentSandbox(policy=sealed.policy) as sandbox:
        result = marker.notebook(result, archive, questions, sandbox)
    return replace(result, seconds=time.monotonic() - began), shown


@dataclass(frozen=True)
class _Job:
    """What the process that scores the model is told."""

    sealed: Sealed
    archive: Archive
    name: str
    base: Path
    notebook_points: float


def _score(job: _Job, room: Room) -> dict[str, Any]:
    """Return the result of the model question, and what students may see of it, as plain data.

    Runs in a process of its own: it has the labels.
    """
    sealed, private, given = job.sealed, job.base / PRIVATE, job.sealed.assignment
    assignment = replace(given, limits=room.for_model(given.limits))
    source = model_test_source(assignment, autograder=job.base / "source" / "tests")
    split = HiddenSplit.open(private / HIDDEN)
    practice = PracticeNotes.open(private / PRACTICE)
    scorer = Scorer(assignment, split, practice, ModelTests(source, assignment))
    with Sandbox(policy=sealed.policy) as sandbox:
        marker = Marker(
            assignment,
            policy=sealed.policy,
            missing_layers=_missing_layers(sandbox, sealed.policy, private),
            notebook_points=job.notebook_points,
        )
        result = marker.model(job.archive, job.name, scorer, sandbox)
    if (reason := room.lacked(result, given.limits)) is not None:
        result = marker.refused(job.name, Code.INFRA_ERROR, reason)
    shown = Shown()
    if result.status == "graded":
        model = result.model_sha256
        found = _place(model, scorer.public_accuracy(), assignment, job.base)
        points = result.model_points if found.points is None else found.points
        result = replace(result, model_points=points)
        shown = Shown(found.shown, found.note, model)
    return {"result": result.to_json(), "shown": asdict(shown)}


def _missing_layers(sandbox: Sandbox, policy: Policy, private: Path) -> list[str]:
    """Return which layers of a strict sandbox do not hold; refuse to go on with too few."""
    try:
        layers = sandbox.check()
    except PolicyError as error:
        raise CourseError(f"{error}\n{TOO_WEAK}") from None
    if policy == "weak":
        demand_unreadable([private / HIDDEN / "labels.npz"], sandbox.uid)
    held = {layer.name for layer in layers if layer.active}
    return [name for name in REQUIRED["strict"] if name not in held]


def _place(model: str, accuracy: float, assignment: Assignment, base: Path) -> Place:
    """Return the model's place among the student's tries."""
    late = assignment.late
    return place(
        model,
        accuracy,
        read_tries(base / METADATA),
        assignment.attempts,
        rule="best" if late is None else late.resubmissions,
    )


def in_a_process(job: Callable[[], Any]) -> Any:
    """Return what a function returns, JSON, from a fork that ends with all its memory.

    Raises
    ------
    CourseError
        The function failed; the message says how.
    """
    ours, theirs = os.pipe()
    sys.stdout.flush()
    grader = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            end_with(grader)  # it holds labels: it shall not outlive who asked for it
            os.close(ours)
            try:
                reply = {"value": job()}
                code = 0
            except CourseError as error:
                reply = {"error": str(error)}
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(theirs, "w", encoding="utf-8") as pipe:
                json.dump(reply, pipe)
        finally:
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    try:
        table = json.loads(text)
    except ValueError:
        raise SandboxError("the process that scores models ended early") from None
    if "error" in table:
        raise CourseError(table["error"])
    return table["value"]


def _delete(private: Path) -> None:
    """Delete the hidden split, or stop: nothing of a student's may run beside it."""
    shutil.rmtree(private)
    if private.exists():
        raise CourseError("the hidden split could not be deleted")

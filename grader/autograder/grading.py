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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.assignment import Assignment, load_assignment
from grader.autograder.reports import write_reports
from grader.autograder.submission import find_submission, read_submission
from grader.hidden_split import HiddenSplit
from grader.intake import Archive
from grader.marking import Marker
from grader.model_tests import ModelTests, model_test_source
from grader.notebook.grading import NotebookGrader
from grader.notebook.session import StudentSandbox
from grader.policy.attempts import next_value
from grader.results import Result
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import REQUIRED, Policy
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
        result, value = grade_one(base)
        write_reports(result, base / "results", ladder=value)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        print("The grader failed; the submission was not graded.", file=sys.stderr)
        return 1
    points = "" if result.points is None else f": {result.points:g} of {result.max_points:g} points"
    print(f"{result.submission}: {result.status} {result.code}{points}")
    return 0


def grade_one(base: Path) -> tuple[Result, float | None]:
    """Grade the submission below a folder, and delete the hidden split on the way.

    Returns
    -------
    Result
    float or None
        What students may see of the hidden score.

    Raises
    ------
    CourseError
        If the grader failed, or what protects the labels does not hold.
    """
    began = time.monotonic()
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
        return replace(result, questions=questions.without(rejection.detail).questions), None
    value = None
    if sealed.hidden:
        model = ModelTests(
            model_test_source(sealed.assignment, autograder=tests), sealed.assignment
        )
        text, value = in_a_process(
            lambda: _score(
                sealed, archive, name, private, model, questions.max_points, _earlier(base)
            )
        )
        result = Result.from_json(text)
    else:
        result = marker.refused(name, Code.INFRA_ERROR, UNSEALED)
    _delete(private)
    with StudentSandbox(policy=sealed.policy) as sandbox:
        result = marker.notebook(result, archive, questions, sandbox)
    return replace(result, seconds=time.monotonic() - began), value


def _score(
    sealed: Sealed,
    archive: Archive,
    name: str,
    private: Path,
    tests: ModelTests,
    notebook_points: float,
    earlier: list[float],
) -> tuple[str, float | None]:
    """Return the result of the model question as JSON, and what students may see of it.

    Runs in a process of its own: it has the labels.
    """
    split = HiddenSplit.open(private / HIDDEN)
    practice = PracticeNotes.open(private / PRACTICE)
    scorer = Scorer(sealed.assignment, split, practice, tests)
    with Sandbox(policy=sealed.policy) as sandbox:
        layers = sandbox.check()
        if sealed.policy == "weak":
            demand_unreadable([private / HIDDEN / "labels.npz"], sandbox.uid)
        held = {layer.name for layer in layers if layer.active}
        marker = Marker(
            sealed.assignment,
            policy=sealed.policy,
            missing_layers=[x for x in REQUIRED["strict"] if x not in held],
            notebook_points=notebook_points,
        )
        result = marker.model(archive, name, scorer, sandbox)
    value = None
    if result.status == "graded":
        value = next_value(scorer.public_accuracy(), earlier, sealed.assignment.attempts)
    return result.to_json(), value


def in_a_process(job: Callable[[], Any]) -> Any:
    """Return what a function returns, JSON, from a fork that ends with all its memory.

    Raises
    ------
    CourseError
        The function failed; the message says how.
    """
    ours, theirs = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(ours)
            try:
                reply = {"value": job()}
                code = 0
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


def _earlier(base: Path) -> list[float]:
    """Return the values that the service showed this student before, one a scored try."""
    try:
        text = (base / "submission_metadata.json").read_text(encoding="utf-8")
        earlier = json.loads(text).get("previous_submissions", []) if text.strip() else []
        shown = [
            float(entry["value"])
            for submission in earlier
            for entry in (submission.get("results") or {}).get("leaderboard") or ()
            if entry.get("name") == "accuracy"
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [value / 100 for value in shown if np.isfinite(value)]

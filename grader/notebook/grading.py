"""Grade the notebook of a submission: from the zip's bytes to points of each question."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from grader.assignment import Assignment
from grader.intake import Archive
from grader.model_tests import sources_of_tests
from grader.notebook.cells import TRAIN_TAGS, NotebookError, read_cells
from grader.notebook.questions import NotebookRun, Questions
from grader.notebook.session import NotebookLimits, StudentSandbox

__all__ = ["NotebookGrader", "training_cells"]

_MAX_FILE_BYTES = 40_000_000


class NotebookGrader:
    """Runs notebooks and the tests of their questions.

    Parameters
    ----------
    assignment : Assignment
    autograder : Path, optional
        Autograder zip, or folder with test files, that holds the tests; default: they come
        from the master.
    left_out : collection of str, optional
        Ids of the cells that are not run; default: those that the master tags as training.
    limits : NotebookLimits, optional

    Attributes
    ----------
    max_points : float
        Of all questions but those for the model and those graded by hand.
    sha256 : str
        Of the tests, the cells that are left out, and the limits.

    Raises
    ------
    AssignmentError
        The tests can't be read.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        autograder: Path | None = None,
        left_out: Collection[str] | None = None,
        limits: NotebookLimits | None = None,
    ) -> None:
        sources = sources_of_tests(assignment, autograder=autograder)
        sources.pop(assignment.model_question.name, None)
        sources = dict(sorted(sources.items()))
        self._assignment = assignment
        self._limits = limits or NotebookLimits()
        self._questions = Questions(sources)
        chosen = training_cells(assignment.notebook_path) if left_out is None else left_out
        self._left_out = frozenset(chosen)
        self.max_points = self._questions.max_points
        parts = [sources, sorted(self._left_out), repr(self._limits)]
        self.sha256 = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._questions)

    def grade(self, archive: Archive, sandbox: StudentSandbox) -> NotebookRun:
        """Return what the notebook of a submission earns.

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        name = self._assignment.notebook
        content = archive.file(name)
        if content is None:
            return self.without(f"no readable {name} in the zip")
        try:
            cells = read_cells(content, left_out=self._left_out)
        except NotebookError as error:
            return self.without(f"{name}: {error}")
        files = {name: content}
        for other in self._assignment.submission:
            found = archive.file(other, max_bytes=_MAX_FILE_BYTES)
            if found is not None:
                files[other] = found
        return self._questions.run(cells, files, sandbox, limits=self._limits)

    def without(self, message: str) -> NotebookRun:
        """Return a run without points, for a notebook that can't be run."""
        return NotebookRun(self._questions.none(message), (message,), 0.0)


def training_cells(master: Path) -> frozenset[str]:
    """Return the ids of the cells that a master tags as training."""
    if not master.is_file():
        return frozenset()
    cells = json.loads(master.read_text(encoding="utf-8"))["cells"]
    return frozenset(
        cell["id"]
        for cell in cells
        if TRAIN_TAGS & set(cell.get("metadata", {}).get("tags", ())) and "id" in cell
    )

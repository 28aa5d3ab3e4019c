"""Grade the notebook of a submission: from the zip's bytes to points of each question."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from grader.assignment import Assignment
from grader.intake import Archive, unreadable
from grader.model_tests import sources_of_tests
from grader.notebook.cells import TRAIN_TAGS, NotebookError, read_cells
from grader.notebook.process import NotebookLimits
from grader.notebook.questions import NotebookRun, Questions
from grader.notebook.session import StudentSandbox

__all__ = ["NotebookGrader", "training_cells"]

_MAX_FILE_BYTES = 40_000_000


class NotebookGrader:
    """Runs notebooks and the tests of their questions; can be sent to another process.

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
    limits : NotebookLimits
        May be changed between notebooks.
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
        chosen = training_cells(assignment.notebook_path) if left_out is None else left_out
        self._prepare(
            assignment, dict(sorted(sources.items())), frozenset(chosen), limits or NotebookLimits()
        )

    def _prepare(
        self,
        assignment: Assignment,
        sources: dict[str, str],
        left_out: frozenset[str],
        limits: NotebookLimits,
    ) -> None:
        self._assignment, self._sources, self._left_out = assignment, sources, left_out
        self.limits = limits
        self._questions = Questions(sources)
        self.max_points = self._questions.max_points
        parts = [sources, sorted(left_out), repr(limits)]
        self.sha256 = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def __getstate__(self) -> tuple[Any, ...]:
        return self._assignment, self._sources, self._left_out, self.limits

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._prepare(*state)

    def __bool__(self) -> bool:
        return bool(self._questions)

    def grade(self, archive: Archive, sandbox: StudentSandbox) -> NotebookRun:
        """Return what the notebook of a submission earns.

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        return self.run(self.files(archive), sandbox)

    def files(self, archive: Archive) -> dict[str, bytes]:
        """Return the notebook of a submission and the files that lie beside it."""
        notebook = self._assignment.notebook
        found = {notebook: archive.file(notebook)}
        for other in self._assignment.submission:
            if other != notebook:
                found[other] = archive.file(other, max_bytes=_MAX_FILE_BYTES)
        return {name: content for name, content in found.items() if content is not None}

    def run(self, files: Mapping[str, bytes], sandbox: StudentSandbox) -> NotebookRun:
        """Return what a notebook earns that was taken out of its zip.

        Parameters
        ----------
        files : mapping of str to bytes
            From :meth:`files`.
        sandbox : StudentSandbox

        Raises
        ------
        SandboxError
            The sandbox failed; the student is not to blame.
        """
        name = self._assignment.notebook
        if name not in files:
            return self.without(unreadable(name))
        try:
            cells = read_cells(files[name], left_out=self._left_out)
        except NotebookError as error:
            return self.without(f"{name}: {error}")
        return self._questions.run(cells, files, sandbox, limits=self.limits)

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

"""Finished results, one file each, so that a stopped run can go on."""

import hashlib
import json
from pathlib import Path

import onnxruntime

import utils
from grader.assignment import Assignment
from grader.gradebook import write_atomically
from grader.hidden_split import HiddenSplit
from grader.model_tests import ModelTests
from grader.results import Result
from grader.sandbox.policy import Policy
from utils.errors import StoreError
from utils.notes.store import NoteStore

__all__ = ["GRADER_VERSION", "KeptResults", "hash_settings"]

GRADER_VERSION = 3
"""Counts the ways of grading: stored results of another one are not used."""


def hash_settings(
    assignment: Assignment,
    hidden: HiddenSplit,
    practice: NoteStore,
    tests: ModelTests,
    policy: Policy,
    *,
    notebook_tests: str = "",
) -> str:
    """Return a hash of everything but the submission that a result depends on."""
    parts = [
        GRADER_VERSION,
        utils.__version__,
        onnxruntime.__version__,
        hidden.id,
        practice.dataset_id,
        tests.sha256,
        assignment.name,
        repr((assignment.model_question, assignment.credit, assignment.credit_points)),
        repr(assignment.limits),
        policy,
        notebook_tests,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class KeptResults:
    """Results by the content of the submission and the settings.

    Parameters
    ----------
    out : Path
        Of the run.
    settings : str
        From :func:`hash_settings`.

    Attributes
    ----------
    out, pages : Path
        Of the run, and for the pages; made if missing.

    Raises
    ------
    StoreError
        The folder can't be written.
    """

    def __init__(self, out: Path, settings: str) -> None:
        self.out, self._settings = out, settings
        self._folder = out / "results"
        self.pages = out / "pages"
        try:
            self.pages.mkdir(parents=True, exist_ok=True)
            # hidden scores stand in it
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"can't write into {out}: {error.strerror}") from error

    def find(self, sha256: str) -> Result | None:
        """Return the result of a submission's bytes, if there is one."""
        try:
            return Result.from_json(self._path(sha256).read_text(encoding="utf-8"))
        except (OSError, StoreError, UnicodeDecodeError):
            return None

    def keep(self, result: Result) -> None:
        """Keep a result, unless it was the grader that failed."""
        if result.status != "infra_error":
            write_atomically(self._path(result.sha256), result.to_json())

    def _path(self, sha256: str) -> Path:
        key = hashlib.sha256(f"{sha256} {self._settings}".encode()).hexdigest()
        return self._folder / f"{key}.json"

"""The tests of an assignment's model question, run in trusted code.

They are an ordinary otter test file over ``model_score``. It comes out of otter's
autograder zip, or is made from the master by otter's own code, which gives the same
text; no notebook is run for it.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from grader.assignment import Assignment, AssignmentError
from grader.notebook.plain import clean
from grader.scratch import Scratch
from utils.submission.score import ModelScore

__all__ = ["CaseResult", "ModelTests", "QuestionResult", "model_test_source", "sources_of_tests"]

MAX_TEST_BYTES = 1_000_000
_MAX_MESSAGE = 300


@dataclass(frozen=True)
class CaseResult:
    """The outcome of one test case.

    Attributes
    ----------
    name : str
        Of the case's function.
    passed : bool
    points, max_points : float
    hidden : bool
        Whether students lack this case.
    message : str
        Why it failed; of a hidden case for the instructor only.
    """

    name: str
    passed: bool
    points: float
    max_points: float
    hidden: bool = False
    message: str = ""

    @classmethod
    def from_otter(cls, result: Any, *, void: bool) -> Self:
        """Return what otter found out about a case; without points if all are void."""
        case, passed = result.test_case, bool(result.passed)
        return cls(
            name=case.body.test_func.__name__,
            passed=passed,
            points=case.points if passed and not void else 0.0,
            max_points=case.points,
            hidden=bool(case.hidden),
            message="" if passed else _why(result.message or ""),
        )


@dataclass(frozen=True)
class QuestionResult:
    """What a question earned.

    Attributes
    ----------
    name : str
    points, max_points : float
        The first is never below 0 or above the second.
    cases : tuple of CaseResult
    message : str
        Of the first public test that failed; "" if none did. Nothing of hidden tests.
    """

    name: str
    points: float
    max_points: float
    cases: tuple[CaseResult, ...]
    message: str = ""

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Self:
        """Return the result that ``dataclasses.asdict`` turned into a table."""
        return cls(**{**table, "cases": tuple(CaseResult(**case) for case in table["cases"])})


class ModelTests:
    """The test file of a model question.

    Parameters
    ----------
    source : str
        Its text, from :func:`model_test_source`.
    assignment : Assignment
        Must agree with the file on the points.

    Raises
    ------
    AssignmentError
        If the file is no such test file, or gives other points than the assignment says.
    """

    def __init__(self, source: str, assignment: Assignment) -> None:
        # takes seconds to import; only the parent process of a grading run needs it
        from otter.test_files.exception_test import ExceptionTestFile

        question = assignment.model_question
        try:
            self._file = ExceptionTestFile.from_string(source, path=f"{question.name}.py")
        except Exception as error:
            raise AssignmentError(f"the tests of {question.name} can't be read: {error}") from error
        if abs(self._file.possible - question.test_points) > 1e-6:
            raise AssignmentError(
                f"the tests of {question.name} give {self._file.possible:g} points, "
                f"expected test_points = {question.test_points:g}"
            )
        self.sha256 = hashlib.sha256(source.encode()).hexdigest()

    def run(self, score: ModelScore) -> list[CaseResult]:
        """Return the outcome of every case for a score.

        Whatever a student's notebook calls ``model_score`` plays no part in it.
        """
        self._file.run({"model_score": score})
        void = self._file.all_or_nothing and not self._file.passed_all
        return [CaseResult.from_otter(case, void=void) for case in self._file.test_case_results]


def _why(text: str) -> str:
    """Return why a case failed: its hint, else the line that failed and the error."""
    *before, error = ["", *text.strip().splitlines()]
    line = before[-1].strip() if before else ""
    if error.startswith("AssertionError"):
        words = error.removeprefix("AssertionError").lstrip(": ") or line
    else:
        words = f"{error} at: {line}" if line else error
    return clean(words, _MAX_MESSAGE)


def model_test_source(assignment: Assignment, *, autograder: Path | None = None) -> str:
    """Return the text of the test file of the model question.

    Parameters
    ----------
    assignment : Assignment
        The assignment.
    autograder : Path, optional
        An autograder zip of ``otter assign``; default: made from the master.

    Raises
    ------
    AssignmentError
        If the question has no such tests.
    """
    name = assignment.model_question.name
    sources = sources_of_tests(assignment, autograder=autograder)
    if name not in sources:
        raise AssignmentError(
            f"expected a question with tests {name}.py, got {sorted(f'{n}.py' for n in sources)}"
        )
    return sources[name]


def sources_of_tests(assignment: Assignment, *, autograder: Path | None = None) -> dict[str, str]:
    """Return the texts of all test files, by question.

    Parameters
    ----------
    assignment : Assignment
        The assignment.
    autograder : Path, optional
        An autograder zip of ``otter assign``, or a folder with its tests; default: made
        from the master.

    Raises
    ------
    AssignmentError
        If the zip or the master can't be read.
    """
    if autograder is not None and autograder.is_dir():
        return _tests_from_folder(autograder)
    if autograder is not None:
        return _tests_from_zip(autograder)
    return _tests_from_master(assignment)


def _tests_from_zip(path: Path) -> dict[str, str]:
    """Return the test files of an autograder zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [
                e for e in archive.infolist() if PurePosixPath(e.filename).match("tests/*.py")
            ]
            for entry in entries:
                if entry.file_size > MAX_TEST_BYTES:
                    raise AssignmentError(
                        f"{path.name}: {entry.filename} is too large for a test file"
                    )
            return {
                PurePosixPath(entry.filename).stem: archive.read(entry).decode("utf-8")
                for entry in entries
            }
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path.name}: expected an autograder zip, got {error}") from None


def _tests_from_folder(folder: Path) -> dict[str, str]:
    """Return the test files of a folder."""
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}


def _tests_from_master(assignment: Assignment) -> dict[str, str]:
    """Return the test files as ``otter assign`` writes them for the autograder."""
    import nbformat
    from otter.assign.assignment import Assignment as OtterAssignment
    from otter.assign.notebook_transformer import NotebookTransformer
    from otter.assign.tests_manager import AssignmentTestsManager

    if not assignment.notebook_path.is_file():
        raise AssignmentError(f"{assignment.name}: {assignment.notebook} is missing")
    settings = OtterAssignment(require_valid_keys=True)
    settings.master = assignment.notebook_path
    settings.lang = "python"
    notebook = nbformat.read(assignment.notebook_path, as_version=4)
    transformer = NotebookTransformer(settings, AssignmentTestsManager(settings))
    transformed = transformer.transform_notebook(notebook)
    with Scratch("tests") as folder:
        transformed.write_tests(str(folder), True, True)
        return _tests_from_folder(folder)

"""The tests of an assignment's model question, run in trusted code.

They are an ordinary otter test file over ``model_score``. It comes out of otter's
autograder zip, or is made from the master by otter's own code, which gives the same
text; no notebook is run for it.
"""

import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment, AssignmentError
from utils.submission.score import ModelScore

__all__ = ["CaseResult", "ModelTests", "model_test_source"]

MAX_TEST_BYTES = 1_000_000


@dataclass(frozen=True)
class CaseResult:
    """The outcome of one test case.

    Attributes
    ----------
    name : str
        Of the case's function.
    passed : bool
    points, max_points : float
    """

    name: str
    passed: bool
    points: float
    max_points: float


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
        return [
            CaseResult(
                name=result.test_case.body.test_func.__name__,
                passed=result.passed,
                points=result.test_case.points if result.passed and not void else 0.0,
                max_points=result.test_case.points,
            )
            for result in self._file.test_case_results
        ]


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
    name = f"{assignment.model_question.name}.py"
    if autograder is not None:
        return _test_from_zip(autograder, f"tests/{name}")
    return _test_from_master(assignment, name)


def _test_from_zip(path: Path, name: str) -> str:
    """Return a test file out of an autograder zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > MAX_TEST_BYTES:
                raise AssignmentError(f"{path.name}: {name} is too large for a test file")
            return archive.read(name).decode("utf-8")
    except KeyError:
        raise AssignmentError(f"{path.name}: expected the file {name} in it, got none") from None
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path.name}: expected an autograder zip, got {error}") from None


def _test_from_master(assignment: Assignment, name: str) -> str:
    """Return a test file as ``otter assign`` writes it for the autograder."""
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
    with tempfile.TemporaryDirectory() as folder:
        transformed.write_tests(folder, True, True)
        path = Path(folder) / name
        if not path.is_file():
            found = sorted(file.name for file in Path(folder).iterdir())
            raise AssignmentError(f"expected a question with tests {name}, got {found}")
        return path.read_text(encoding="utf-8")

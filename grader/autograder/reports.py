"""Write what grading services read: ``results.json`` (Gradescope), ``results.pkl`` (otter).

The pickle is made here, by trusted code, of otter's own classes and plain data; otter's
host process unpickles it.
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.autograder.history import BOARD, FINGERPRINT, HIDDEN_ENTRY
from grader.model_tests import QuestionResult
from grader.results import Result
from utils.files import write_atomically

__all__ = ["Shown", "gradescope_report", "otter_results", "write_reports"]

MODEL = "model"


@dataclass(frozen=True)
class Shown:
    """What students see of a scored model at once, besides that it is accepted.

    Attributes
    ----------
    ladder : float or None
        Of the public half, from 0 to 1; None: the model was not scored.
    note : str
        Which of their tries this was.
    fingerprint : str
        Of the model, to know it again.
    """

    ladder: float | None = None
    note: str = ""
    fingerprint: str = ""


def write_reports(result: Result, folder: Path, shown: Shown) -> None:
    """Write both files.

    Parameters
    ----------
    result : Result
        With the notebook's questions.
    folder : Path
    shown : Shown
    """
    import dill

    folder.mkdir(parents=True, exist_ok=True)
    report = gradescope_report(result, shown)
    write_atomically(folder / "results.json", json.dumps(report, indent=1))
    # otter's host has put an empty file there; nobody else may replace it
    new = folder / "results.pkl.new"
    with new.open("wb") as file:
        dill.dump(otter_results(result), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / "results.pkl")


def gradescope_report(result: Result, shown: Shown) -> dict[str, Any]:
    """Return the report in Gradescope's format.

    Exact hidden points are shown when the instructor publishes the grades; until then
    students see whether the model was accepted, its practice score, the points of their
    notebook, and the Ladder's value.
    """
    tests = [_accepted(result, shown.note), *map(_question, result.questions)]
    if result.model_points is not None:
        tests.insert(
            1,
            {
                "name": HIDDEN_ENTRY,
                "score": result.model_points,
                "max_score": _model_points(result),
                "visibility": "after_published",
                "output": _hidden_words(result),
            },
        )
    # "text": what students wrote must not become a part of the page
    words = dict.fromkeys(("output_format", "test_output_format", "test_name_format"), "text")
    report: dict[str, Any] = {
        "tests": tests,
        "stdout_visibility": "hidden",
        "execution_time": round(result.seconds, 1),
        **words,
    }
    notes = [result.sandbox_note] if result.sandbox_note else []
    if result.notebook_notes:
        notes += ["While the notebook ran:", *result.notebook_notes[:10]]
    if notes:
        report["output"] = "\n".join(notes)
    if shown.ladder is not None:
        report["leaderboard"] = [{"name": BOARD, "value": round(100 * shown.ladder, 2)}]
        report["extra_data"] = {FINGERPRINT: shown.fingerprint}
    return report


def _accepted(result: Result, note: str) -> dict[str, Any]:
    """Return the entry that says whether the model keeps the contract."""
    entry: dict[str, Any] = {"name": "model.onnx", "visibility": "visible"}
    if result.status != "graded":
        reason = f"{result.code}: {result.message}\n{result.hint}"
        return entry | {"status": "failed", "output": reason}
    words = ["Accepted: your model meets all requirements."]
    if result.practice is not None:
        score = result.practice
        interval = f"95% interval {score.low:.0%} to {score.high:.0%}"
        words.append(f"Practice notes: {score.value:.1%} ({interval}).")
    words += [note] if note else []
    return entry | {"status": "passed", "output": "\n".join([*words, *result.warnings])}


def _question(question: QuestionResult) -> dict[str, Any]:
    passed = question.points == question.max_points
    words = question.message or ("" if passed else "A hidden test did not pass.")
    return {
        "name": question.name,
        "score": question.points,
        "max_score": question.max_points,
        "visibility": "visible",
        "output": words,
    }


def _model_points(result: Result) -> float:
    return round(result.max_points - sum(q.max_points for q in result.questions), 2)


def _hidden_words(result: Result) -> str:
    score = result.score
    if score is None:
        return result.code
    return f"{score.value:.1%} (95% interval {score.low:.0%} to {score.high:.0%})"


def otter_results(result: Result) -> Any:
    """Return the results as otter's ``GradingResults``, for `otter grade`.

    What the grader could not grade is no number: blank in otter's table, as is the total.
    """
    from otter.test_files import GradingResults

    files = [_otter_file(q.name, q.points, q.max_points, q.message) for q in result.questions]
    refused = f"{result.code}: {result.message}\n{result.hint}"
    model_words = refused if result.code else _hidden_words(result)
    points = math.nan if result.model_points is None else result.model_points
    files.append(_otter_file(MODEL, points, _model_points(result), model_words))
    results = GradingResults(files)
    results.output = result.message
    return results


def _otter_file(name: str, points: float, most: float, words: str) -> Any:
    """Return a question as a test file of otter's, with one case that says it all."""
    from otter.test_files.abstract_test import TestCase, TestCaseResult
    from otter.test_files.exception_test import ExceptionTestFile

    case = TestCase(name, "", True, most, None, None)
    file = ExceptionTestFile(name, f"{name}.py", [case], all_or_nothing=False)
    file.test_case_results = [TestCaseResult(case, words, points == most)]
    file.update_score(points)
    return file

"""All about one submission: everything to the instructor, nothing hidden to the student."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import Assignment
from grader.batch import runner
from grader.batch.runner import Job
from grader.cli import main
from grader.explain import Explanation, Records, explain
from grader.explain_student import for_student
from grader.explain_words import curve_words, for_instructor
from grader.model_tests import CaseResult, QuestionResult, _why
from grader.policy.attempts import Attempt
from grader.policy.load import load_results
from grader.policy.settle import Settled
from grader.results import Result
from tests.grader.batch_world import plan, run_class, write_class
from tests.grader.small_class import SmallClass, bytes_of, said, small_class
from tests.grader.test_report import SHA, assignment, graded, rejected  # noqa: F401 (a fixture)
from utils.errors import ParameterError, StoreError
from utils.submission.codes import HINTS, Code
from utils.submission.score import ModelScore

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="notebooks run on Linux only")
SECRET = "expected [31, 41, 59]"
QUESTIONS = (
    QuestionResult(
        "q1_power",
        1.5,
        2.0,
        (
            CaseResult("test_power", False, 0.0, 0.5, message="one row a frame"),
            CaseResult("test_power_of_noise", True, 1.5, 1.5, hidden=True),
        ),
        "one row a frame",
    ),
    QuestionResult(
        "q2_log_mel",
        1.0,
        2.0,
        (
            CaseResult("test_log_mel", True, 1.0, 1.0),
            CaseResult("test_of_noise", False, 0.0, 1.0, hidden=True, message=SECRET),
        ),
    ),
)


def explained(result: Result, **changes: object) -> Explanation:
    """Return what is known of a submission that was just graded."""
    path = Path(result.submission)
    found = Explanation(path, SHA, 1234, ("hw3.ipynb", "model.onnx"), Records(), fresh=result)
    return replace(found, **changes)


def row(result: Result, **changes: object) -> Settled:
    values = {
        "result": result, "student": "ada", "submitted": None, "late_days": 2, "lost": 2.0,
        "manual": 7.5, "max_points": 30.0, "points": 25.75, "counts": True, "note": "",
        "attempt": Attempt(2, over=False),
    }  # fmt: skip
    return Settled(**(values | changes))  # type: ignore[arg-type]


def instructor_lines(found: Explanation, assignment: Assignment) -> list[str]:  # noqa: F811
    sections = for_instructor(found, assignment)
    return [f"{label}: {words}" for _, lines in sections for label, words in lines]


# --- what a student may read ------------------------------------------------------------------

FULL = graded(questions=QUESTIONS, auto_points=2.5, public_score=0.6789, max_points=24.0)


@pytest.mark.parametrize(
    "hidden",
    [
        {"score": ModelScore(0.21, 0.11, 0.31, 400, 20, "hidden", "f" * 64)},
        {"score": None, "public_score": None},
        {"model_points": 3.0, "max_points": 99.0},
        {"cases": (CaseResult("test_pass_mark", False, 0.0, 2.0, message="your model has 0.21"),)},
        {"public_score": 0.111},
        {"seconds": 77.0, "sandbox": "weak", "missing_layers": ("few system calls",)},
        {
            "questions": (
                QUESTIONS[0],
                replace(QUESTIONS[1], cases=(CaseResult("t", False, 0, 9, True, "other"),)),
            )
        },
    ],
    ids=lambda table: "-".join(table),
)
def test_the_students_text_depends_on_nothing_hidden(
    assignment: Assignment,  # noqa: F811
    hidden: dict,
) -> None:
    text = for_student(explained(FULL), assignment)
    other = replace(FULL, **hidden)
    assert instructor_lines(explained(other), assignment) != instructor_lines(
        explained(FULL), assignment
    )
    assert for_student(explained(other), assignment) == text
    # nor on what the submission is worth in the end
    for points in (25.75, None):
        standing = row(FULL, points=points, counts=points is not None, note="does not count: x")
        found = explained(FULL, records=Records(rows=(standing,)))
        assert for_student(found, assignment).replace("This is try 2 of at most 5 on the hidden "
            "notes.", "").split() == text.split()  # fmt: skip


def test_what_the_student_reads(assignment: Assignment) -> None:  # noqa: F811
    records = Records(rows=(row(FULL),), ladder=0.68)
    text = for_student(explained(FULL, records=records), assignment)
    words = " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 76
    assert "Your model was accepted" in words
    assert "it scores 51.2% (95% interval 42% to 60%), 627 notes of 33 instruments" in words
    assert "earns 14.6 of 16 points" in words
    assert "* q1_power: 1.5 of 2. The public tests say: one row a frame" in words
    assert "* q2_log_mel: 1 of 2. The public tests pass; a hidden one" in words
    assert "This is try 2 of at most 5" in words
    assert "The leaderboard shows 68%" in words
    for number in ("73.2", "73,2", "0.73", "61", "82", "67.9", "17.25", "17.2", "25.75", SECRET):
        assert number not in words, number


def test_what_other_students_read(assignment: Assignment) -> None:  # noqa: F811
    words = " ".join(for_student(explained(rejected()), assignment).split())
    assert "not accepted (INPUT_SHAPE): the input has shape [batch, 1, 32, 32]." in words
    assert " ".join(f"What to do: {HINTS[Code.INPUT_SHAPE]}".split()) in words
    waiting = replace(rejected(Code.INFRA_ERROR), status="infra_error", message="No space left")
    words = for_student(explained(waiting), assignment)
    assert "could not be graded yet, by no fault of yours" in words
    assert "No space" not in words


def test_nothing_in_a_text_moves_the_cursor(assignment: Assignment) -> None:  # noqa: F811
    nasty = "\x1b[2J\u202e\n"
    result = replace(
        FULL, submission=f"a{nasty}.zip", student=nasty, message=nasty, warnings=(nasty,),
        questions=(replace(QUESTIONS[0], message=nasty),), notebook_notes=(nasty,),
    )  # fmt: skip
    found = explained(result, names=(nasty,), records=Records(rows=(row(result),)))
    texts = [for_student(found, assignment), *instructor_lines(found, assignment)]
    assert not any(c in text for text in texts for c in "\x1b\u202e")


# --- what the instructor reads ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.10, "0.00 of 16 points: below the first corner, 15%, where they begin to rise"),
        (0.15, "0.00 of 16 points: between 15% (0.00) and 30% (8.00), where an accuracy point is "
               "worth 0.53; the corner is 15.0 accuracy points away"),
        (0.36, "10.24 of 16 points: between 30% (8.00) and 45% (13.60), where an accuracy point is "
               "worth 0.37; the corner is 9.0 accuracy points away"),
        (0.60, "16.00 of 16 points: beyond the last corner, 60%"),
        (1.00, "16.00 of 16 points: beyond the last corner, 60%"),
    ],
)  # fmt: skip
def test_the_curve_in_words(assignment: Assignment, score: float, words: str) -> None:  # noqa: F811
    assert curve_words(assignment.credit, score, 16.0) == words


def test_what_the_instructor_reads(assignment: Assignment) -> None:  # noqa: F811
    twin = row(replace(FULL, submission="eve.zip"), student="eve")
    namesake = row(replace(FULL, sha256="cd" * 32))
    records = Records(rows=(row(FULL), twin), namesakes=(namesake,), ladder=0.68)
    lines = instructor_lines(explained(FULL, records=records, now=("grader 3 → 4",)), assignment)
    assert said(lines, "SHA-256", SHA)
    assert said(lines, "points", "19.75 of 24 (model 17.25, notebook 2.50)")
    assert said(lines, "hidden score", "73.2%", "61% to 82%", "800 notes of 40")
    assert said(lines, "curve", "16.00 of 16", "beyond the last corner")
    assert said(lines, "interval", "its ends earn 16.00 and 16.00")
    assert said(lines, "public half", "67.9%")
    assert said(lines, "test case", "test_pass_mark", "✓ 2 of 2")
    assert said(lines, "test_power: ✗ 0 of 0.5, public: one row a frame")
    assert said(lines, f"test_of_noise: ✗ 0 of 1, hidden: {SECRET}")
    assert said(lines, "counts; 2.00 points off for late days; written answers 7.50; points in the "
                "gradebook: 25.75 of 30")  # fmt: skip
    assert said(lines, "same bytes", "eve.zip, of eve")
    assert said(lines, "careful", "another file of this name", "cdcdcdcdcdcd…")
    assert said(lines, "careful", "18.00 points by today's curve")  # the made-up result has 17.25
    agreed = instructor_lines(explained(replace(FULL, model_points=18.0)), assignment)
    assert not said(agreed, "careful")
    assert said(lines, "today", "grader 3 → 4")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "❌ Test case failed\nError at line 3:\n   assert f(2) == 3, hint\nAssertionError: add",
            "add",
        ),
        (
            "❌\nError at line 3 in test q1:\n      assert f(2) == 3\nAssertionError: ",
            "assert f(2) == 3",
        ),
        ("❌\nError at line 3 in test q1:\n      f(2)\nTypeError: no", "TypeError: no at: f(2)"),
        ("", ""),
    ],
)
def test_why_a_case_failed(text: str, words: str) -> None:
    assert _why(text) == words


def test_what_happened_when(assignment: Assignment, tmp_path: Path) -> None:  # noqa: F811
    paths = write_class(tmp_path / "class", 5)
    run_class(paths, tmp_path / "o")
    run_class(paths, tmp_path / "o", regrade=True)
    before = bytes_of(tmp_path / "o")
    found = explain(paths[1], plan().assignment, out=tmp_path / "o")
    assert bytes_of(tmp_path / "o") == before
    words = [text for _, text in dict(for_instructor(found, assignment))["History"]]
    assert words[:2] == ["handed out, attempt 1", "finished: graded"] == words[2:4]
    assert "grader of the tests" in words[4]
    assert words[5].endswith("points; the same result")
    same = explain(paths[0], plan().assignment, out=tmp_path / "o")
    assert [r.result.submission for r in same.records.rows] == ["00000.zip"]


def test_what_the_grader_failed_on(
    assignment: Assignment,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)
    paths = write_class(tmp_path / "class", 3)

    def faults(job: Job) -> None:
        raise MemoryError

    run_class(paths, tmp_path / "o", faults=faults)
    found = explain(paths[1], plan().assignment, out=tmp_path / "o")
    lines = instructor_lines(found, assignment)
    assert said(lines, "status", "infra_error INFRA_ERROR")
    assert said(lines, "hint", "run the same command again")
    assert said(lines, "points", "none yet")
    assert said(lines, "the grader failed: MemoryError")
    assert "by no fault of yours" in for_student(found, assignment)


def test_what_is_not_known(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 3)
    run_class(paths, tmp_path / "o")
    paths[0].write_bytes(b"handed in again")
    this = plan().assignment
    with pytest.raises(ParameterError, match=r"--hidden: nothing is known of 00000\.zip yet"):
        explain(paths[0], this, out=tmp_path / "o")
    with pytest.raises(ParameterError, match="--hidden: to grade it"):
        explain(paths[1], this, out=tmp_path / "o", fresh=True)
    with pytest.raises(ParameterError, match="expected the zip of a submission"):
        explain(tmp_path / "class", this)
    with pytest.raises(StoreError, match="nothing was graded"):
        explain(paths[1], this, out=tmp_path / "p")
    (tmp_path / "o/grades.csv").unlink()  # the first run was killed
    assert explain(paths[1], this, out=tmp_path / "o").row is None


# --- the verb ---------------------------------------------------------------------------------


@linux_only
@pytest.mark.slow
def test_the_verb_on_a_real_class(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    real: SmallClass = small_class(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "results"
    shutil.copytree(real.results, out)
    before = bytes_of(out)

    def said_of(name: str, *options: object) -> list[str]:
        capsys.readouterr()
        assert main(["explain", str(real.zips / name), *map(str, options)]) == 0
        return capsys.readouterr().out.splitlines()

    fresh = ("--hidden", real.hidden, "--autograder", real.tests, "--fresh")
    lines = said_of("bob.zip", "--out", out, *fresh)
    assert said(lines, "source", "the kept result")
    assert said(lines, "parameters", "45,056")
    assert said(lines, "computing", "of at most 120 s")
    assert said(lines, "test_predicted_numbers: ✗ 0 of 0.8, hidden: assert list(predicted) == [160")
    assert said(lines, "today", "different from when it was graded: nothing")
    assert said(lines, "result", "the same as the kept one")

    fixed = ("--hidden", real.hidden, "--autograder", real.fixed)
    assert said(said_of("bob.zip", "--out", out, *fixed), "today", "tests or limits of the note")
    # without the results it is graded now
    assert said(said_of("carl.zip", *fixed), "source", "graded just now")

    kept = next(r for r in load_results(out, plan().assignment) if r.student == "bob")
    assert kept.score is not None
    text = "\n".join(said_of("bob.zip", "--out", out, "--for-student"))
    for number in (f"{100 * kept.score.value:.1f}", f"{kept.points:.1f}", "22540"):
        assert not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text), number
    assert "* q4_sizes: 1.2 of 2. The public tests pass; a hidden one" in text
    assert said(said_of("carl.zip", "--out", out), "status", "rejected NOT_ZIP")
    assert bytes_of(out) == before

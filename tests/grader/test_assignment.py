"""An assignment's description: complete, consistent, no unknown word in it."""

import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.assignment import ASSIGNMENTS, AssignmentError, Limits, load_assignment
from grader.model_tests import ModelTests, model_test_source
from grader.otter_assign import assigned
from utils.notes.front_end import FRONT_END_ID
from utils.submission.credit import Curve
from utils.submission.score import ModelScore

TEXT = """
format = 1
name = "hw9"
title = "Homework 9"
notebook = "hw9.ipynb"
submission = ["hw9.ipynb", "model.onnx"]
[training_data]
dataset = "embedded"
kind = "general-midi"
[model_question]
name = "q2_model"
points = 20
test_points = 4
[credit]
points = 16
curve = [[0.2, 0.0], [0.7, 1.0]]
[limits]
memory_mb = 1500
"""

TESTS = """
from otter.test_files import test_case
OK_FORMAT = False
name = "q2_model"
points = 4

@test_case(points=None, hidden=False)
def test_there_is_one(model_score):
    assert model_score is not None

@test_case(points=3, hidden=True)
def test_pass_mark(model_score):
    assert model_score.value >= 0.3, f"{model_score.value}"
"""


def write(folder: Path, text: str = TEXT) -> Path:
    path = folder / "assignment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def score(value: float) -> ModelScore:
    return ModelScore(value, value, value, 800, 40, "hidden", FRONT_END_ID)


def test_what_it_says(tmp_path: Path) -> None:
    assignment = load_assignment(write(tmp_path))
    assert (assignment.name, assignment.title) == ("hw9", "Homework 9")
    assert assignment.notebook_path == tmp_path / "hw9.ipynb"
    assert assignment.submission == ("hw9.ipynb", "model.onnx")
    assert assignment.credit == Curve([[0.2, 0.0], [0.7, 1.0]])
    assert assignment.credit_points == 16
    assert assignment.limits == Limits(memory_mb=1500)
    assert load_assignment(tmp_path) == assignment


def test_limits_are_optional(tmp_path: Path) -> None:
    text = TEXT.replace("[limits]\nmemory_mb = 1500\n", "")
    assert load_assignment(write(tmp_path, text)).limits == Limits()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("format = 1", "format = 2", "expected format 1, got 2"),
        ('title = "Homework 9"', "", "missing title"),
        ('title = "Homework 9"', "title = 9", "title: expected some text, got 9"),
        ('name = "hw9"', 'name = "hw9"\npints = 3', "unknown pints"),
        ("memory_mb", "memory_gb", "unknown memory_gb; known: .*memory_mb"),
        ("memory_mb = 1500", "memory_mb = true", "memory_mb: expected a number"),
        ("memory_mb = 1500", "memory_mb = -1", "memory_mb: expected a number"),
        ("points = 20", "points = 25", "test_points .* = 20, got 25"),
        ('"general-midi"', '"midi"', "kind: expected one of general-midi, nsynth, private"),
        ('"model.onnx"]', '"model.pt"]', "expected a list with model.onnx"),
        ("[0.7, 1.0]", "[0.3, 1.0]", r"\[credit\] curve: expected at most 5 %"),
        ("curve = [[0.2, 0.0], [0.7, 1.0]]", "", "expected the keys curve and points"),
        ("format = 1", "format = ", r"hw9|Invalid value"),
        ("[credit]", "[kredit]", "missing credit"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, match: str) -> None:
    assert old in TEXT
    path = write(tmp_path, TEXT.replace(old, new))
    with pytest.raises(AssignmentError, match=match):
        load_assignment(path)


@pytest.mark.parametrize("where", ["no_such_homework", "/no/such/folder", Path("nowhere")])
def test_no_such_assignment(where: str | Path) -> None:
    with pytest.raises(AssignmentError, match=r"known: .*hw3_nsynth_cnn"):
        load_assignment(where)


def test_every_assignment_of_the_course_can_be_read() -> None:
    found = sorted(path.parent for path in ASSIGNMENTS.glob("*/assignment.toml"))
    assert found
    for folder in found:
        assert load_assignment(folder.name).name == folder.name


# --- the tests of the model question ----------------------------------------------------------


def test_cases_run_on_the_score(tmp_path: Path) -> None:
    tests = ModelTests(TESTS, load_assignment(write(tmp_path)))
    good, weak = tests.run(score(0.31)), tests.run(score(0.29))
    assert [case.name for case in good] == ["test_there_is_one", "test_pass_mark"]
    assert [case.points for case in good] == [1, 3]
    assert [(case.passed, case.points) for case in weak] == [(True, 1), (False, 0)]
    assert [case.max_points for case in weak] == [1, 3]


def test_all_or_nothing(tmp_path: Path) -> None:
    source = TESTS.replace("points = 4", "points = 4\nall_or_nothing = True")
    tests = ModelTests(source, load_assignment(write(tmp_path)))
    assert [case.points for case in tests.run(score(0.29))] == [0, 0]


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (TESTS.replace("points = 4", "points = 5"), "give 5 points, expected test_points = 4"),
        ("def broken(:", "can't be read"),
        ("points = 4", "can't be read"),
    ],
)
def test_wrong_test_files(tmp_path: Path, source: str, match: str) -> None:
    with pytest.raises(AssignmentError, match=match):
        ModelTests(source, load_assignment(write(tmp_path)))


def test_from_an_autograder_zip(tmp_path: Path) -> None:
    assignment = load_assignment(write(tmp_path))
    path = tmp_path / "autograder.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tests/q2_model.py", TESTS)
        archive.writestr("tests/q1.py", "")
    assert model_test_source(assignment, autograder=path) == TESTS
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tests/q1.py", "")
    with pytest.raises(AssignmentError, match=r"expected a question with tests q2_model\.py"):
        model_test_source(assignment, autograder=path)
    path.write_bytes(b"no zip")
    with pytest.raises(AssignmentError, match="expected an autograder zip"):
        model_test_source(assignment, autograder=path)


def test_a_master_without_the_question(tmp_path: Path) -> None:
    assignment = load_assignment(write(tmp_path))
    with pytest.raises(AssignmentError, match=r"hw9\.ipynb is missing"):
        model_test_source(assignment)
    raw = nbformat.v4.new_raw_cell("# ASSIGNMENT CONFIG\ntests:\n    ok_format: false")
    nbformat.write(nbformat.v4.new_notebook(cells=[raw]), assignment.notebook_path)
    with pytest.raises(AssignmentError, match=r"a question with tests q2_model\.py, got \[\]"):
        model_test_source(assignment)


@pytest.mark.slow
def test_the_master_gives_the_text_that_otter_assign_writes() -> None:
    assignment = load_assignment("hw3_nsynth_cnn")
    with assigned(assignment) as made:
        by_otter = model_test_source(assignment, autograder=made.zip_file)
    assert model_test_source(assignment) == by_otter
    tests = ModelTests(by_otter, assignment)
    assert sum(case.points for case in tests.run(score(0.9))) == 4
    assert sum(case.points for case in tests.run(score(0.1))) < 4

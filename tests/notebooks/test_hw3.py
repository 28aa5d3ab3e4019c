"""Homework 3: its answers, its tests, its text."""

import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from otter.test_files.exception_test import ExceptionTestFile
from torch import nn

from grader.assignment import load_assignment
from grader.masters import find_secrets, secrets_of
from grader.otter_assign import run_otter_assign
from grader.reference_run import run_notebook
from tests.notebooks.hw3_wrong_answers import HARD_CODED, WRONG
from utils.course_setup import SETUP_CELL
from utils.notes.front_end import FRONT_END_ID
from utils.notes.vocabulary import FAMILIES
from utils.submission.practice import practice_score
from utils.submission.score import ModelScore
from utils.training.history import History

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "assignments" / "hw3_nsynth_cnn"
MASTER = FOLDER / "hw3.ipynb"
STUDENT_FILES = ("model.onnx", "history.json")
CODE_QUESTIONS = (
    "q1_power",
    "q2_log_mel",
    "q3_split",
    "q4_sizes",
    "q5_network",
    "q6_loop",
    "q7_stopping",
    "q9_confusion",
)


@pytest.fixture(scope="module")
def master():
    return nbformat.read(MASTER, as_version=4)


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    """What ``otter assign`` makes of the master, without running it."""
    folder = tmp_path_factory.mktemp("hw3")
    (folder / MASTER.name).write_bytes(MASTER.read_bytes())
    for name in STUDENT_FILES:
        (folder / name).touch()
    return run_otter_assign(
        folder / MASTER.name, folder / "out", run_tests=False, say=lambda line: None
    )


@pytest.fixture(scope="module")
def student(assigned):
    return nbformat.read(assigned.student / MASTER.name, as_version=4)


@pytest.fixture(scope="module")
def solved(assigned):
    return nbformat.read(assigned.autograder / MASTER.name, as_version=4)


def cell_of(notebook, name):
    """Return the source of the cell with this id."""
    return next(cell.source for cell in notebook.cells if cell.id == name)


def namespace_of(notebook, replaced=None):
    """Run the cells of all code questions, in order, and return the names they define."""
    generator = np.random.default_rng(0)
    names = {
        "np": np,
        "torch": torch,
        "nn": nn,
        "FAMILIES": FAMILIES,
        "frames": generator.normal(size=(4, 64)),
        "window": np.ones(64),
        "matrix": generator.integers(1, 9, size=(11, 11)),
    }
    given = {cell.id for cell in notebook.cells if cell.id.endswith("-given")}
    for question in CODE_QUESTIONS:
        stem = question.replace("_", "-")
        for name in (f"{stem}-solution", f"{stem}-given"):
            if name in given or name.endswith("-solution"):
                source = (replaced or {}).get(name) or cell_of(notebook, name)
                try:
                    exec(source, names)
                except (TypeError, ZeroDivisionError, NameError, AttributeError):
                    continue  # a cell that calls an unsolved function; its definitions are there
    return names


def check(notebook, question, names):
    """Run a question's tests; return its cases and their messages."""
    file = ExceptionTestFile.from_string(notebook.metadata.otter.tests[question], "test.py")
    file.run(names)
    return file


def wrong_cell(solved, question, right, wrong):
    name = f"{question.replace('_', '-')}-solution"
    source = cell_of(solved, name)
    assert source.count(right) >= 1, f"{right!r} is no longer in the solution of {question}"
    return name, source.replace(right, wrong)


@pytest.mark.parametrize("question", CODE_QUESTIONS)
def test_solution_passes_all_tests(solved, question):
    file = check(solved, question, namespace_of(solved))
    assert [result.message for result in file.test_case_results if not result.passed] == []
    assert {case.hidden for case in file.test_cases} == {True, False}


@pytest.mark.parametrize("question", CODE_QUESTIONS)
def test_unsolved_cell_fails_every_public_test(student, question):
    file = check(student, question, namespace_of(student))
    assert not any(result.passed for result in file.test_case_results)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: f"{w.question}: {w.words}")
def test_wrong_answer_is_named(student, solved, wrong):
    name, source = wrong_cell(solved, wrong.question, wrong.right, wrong.wrong)
    file = check(student, wrong.question, namespace_of(solved, {name: source}))
    messages = [result.message for result in file.test_case_results if not result.passed]
    assert any(wrong.words in message for message in messages), messages


@pytest.mark.parametrize("question", CODE_QUESTIONS)
def test_three_wrong_answers_are_stored(question):
    assert sum(wrong.question == question for wrong in WRONG) >= 3


@pytest.mark.parametrize("question", HARD_CODED)
def test_hidden_tests_catch_answers_that_know_the_public_ones(solved, question):
    name = f"{question.replace('_', '-')}-solution"
    head = cell_of(solved, name).split('"""')[0]
    source = f"{head}return {HARD_CODED[question]}\n"
    file = check(solved, question, namespace_of(solved, {name: source}))
    passed = {case.test_case.hidden: case.passed for case in file.test_case_results}
    assert passed == {False: True, True: False}


# ---------------------------------------------------------------- the model question


def model_score(**changes):
    values = {
        "value": 0.55,
        "low": 0.45,
        "high": 0.65,
        "n_notes": 600,
        "n_groups": 30,
        "split": "practice",
        "front_end": FRONT_END_ID,
    }
    return ModelScore(**values | changes)


@pytest.mark.parametrize("split", ["practice", "hidden"])
def test_a_good_model_passes_all_cases(student, split):
    file = check(student, "q8_model", {"model_score": model_score(split=split)})
    assert file.passed_all
    assert file.score == file.possible == 4


WRONG_SCORES = {
    "never scored": (None, "run export_and_check"),
    "a number": (0.9, "run export_and_check"),
    "not finite": (model_score(value=float("nan")), "between 0 and 1"),
    "too good": (model_score(value=7.0), "between 0 and 1"),
    "own split": (model_score(split="train"), "practice or the hidden"),
    "other pictures": (model_score(front_end="0" * 64), "write it with export_and_check"),
    "too bad": (model_score(value=0.39), "the pass mark is 0.40"),
}


@pytest.mark.parametrize("name", WRONG_SCORES)
def test_wrong_model_score_is_named(student, name):
    score, words = WRONG_SCORES[name]
    file = check(student, "q8_model", {"model_score": score})
    assert any(words in result.message for result in file.test_case_results if not result.passed)


def test_model_question_agrees_with_the_assignment_file(student, master):
    assignment = load_assignment(FOLDER)
    question = assignment.model_question
    file = ExceptionTestFile.from_string(student.metadata.otter.tests[question.name], "test.py")
    assert file.possible == question.test_points
    assert all(case.body._get_func_params() == ["model_score"] for case in file.test_cases)
    shown = cell_of(master, "q8-model-export")
    corners = re.search(r"Curve\((\[\[.*\]\])\)", shown).group(1)
    assert tuple(map(tuple, json.loads(corners))) == assignment.credit.corners
    assert f"points={assignment.credit_points:g}" in shown
    text = cell_of(master, "q8-model-text")
    for value, fraction in assignment.credit.corners:
        points = fraction * assignment.credit_points
        assert f"{value:.0%}".replace("%", " %") in text
        assert f"{points:g}" in text


# ---------------------------------------------------------------- the notebook as a file


def test_points_add_up_as_the_title_says(master):
    configs = [
        dict(re.findall(r"^(\w+): (.*)$", cell.source, re.MULTILINE))
        for cell in master.cells
        if cell.source.startswith("# BEGIN QUESTION")
    ]
    assignment = load_assignment(FOLDER)
    total = sum(float(config["points"]) for config in configs) + assignment.credit_points
    assert f"**{total:g} points**" in cell_of(master, "title")
    table = re.findall(r"^\| \d .*\| (\d+|–) \|$", cell_of(master, "title"), re.MULTILINE)
    assert sum(int(points) for points in table if points != "–") == total


def test_public_cases_carry_a_fifth_of_the_code_points(solved):
    for question in CODE_QUESTIONS:
        source = solved.metadata.otter.tests[question]
        cases = ExceptionTestFile.from_string(source, "test.py").test_cases
        public = sum(case.points for case in cases if not case.hidden)
        assert public == pytest.approx(0.2 * sum(case.points for case in cases)), question


def test_master_is_valid_stripped_and_has_speaking_ids(master):
    nbformat.validate(master)
    ids = [cell.id for cell in master.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{2,63}", name) for name in ids)
    code = [cell for cell in master.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert set(master.metadata) <= {"kernelspec", "language_info"}
    assert set(master.metadata.language_info) == {"name"}


def test_setup_cell_is_that_of_every_notebook(master):
    first = next(cell for cell in master.cells if cell.cell_type == "code")
    assert first.source.rstrip("\n") == SETUP_CELL.rstrip("\n")


def test_training_cells_say_so_and_are_left_out_by_otter(master):
    tagged = [cell for cell in master.cells if "train" in cell.metadata.get("tags", [])]
    assert len(tagged) == 3
    for cell in tagged:
        assert "otter_ignore" in cell.metadata.tags
        assert cell.source.startswith("# TRAINING CELL")
    for cell in master.cells:
        if cell not in tagged and cell.cell_type == "code":
            assert not re.search(r"^(history = )?fit\(", cell.source, re.MULTILINE)


def test_cells_tell_their_syllabus_rows(master):
    parts = {"explain", "play", "code", "solution", "check"}
    told = [cell.metadata.course for cell in master.cells if "course" in cell.metadata]
    assert all(entry.part in parts and 1 <= len(entry.rows) <= 3 for entry in told)
    assert {row for entry in told for row in entry.rows} == {
        "H1",
        "H2",
        "H3",
        "H4",
        "C6",
        "F1",
        "F6",
    }


def test_visible_code_cells_are_short(student):
    for cell in student.cells:
        if cell.cell_type == "code":
            code = [line for line in cell.source.splitlines() if line.strip()]
            assert len(code) <= 20, cell.id


def test_student_notebook_holds_no_secret(master, student):
    assert len(secrets_of(master)) > 20
    assert find_secrets(master, student) == []


# ---------------------------------------------------------------- the whole way


@pytest.mark.full
def test_master_runs_from_top_to_bottom_and_trains_in_time(tmp_path):
    shutil.copy(MASTER, tmp_path)
    before = os.times()
    run = run_notebook(tmp_path / MASTER.name, progress=False)
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    score = practice_score(tmp_path / "model.onnx")
    print(
        f"\nhw3: {run.seconds:.0f} s, training {run.train_seconds:.0f} s, {cpu:.0f} CPU-s; {score}"
    )
    assert score.low > 0.40
    assert History.load(tmp_path / "history.json").status == "finished"
    errors = [
        o for c in run.notebook.cells for o in c.get("outputs", []) if o.output_type == "error"
    ]
    assert errors == []

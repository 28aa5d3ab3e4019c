"""Every lecture notebook: its skeleton, its exercises, and that it runs.

What these tests find is itself tested in test_lecture_checks.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.lecture_checks import problems
from tests.notebooks.lecture_exercises import exercise_problems
from tests.notebooks.syllabus_table import ROWS
from utils.lessons.store import FOLDER_VARIABLE

FOLDER = Path(__file__).parents[2] / "lectures"
RUNNER = Path(__file__).with_name("run_lecture.py")
LECTURES = sorted(FOLDER.glob("*.ipynb"))
GOAL_SECONDS, GOAL_MEBIBYTES = 60, 1024

every_lecture = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "progress"))


def test_all_lectures_are_there():
    names = {path.stem for path in LECTURES}
    assert names <= set(ROWS), "a notebook that the syllabus doesn't know"
    if missing := sorted(set(ROWS) - names):
        pytest.skip(f"not written yet: {', '.join(missing)}")


@every_lecture
def test_skeleton(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert problems(notebook, path) == []


@every_lecture
def test_exercises(path):
    assert exercise_problems(nbformat.read(path, as_version=4)) == []


@pytest.mark.full
@every_lecture
def test_runs_with_real_widgets(path, tmp_path, capsys):
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "progress")}
    child = subprocess.run(
        [sys.executable, str(RUNNER), str(path), str(FOLDER)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert child.returncode == 0, child.stderr
    report = json.loads(child.stdout.splitlines()[-1])
    with capsys.disabled():
        print(
            f"\n{path.stem}: {report['seconds']} s (goal {GOAL_SECONDS}), "
            f"{report['mebibytes']} MiB (goal {GOAL_MEBIBYTES})"
        )
    assert report["errors"] == []
    assert report["silent plays"] == []
    assert report["mebibytes"] <= GOAL_MEBIBYTES
    assert report["seconds"] <= 2 * GOAL_SECONDS

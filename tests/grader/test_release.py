"""Releasing a homework: what comes out, what stays untouched, what is refused."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader import release as release_module
from grader.assignment import load_assignment
from grader.cli import main
from grader.masters import LeakError, find_secrets, secrets_of
from grader.model_tests import model_test_source
from grader.otter_assign import AssignError, course_environment
from grader.publish import FolderError, fresh_folder, marker_kind
from grader.reference_run import ReferenceRunError, run_notebook
from grader.release import release_assignment
from utils.errors import CourseError

REPOSITORY = Path(__file__).parents[2]
HW3 = "hw3_nsynth_cnn"


@pytest.fixture(scope="module")
def said_and_made(tmp_path_factory):
    """What a release without any run prints, and where it lies; through the command line."""
    out = tmp_path_factory.mktemp("release") / "out"
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        assert main(["release", HW3, "--out", str(out), "--no-run"]) == 0
    return screen.getvalue(), out


@pytest.fixture(scope="module")
def quick(said_and_made):
    return said_and_made[1]


TINY_CONFIG = {
    "toml": """
format = 1
name = "tiny"
title = "A tiny homework"
notebook = "tiny.ipynb"
submission = ["tiny.ipynb", "model.onnx"]
[training_data]
dataset = "embedded"
kind = "general-midi"
[model_question]
name = "q1"
points = 3
test_points = 2
[credit]
points = 1
curve = [[0.0, 0.0], [1.0, 1.0]]
""",
    "config": "# ASSIGNMENT CONFIG\nname: tiny\nexport_cell: {pdf: false}\n"
    "student_files: [model.onnx]\ntests: {ok_format: false}",
}


def tiny_assignment(folder, *, train="'trained'", answer="2 * x  # SOLUTION"):
    """Write a homework whose training takes no time."""
    folder.mkdir(parents=True)
    new = nbformat.v4
    train_cell = new.new_code_cell(
        f"from pathlib import Path\nPath('model.onnx').write_text({train})"
    )
    train_cell.metadata["tags"] = ["train", "otter_ignore"]
    public = (
        'def test_public(double, model):\n    assert model == "trained"\n    assert double(1) == 2'
    )
    hidden = 'def test_hidden(double):\n    """Secret words."""\n    assert double(21) == 42'
    config = '""" # BEGIN TEST CONFIG\npoints: 1\n{}""" # END TEST CONFIG\n'
    cells = [
        new.new_raw_cell(TINY_CONFIG["config"]),
        train_cell,
        new.new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 2"),
        new.new_markdown_cell("Write `double`."),
        new.new_raw_cell("# BEGIN SOLUTION"),
        new.new_code_cell(
            "from pathlib import Path\n\n\ndef double(x):\n"
            f"    return {answer}\n\n\nmodel = Path('model.onnx').read_text()"
        ),
        new.new_raw_cell("# END SOLUTION"),
        new.new_raw_cell("# BEGIN TESTS"),
        new.new_code_cell(config.format("") + public),
        new.new_code_cell(config.format("hidden: true\n") + hidden),
        new.new_raw_cell("# END TESTS"),
        new.new_raw_cell("# END QUESTION"),
    ]
    notebook = new.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "tiny.ipynb")
    (folder / "assignment.toml").write_text(TINY_CONFIG["toml"], encoding="utf-8")
    return load_assignment(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A complete release, with reference run and otter's own test of the solutions."""
    folder = tmp_path_factory.mktemp("tiny")
    assignment = tiny_assignment(folder / "tiny")
    lines = []
    made = release_assignment(assignment, folder / "out", progress=False, say=lines.append)
    return made, lines


@pytest.mark.slow
def test_reference_run_is_kept_for_instructors(tiny):
    made, lines = tiny
    assert made.reference is not None
    assert (made.reference / "model.onnx").read_text(encoding="utf-8") == "trained"
    notebook = nbformat.read(made.reference / "tiny.ipynb", as_version=4)
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert any("All autograder tests passed" in line for line in lines)


@pytest.mark.slow
def test_release_is_laid_out_as_announced(tiny):
    made, _ = tiny
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "autograder", "reference", "release.json", "student", "tiny-autograder.zip",
    ]  # fmt: skip
    assert [path.name for path in made.student.iterdir()] == ["tiny.ipynb"]
    student = (made.student / "tiny.ipynb").read_text(encoding="utf-8")
    assert "2 * x" not in student
    assert "Secret words" not in student
    assert "assert double(1) == 2" in student
    with zipfile.ZipFile(made.zip_file) as archive:
        assert {"run_autograder", "setup.sh", "tests/q1.py"} <= set(archive.namelist())
        assert b"Secret words" in archive.read("tests/q1.py")


@pytest.mark.slow
def test_release_json_tells_what_was_made(tiny):
    made, _ = tiny
    marker = json.loads((made.folder / "release.json").read_text(encoding="utf-8"))
    assert marker["kind"] == "homework release"
    assert marker["assignment"] == "tiny"
    assert marker["reference_run"]["seconds"] > 0
    assert set(marker["sha256"]) >= {"student/tiny.ipynb", "reference/model.onnx"}


@pytest.mark.slow
def test_master_and_its_folder_stay_as_they_are(tiny):
    made, _ = tiny
    folder = made.folder.parent / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == ["assignment.toml", "tiny.ipynb"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out", "tiny"]


@pytest.mark.slow
def test_a_wrong_solution_releases_nothing(tmp_path):
    assignment = tiny_assignment(tmp_path / "tiny", answer="3 * x  # SOLUTION")
    with pytest.raises(AssignError, match="Some autograder tests failed"):
        release_assignment(assignment, tmp_path / "out", progress=False, say=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_master_that_fails_releases_nothing(tmp_path):
    assignment = tiny_assignment(tmp_path / "tiny", train="1 / 0")
    with pytest.raises(ReferenceRunError, match="ZeroDivisionError"):
        release_assignment(assignment, tmp_path / "out", progress=False, say=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_run_that_leaves_no_model_is_refused(tmp_path):
    assignment = tiny_assignment(tmp_path / "tiny", train="''")
    with pytest.raises(CourseError, match=r"running tiny\.ipynb writes model\.onnx"):
        release_assignment(assignment, tmp_path / "out", progress=False, say=lambda line: None)


def test_a_misspelled_marker_is_noticed(tmp_path):
    assignment = tiny_assignment(tmp_path / "tiny", answer="round(x + x + 0.0)  # SOLUTON")
    with pytest.raises(LeakError, match="'# SOLUTON' in cell"):
        release_assignment(assignment, tmp_path / "out", run=False, say=lambda line: None)


def test_quick_release_has_no_model_and_says_what_the_zip_does(said_and_made):
    said, quick = said_and_made
    assert not (quick / "reference").exists()
    assert not (quick / "autograder" / "model.onnx").exists()
    assert "no hidden split was named" in said
    assert f"for students:     {quick / 'student'}" in said


def test_homework_3_in_the_zip_equals_what_the_grader_reads(quick):
    assignment = load_assignment(HW3)
    zip_file = quick / f"{HW3}-autograder.zip"
    assert model_test_source(assignment, autograder=zip_file) == model_test_source(assignment)


def test_homework_3_leaves_its_secrets_in_the_autograder_part(quick):
    master = nbformat.read(load_assignment(HW3).notebook_path, as_version=4)
    secrets = secrets_of(master)
    assert {secret.kind for secret in secrets} == {"solution", "hidden test"}
    solved = nbformat.read(quick / "autograder" / "hw3.ipynb", as_version=4)
    student = nbformat.read(quick / "student" / "hw3.ipynb", as_version=4)
    there = {words for words in find_secrets(master, solved) if " of cell " in words}
    assert there == {f"{secret.kind} of cell {secret.cell}" for secret in secrets}
    assert find_secrets(master, student) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name an assignment"),
        ([HW3], r"Add --out DIR"),
        ([HW3, "--student", "x"], "name an assignment"),
        (["--wrong"], "unrecognized arguments"),
    ],
)
def test_command_line_says_what_is_missing(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["release", *arguments])
    assert stop.value.code == 2
    assert re.search(words, capsys.readouterr().err)


def test_unknown_assignment_is_an_error_with_the_known_names(capsys, tmp_path):
    assert main(["release", "hw9", "--out", str(tmp_path / "out")]) == 1
    assert HW3 in capsys.readouterr().err


def test_foreign_folder_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(release_module, "run_notebook", lambda *args, **options: pytest.fail("ran"))
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FolderError, match="which holds other files"):
        release_assignment(load_assignment(HW3), tmp_path)


def test_fresh_folder_refuses_a_file_and_a_link(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with (
            pytest.raises(FolderError, match="a file or a link"),
            fresh_folder(tmp_path / name, kind="test"),
        ):
            pytest.fail("must not get here")


def test_fresh_folder_wants_its_marker(tmp_path):
    with (
        pytest.raises(FolderError, match=r"expected a release\.json"),
        fresh_folder(tmp_path / "out", kind="test"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_fresh_folder_survives_an_interruption(tmp_path):
    goal = tmp_path / "out"
    with fresh_folder(goal, kind="test") as folder:
        (folder / "release.json").write_text('{"kind": "test"}', encoding="utf-8")
        (folder / "first").touch()

    def interrupted():
        with fresh_folder(goal, kind="test") as folder:
            (folder / "second").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert marker_kind(goal) == "test"
    assert sorted(path.name for path in goal.iterdir()) == ["first", "release.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_notebooks_find_utils_wherever_they_run(tmp_path):
    code = "import utils.notes.vocabulary as v; print(len(v.FAMILIES))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=course_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "11"


def test_course_environment_keeps_what_was_there(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert course_environment()["PYTHONPATH"] == os.pathsep.join([str(REPOSITORY), "/somewhere"])


def test_run_notebook_times_training_apart(tmp_path):
    new = nbformat.v4
    slow = new.new_code_cell("import time; time.sleep(0.5)")
    slow.metadata["tags"] = ["train"]
    notebook = new.new_notebook(cells=[new.new_code_cell("x = 1"), slow])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    run = run_notebook(tmp_path / "n.ipynb", progress=False)
    assert 0.5 <= run.train_seconds < run.seconds


SLEEPER = """
import sys
from pathlib import Path
from grader.reference_run import run_notebook
try:
    run_notebook(Path(sys.argv[1]), progress=False)
except KeyboardInterrupt:
    sys.exit(130)
"""


def process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(condition())


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_ctrl_c_ends_the_reference_run_and_its_kernel(tmp_path):
    code = "import os, time\nfrom pathlib import Path\n"
    code += "Path('part').write_text(str(os.getpid()))\nPath('part').rename('pid')\ntime.sleep(600)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path / "n.ipynb")],
        cwd=REPOSITORY,
        env=course_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until((tmp_path / "pid").exists)
        kernel = int((tmp_path / "pid").read_text(encoding="utf-8"))
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        assert wait_until(lambda: not process_lives(kernel), 10)
    finally:
        process.kill()
        process.wait()

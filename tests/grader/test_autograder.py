"""The sealed autograder zip, in a machine laid out as Gradescope's."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.assignment import load_assignment
from grader.autograder.grading import HIDDEN, PRIVATE, UNSEALED, main
from grader.autograder.guard import MESSAGE
from grader.autograder.ladder import ladder_value
from grader.autograder.seal import seal_zip
from grader.autograder.submission import find_submission, read_submission
from grader.grade import grade_submissions
from grader.hidden_split import HiddenSplit
from grader.marking import Marker
from grader.release import Release, Sealing, release_assignment
from grader.results import Result
from grader.sandbox import launch
from tests.grader.gradescope import metadata, previous
from tests.grader.poorer import without
from tests.grader.road import HW3, Machine, solved_notebook, submission
from tests.submission.models import GOOD, STATIC, memory_bomb
from utils.errors import CourseError
from utils.notes.embedded import load_notes
from utils.submission.codes import Code, Rejection

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the zip grades on Linux only"),
]
MODEL = GOOD["opset 18"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, hidden: Path) -> Release:
    return release_assignment(
        load_assignment(HW3),
        tmp_path_factory.mktemp("release") / "out",
        run=False,
        sealing=Sealing(HiddenSplit.open(hidden)),
        say=lambda _: None,
    )


@pytest.fixture
def machine(tmp_path: Path, release: Release) -> Machine:
    return Machine(tmp_path / "autograder", release.zip_file)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {"hw3.ipynb": solved_notebook(), "model.onnx": MODEL, "history.json": b"{}"}
    return submission(tmp_path_factory.mktemp("good") / "ada.zip", files)


def test_the_same_points_as_in_the_batch(
    machine: Machine, good: Path, hidden: Path, tmp_path: Path
) -> None:
    done = machine.grade(good)
    assert done.returncode == 0, done.stderr
    batch = grade_submissions(good, hidden=hidden, out=tmp_path / "out", progress=False)
    (result,) = batch.results
    assert machine.points == {
        "model on the hidden notes": result.model_points,
        **{q.name: q.points for q in result.questions},
    }
    assert result.auto_points == 20
    assert result.max_points == 40
    assert not (machine.base / PRIVATE).exists()
    visible = {t["name"]: t["visibility"] for t in machine.report["tests"]}
    assert visible.pop("model on the hidden notes") == "after_published"
    assert set(visible.values()) == {"visible"}
    assert result.score is not None
    assert f"{result.score.value:.1%}" not in machine.words


def test_the_zip_as_it_was_handed_in_and_an_empty_metadata_file(
    machine: Machine, good: Path
) -> None:
    machine.metadata = None
    done = machine.grade(good, unpacked=False)
    assert done.returncode == 0, done.stderr
    assert sum(machine.points.values()) > 20


def test_the_pickle_holds_otters_own_classes_and_the_same_points(
    machine: Machine, good: Path
) -> None:
    assert machine.grade(good, unpacked=False).returncode == 0
    # as the host of `otter grade` does: without this course
    code = (
        "import dill, sys; r = dill.load(open(sys.argv[1], 'rb')); "
        "print(round(r.total, 3), round(r.possible, 3), 'grader' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", code, str(machine.base / "results/results.pkl")],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert found.stdout.split()[1:] == ["40.0", "False"]
    assert float(found.stdout.split()[0]) == round(sum(machine.points.values()), 3)


def test_a_notebook_finds_neither_hidden_notes_nor_tests(machine: Machine, tmp_path: Path) -> None:
    hunt = f"""
import glob, os
found = []
for path in ({str(machine.base)!r}, {str(machine.base / "source")!r}, '/', '..'):
    for where, _, names in os.walk(path):
        found += [os.path.join(where, n) for n in names if n.endswith(('.npz', '.npy', '.json'))]
predicted = [len([f for f in found if 'private' in f or 'tests' in f]), 1, 1, 1, 1]
raise RuntimeError(f'found {{len(found)}}: {{[f for f in found if "autograder" in f][:5]}}')
"""
    book = {"cells": [{"cell_type": "code", "source": hunt, "metadata": {}}], "nbformat": 4}
    path = submission(
        tmp_path / "s.zip", {"hw3.ipynb": json.dumps(book).encode(), "model.onnx": MODEL}
    )
    assert machine.grade(path).returncode == 0
    words = machine.report["output"]
    assert "private" not in words
    assert "autograder" not in words.partition("found")[2]


def test_loose_files_as_they_were_uploaded(machine: Machine, tmp_path: Path) -> None:
    files = {
        "my homework/hw3.ipynb": solved_notebook(),
        "my homework/model.onnx": MODEL,
        "__MACOSX/my homework/._model.onnx": b"left behind",
        "__MACOSX/my homework/model.onnx": b"left behind",
        "my homework/.DS_Store": b"left behind",
        "my homework/.ipynb_checkpoints/notes.txt": b"",
    }
    done = machine.grade(submission(tmp_path / "s.zip", files))
    assert done.returncode == 0, done.stderr
    assert machine.report["tests"][0]["status"] == "passed"
    assert sum(machine.points.values()) > 20


def test_what_is_not_the_students_is_for_the_owner_only(machine: Machine, good: Path) -> None:
    machine.base.chmod(0o700)
    (machine.base / "source" / "files" / "course" / "utils").chmod(0o700)
    assert machine.grade(good).returncode == 0
    for name in ("source/tests", "submission", "results", "submission_metadata.json"):
        assert (machine.base / name).stat().st_mode & 0o077 == 0, name
    # a user of its own has to read the package
    folders = [machine.base, *(machine.base / "source/files/course/utils/errors.py").parents]
    assert all(f.stat().st_mode & 0o001 for f in folders if f.is_relative_to(machine.base))


def test_the_hidden_notes_are_gone_before_the_notebook_starts(
    machine: Machine, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = []

    def notebook(_: Marker, result: Result, *__: object) -> Result:
        there.append((machine.base / PRIVATE).exists())
        return result

    monkeypatch.setattr(Marker, "notebook", notebook)
    machine.lay(good)
    assert (machine.base / PRIVATE / HIDDEN).exists()
    assert main([str(machine.base)]) == 0
    assert there == [False]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"hw3.ipynb": b"{}", "model.onnx": STATIC["32 x 32"][0]}, "INPUT_SHAPE"),
        ({"hw3.ipynb": b"{}"}, "NO_MODEL"),
        ({"a/model.onnx": MODEL, "b/model.onnx": MODEL}, "TWO_MODELS"),
    ],
)
def test_a_refused_model_has_a_code_and_a_hint(
    machine: Machine, tmp_path: Path, files: dict[str, bytes], code: str
) -> None:
    done = machine.grade(submission(tmp_path / "s.zip", files))
    assert done.returncode == 0, done.stderr
    entry = machine.report["tests"][0]
    assert entry["status"] == "failed"
    assert entry["output"].startswith(f"{code}: ")
    assert machine.points["model on the hidden notes"] == 0
    assert "leaderboard" not in machine.report


def test_no_zip_at_all(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / "s.zip"
    path.write_bytes(b"my homework")
    assert machine.grade(path, unpacked=False).returncode == 0
    assert machine.report["tests"][0]["output"].startswith("NOT_ZIP: ")
    assert not (machine.base / PRIVATE).exists()


def test_a_failure_of_the_grader_is_no_zero(machine: Machine, good: Path) -> None:
    labels = machine.base / PRIVATE / HIDDEN / "labels.npz"
    labels.write_bytes(b"damaged")
    done = machine.grade(good)
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert not (machine.base / "results/results.json").exists()


def test_a_zip_without_a_hidden_split_says_so(release: Release, good: Path, tmp_path: Path) -> None:
    seal_zip(
        release.zip_file,
        tmp_path / "open.zip",
        load_assignment(HW3),
        practice=load_notes().split("practice"),
    )
    with zipfile.ZipFile(tmp_path / "open.zip") as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    assert not [name for name in names if HIDDEN in name.split("/")]
    machine = Machine(tmp_path / "autograder", tmp_path / "open.zip")
    assert machine.grade(good).returncode == 0
    assert UNSEALED in machine.report["tests"][0]["output"]
    assert sum(machine.points.values()) == 20


def test_otter_run_is_stopped_before_student_code(
    release: Release, tmp_path: Path, root: Path
) -> None:
    notebook = json.loads((release.student / "hw3.ipynb").read_text())
    trace = tmp_path / "ran"
    notebook["cells"].insert(
        0,
        {
            "cell_type": "code",
            "id": "first",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": f"open({str(trace)!r}, 'w')",
        },
    )
    path = submission(tmp_path / "s.zip", {"hw3.ipynb": json.dumps(notebook).encode()})
    done = subprocess.run(
        [sys.executable, "-m", "otter", "run", "-a", str(release.zip_file), str(path)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1
    assert MESSAGE in done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert not trace.exists()


def test_links_and_crowds_in_an_unpacked_submission_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").symlink_to("/etc/passwd")
    with pytest.raises(Rejection) as caught:
        read_submission(find_submission(tmp_path))
    assert caught.value.code == Code.BAD_PATH
    (tmp_path / "model.onnx").unlink()
    for i in range(501):
        (tmp_path / f"{i}").touch()
    with pytest.raises(Rejection) as caught:
        read_submission(find_submission(tmp_path))
    assert caught.value.code == Code.TOO_MANY


def test_an_unpacked_submission_has_the_limits_of_a_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_bytes(GOOD["opset 18"])
    noise = np.random.default_rng(0).bytes(31_000_000)  # too large, for a notebook only
    (tmp_path / "hw3.ipynb").write_bytes(noise)
    archive = read_submission(find_submission(tmp_path))
    assert archive.model(max_bytes=10**6) == GOOD["opset 18"]
    assert archive.file("hw3.ipynb") is None
    assert archive.file("hw3.ipynb", max_bytes=31_000_000) == noise
    for limit, too_much in (("MAX_UNPACKED_BYTES", 30_000_000), ("MAX_ZIP_BYTES", 1_000_000)):
        with monkeypatch.context() as patch:
            patch.setattr(f"grader.autograder.submission.{limit}", too_much)
            with pytest.raises(Rejection, match="TOO_BIG: with 'hw3"):
                read_submission(find_submission(tmp_path))


def test_a_zip_is_sealed_with_protection_or_not_at_all(release: Release, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="expected --sandbox strict or weak"):
        seal_zip(
            release.zip_file,
            tmp_path / "z.zip",
            load_assignment(HW3),
            practice=load_notes().split("practice"),
            policy="none",
        )
    assert release.zip_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("accuracy", "best", "shown"),
    [
        (0.613, None, 0.62),
        (0.613, 0.60, 0.60),
        (0.625, 0.60, 0.62),
        (0.3, 0.60, 0.60),
        (0, None, 0),
    ],
)
def test_the_ladder_moves_by_steps_only(accuracy: float, best: float | None, shown: float) -> None:
    assert ladder_value(accuracy, best) == pytest.approx(shown)


def _scored(day: int, model: str, points: float) -> dict[str, Any]:
    return previous(
        {
            "tests": [{"name": "model on the hidden notes", "score": points}],
            "leaderboard": [{"name": "accuracy", "value": 88.0}],
            "extra_data": {"model_sha256": model},
        },
        day=day,
    )


def test_the_leaderboard_keeps_the_best_value(machine: Machine, good: Path) -> None:
    machine.metadata = metadata(_scored(1, "a", 9.0), previous(None), group=("Ada", "Bob"))
    assert machine.grade(good).returncode == 0
    assert machine.report["leaderboard"] == [{"name": "accuracy", "value": 88.0}]
    assert machine.report["extra_data"] == {"model_sha256": hashlib.sha256(MODEL).hexdigest()}
    assert "Scored try 2 of 5." in machine.words


def test_after_the_last_try_the_points_of_the_model_stay(machine: Machine, good: Path) -> None:
    machine.metadata = metadata(*(_scored(i, f"model {i}", 10.0 + i) for i in range(1, 6)))
    assert machine.grade(good).returncode == 0
    assert machine.points["model on the hidden notes"] == 15.0
    assert machine.points["q1_power"] == 2.0  # the notebook counts
    assert "Scored try 6, and 5 count" in machine.words


def test_a_model_that_lacks_room_is_not_judged(machine: Machine, tmp_path: Path) -> None:
    files = {"hw3.ipynb": solved_notebook(), "model.onnx": memory_bomb(150_000_000)}
    path = submission(tmp_path / "s.zip", files)
    done = machine.grade(path, environment={"COURSE_GRADER_MEMORY_MB": "700"})
    assert done.returncode == 0, done.stderr
    assert "model on the hidden notes" not in machine.points
    assert machine.words.startswith("INFRA_ERROR: this machine has 700 MB of memory")
    assert sum(machine.points.values()) == 20


def test_a_container_that_protects_too_little_says_what_to_do(
    machine: Machine,
    good: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine.lay(good)
    monkeypatch.setattr(launch, "_command", without("no files, no network"))
    assert main([str(machine.base)]) == 1
    words = capsys.readouterr().err
    assert "SANDBOX_TOO_WEAK" in words
    assert "release the zip again with --sandbox weak" in words
    assert "has no points yet" in words
    assert "Traceback" not in words
    assert not (machine.base / "results/results.json").exists()

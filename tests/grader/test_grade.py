"""A folder of submissions: one row and one page each, whatever lies in it."""

import contextlib
import csv
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from grader import grade
from grader.assignment import Assignment, Limits, load_assignment
from grader.batch import local, runner
from grader.batch.finding import find_submissions
from grader.batch.local import LocalStation
from grader.batch.plan import Plan
from grader.cli import main
from grader.hidden_split import HiddenSplit
from grader.notebook.session import StudentSandbox
from grader.sandbox import launch
from grader.sandbox.layers import FILES, SYSTEM_CALLS
from grader.sandbox.parent import Sandbox
from grader.sandbox.policy import Policy, PolicyError
from grader.sandbox.protocol import Layer
from tests.grader.poorer import without
from tests.grader.zips import zipped
from tests.submission.models import GOOD, RUNNING, STATIC, endless_loop, memory_bomb, model
from utils.errors import ParameterError, StoreError
from utils.submission.codes import GRADER_CODES, HINTS, STUDENT_ONLY_CODES, Code

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
NOTEBOOK = ("hw3.ipynb", b"{}")
# only Linux can protect labels; these here are public
POLICY: Policy = "strict" if sys.platform == "linux" else "none"
# what notebooks earn is tested in test_notebook_questions.py
grade_submissions = partial(grade.grade_submissions, sandbox=POLICY, notebooks=False)


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    limits = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=500)
    return replace(load_assignment("hw3_nsynth_cnn"), limits=limits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "submissions").mkdir()
    return tmp_path / "submissions"


def submit(folder: Path, name: str, content: bytes | None = None) -> Path:
    """Write a submission with a model."""
    path = folder / name
    path.write_bytes(zipped(NOTEBOOK, ("model.onnx", model() if content is None else content)))
    return path


def rows(out: Path) -> dict[str, dict[str, str]]:
    """Return the gradebook by submission."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def stored(out: Path) -> list[str]:
    """Return the results in the journal, as JSON."""
    path = out / "results/journal.sqlite"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as journal:
        try:
            return [row[0] for row in journal.execute("SELECT result FROM results")]
        except sqlite3.OperationalError:  # not made yet
            return []


def test_one_row_and_one_page_each(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    submit(folder, "bob.zip", STATIC["32 x 32"][0])
    (folder / "carl.zip").write_bytes(b"no zip")
    (folder / "notes.txt").write_text("not a submission")
    (folder / ".hidden.zip").write_text("nor this")
    out = tmp_path / "out"
    batch = grade_submissions(
        folder, hidden=hidden, out=out, assignment=assignment, jobs=2, progress=False
    )
    assert batch.ignored == [".hidden.zip", "notes.txt"]
    found = rows(out)
    assert [(row["status"], row["code"]) for row in found.values()] == [
        ("graded", ""),
        ("rejected", "INPUT_SHAPE"),
        ("rejected", "NOT_ZIP"),
    ]
    ada = found["ada.zip"]
    assert 0 <= float(ada["ci_low"]) <= float(ada["score"]) <= float(ada["ci_high"]) <= 1
    assert (ada["student"], ada["assignment"], ada["max_points"]) == (
        "ada",
        assignment.name,
        "20.00",
    )
    assert ada["points"] == ada["model_points"] != ""
    assert ada["auto_points"] == ada["manual_points"] == ada["late_days"] == ""
    assert found["bob.zip"]["score"] == ""
    assert found["bob.zip"]["points"] == "0.00"
    pages = {path.name for path in (out / "pages").iterdir()}
    assert pages == {"ada.html", "bob.html", "carl.html"}
    assert HINTS[Code.NOT_ZIP].split("'")[0][:30] in (out / "pages/carl.html").read_text()
    if sys.platform == "linux":
        assert batch.layers


def test_students_do_not_see_hidden_figures(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    batch = grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=assignment, progress=False
    )
    page = (tmp_path / "o/pages/ada.html").read_text()
    score, practice = batch.results[0].score, batch.results[0].practice
    assert score is not None
    assert practice is not None
    assert f"{100 * practice.value:.1f}" in page
    for value in (score.value, score.low, score.high):
        assert f"{value:.4f}" not in page
        assert f"{value:.4f}" in (tmp_path / "o/grades.csv").read_text()
    assert (tmp_path / "o/results").stat().st_mode & 0o077 == 0


def test_the_score_is_that_of_the_hidden_split(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    # a model that was built from the labels: right for every hidden note
    split = HiddenSplit.open(hidden)
    flat = split.mels.reshape(len(split), -1).astype("f8") / 255
    scores = np.full((len(split), 11), -1.0)
    scores[np.arange(len(split)), split.families] = 1.0
    kernel = np.linalg.lstsq(flat, scores, rcond=None)[0].T.reshape(11, 1, 64, 64)
    from tests.submission.models import weights

    right = model(initializers=[weights("kernel", kernel.astype("f4"))])
    submit(folder, "a.zip", right)
    batch = grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=assignment, progress=False
    )
    result = batch.results[0]
    assert result.score is not None
    assert result.practice is not None
    assert result.score.value == 1.0
    assert result.model_points == 20
    assert result.practice.value < 0.7
    assert result.model_sha256 == hashlib.sha256(right).hexdigest()


@linux_only
def test_every_code_that_a_student_can_cause(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    expected: dict[str, Code] = {}

    def add(name: str, content: bytes, code: Code) -> None:
        (folder / name).write_bytes(content)
        expected[name] = code

    add("bad path.zip", zipped(("../x", b""), ("model.onnx", model())), Code.BAD_PATH)
    add("too many.zip", zipped(*((f"{i}", b"") for i in range(501))), Code.TOO_MANY)
    add("no model.zip", zipped(NOTEBOOK), Code.NO_MODEL)
    two = zipped(("model.onnx", model()), ("b/model.onnx", model()))
    add("two.zip", two, Code.TWO_MODELS)
    locked = bytearray(zipped(NOTEBOOK))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    add("locked.zip", bytes(locked), Code.ENCRYPTED)
    add("text.zip", b"text", Code.NOT_ZIP)
    for number, (content, code) in enumerate((STATIC | RUNNING).values()):
        add(f"m{number}.zip", zipped(NOTEBOOK, ("model.onnx", content)), code)
    add("bomb.zip", zipped(("model.onnx", memory_bomb(10**9))), Code.MEMORY)
    add("loop.zip", zipped(("model.onnx", endless_loop())), Code.TIMEOUT)
    add("zz good.zip", zipped(NOTEBOOK, ("model.onnx", model())), None)  # type: ignore[arg-type]

    short = replace(assignment, limits=replace(assignment.limits, cpu_seconds=3))
    grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=short, jobs=2, progress=False
    )
    found = rows(tmp_path / "o")
    assert {name: row["code"] for name, row in found.items()} == {
        name: code.value if code else "" for name, code in expected.items()
    }
    assert all(row["message"] for row in found.values() if row["status"] == "rejected")
    assert found["zz good.zip"]["status"] == "graded"
    # FLOOD, PROTOCOL and CRASH need a process that was taken over: tests/grader/test_sandbox.py
    taken_over = {Code.FLOOD, Code.PROTOCOL, Code.CRASH}
    assert (
        set(expected.values()) - {None}
        == set(Code) - GRADER_CODES - STUDENT_ONLY_CODES - taken_over
    )


def test_a_rerun_does_nothing_again(
    folder: Path,
    hidden: Path,
    tmp_path: Path,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(folder, "ada.zip")
    submit(folder, "bob.zip", RUNNING["mean of the batch"][0])
    options = {"hidden": hidden, "out": tmp_path / "o", "progress": False}
    first = grade_submissions(folder, assignment=assignment, **options)
    before = rows(tmp_path / "o")
    os.rename(folder / "ada.zip", folder / "ada2.zip")  # noqa: PTH104 (the same bytes, another name)
    ran: list[bytes] = []
    run = Sandbox.run
    monkeypatch.setattr(
        Sandbox,
        "run",
        lambda self, content, *a, **k: (ran.append(content), run(self, content, *a, **k))[1],
    )
    again = grade_submissions(folder, assignment=assignment, **options)
    assert (first.n_known, again.n_known) == (0, 2)
    assert len(ran) == 1  # the sandbox's own check
    after = rows(tmp_path / "o")
    assert after["bob.zip"] == before["bob.zip"]
    assert after["ada2.zip"] == before["ada.zip"] | {"submission": "ada2.zip", "student": "ada2"}
    # another limit, another curve, …: everything is done anew
    other = replace(assignment, limits=replace(assignment.limits, memory_mb=501))
    assert grade_submissions(folder, assignment=other, **options).n_known == 0


def test_a_damaged_result_is_made_again(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    options = {"hidden": hidden, "out": tmp_path / "o", "progress": False}
    grade_submissions(folder, assignment=assignment, **options)
    with contextlib.closing(sqlite3.connect(tmp_path / "o/results/journal.sqlite")) as journal:
        journal.execute("UPDATE results SET result = substr(result, 1, length(result) - 40)")
        journal.commit()
    batch = grade_submissions(folder, assignment=assignment, **options)
    assert batch.n_known == 0
    assert batch.results[0].status == "graded"


def test_a_fault_of_ours_stops_nobody_and_is_not_kept(
    folder: Path,
    hidden: Path,
    tmp_path: Path,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(folder, "ada.zip")
    submit(folder, "bob.zip", GOOD["opset 18"])
    options = {"hidden": hidden, "out": tmp_path / "o", "progress": False}
    read = local.read_file

    def broken(path: Path) -> bytes:
        if path.name == "ada.zip":
            raise OSError("the disk is on fire")
        return read(path)

    monkeypatch.setattr(local, "read_file", broken)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)
    grade_submissions(folder, assignment=assignment, **options)
    found = rows(tmp_path / "o")
    assert (found["ada.zip"]["status"], found["ada.zip"]["code"]) == ("infra_error", "INFRA_ERROR")
    assert "the disk is on fire" in found["ada.zip"]["message"]
    assert found["ada.zip"]["points"] == found["ada.zip"]["model_points"] == ""
    assert found["bob.zip"]["status"] == "graded"
    monkeypatch.undo()
    batch = grade_submissions(folder, assignment=assignment, **options)
    assert [result.status for result in batch.results] == ["graded", "graded"]
    assert batch.n_known == 1


STOPPED = """
import sys
from dataclasses import replace
from grader.assignment import Limits, load_assignment
from grader.grade import grade_submissions

assignment = replace(load_assignment("hw3_nsynth_cnn"), limits=Limits(cpu_seconds=600))
if __name__ == "__main__":
    folder, hidden, out = sys.argv[1:]
    grade_submissions(folder, hidden=hidden, out=out, assignment=assignment, notebooks=False)
"""


@pytest.mark.slow
@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_is_finished_survives_a_stop(
    folder: Path, hidden: Path, tmp_path: Path, number: signal.Signals, root: Path
) -> None:
    submit(folder, "ada.zip")
    submit(folder, "bob.zip", endless_loop())
    submit(folder, "carl.zip", GOOD["opset 18"])
    script, out = tmp_path / "grade.py", tmp_path / "o"
    script.write_text(STOPPED)
    command = [sys.executable, str(script), str(folder), str(hidden), str(out)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as grader:
        end = time.monotonic() + 120
        while not stored(out):
            assert time.monotonic() < end
            assert grader.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        grader.send_signal(number)
    assert len(stored(out)) == 1
    if number == signal.SIGINT:
        codes = {name: row["code"] for name, row in rows(out).items()}
        assert codes == {"ada.zip": "", "bob.zip": "NOT_FINISHED", "carl.zip": "NOT_FINISHED"}
    (folder / "bob.zip").unlink()
    assignment = replace(load_assignment("hw3_nsynth_cnn"), limits=Limits(cpu_seconds=600))
    batch = grade_submissions(folder, hidden=hidden, out=out, assignment=assignment, progress=False)
    assert batch.n_known == 1
    assert [result.status for result in batch.results] == ["graded", "graded"]


def test_names_that_spreadsheets_would_run(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    (folder / "=HYPERLINK(1).zip").write_bytes(b"x")
    (folder / "<script>alert(1)<!--.zip").write_bytes(b"x")
    grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=assignment, progress=False
    )
    assert "'=HYPERLINK(1).zip" in rows(tmp_path / "o")
    for page in (tmp_path / "o/pages").iterdir():
        assert "<script" not in page.read_text()


# --- what can't be graded at all --------------------------------------------------------------


def test_which_files_are_submissions(tmp_path: Path) -> None:
    for name in ("b.zip", "a.ZIP", "c.tar", ".d.zip"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "e.zip").mkdir()
    paths, ignored = find_submissions(tmp_path)
    assert [path.name for path in paths] == ["a.ZIP", "b.zip"]
    assert ignored == [".d.zip", "c.tar", "e.zip"]
    assert find_submissions(tmp_path / "b.zip") == ([tmp_path / "b.zip"], [])
    with pytest.raises(ParameterError, match="found none"):
        find_submissions(tmp_path / "e.zip")
    with pytest.raises(ParameterError, match="expected a folder with submissions"):
        find_submissions(tmp_path / "c.tar")


def test_wrong_options(folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment) -> None:
    submit(folder, "ada.zip")
    with pytest.raises(ParameterError, match="jobs: expected 1 or more"):
        grade_submissions(folder, hidden=hidden, out=tmp_path / "o", jobs=0)
    with pytest.raises(StoreError, match="hidden build"):
        grade_submissions(folder, hidden=tmp_path, out=tmp_path / "o")
    other = replace(assignment, training_data=replace(assignment.training_data, dataset="0" * 64))
    with pytest.raises(ParameterError, match="name its store with --practice"):
        grade_submissions(folder, hidden=hidden, out=tmp_path / "o", assignment=other)


def test_the_command_line(
    folder: Path, hidden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(folder, "ada.zip")
    (folder / "bob.zip").write_bytes(b"x")
    (folder / "list.csv").write_text("x")
    command = ["grade", str(folder), "--hidden", str(hidden), "--out", str(tmp_path / "o")]
    assert main([*command, "--jobs", "1", "--sandbox", POLICY]) == 0
    out = capsys.readouterr().out
    assert "1 graded, 1 rejected, 0 not graded" in out
    assert "Still blank: manual_points." in out
    assert "ignored, not a .zip: list.csv" in out
    assert "NOT_ZIP" in out
    assert main(["grade", str(tmp_path / "none"), "--hidden", str(hidden), "--out", "o"]) == 1
    assert capsys.readouterr().err.startswith("error: expected a folder with submissions")
    with pytest.raises(SystemExit):
        main(["bake"])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "hidden" in capsys.readouterr().out


def test_results_are_plain_json(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=assignment, progress=False
    )
    (text,) = stored(tmp_path / "o")
    table = json.loads(text)
    assert table["status"] == "graded"
    assert table["practice_confusion"]
    assert zipfile.is_zipfile(folder / "ada.zip")


# --- how well the labels must be protected ----------------------------------------------------


@linux_only
@pytest.mark.parametrize("name", [FILES, SYSTEM_CALLS])
def test_a_machine_without_a_layer_refuses_to_grade(
    folder: Path,
    hidden: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    submit(folder, "ada.zip")
    monkeypatch.setattr(launch, "_command", without(name))
    command = ["grade", str(folder), "--hidden", str(hidden), "--out", str(tmp_path / "o")]
    assert main(command) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"error: SANDBOX_TOO_WEAK: models would run without “{name}”")
    assert "\n" not in error
    assert not (tmp_path / "o/grades.csv").exists()
    assert not list((tmp_path / "o/results").iterdir())


@linux_only
def test_the_weak_sandbox_is_recorded_everywhere(
    folder: Path,
    hidden: Path,
    tmp_path: Path,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    submit(folder, "ada.zip")
    (folder / "bob.zip").write_bytes(b"x")
    monkeypatch.setattr(launch, "_command", without(FILES, SYSTEM_CALLS))
    out = tmp_path / "o"
    command = ["grade", str(folder), "--hidden", str(hidden), "--out", str(out)]
    if os.geteuid() != 0:
        assert main([*command, "--sandbox", "weak"]) == 1
        assert "--sandbox weak has to be root" in capsys.readouterr().err
        return
    # a user of their own for notebooks also needs a Python that everybody may read
    assert main([*command, "--sandbox", "weak", "--no-notebooks"]) == 0
    assert "graded without the protection “few system calls”" in capsys.readouterr().out
    note = f"graded in a weak sandbox (without “{FILES}” and “{SYSTEM_CALLS}”)"
    found = rows(out)
    assert {name: row["status"] for name, row in found.items()} == {
        "ada.zip": "graded",
        "bob.zip": "rejected",
    }
    assert all(note in row["message"] for row in found.values())
    for page in (out / "pages").iterdir():
        assert note in page.read_text()
    for text in stored(out):
        table = json.loads(text)
        assert (table["sandbox"], table["missing_layers"]) == ("weak", [FILES, SYSTEM_CALLS])
    # a strict run takes none of these results for its own
    monkeypatch.undo()
    again = grade_submissions(folder, hidden=hidden, out=out, assignment=assignment, progress=False)
    assert again.n_known == 0
    assert "sandbox" not in (out / "grades.csv").read_text()


@linux_only
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="the weak sandbox needs root")
def test_the_weak_sandbox_refuses_labels_that_models_could_read(
    folder: Path, hidden: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        copy = Path(name) / "hidden"
        shutil.copytree(hidden, copy)
        copy.chmod(0o755)
        (copy / "labels.npz").chmod(0o644)
        out = Path(name) / "o"
        options = {"hidden": copy, "out": out, "assignment": assignment, "notebooks": False}
        with pytest.raises(PolicyError, match=r"can read .*labels\.npz"):
            grade.grade_submissions(folder, sandbox="weak", progress=False, **options)
        (copy / "labels.npz").chmod(0o600)
        batch = grade.grade_submissions(folder, sandbox="weak", progress=False, **options)
        assert batch.results[0].sandbox_note == "graded in a weak sandbox (as asked)"


@linux_only
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="the weak sandbox needs root")
def test_the_weak_sandbox_refuses_hidden_tests_that_notebooks_could_read(
    folder: Path,
    hidden: Path,
    assignment: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(folder, "ada.zip")
    gone = (Layer(FILES, False, "not in this kernel"),)
    monkeypatch.setattr(StudentSandbox, "check", lambda self: gone)
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        copy = Path(name) / "hw3"
        shutil.copytree(assignment.folder, copy)
        options = {"hidden": hidden, "out": tmp_path / "o", "assignment": copy, "progress": False}
        with pytest.raises(PolicyError, match=r"can read .*hw3\.ipynb"):
            grade.grade_submissions(folder, sandbox="weak", **options)
        copy.chmod(0o700)
        with contextlib.closing(LocalStation(Plan.make(copy, hidden, policy="weak"))) as station:
            layers = station.check()
    assert [layer.name for layer in layers if not layer.active] == [f"{FILES}, for notebooks"]


def test_without_demands_only_public_notes_are_graded(
    folder: Path, hidden: Path, tmp_path: Path
) -> None:
    submit(folder, "ada.zip")
    shutil.copytree(hidden, tmp_path / "private")
    manifest = json.loads((hidden / "manifest.json").read_text())
    text = json.dumps(manifest | {"public": False})
    (tmp_path / "private/manifest.json").write_text(text)
    with pytest.raises(PolicyError, match="--sandbox none is for public notes only"):
        grade.grade_submissions(
            folder, hidden=tmp_path / "private", out=tmp_path / "o", sandbox="none"
        )


@linux_only
def test_odd_things_in_the_folder_do_not_stop_the_batch(
    folder: Path, hidden: Path, tmp_path: Path, assignment: Assignment
) -> None:
    submit(folder, "ada.zip")
    os.mkfifo(folder / "pipe.zip")
    (folder / "gone.zip").symlink_to("nowhere")
    old = os.fsencode(folder) + b"/\xe9t\xe9.zip"  # as old programs name files
    Path(os.fsdecode(old)).write_bytes((folder / "ada.zip").read_bytes())
    batch = grade_submissions(
        folder, hidden=hidden, out=tmp_path / "o", assignment=assignment, progress=False
    )
    assert sorted(batch.ignored) == ["gone.zip", "pipe.zip"]
    assert [result.status for result in batch.results] == ["graded", "graded"]
    assert {name.isprintable() for name in rows(tmp_path / "o")} == {True}

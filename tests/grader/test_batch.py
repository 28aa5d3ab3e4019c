"""Many submissions: nothing acknowledged is lost, whatever happens to the grader or the disk."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.batch import runner
from grader.batch.changes import compare
from grader.batch.folder import Folder
from grader.batch.journal import Journal
from grader.batch.runner import ATTEMPTS, Job
from grader.batch.slots import Slot
from grader.grade import grade_submissions
from grader.hidden_split import build_hidden
from grader.kept import Settings
from grader.results import Result
from grader.sandbox.protocol import SandboxError
from tests.grader.batch_world import SETTINGS, gradebook, run_class, state, write_class
from tests.grader.processes import adopting, command, descendants, left_after
from tests.grader.road import solved_notebook, submission
from tests.submission.models import GOOD, endless_loop
from utils.errors import ParameterError, StoreError

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="forks and small disks")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)


def result(sha256: str = "a" * 64, points: float = 3.0) -> Result:
    return Result("ada.zip", "ada", "hw3", sha256, "graded", model_points=points, max_points=20)


# --- the journal ------------------------------------------------------------------------------


def test_a_result_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, SETTINGS, write=True) as journal:
        assert journal.find("a" * 64) is None
        assert [journal.claim("a" * 64, seconds=9) for _ in range(2)] == [1, 2]
        assert journal.attempts("a" * 64) == 2
        journal.finish(result())
        journal.finish(result(points=4))  # somebody who came late
        assert journal.attempts("a" * 64) == 0
        assert journal.find("a" * 64) == result()
        assert len(journal) == 1
    with Journal(path, SETTINGS) as journal:
        assert journal.find("a" * 64) == result()
        events = [event.what for event in journal.events("a" * 64)]
    assert events == ["handed out, attempt 1", "handed out, attempt 2", "finished: graded"]


def test_other_settings_are_another_result(tmp_path: Path) -> None:
    other = Settings({"grader": "with a hotfix"})
    with Journal(tmp_path / "j", SETTINGS, write=True) as journal:
        journal.finish(result())
    with Journal(tmp_path / "j", other, write=True) as journal:
        assert journal.find("a" * 64) is None
        earlier = journal.earlier("a" * 64)
        assert earlier is not None
        assert earlier.result == result()
        journal.finish(result(points=5))
    with Journal(tmp_path / "j") as journal:
        found = journal.latest("a" * 64)
        assert found is not None
        assert (found[0].model_points, json.loads(found[1])) == (5, dict(other.description))
        with pytest.raises(StoreError, match="opened with settings"):
            journal.find("a" * 64)


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", SETTINGS, write=True) as journal:
        assert journal._rows("PRAGMA journal_mode") == [("wal",)]
        assert journal._rows("PRAGMA synchronous") == [(2,)]  # FULL


def test_journals_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is missing: nothing was graded"):
        Journal(tmp_path / "none")
    (tmp_path / "text").write_text("not a data base, but long enough to look like one " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Journal(tmp_path / "text", SETTINGS, write=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "new")) as new:
        new.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"another version of the grader \(format 99\)"):
        Journal(tmp_path / "new", SETTINGS, write=True)
    with pytest.raises(StoreError, match="unable to open"):
        Journal(tmp_path / "no" / "folder", SETTINGS, write=True)


def test_a_damaged_journal_is_said_so(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 30)
    run_class(paths, tmp_path / "o")
    path = tmp_path / "o/results/journal.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"can't (read|open) the journal"):
        run_class(paths, tmp_path / "o")


# --- a run ------------------------------------------------------------------------------------


def test_the_same_content_is_marked_once(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 20)
    marked: Counter[str] = Counter()
    batch = run_class(paths, tmp_path / "o", faults=lambda job: marked.update([job.sha256]))
    assert set(marked.values()) == {1}
    assert len(marked) < len(batch.results) == len(gradebook(tmp_path / "o")) == 20
    assert [r.submission for r in batch.results] == [path.name for path in paths]
    assert batch.results[3].submission == "00003.zip"
    assert [r.submission for r in batch.results[1:3]] == ["00001.zip", "00002.zip"]
    assert run_class(paths, tmp_path / "o").n_known == 20
    assert set(marked.values()) == {1}


def test_faults_of_the_grader_are_tried_again_and_are_never_zeros(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 10)
    attempts: Counter[str] = Counter()

    def faults(job: Job) -> None:
        attempts[job.path.name] += 1
        if job.path.name == "00001.zip" and attempts["00001.zip"] < ATTEMPTS:
            raise SandboxError("only now and then")
        if job.path.name == "00002.zip":
            raise MemoryError

    run_class(paths, tmp_path / "o", faults=faults)
    rows = {row["submission"]: row for row in gradebook(tmp_path / "o")}
    assert attempts["00001.zip"] == attempts["00002.zip"] == ATTEMPTS == 3
    assert rows["00001.zip"]["status"] == "graded"
    failed = rows["00002.zip"]
    assert (failed["status"], failed["code"]) == ("infra_error", "INFRA_ERROR")
    assert failed["points"] == failed["model_points"] == failed["auto_points"] == ""
    assert "MemoryError" in failed["message"]
    assert all(row["status"] != "infra_error" for n, row in rows.items() if n != "00002.zip")
    batch = run_class(paths, tmp_path / "o")  # the next run tries it again
    assert batch.n_known == 9
    assert {r.status for r in batch.results} == {"graded", "rejected"}
    with Journal(tmp_path / "o/results/journal.sqlite", SETTINGS) as journal:
        events = [event.what for event in journal.events(failed["sha256"])]
    assert events.count("the grader failed: MemoryError: ") == 3
    assert events[-1] == "finished: graded"


def test_who_was_graded_when_the_grader_died_comes_last(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 6)
    order: list[str] = []
    run_class(paths[:1], tmp_path / "o")
    sha256 = __import__("hashlib").sha256(paths[1].read_bytes()).hexdigest()
    with Journal(tmp_path / "o/results/journal.sqlite", SETTINGS, write=True) as journal:
        journal.claim(sha256, seconds=9)  # and then it died
    run_class(paths, tmp_path / "o", jobs=1, faults=lambda job: order.append(job.path.name))
    assert order == ["00002.zip", "00003.zip", "00004.zip", "00001.zip"]


def test_a_station_that_hangs_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, never = write_class(tmp_path / "class", 5), threading.Event()
    monkeypatch.setattr("grader.grade._lease", lambda plan: 0.3)
    slow = "00001.zip"
    faults = lambda job: never.wait() if job.path.name == slow else None  # noqa: E731
    batch = run_class(paths, tmp_path / "o", jobs=6, faults=faults)
    never.set()
    by_name = {r.submission: r for r in batch.results}
    assert by_name.pop(slow).message == "TimeoutError: no answer within 0 s"
    assert {r.status for r in by_name.values()} == {"graded", "rejected"}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 5)
    paths[1].unlink()
    paths[1].symlink_to(tmp_path / "nowhere")
    batch = run_class(paths, tmp_path / "o")
    failed = batch.results[1]
    assert (failed.code, failed.sha256, failed.points) == ("INFRA_ERROR", "", None)
    assert "No such file" in failed.message
    assert len(gradebook(tmp_path / "o")) == 5


def test_one_grader_at_a_time(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 2)
    with Folder(tmp_path / "o").open(SETTINGS), pytest.raises(ParameterError, match="another gra"):
        run_class(paths, tmp_path / "o")
    assert run_class(paths, tmp_path / "o").n_known == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root's users")
def test_no_two_sandboxes_share_a_user() -> None:
    first, second = Slot(), Slot()
    assert first.number != second.number
    freed = first.number
    first.close()
    third = Slot()
    assert third.number <= freed
    second.close()
    third.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root's users")
def test_a_link_where_the_locks_should_be_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "music-ai-course-sandboxes").symlink_to(elsewhere)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SandboxError, match="belongs to somebody else, or is a link"):
        Slot()
    assert not list(elsewhere.iterdir())


# --- the disk, and kill -9 --------------------------------------------------------------------


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: kills are the same there, and nobody waits."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as name:
        yield Path(name)


def victim(mode: str, folder: Path, *more: str) -> dict:
    """Return what a script of :mod:`tests.grader.batch_world` did."""
    command = [sys.executable, "-m", "tests.grader.batch_world", mode, str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    print(mode, report)
    return report | {"said": done.stderr}


@linux_only
@pytest.mark.slow
def test_killed_at_every_boundary(folder: Path) -> None:
    report = victim("kill", folder)
    assert report["boundaries"] >= 60
    assert report["acknowledged"] > 60
    assert report["codes"] == [9]


@linux_only
@pytest.mark.slow
def test_errors_of_the_disk_at_every_boundary(folder: Path) -> None:
    report = victim("error", folder)
    assert report["boundaries"] >= 60
    assert report["codes"] == [3]  # a sentence, never a traceback
    assert "run the same command again" in report["said"]


@linux_only
@pytest.mark.full
def test_killed_300_times_at_random(folder: Path) -> None:
    report = victim("random", folder, "300")
    assert report["kills"] == 300
    assert report["finished"] >= 10
    assert report["acknowledged"] > 50


@linux_only
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "large"])
def test_a_full_disk(folder: Path, mode: str) -> None:
    report = victim(mode, folder)
    assert report["code"] == 3
    assert 0 < report["acknowledged"] < report["of"]
    assert "told: can't write" in report["said"]


GRADE = """
import sys
from grader.grade import grade_submissions
folder, hidden, out = sys.argv[1:]
grade_submissions(folder, hidden=hidden, out=out, jobs=2, progress=False)
"""

MOMENTS = {
    "the first library is loaded": ("sandbox.zygote", 2),
    "a model runs": ("sandbox.zygote", 3),
    "the notebooks' libraries are loaded": ("notebook.child", 2),
    "a notebook runs": ("notebook.child", 3),
}
"""What a process's command holds, and how far below this one it is."""


def wait_for(module: str, depth: int) -> None:
    """Wait until there is such a process."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = descendants(os.getpid())
        if any(d == depth and module in command(pid) for pid, d in found.items()):
            return
        time.sleep(0.002)
    raise AssertionError(f"no {module} {depth} below this process")


@linux_only
@pytest.mark.full
@pytest.mark.parametrize("later", [0, 0.5], ids=["at once", "later"])
def test_a_killed_grader_leaves_nothing(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, later: float
) -> None:
    hidden, folder, temporary = tmp_path / "h", tmp_path / "class", tmp_path / "temporary"
    build_hidden(["demo"], hidden, n_notes=88, progress=False)
    folder.mkdir()
    temporary.mkdir()
    files = {"hw3.ipynb": solved_notebook(), "history.json": b"{}"}
    for name, model in (("a", GOOD["opset 18"]), ("b", endless_loop()), ("c", GOOD["opset 18"])):
        submission(folder / f"{name}.zip", files | {"model.onnx": model})
    script = tmp_path / "grade.py"
    script.write_text(GRADE)
    grade = [sys.executable, str(script), str(folder), str(hidden), str(tmp_path / "o")]
    environment = os.environ | {"PYTHONPATH": str(root), "TMPDIR": str(temporary)}
    with adopting():
        for moment, (module, depth) in MOMENTS.items():
            before = descendants(os.getpid())
            grader = subprocess.Popen(grade, env=environment)
            wait_for(module, depth)
            time.sleep(later)
            there = descendants(os.getpid()).keys() - before.keys()
            grader.kill()
            grader.wait()
            began = time.monotonic()
            # 1 s is meant, and 0.05 s usual; the rest is for a machine that does much else
            left = left_after(2, os.getpid(), before)
            print(f"{moment}: {len(there)} processes, {time.monotonic() - began:.2f} s")
            assert not left, moment
    assert list(temporary.glob("grader-*"))  # or the next line shows nothing
    (folder / "b.zip").unlink()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    batch = grade_submissions(folder, hidden=hidden, out=tmp_path / "o", progress=False)
    assert [r.status for r in batch.results] == ["graded", "graded"]
    assert len({r.points for r in batch.results}) == 1
    assert not list(temporary.glob("grader-*"))


# --- a regrade --------------------------------------------------------------------------------


def test_a_regrade_says_what_changed(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 6)
    run_class(paths, tmp_path / "o")
    before = state(tmp_path / "o")
    same = run_class(paths, tmp_path / "o", regrade=True)
    assert (same.n_known, same.changes) == (0, [])
    assert state(tmp_path / "o") == before
    assert run_class(paths, tmp_path / "o").n_known == 6


def test_a_regrade_that_was_stopped_goes_on(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 5)
    run_class(paths, tmp_path / "o")
    marked: list[str] = []

    def stops(job: Job) -> None:
        marked.append(job.path.name)
        if len(marked) == 3:
            raise SystemExit

    with pytest.raises(SystemExit):
        run_class(paths, tmp_path / "o", jobs=1, faults=stops, regrade=True)
    batch = run_class(paths, tmp_path / "o", regrade=True)
    assert batch.n_known == 2
    assert batch.changes == []
    # it has ended: the next one starts anew
    assert run_class(paths, tmp_path / "o", regrade=True).n_known == 0


def test_a_hotfix_changes_some_points(tmp_path: Path) -> None:
    paths = write_class(tmp_path / "class", 6)
    run_class(paths, tmp_path / "o")
    fixed = Settings({"grader": "fixed"})

    def change(old: Result, new: Result) -> tuple:
        found = compare(old, new)
        assert found is not None
        return found.difference, found.what

    batch = run_class(paths[:2], tmp_path / "o", settings=fixed, regrade=True)
    assert batch.changes == []
    assert change(result(), result(points=4.5)) == (1.5, ("model 3.00 → 4.50",))
    assert compare(None, result()).what == ("graded for the first time",)
    rejected = Result("ada.zip", "ada", "hw3", "a" * 64, "rejected", "TIMEOUT", model_points=0.0)
    difference, what = change(rejected, result())
    assert difference == 3
    assert what == ("rejected TIMEOUT → graded", "model 0.00 → 3.00", "of 0 → 20 points")
    assert (tmp_path / "o/changes.csv").read_text().startswith("submission,before,after,")

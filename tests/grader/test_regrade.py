"""Grading again: who changed and why, nothing lost on the way, nothing touched by a preview."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grader import grade, grade_cli, regrade_cli
from grader.batch import runner
from grader.batch.changes import Change, compare, settings_differences
from grader.batch.finding import choose
from grader.batch.folder import Folder
from grader.batch.journal import Journal
from grader.batch.local import Threads
from grader.batch.preview import end_preview, preview_of
from grader.batch.runner import Job
from grader.cli import main
from grader.kept import Settings
from grader.marking import Marker
from grader.model_tests import CaseResult, QuestionResult
from grader.policy.load import load_results
from grader.publish import FolderError
from grader.results import Result
from tests.grader.batch_world import (
    SETTINGS,
    CheapStation,
    boundaries,
    gradebook,
    in_a_fork,
    plan,
    run_class,
    state,
    write_class,
)
from tests.grader.small_class import SmallClass, bytes_of, said, small_class
from utils.errors import ParameterError

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="notebooks and forks: Linux")
FIXED = Settings({"grader": "with a hotfix"})


class FixedStation(CheapStation):
    """Gives a point more to everybody who has any."""

    def mark(self, job: Job, marker: Marker) -> Result:
        result = super().mark(job, marker)
        return replace(result, model_points=result.model_points and result.model_points + 1)


def regrade(
    paths: list[Path],
    out: Path,
    *,
    only: bool = False,
    faults: Callable[[Job], None] | None = None,
    settings: Settings = FIXED,
) -> grade.Batch:
    """Grade again with a hotfix, at no cost."""
    this = plan(settings)
    pool = Threads([FixedStation(faults=faults)], this.marker())
    try:
        return grade.run_batch(this, Folder(out), paths, pool, regrade=True, only=only)
    finally:
        pool.close()


def points(out: Path) -> dict[str, float]:
    return {row["submission"]: float(row["points"]) for row in gradebook(out)}


@pytest.fixture
def graded(tmp_path: Path) -> list[Path]:
    """A class of six that was graded into ``o``."""
    paths = write_class(tmp_path / "class", 6)
    run_class(paths, tmp_path / "o")
    return paths


# --- the books --------------------------------------------------------------------------------


def test_a_hotfix_changes_whom_it_should(graded: list[Path], tmp_path: Path) -> None:
    before = points(tmp_path / "o")
    batch = regrade(graded, tmp_path / "o")
    after = points(tmp_path / "o")
    with_points = {name for name, number in before.items() if number}
    assert len(with_points) == 5  # the sixth is refused
    assert {change.submission for change in batch.changes} == with_points
    assert {change.difference for change in batch.changes} == {1.0}
    assert {round(after[name] - before[name], 2) for name in with_points} == {1.0}
    assert batch.causes == ["grader of the tests → with a hotfix"]
    with (tmp_path / "o/changes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["submission"]: row["difference"] for row in rows} == dict.fromkeys(
        sorted(with_points), "1.00"
    )
    # the results of before are kept
    with Journal(tmp_path / "o/results/journal.sqlite") as journal:
        history = journal.history(gradebook(tmp_path / "o")[0]["sha256"])
    assert [kept.result.points for kept in history] == [before["00000.zip"], after["00000.zip"]]


def test_a_regrade_of_some_leaves_the_others(graded: list[Path], tmp_path: Path) -> None:
    before, marked = points(tmp_path / "o"), []
    batch = regrade(
        graded[1:2], tmp_path / "o", only=True, faults=lambda job: marked.append(job.path.name)
    )
    assert marked == ["00001.zip"]
    assert [change.submission for change in batch.changes] == ["00001.zip"]
    expected = before | {"00001.zip": round(before["00001.zip"] + 1, 2)}
    assert points(tmp_path / "o") == expected
    # `settle` and `report` read the same
    loaded = load_results(tmp_path / "o", plan().assignment)
    assert {result.submission: result.points for result in loaded} == expected


def test_a_regrade_of_some_makes_nobody_else_unknown(graded: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "o"
    for _ in range(2):  # a second one does it again
        batch = regrade(graded[1:3], out, only=True, settings=SETTINGS)
        assert batch.n_known == 0
    assert run_class(graded, out).n_known == 6
    assert regrade(graded, out, settings=SETTINGS).n_known == 0


def test_a_regrade_of_some_that_was_stopped_goes_on(graded: list[Path], tmp_path: Path) -> None:
    out, marked = tmp_path / "o", []

    def stops(job: Job) -> None:
        marked.append(job)
        if len(marked) == 2:
            raise SystemExit

    with pytest.raises(SystemExit):
        regrade(graded[:4], out, only=True, faults=stops, settings=SETTINGS)
    assert regrade(graded[:4], out, only=True, settings=SETTINGS).n_known == 1
    assert regrade(graded[:1], out, only=True, settings=SETTINGS).n_known == 0


def test_a_regrade_that_was_stopped_leaves_the_gradebook(
    graded: list[Path], tmp_path: Path
) -> None:
    before = (tmp_path / "o/grades.csv").read_bytes()

    def stops(job: Job) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        regrade(graded, tmp_path / "o", faults=stops)
    assert (tmp_path / "o/grades.csv").read_bytes() == before
    regrade(graded, tmp_path / "o")
    assert (tmp_path / "o/grades.csv").read_bytes() != before


def test_faults_of_the_grader_do_not_end_a_regrade(
    graded: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0.01)

    def faults(job: Job) -> None:
        if job.path.name == "00001.zip":
            raise MemoryError

    batch = regrade(graded, tmp_path / "o", faults=faults)
    assert (batch.n_failures, len(batch.changes)) == (1, 4)
    assert gradebook(tmp_path / "o")[1]["points"] == ""  # blank, never a zero
    batch = regrade(graded, tmp_path / "o")
    assert (batch.n_failures, batch.n_known, len(batch.changes)) == (0, 5, 5)


def test_going_back_brings_back_the_results(graded: list[Path], tmp_path: Path) -> None:
    before = points(tmp_path / "o")
    regrade(graded, tmp_path / "o")
    assert run_class(graded, tmp_path / "o").n_known == 6  # the hotfix was wrong
    assert points(tmp_path / "o") == before
    loaded = load_results(tmp_path / "o", plan().assignment)
    assert {result.submission: result.points for result in loaded} == before


def test_names_that_are_chosen(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("ada.zip", "ada.v2.zip", "bob.zip")]
    assert choose(paths, ["bob", "ada.zip", "ada.v2", "bob.zip"]) == [paths[1], paths[0], paths[2]]
    with pytest.raises(ParameterError, match=r"no submission is named bub; is it bob\.zip\?"):
        choose(paths, ["ada", "bub"])


def test_what_changed_is_said_by_name() -> None:
    def with_cases(first: bool, second: bool) -> Result:
        cases = (CaseResult("test_a", first, 1.0 * first, 1), CaseResult("test_b", second, 0, 0))
        question = QuestionResult("q1", 1.0 * first, 1.0, cases)
        return Result("a.zip", "a", "hw", "s", "graded", model_points=2.0, questions=(question,))

    same = with_cases(True, True)
    assert compare(same, same) is None
    found = compare(same, with_cases(False, False))
    assert found is not None
    assert found.what == ("q1 1.00 → 0.00 (test_a fails now) (test_b fails now)",)
    one_case = compare(with_cases(True, False), same)
    assert one_case is not None
    assert one_case.what == ("q1 (test_b passes now)",)


def test_why_is_said_in_words() -> None:
    before = {"grader": 3, "hidden split": "a" * 64, "points": "x" * 90, "notebook tests": ""}
    after = before | {"grader": 4, "points": "y" * 90, "notebook tests": "b" * 64}
    assert settings_differences(before, before) == []
    assert settings_differences(before, after) == [
        "grader 3 → 4",
        "points or credit curve",
        "tests or limits of the notebook (none before)",
    ]


# --- kill -9 ----------------------------------------------------------------------------------


def killed_at_boundaries(folder: Path, step: int) -> dict[str, int]:
    """Kill a regrade at some of its boundaries; let the same command go on each time."""
    paths, seen = write_class(folder / "class", 4), []
    run_class(paths, folder / "before")
    shutil.copytree(folder / "before", folder / "whole")
    with boundaries(seen.append):
        regrade(paths, folder / "whole")
    whole = state(folder / "whole"), (folder / "whole/changes.csv").read_bytes()
    old, kept = state(folder / "before")[0], 0
    for number in range(0, len(seen), step):
        out, count = folder / f"{number}", [0]
        shutil.copytree(folder / "before", out)

        def reach(name: str, number: int = number, count: list[int] = count) -> None:
            count[0] += 1
            if count[0] == number + 1:
                os._exit(9)

        def victim(out: Path = out, reach: Callable = reach) -> None:
            with boundaries(reach):
                regrade(paths, out)

        assert in_a_fork(victim) == 9
        rows = gradebook(out)  # the old one or the new one, whole
        assert rows in (old, whole[0][0])
        kept += rows == old

        def again(out: Path = out) -> None:
            regrade(paths, out)
            assert (state(out), (out / "changes.csv").read_bytes()) == whole

        assert in_a_fork(again) == 0, seen[number]
        shutil.rmtree(out)
    return {"boundaries": len(seen), "kept": kept}


@linux_only
@pytest.mark.slow
def test_a_killed_regrade_goes_on(root: Path) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.grader.test_regrade", folder, "3"],
            capture_output=True, text=True, timeout=300, cwd=root,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    print(report)
    assert report["boundaries"] > 40
    assert report["kept"] > 5


# --- a preview --------------------------------------------------------------------------------


def test_a_preview_is_a_copy_that_goes_on(graded: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "o"
    (out / "manual.csv").write_text("student,points,max_points\n")
    before = bytes_of(out)
    goal = preview_of(out, "settings")
    assert goal == tmp_path / "o-diff"
    assert goal.stat().st_mode & 0o077 == 0  # hidden scores stand in it
    copied = bytes_of(goal)
    assert {n: copied[n] for n in ("grades.csv", "manual.csv", "results/journal.sqlite")} == {
        n: before[n] for n in ("grades.csv", "manual.csv", "results/journal.sqlite")
    }
    regrade(graded, goal)
    assert preview_of(out, "settings") == goal
    assert points(goal) != points(out)  # it goes on with what it has
    end_preview(goal)
    preview_of(out, "settings")
    assert points(goal) == points(out)  # anew
    assert bytes_of(out) == before


@pytest.mark.parametrize("what", ["settings", "results"])
def test_a_preview_of_something_else_begins_anew(
    graded: list[Path], tmp_path: Path, what: str
) -> None:
    out = tmp_path / "o"
    goal = preview_of(out, "settings")
    (goal / "sign").touch()
    if what == "results":
        run_class(graded[:1], out)
    preview_of(out, "other settings" if what == "settings" else "settings")
    assert not (goal / "sign").exists()


def test_a_preview_knows_what_a_killed_run_had_finished(graded: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "o/results/journal.sqlite"
    sha256 = "c" * 64
    with Journal(path, SETTINGS, write=True) as journal:
        journal.finish(Result("c.zip", "c", "hw", sha256, "graded", model_points=7.0))
        # as a kill leaves it: what was finished stands in the log only
        shutil.copytree(tmp_path / "o", tmp_path / "killed")
    before = bytes_of(tmp_path / "killed")
    goal = preview_of(tmp_path / "killed", "settings")
    with Journal(goal / "results/journal.sqlite") as journal:
        found = journal.latest(sha256)
    assert found is not None
    assert found.result.points == 7.0
    assert bytes_of(tmp_path / "killed") == before


def test_a_preview_refuses_what_is_not_its_own(graded: list[Path], tmp_path: Path) -> None:
    with (
        Folder(tmp_path / "o").open(SETTINGS),
        pytest.raises(ParameterError, match="another grader writes into"),
    ):
        preview_of(tmp_path / "o", "s")
    (tmp_path / "o-diff").mkdir()
    (tmp_path / "o-diff/thesis.txt").touch()
    with pytest.raises(FolderError, match="which holds other files"):
        preview_of(tmp_path / "o", "s")


# --- the verb ---------------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path_factory: pytest.TempPathFactory) -> SmallClass:
    return small_class(tmp_path_factory.getbasetemp())


@linux_only
@pytest.mark.slow
def test_the_verb_on_a_real_class(
    real: SmallClass, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    shutil.copytree(real.results, out)
    before, rows = bytes_of(out), points(out)
    fixed = real.options(out, tests=real.fixed)
    capsys.readouterr()
    assert main(["regrade", *fixed, "--diff"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert bytes_of(out) == before
    shown = round(rows["bob.zip"] + 0.8, 2)
    assert said(lines, "bob.zip", f"{rows['bob.zip']:.2f}", f"{shown:.2f}", "+0.80", "q4_sizes")
    assert not said(lines, "ada.zip")
    assert said(lines, "(test_predicted_numbers")  # and the rest of it on the next line
    assert said(lines, "1 changed, 2 unchanged; +0.27 points on average over 3.")
    assert said(lines, "Different from the earlier grading: tests or limits of the notebook.")
    assert said(lines, f"{out} is as it was.")
    assert points(tmp_path / "results-diff") == rows | {"bob.zip": shown}

    assert main(["regrade", *fixed, "--only", "bob"]) == 0
    assert said(capsys.readouterr().out.splitlines(), "1 changed, 0 unchanged; +0.80")
    assert points(out) == rows | {"bob.zip": shown}


def test_very_many_changes(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [
        Change(
            f"student with a long name {i:03}.zip",
            "graded",
            "graded",
            10.0,
            10.0 + i / 7,
            ("q1 x",),
        )
        for i in range(60)
    ]
    regrade_cli._print_changes(changes)
    lines = capsys.readouterr().out.splitlines()
    assert sum("student" in line for line in lines) == 50
    assert said(lines, "… and 10 more, in changes.csv")
    assert said(lines, "059.zip", "+8.43")  # those who changed most
    assert not said(lines, "009.zip")
    regrade_cli._print_changes([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verb", ["grade", "regrade"])
def test_threads_here_or_a_cluster(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {}

    def record(_: Path, **options: object) -> grade.Batch:
        asked.update(options)
        return grade.Batch(out=tmp_path)

    monkeypatch.setattr(grade_cli, "grade_submissions", record)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/journal.sqlite").touch()
    command = [verb, "class", "--hidden", "h", "--out", str(tmp_path)]
    assert main([*command, "--dask", "tcp://10.0.0.5:8786"]) == 0
    assert asked["dask"] == "tcp://10.0.0.5:8786"
    assert main([*command, "--jobs", "7"]) == 0
    assert (asked["dask"], asked["jobs"]) == (None, 7)
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--jobs", "7", "--dask", "local:2"])
    assert "not allowed with argument" in capsys.readouterr().err


def test_a_folder_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mistyped"
    assert main(["regrade", "class", "--hidden", "h", "--out", str(out)]) == 1
    assert "nothing was graded into" in capsys.readouterr().err
    assert not out.exists()


if __name__ == "__main__":
    print(json.dumps(killed_at_boundaries(Path(sys.argv[1]), int(sys.argv[2]))))

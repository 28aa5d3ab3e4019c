"""From a graded folder to grades: settle, report and export on what `grade` left."""

import contextlib
import csv
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import load_assignment
from grader.cli import main
from grader.grade import grade_submissions
from grader.hidden_split import build_hidden
from grader.policy.load import load_results
from tests.grader.zips import zipped
from tests.submission.models import STATIC, model
from utils.errors import ParameterError, StoreError

POLICY = """
[late]
deadline = 2026-11-20T23:59:00
time_zone = "Europe/Vienna"

[attempts]
limit = 2
closes = 2126-11-27T23:59:00
"""
NOTEBOOK = ("hw3.ipynb", b"{}")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the assignment, the submissions and their results."""
    folder = tmp_path_factory.mktemp("graded")
    (folder / "hw").mkdir()
    (folder / "in").mkdir()
    source = load_assignment("hw3_nsynth_cnn").folder
    for name in ("assignment.toml", "hw3.ipynb"):
        shutil.copy(source / name, folder / "hw" / name)
    with (folder / "hw" / "assignment.toml").open("a") as file:
        file.write(POLICY)
    contents = {
        "ada_2026-11-20T22-00-00": model(),
        "ada_2026-11-22T09-00-00": model(metadata={"try": "2"}),
        "bob_2026-11-21T09-00-00": STATIC["32 x 32"][0],
    }
    for name, content in contents.items():
        (folder / "in" / f"{name}.zip").write_bytes(zipped(NOTEBOOK, ("model.onnx", content)))
    (folder / "in" / "carl_2026-11-20T10-00-00.zip").write_bytes(b"no zip")
    build_hidden(["demo"], folder / "hidden", n_notes=88, progress=False)
    grade_submissions(
        folder / "in",
        hidden=folder / "hidden",
        out=folder / "out",
        assignment=folder / "hw",
        sandbox="strict" if sys.platform == "linux" else "none",
        notebooks=False,
        progress=False,
    )
    return folder


@pytest.fixture
def folder(graded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(graded, tmp_path / "f")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, verb: str, *options: str) -> int:
    return main([verb, str(folder / "out"), "--assignment", str(folder / "hw"), *options])


def test_results_come_back_as_they_were_graded(folder: Path) -> None:
    found = load_results(folder / "out", load_assignment(folder / "hw"))
    assert [result.submission for result in found] == [row["submission"] for row in rows(folder)]
    assert [result.status for result in found] == ["graded", "graded", "rejected", "rejected"]
    assert found[0].practice_confusion is not None
    assert found[3].code == "NOT_ZIP"
    with pytest.raises(ParameterError, match=r"there is no grades\.csv"):
        load_results(folder / "in", load_assignment(folder / "hw"))
    with pytest.raises(ParameterError, match="expected the results of hw1"):
        load_results(folder / "out", replace(load_assignment(folder / "hw"), name="hw1"))
    shutil.rmtree(folder / "out" / "results")
    with pytest.raises(StoreError, match="is missing"):
        load_results(folder / "out", load_assignment(folder / "hw"))


def test_a_result_that_is_lost_is_never_a_blank(folder: Path) -> None:
    before = (folder / "out" / "grades.csv").read_bytes()
    with contextlib.closing(sqlite3.connect(folder / "out/results/journal.sqlite")) as journal:
        journal.execute("DELETE FROM results WHERE number = (SELECT min(number) FROM results)")
        journal.commit()
    found = load_results(folder / "out", load_assignment(folder / "hw"))
    assert len(found) == 4
    with pytest.raises(StoreError, match=r"the result of ada_2026-11-20.*zip is lost; run"):
        list(found)
    assert run(folder, "settle") == 1
    assert (folder / "out" / "grades.csv").read_bytes() == before


def test_results_are_read_whenever_they_are_asked_for(folder: Path) -> None:
    found = load_results(folder / "out", load_assignment(folder / "hw"))
    names = [result.submission for result in found]
    assert names == [row["submission"] for row in rows(folder)]
    assert [result.submission for result in found[1:3]] == names[1:3]
    assert found[-1].submission == names[-1]
    assert [result.sha256 for result in found] == [row["sha256"] for row in rows(folder)]


def test_settle_puts_late_days_into_the_gradebook(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "e.csv").write_text("student,days\nbob,3\nbobby,3\n")
    names = ["--times", "names", "--submissions", str(folder / "in")]
    assert run(folder, "settle", *names, "--extensions", str(folder / "e.csv")) == 0
    assert "note: extensions.csv: no submission of bobby" in capsys.readouterr().out
    first = rows(folder)
    assert [row["late_days"] for row in first] == ["0", "2", "0", "0"]
    assert [row["student"] for row in first] == ["ada", "ada", "bob", "carl"]
    assert sorted(row["points"] == "" for row in first[:2]) == [False, True]
    (other,) = (row for row in first[:2] if not row["points"])
    assert other["message"].startswith("does not count: another submission does")
    # what was said once is kept, and saying it twice changes nothing
    assert run(folder, "settle") == 0
    assert rows(folder) == first


def test_a_wrong_file_leaves_everything_as_it_was(folder: Path) -> None:
    before = (folder / "out" / "grades.csv").read_bytes()
    (folder / "e.csv").write_text("student,days\nbob,soon\n")
    assert run(folder, "settle", "--extensions", str(folder / "e.csv")) == 1
    assert run(folder, "settle", "--manual", str(folder / "none.csv")) == 1
    assert run(folder, "settle", "--times", "names") == 1
    assert (folder / "out" / "grades.csv").read_bytes() == before
    assert not (folder / "out" / "extensions.csv").exists()


def test_report_and_export(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["--times", "names", "--submissions", str(folder / "in")]
    run(folder, "settle", *names)
    assert run(folder, "report", "--closed") == 1  # refused before `closes`
    capsys.readouterr()
    toml = folder / "hw" / "assignment.toml"
    toml.write_text(toml.read_text().replace("closes = 2126", "closes = 2020"))
    assert run(folder, "report") == 0
    assert "hidden figures are shown" in capsys.readouterr().out
    pages = sorted(path.name for path in (folder / "out" / "pages").iterdir())
    assert len(pages) == 4
    assert "in all" in (folder / "out" / "pages" / pages[0]).read_text(encoding="utf-8")
    assert (folder / "out" / "class.html").is_file()
    board = (folder / "out" / "leaderboard.html").read_text(encoding="utf-8")
    assert board.count('<tr><td class="number">') == 1  # Bob and Carl were never scored
    for form, name in (("csv", "g.csv"), ("gradescope", "s.csv")):
        assert run(folder, "export", "--to", form, "--out", str(folder / name)) == 0
        with (folder / name).open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 3
    assert run(folder, "export", "--to", "canvas", "--out", str(folder / "c.csv")) == 1

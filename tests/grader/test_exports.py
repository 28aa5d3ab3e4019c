"""Grades for other systems."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from grader.assignment import load_assignment
from grader.exports import (
    GRADESCOPE,
    Total,
    totals,
    write_canvas,
    write_csv,
    write_gradescope,
    write_nbgrader,
)
from grader.policy.late import Extension, LatePolicy
from grader.policy.settle import Inputs, settle
from tests.grader.test_settle import one, times
from utils.errors import ParameterError, StoreError

LATE = LatePolicy(datetime(2026, 11, 20, 23, 59), ZoneInfo("Europe/Vienna"))


@pytest.fixture
def found() -> list[Total]:
    """Ada handed in twice; Bob is late, with written answers; Carl is not graded yet."""
    assignment = replace(load_assignment("hw3_nsynth_cnn"), late=LATE)
    inputs = Inputs(
        times(ada_1="2026-11-20T10:00", ada_2="2026-11-20T11:00", bob="2026-11-22T12:30"),
        {"bob": Extension(days=1)},
        {"bob": (4.0, 6.0)},
    )
    results = [one("ada-1", 12.0), one("ada-2", 13.5), one("bob", 10.0)]
    results.append(one("carl", None, status="infra_error", score=None))
    return totals(settle(results, assignment, inputs), assignment, inputs)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_totals(found: list[Total]) -> None:
    assert [(t.student, t.points, t.automatic, t.max_points) for t in found] == [
        ("ada", 13.5, 13.5, 20),
        ("bob", 13.0, 9.0, 26),
        ("carl", None, None, 20),
    ]
    assert found[1].lateness == timedelta(hours=12, minutes=31)


def test_a_csv_with_a_row_a_student(found: list[Total], tmp_path: Path) -> None:
    assert write_csv(found, tmp_path / "g.csv") == 2
    ada, bob, carl = read(tmp_path / "g.csv")
    assert (ada["points"], ada["submission"], ada["late_days"]) == ("13.50", "ada-2.zip", "0")
    assert (bob["points"], bob["late_days"], bob["lost"]) == ("13.00", "1", "1.00")
    assert (carl["points"], carl["late_days"]) == ("", "")


def test_gradescope_s_format(found: list[Total], tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "First Name,Last Name,SID,Email,Role\n"
        "Ada,L.,100,ada@x.edu,Student\nBob,M.,bob,b@x.edu,Student\n"
        "Carl,N.,102,CARL@x.edu,Student\nDora,O.,103,d@x.edu,Student\n"
    )
    assert write_gradescope(found, tmp_path / "g.csv", roster=roster) == 2
    ada, bob, carl, dora = read(tmp_path / "g.csv")
    assert tuple(ada) == GRADESCOPE
    assert (ada["First Name"], ada["SID"], ada["Total Score"]) == ("Ada", "100", "13.50")
    assert (bob["Status"], bob["Lateness (H:M:S)"]) == ("Graded", "12:31:00")
    assert bob["Submission Time"] == "2026-11-22 11:30:00 +0000"
    assert (carl["Status"], carl["Total Score"]) == ("Ungraded", "")
    assert (dora["Status"], dora["Total Score"], dora["SID"]) == ("Missing", "", "103")
    write_gradescope(found, tmp_path / "g.csv")
    assert [row["SID"] for row in read(tmp_path / "g.csv")] == ["ada", "bob", "carl"]
    roster.write_text("First Name,Last Name,SID,Email\nAda,L.,100,ada@x.edu\n")
    with pytest.raises(ParameterError, match="none or several for bob, carl"):
        write_gradescope(found, tmp_path / "g.csv", roster=roster)


def test_canvas_gets_its_own_rows_back(found: list[Total], tmp_path: Path) -> None:
    roster = tmp_path / "canvas.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (77)\n"
        "    Points Possible,,,,,10\n"
        '"L., Ada",11,A1,ada,Sec 1,9\n"M., Bob",12,A2,bob,Sec 1,8\n"N., Carl",13,A3,carl,Sec 2,\n'
    )
    write_canvas(found, tmp_path / "g.csv", roster=roster, column="Homework 3 (78)")
    first, ada, bob, carl = read(tmp_path / "g.csv")
    assert (first["Student"].strip(), first["Homework 3 (78)"]) == ("Points Possible", "26")
    assert (ada["Student"], ada["ID"], ada["SIS User ID"]) == ("L., Ada", "11", "A1")
    assert [row["Homework 3 (78)"] for row in (ada, bob, carl)] == ["13.50", "13.00", ""]
    assert "Homework 1 (77)" not in ada  # nothing else is overwritten


@pytest.mark.slow
def test_nbgrader_s_gradebook_gets_a_column(found: list[Total], tmp_path: Path) -> None:
    from nbgrader.api import Gradebook

    database = tmp_path / "gradebook.db"
    with Gradebook(f"sqlite:///{database}") as book:
        book.add_assignment("hw3")
        book.add_student("bob", first_name="Bob")
    assert write_nbgrader(found, database, column="hw3-auto") == 2
    again = [replace(found[0], automatic=14.0), *found[1:]]
    write_nbgrader(again, database, column="hw3-auto")
    with Gradebook(f"sqlite:///{database}") as book:
        scores = {s.student.id: s.score for s in book.assignment_submissions("hw3-auto")}
        assert scores == {"ada": 14.0, "bob": 9.0}  # written answers are nbgrader's own
        assert book.find_assignment("hw3-auto").max_score == 20
        assert not any(s.needs_manual_grade for s in book.assignment_submissions("hw3-auto"))
        assert book.find_student("bob").first_name == "Bob"
        assert book.assignment_submissions("hw3") == []
    database.write_text("no database")
    with pytest.raises(StoreError, match="can't write into"):
        write_nbgrader(found, database, column="hw3-auto")


def test_a_course_that_brings_the_column_itself_is_left_alone(
    found: list[Total], tmp_path: Path
) -> None:
    (tmp_path / "source" / "hw3-auto").mkdir(parents=True)
    (tmp_path / "source" / "hw3-auto" / "points.ipynb").touch()
    with pytest.raises(ParameterError, match="nbgrader points"):
        write_nbgrader(found, tmp_path / "gradebook.db", column="hw3-auto")
    assert not (tmp_path / "gradebook.db").exists()

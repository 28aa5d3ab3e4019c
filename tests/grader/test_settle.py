"""Which submission counts, and what it is worth."""

import csv
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from grader.assignment import Assignment, load_assignment
from grader.gradebook import write_gradebook
from grader.policy.attempts import number_attempts
from grader.policy.keys import AttemptPolicy
from grader.policy.late import Extension, LatePolicy
from grader.policy.settle import Inputs, Settled, read_inputs, settle, settle_folder, unmatched
from grader.policy.times import Handed
from grader.policy.window import is_closed
from grader.results import Result
from tests.grader.test_report import graded, rejected
from utils.errors import ParameterError

VIENNA = ZoneInfo("Europe/Vienna")
LATE = LatePolicy(datetime(2026, 11, 20, 23, 59), VIENNA)


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return replace(load_assignment("hw3_nsynth_cnn"), folder=tmp_path, late=LATE)


def one(name: str, points: float | None = 15.0, **changes: object) -> Result:
    """Return a scored submission; each has a content of its own."""
    student = name.partition("-")[0]
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    content = {"submission": f"{name}.zip", "student": student, "sha256": sha256}
    return graded(**content, model_points=points, **changes)


def times(**moments: str) -> tuple[Handed, ...]:
    """Return times by submission."""
    return tuple(
        Handed(
            f"{name.replace('_', '-')}.zip",
            name.partition("_")[0],
            datetime.fromisoformat(text).replace(tzinfo=VIENNA).astimezone(UTC),
        )
        for name, text in moments.items()
    )


def points(rows: list[Settled]) -> list[float | None]:
    return [row.points for row in rows]


def test_late_days_cost_points(assignment: Assignment) -> None:
    handed = times(ada="2026-11-20T23:00", bob="2026-11-21T10:00", carl="2026-11-25T10:00")
    results = [one("ada"), one("bob"), one("carl", 3.0), one("dora")]
    rows = settle(results, assignment, Inputs(handed))
    assert [row.late_days for row in rows] == [0, 1, 5, None]
    assert points(rows) == [15, 14, 0, 15]
    assert rows[2].lost == 3  # no more than there is
    assert unmatched(rows, Inputs(handed)) == [
        "times.csv: no time of dora.zip: late days stay blank"
    ]


def test_the_cap_and_extensions(assignment: Assignment) -> None:
    assignment = replace(assignment, late=replace(LATE, cap=2.0))
    handed = times(ada="2026-11-25T10:00", bob="2026-11-25T10:00")
    inputs = Inputs(handed, {"bob": Extension(days=4), "Bo": Extension(days=9)})
    rows = settle([one("ada"), one("bob")], assignment, inputs)
    assert points(rows) == [13, 14]
    assert unmatched(rows, inputs) == ["extensions.csv: no submission of Bo"]


@pytest.mark.parametrize(("rule", "expected"), [("best", 0), ("last", 2)])
def test_of_resubmissions_the_best_or_the_last_counts(
    assignment: Assignment, rule: str, expected: int
) -> None:
    assignment = replace(assignment, late=replace(LATE, resubmissions=rule))
    handed = times(ada_1="2026-11-19T10:00", ada_2="2026-11-21T10:00", ada_3="2026-11-22T10:00")
    # 15 in time; 15.5 - 1 and 16.5 - 2 late
    results = [one("ada-1", 15.0), one("ada-2", 15.5), one("ada-3", 16.5)]
    rows = settle(results, assignment, Inputs(handed))
    assert [row.counts for row in rows] == [i == expected for i in range(3)]
    assert points(rows)[expected] == {"best": 15, "last": 14.5}[rule]
    assert sum(p is not None for p in points(rows)) == 1
    assert {row.note for row in rows if not row.counts} == {
        "does not count: another submission does"
    }


def test_the_order_is_that_of_time_not_of_names(assignment: Assignment) -> None:
    assignment = replace(assignment, late=replace(LATE, resubmissions="last"))
    handed = times(ada_1="2026-11-20T10:00", ada_2="2026-11-19T10:00")
    rows = settle([one("ada-1"), one("ada-2")], assignment, Inputs(handed))
    assert [row.counts for row in rows] == [True, False]


def test_models_after_the_limit_do_not_count(assignment: Assignment) -> None:
    assignment = replace(assignment, attempts=AttemptPolicy(limit=2))
    names = ["ada-1", "ada-2", "ada-3"]
    handed = times(ada_1="2026-11-17T10:00", ada_2="2026-11-18T10:00", ada_3="2026-11-19T10:00")
    results = [one(name, 10.0 + i) for i, name in enumerate(names)]
    rows = settle(results, assignment, Inputs(handed))
    assert points(rows) == [None, 11, None]
    # a rejection and the same bytes again use up nothing
    again = replace(results[0], submission="ada-2.zip")
    broken = replace(rejected(), submission="ada-1.zip", student="ada")
    rows = settle(
        [broken, again, replace(results[2], submission="ada-3.zip")], assignment, Inputs(handed)
    )
    assert [row.attempt.number for row in rows] == [0, 1, 2]
    assert points(rows) == [None, None, 12]


def test_after_the_limit_a_notebook_counts_with_an_earlier_model(assignment: Assignment) -> None:
    assignment = replace(assignment, attempts=AttemptPolicy(limit=2))
    handed = times(ada_1="2026-11-17T10:00", ada_2="2026-11-18T10:00", ada_3="2026-11-19T10:00")
    results = [one("ada-1", 14.0), one("ada-2", 11.0), one("ada-3", 15.0, auto_points=0.5)]
    rows = settle(results, assignment, Inputs(handed))
    assert points(rows) == [None, None, 14.5]
    assert rows[2].result.model_points == 14
    assert rows[2].note == "counts with the points of an earlier model: this is try 3, and 2 count"
    last = replace(assignment, late=replace(LATE, resubmissions="last"))
    assert points(settle(results, last, Inputs(handed))) == [None, None, 11.5]
    # what is not graded yet stays so
    results[2] = replace(results[2], model_points=None)
    assert points(settle(results, last, Inputs(handed))) == [None, None, None]


def test_numbers_of_tries() -> None:
    tries = [one("a-1"), rejected(), one("a-1"), one("a-2"), one("a-3")]
    places = number_attempts(tries, limit=2)
    assert [(p.number, p.over) for p in places] == [
        (1, False),
        (0, False),
        (1, False),
        (2, False),
        (3, True),
    ]


def test_a_model_is_one_try_in_whatever_zip_it_comes(assignment: Assignment) -> None:
    assignment = replace(assignment, attempts=AttemptPolicy(limit=1))
    handed = times(ada_1="2026-11-17T10:00", ada_2="2026-11-18T10:00", ada_3="2026-11-19T10:00")
    models = {"ada-1": "a" * 64, "ada-2": "a" * 64, "ada-3": "b" * 64}
    results = [
        one(name, auto_points=2.0 * i, model_sha256=sha)
        for i, (name, sha) in enumerate(models.items())
    ]
    rows = settle(results, assignment, Inputs(handed))
    assert [row.attempt.number for row in rows] == [1, 1, 2]
    # a better notebook counts after the last try, too
    assert points(rows) == [None, None, 19]


def test_what_is_not_graded_yet_is_never_a_zero(assignment: Assignment) -> None:
    failed = one("ada", status="infra_error", code="INFRA_ERROR", score=None)
    failed = replace(failed, model_points=None, auto_points=3.0)
    handed = times(ada="2026-11-25T10:00")
    (row,) = settle([failed], assignment, Inputs(handed, manual={"ada": (4.0, 6.0)}))
    assert (row.points, row.late_days, row.counts) == (None, 5, True)
    # and does not take the place of one that is
    other = one("ada-2", 1.0)
    rows = settle([failed, other], assignment, Inputs())
    assert points(rows) == [None, 1.0]
    assert [row.counts for row in rows] == [False, True]


def test_written_answers_are_added_before_late_days(assignment: Assignment, tmp_path: Path) -> None:
    (tmp_path / "manual.csv").write_text("student,points,max_points\nada,4.5,6\n")
    (tmp_path / "times.csv").write_text("student,submitted\nada,2026-11-22 12:00\n")
    (tmp_path / "extensions.csv").write_text("student,days\nada,1\n")
    rows = settle_folder([one("ada", 10.0, auto_points=5.0)], assignment, tmp_path)
    assert (rows[0].points, rows[0].manual, rows[0].max_points) == (18.5, 4.5, 26)
    write_gradebook(rows, tmp_path / "g.csv")
    with (tmp_path / "g.csv").open(newline="") as file:
        (line,) = csv.DictReader(file)
    found = [line[k] for k in ("manual_points", "late_days", "points", "max_points", "auto_points")]
    assert found == ["4.50", "1", "18.50", "26.00", "5.00"]


def test_without_a_policy_the_gradebook_stays_as_it_is(
    assignment: Assignment, tmp_path: Path
) -> None:
    assignment = replace(assignment, late=None)
    results = [one("ada"), rejected(), one("carl", None, status="infra_error")]
    write_gradebook(results, tmp_path / "a.csv")
    settled = settle_folder(results, assignment, tmp_path)
    write_gradebook(settled, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_wrong_files_are_refused(assignment: Assignment, tmp_path: Path) -> None:
    for text in ("ada,7,6", "ada,-1,6", "ada,x,6", "ada,1,6\nada,1,6"):
        (tmp_path / "manual.csv").write_text(f"student,points,max_points\n{text}\n")
        with pytest.raises(ParameterError, match=r"manual\.csv, line [23]"):
            read_inputs(tmp_path, assignment)
    (tmp_path / "manual.csv").unlink()
    (tmp_path / "times.csv").write_text("student,submitted\nada,2026-11-22 12:00\n")
    with pytest.raises(ParameterError, match="no section"):
        read_inputs(tmp_path, replace(assignment, late=None))
    twice = (*times(ada="2026-11-25T10:00"), *times(ada="2026-11-26T10:00"))
    with pytest.raises(ParameterError, match="two times for ada"):
        settle([one("ada")], assignment, Inputs(twice))


def test_the_window_closes_by_itself_or_by_word(assignment: Assignment) -> None:
    end = datetime(2026, 11, 27, tzinfo=UTC)
    before, after = datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)
    timed = replace(assignment, attempts=AttemptPolicy(closes=end))
    waiting = Inputs(extensions={"bob": Extension(days=30)})
    assert not is_closed(timed, Inputs(), now=before)
    assert is_closed(timed, Inputs(), now=after)
    assert not is_closed(timed, waiting, now=after)
    assert not is_closed(assignment, Inputs(), now=after)
    assert is_closed(assignment, Inputs(), asked=True, now=after)
    with pytest.raises(ParameterError, match=r"closes = 2026-11-27"):
        is_closed(timed, Inputs(), asked=True, now=before)
    with pytest.raises(ParameterError, match=r"bob"):
        is_closed(assignment, waiting, asked=True, now=after)
    in_time = LATE.deadline.replace(tzinfo=VIENNA) - timedelta(minutes=1)
    with pytest.raises(ParameterError, match=r"deadline = 2026-11-20 at 23:59 \(Europe/Vienna\)"):
        is_closed(assignment, Inputs(), asked=True, now=in_time)
    hasty = replace(assignment, attempts=AttemptPolicy(closes=in_time - timedelta(days=1)))
    assert not is_closed(hasty, Inputs(), now=in_time)
    assert is_closed(hasty, Inputs(), now=in_time + timedelta(minutes=1))

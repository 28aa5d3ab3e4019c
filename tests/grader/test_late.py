"""Deadlines: grace, days on the wall clock, both switches of the clocks, extensions, times."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.policy.keys import AttemptPolicy, attempts_from_table, late_from_table
from grader.policy.late import Extension, LatePolicy, instant, read_extensions
from grader.policy.times import Handed, parse_time, read_times
from utils.errors import ParameterError, StoreError

VIENNA = ZoneInfo("Europe/Vienna")
FRIDAY = LatePolicy(datetime(2026, 11, 20, 23, 59), VIENNA)
AUTUMN = LatePolicy(datetime(2026, 10, 24, 23, 59), VIENNA)  # back at 03:00 on the 25th
SPRING = LatePolicy(datetime(2026, 3, 28, 23, 59), VIENNA)  # forward at 02:00 on the 29th


def at(text: str) -> datetime:
    """Return a moment in Vienna."""
    return parse_time(text, VIENNA)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-11-01 12:00", 0),
        ("2026-11-20 23:59:00", 0),
        ("2026-11-20 23:59:01", 1),
        ("2026-11-21 23:59:00", 1),
        ("2026-11-21 23:59:01", 2),
        ("2026-11-27 08:00", 7),
        ("2026-11-20 22:59:01+00:00", 1),
        ("2026-11-20 23:58:00-05:00", 1),
    ],
)
def test_each_day_that_has_begun_counts(text: str, days: int) -> None:
    assert FRIDAY.days_late(at(text)) == days


@pytest.mark.parametrize(
    ("policy", "text", "days"),
    [
        # the first late day has 25 hours: 24 of them would end at 22:59 on the wall
        (AUTUMN, "2026-10-25 23:58", 1),
        (AUTUMN, "2026-10-26 00:00", 2),
        # and 23 hours here: 24 of them would end at 00:59
        (SPRING, "2026-03-29 23:59", 1),
        (SPRING, "2026-03-30 00:01", 2),
        (SPRING, "2026-04-05 23:59", 8),
        (SPRING, "2026-04-06 00:30", 9),
    ],
)
def test_days_end_at_the_same_time_on_the_wall_when_clocks_change(
    policy: LatePolicy, text: str, days: int
) -> None:
    assert policy.days_late(at(text)) == days


def test_a_deadline_in_an_hour_that_comes_twice_is_the_later_one() -> None:
    policy = replace(AUTUMN, deadline=datetime(2026, 10, 25, 2, 30))
    assert instant(policy.deadline, VIENNA) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert policy.days_late(datetime(2026, 10, 25, 1, 29, tzinfo=UTC)) == 0
    assert policy.days_late(datetime(2026, 10, 25, 1, 31, tzinfo=UTC)) == 1


def test_a_deadline_in_an_hour_that_does_not_exist_is_the_later_reading() -> None:
    policy = replace(SPRING, deadline=datetime(2026, 3, 29, 2, 30))
    assert instant(policy.deadline, VIENNA) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert policy.days_late(at("2026-03-29 03:30")) == 0
    assert policy.days_late(at("2026-03-29 03:31")) == 1


def test_grace_is_taken_off_at_every_boundary() -> None:
    policy = replace(FRIDAY, grace_minutes=10)
    assert policy.days_late(at("2026-11-21 00:09")) == 0
    assert policy.days_late(at("2026-11-21 00:09:01")) == 1
    assert policy.days_late(at("2026-11-22 00:09")) == 1
    assert policy.days_late(at("2026-11-22 00:10")) == 2


def test_points_lost_and_the_cap() -> None:
    assert FRIDAY.lost(3) == 3
    assert replace(FRIDAY, points_a_day=0.5).lost(3) == 1.5
    assert replace(FRIDAY, cap=2.0).lost(3) == 2
    assert replace(FRIDAY, cap=0.0).lost(3) == 0


def test_extensions_move_the_deadline_but_never_forward() -> None:
    monday = at("2026-11-23 12:00")
    assert FRIDAY.days_late(monday) == 3
    assert FRIDAY.days_late(monday, Extension(days=2)) == 1
    assert FRIDAY.days_late(monday, Extension(days=3)) == 0
    assert FRIDAY.days_late(monday, Extension(until=datetime(2026, 11, 23, 12, 0))) == 0
    early = Extension(until=datetime(2026, 11, 1))
    assert FRIDAY.days_late(at("2026-11-20 12:00"), early) == 0
    # days of an extension are on the wall, too
    assert AUTUMN.days_late(at("2026-10-25 23:59"), Extension(days=1)) == 0


def test_times_need_a_zone_and_must_make_sense() -> None:
    with pytest.raises(ParameterError, match="with a time zone"):
        FRIDAY.days_late(datetime(2026, 11, 20))
    with pytest.raises(ParameterError, match="near the deadline"):
        FRIDAY.days_late(datetime(2126, 1, 1, tzinfo=UTC))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))


@given(deadline=moments, later=st.timedeltas(timedelta(0), timedelta(days=30)))
def test_days_are_those_that_a_calendar_counts(deadline: datetime, later: timedelta) -> None:
    policy = LatePolicy(deadline.replace(microsecond=0), VIENNA)
    submitted = instant(policy.deadline, VIENNA) + later
    days = policy.days_late(submitted)
    # by its definition: it lies after the end of day n - 1 and not after that of day n
    ends = [instant(policy.deadline + timedelta(days=n), VIENNA) for n in (days - 1, days)]
    assert submitted <= ends[1]
    assert days == 0 or submitted > ends[0]


@given(moment=moments, more=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_later_is_never_cheaper(moment: datetime, more: timedelta) -> None:
    first = moment.replace(tzinfo=UTC)
    policy = replace(SPRING, deadline=datetime(2026, 3, 1))
    assert policy.days_late(first) <= policy.days_late(first + more)


# --- assignment.toml ----------------------------------------------------------------------------

LATE = {"deadline": datetime(2026, 11, 20, 23, 59), "time_zone": "Europe/Vienna"}


def test_defaults() -> None:
    assert late_from_table(LATE) == FRIDAY
    assert attempts_from_table({}, None) == AttemptPolicy(5, 0.02, "private", None)
    closes = attempts_from_table({"closes": datetime(2026, 11, 27, 12)}, FRIDAY).closes
    assert closes == datetime(2026, 11, 27, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deadline": "tomorrow"}, "expected a local date and time"),
        ({"deadline": datetime(2026, 11, 20, tzinfo=timezone(timedelta(hours=1)))}, "local date"),
        ({"time_zone": "Middle/Earth"}, "Europe/Vienna"),
        ({"time_zone": "../../etc/passwd"}, "Europe/Vienna"),
        ({"points_a_day": -1}, ">= 0"),
        ({"points_a_day": True}, ">= 0"),
        ({"cap": float("nan")}, ">= 0"),
        ({"resubmissions": "first"}, "best"),
        ({"grace": 10}, "unknown grace; known: deadline"),
    ],
)
def test_a_wrong_key_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        late_from_table(LATE | changes)
    with pytest.raises(ParameterError, match="missing time_zone"):
        late_from_table({"deadline": LATE["deadline"]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 2.5}, "limit"),
        ({"step": 0.001}, "give labels away"),
        ({"graded_on": "public"}, "private"),
        ({"closes": datetime(2026, 11, 27)}, "time zone"),
        ({"tries": 3}, "unknown tries"),
        (3, "keys and values"),
    ],
)
def test_a_wrong_attempts_section_is_refused(table: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        attempts_from_table(table, None)


# --- where times come from ----------------------------------------------------------------------


def test_times_in_file_names(tmp_path: Path) -> None:
    for name in (
        "ada_2026-11-20T23-58-10.zip",
        "bob 2026-11-20 2358.zip",
        "carl+hw3+2026-11-20 22:58:10.123 UTC+abc123.zip",
        "dora-2026-11-20T22:58:10Z.zip",
    ):
        (tmp_path / name).touch()
    found = {h.student: h.submitted for h in read_times("names", VIENNA, folder=tmp_path)}
    moment = datetime(2026, 11, 20, 22, 58, 10, tzinfo=UTC)
    assert found == {
        "ada": moment,
        "bob": moment.replace(second=0),
        "carl": moment,
        "dora": moment,
    }
    (tmp_path / "eve.zip").touch()
    with pytest.raises(ParameterError, match=r"eve.*expected a time in the name"):
        read_times("names", VIENNA, folder=tmp_path)
    with pytest.raises(ParameterError, match="the folder with the submissions"):
        read_times("names", VIENNA)


def test_times_of_files(tmp_path: Path) -> None:
    path = tmp_path / "ada.zip"
    path.touch()
    os.utime(path, (1_800_000_000, 1_800_000_000))
    assert read_times("mtimes", VIENNA, folder=tmp_path) == [
        Handed("ada.zip", "ada", datetime.fromtimestamp(1_800_000_000, UTC))
    ]


def test_times_in_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "\ufeffsubmission , student,submitted\n"
        "a.zip,ada,2026-11-20 23:58\n'=b.zip,,2026-11-20T23:58:00-05:00\n,,\n"
    )
    assert read_times(path, VIENNA) == [
        Handed("a.zip", "ada", datetime(2026, 11, 20, 22, 58, tzinfo=UTC)),
        Handed("=b.zip", "", datetime(2026, 11, 21, 4, 58, tzinfo=UTC)),
    ]
    path.write_text("student,submitted\nada,soon\n")
    with pytest.raises(ParameterError, match="line 2: expected a time like"):
        read_times(path, VIENNA)
    path.write_text("student,when\nada,soon\n")
    with pytest.raises(ParameterError, match="expected the columns submitted"):
        read_times(path, VIENNA)
    with pytest.raises(StoreError, match="can't read"):
        read_times(tmp_path / "none.csv", VIENNA)


def test_times_of_gradescope_s_export(tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.yml"
    path.write_text(
        "submission_71:\n  :submitters:\n  - :name: Ada L.\n    :sid: '100'\n    :email: a@x.edu\n"
        "  :created_at: 2026-11-20 21:01:32.396373000 Z\n  :score: 3.0\n"
        "submission_72:\n  :submitters:\n  - :name: Bob\n    :email: b@x.edu\n"
        "  :created_at: 2026-11-21 01:00:00 Z\n"
    )
    first, second = read_times(path, VIENNA)
    assert (first.submission, first.student) == ("submission_71.zip", "100")
    assert first.submitted.replace(microsecond=0) == datetime(2026, 11, 20, 21, 1, 32, tzinfo=UTC)
    assert (second.student, second.submitted.hour) == ("b@x.edu", 1)
    path.write_text("submission_71: 3\n")
    with pytest.raises(ParameterError, match="not Gradescope's metadata"):
        read_times(path, VIENNA)
    path.write_text("submission_71: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ParameterError, match="not Gradescope's metadata"):
        read_times(path, VIENNA)


def test_times_of_gradescope_s_machines(tmp_path: Path) -> None:
    table = {
        "created_at": "2026-11-20T15:01:32.396373-07:00",
        "users": [{"email": "a@x.edu", "name": "Ada", "id": 3}],
    }
    (tmp_path / "71").mkdir()
    (tmp_path / "71" / "submission_metadata.json").write_text(json.dumps(table))
    (found,) = read_times(tmp_path, VIENNA)
    assert (found.submission, found.student) == ("71.zip", "a@x.edu")
    assert found.submitted.replace(microsecond=0) == datetime(2026, 11, 20, 22, 1, 32, tzinfo=UTC)
    (tmp_path / "72.json").write_text("{}")
    with pytest.raises(ParameterError, match="not Gradescope's metadata"):
        read_times(tmp_path / "72.json", VIENNA)
    with pytest.raises(ParameterError, match=r"expected names, mtimes, a \.csv"):
        read_times("clay tablets", VIENNA)


def test_extensions_of_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "extensions.csv"
    path.write_text(
        "student,days,until\nada,3,\nbob,,2026-11-25 12:00\ncarl,,2026-11-25T12:00:00Z\n"
    )
    assert read_extensions(path, VIENNA) == {
        "ada": Extension(days=3),
        "bob": Extension(until=datetime(2026, 11, 25, 12)),
        "carl": Extension(until=datetime(2026, 11, 25, 13)),
    }
    for row in ("ada,,", "ada,3,2026-11-25", "ada,-1,", "ada,x,", "ada,2,\nada,3,"):
        path.write_text(f"student,days,until\n{row}\n")
        with pytest.raises(ParameterError, match=r"extensions\.csv, line [23]"):
            read_extensions(path, VIENNA)
